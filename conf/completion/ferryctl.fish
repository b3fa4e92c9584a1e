# SPDX-License-Identifier: Apache-2.0
# fish completion for ferryctl: the program itself says what may come next.
complete -c ferryctl -a '(ferryctl --complete (commandline -opc)[2..-1] 2>/dev/null)'
