# SPDX-License-Identifier: Apache-2.0
# bash completion for ferryctl: the program itself says what may come next.
_ferryctl() {
    local words=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
    mapfile -t COMPREPLY < <(compgen -W "$(ferryctl --complete "${words[@]}" 2>/dev/null)" \
        -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _ferryctl ferryctl
