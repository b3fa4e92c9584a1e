# SPDX-License-Identifier: Apache-2.0
# fish completion for ferry: the program itself says what may come next, else it is a file.
function __fish_ferry_next
    set -l next (ferry --complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
    if set -q next[1]
        printf '%s\n' $next
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c ferry -f -a '(__fish_ferry_next)'
