/* SPDX-License-Identifier: Apache-2.0 */
/* macdef and $: lines that are kept under a name (macros.h). */
#include "base/memory.h"
#include "client/shell.h"

void shell_act_macdef(struct shell *shell, const struct shell_call *call)
{
    enum fault f = macros_record(shell->macros, call->words[0].text);
    if (f)
        shell_count_local(shell, "macdef", f);
    else if (shell->edit)
        shell_say(shell, "Its lines, and an empty one to end it:");
}

void shell_act_dollar(struct shell *shell, const struct shell_call *call)
{
    struct macro_play play;
    enum fault f = macro_play_begin(shell->macros, call->words, call->count, &play);
    if (f) {
        run_complain(shell->run, call->words[0].text.at,
                     f == FAULT_NOT_FOUND ? "no such macro; macdef defines one"
                                          : "too many macros within each other",
                     EXIT_STATUS_USAGE);
        return;
    }
    char *bytes = memory_new(SHELL_LINE_MAX);
    f = bytes ? FAULT_NONE : FAULT_NO_MEMORY;
    while (!f && !shell->is_ending && !run_is_interrupted(shell->run)) {
        struct builder b = builder_on(bytes, SHELL_LINE_MAX);
        f = macro_play_line(&play, &b);
        if (!f)
            shell_do_line(shell, builder_text(&b));
    }
    if (f && f != FAULT_NOT_FOUND)
        shell_count_local(shell, call->words[0].text.at, f);
    macro_play_end(&play);
    memory_free(bytes);
}
