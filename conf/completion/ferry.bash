# SPDX-License-Identifier: Apache-2.0
# bash completion for ferry: the program itself says what may come next; files are bash's own.
_ferry() {
    local words=() word last=""
    # bash takes --name=value for three words.
    for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
        if [[ $last == --* && $word == = || $last == --*= ]]; then
            last+=$word
            words[${#words[@]}-1]=$last
        else
            last=$word
            words+=("$word")
        fi
    done
    mapfile -t COMPREPLY < <(ferry --complete "${words[@]}" 2>/dev/null | cut -f 1)
    [[ $last == --*=* ]] && COMPREPLY=("${COMPREPLY[@]#*=}")
}
complete -o default -F _ferry ferry
