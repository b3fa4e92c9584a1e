/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shell_edit: a person's line, typed at a terminal: editing, history,
 * completion, by libedit, which is known here alone. History is
 * kept in ~/.local/state/ferry/history, readable by nobody else.
 *
 * One thread.
 */
#ifndef FERRY_CLIENT_SHELL_EDIT_H
#define FERRY_CLIENT_SHELL_EDIT_H

#include <stdbool.h>
#include <stddef.h>

struct shell;
struct shell_edit;

/* For standard input and output, a terminal. False: no memory. */
bool shell_edit_new(struct shell *shell, struct shell_edit **ret_edit);
/* Writes the history down. Accepts NULL. */
void shell_edit_free(struct shell_edit *edit);

enum shell_edit_result {
    SHELL_EDIT_LINE,
    SHELL_EDIT_INTERRUPTED, /* Ctrl-C: what was typed is dropped */
    SHELL_EDIT_END,         /* Ctrl-D on an empty line, the terminal went, or a signal ends us */
};

/* Without its end; what does not fit is SHELL_EDIT_INTERRUPTED, after a line that says so. */
enum shell_edit_result shell_edit_line(struct shell_edit *edit, const char *prompt, char *line,
                                       size_t size);
/* While a line is typed: it is taken away, for something to be said; and drawn again. */
void shell_edit_leave_line(void);
void shell_edit_draw_line(struct shell_edit *edit);
/* For the history. */
void shell_edit_keep(struct shell_edit *edit, const char *line);

#endif
