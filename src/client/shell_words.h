/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shell_words: a line of the shell into commands and their words, as people's
 * fingers know it from BSD ftp(1) and sh(1). Pure.
 *
 *   words stand between blanks; "..." and '...' keep blanks, and may stand in
 *   the middle of a word; \x is the byte x itself, within "..." of " and \ alone,
 *   within '...' of nothing
 *   ;  ends a command;  &  with a blank, the end, ; or & behind it does, too, and
 *   has it done in the background
 *   #  at the start of a command makes the rest of the line a comment
 *   !  at the start of a command takes the rest of the line as it is; $ and ! at
 *   the start of a command are words of their own: "$up a b", "!ls"
 */
#ifndef FERRY_CLIENT_SHELL_WORDS_H
#define FERRY_CLIENT_SHELL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum {
    SHELL_LINE_MAX = 16 * 1024, /* bytes */
    SHELL_WORDS_MAX = 1024,     /* of one command */
    SHELL_WORDS_MESSAGE_SIZE = 128,
};

struct shell_word {
    struct text written; /* borrowed: the line's bytes, quotes and all */
    struct text text;    /* borrowed, as `pattern`: the command's bytes; what the word means, with a
                            NUL behind it */
    struct text pattern; /* the same for base/pattern.h, what was quoted behind backslashes; with a
                            NUL behind it. At NULL: no wildcard stands outside quotes */
};

/* Large: not on small stacks. Not to be copied: the words point into `bytes`. */
struct shell_command {
    struct shell_word words[SHELL_WORDS_MAX];
    size_t count;
    bool is_background;
    size_t used; /* of `bytes` */
    char bytes[4 * SHELL_LINE_MAX + 2];
};

enum shell_words_result {
    SHELL_WORDS_COMMAND,
    SHELL_WORDS_END,       /* the line holds no more */
    SHELL_WORDS_MALFORMED, /* the line is not to be carried out further */
};

/*
 * Takes the next command off the line, which has no line end: called until it
 * says SHELL_WORDS_END. `message`, a line for a person without a full stop, is
 * written with SHELL_WORDS_MALFORMED only: a quote that is not closed, nothing
 * behind a backslash, a NUL, too many words, too long a line.
 */
enum shell_words_result shell_words_take(struct text *line, struct shell_command *ret_command,
                                         char message[SHELL_WORDS_MESSAGE_SIZE]);

/* ---- Completion ---------------------------------------------------------------------- */

/* Where the cursor is. */
struct shell_place {
    size_t begin; /* of the word at the cursor, in the line; the cursor between two words */
    struct text
        text;   /* borrowed: the command's bytes; what it means up to the cursor; may be empty */
    char quote; /* that is open at the cursor: " or '; '\0': none */
};

/*
 * `line` up to the cursor. *ret_command has the words before the one at the
 * cursor: with none, that one is to be a command's name. False where nothing can
 * be completed: in a comment, behind a "!", and in what is malformed.
 */
bool shell_words_find_place(struct text line, struct shell_command *ret_command,
                            struct shell_place *ret_place);

/*
 * Appends a text so that it is one word again, in quotes where it needs some;
 * `quote` is the one to take ('\0': " or none). `is_open`: the quote is not closed, since there
 * is more to come (a directory's name). False, and nothing appended, of a text that no line can
 * hold, or no person read: with control characters.
 */
bool shell_words_put(struct builder *b, struct text t, char quote, bool is_open);

/* ---- One byte after the other ------------------------------------------------------------ */

/* Whether quotes are open, as bytes go by. Zero it. */
struct shell_quoting {
    char quote;      /* that is open; '\0': none */
    bool is_escaped; /* the next byte stands behind a backslash */
};

void shell_quoting_take(struct shell_quoting *quoting, char byte);

#endif
