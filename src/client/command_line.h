/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_line: what may stand in ferry's command line, for the completion of
 * bash, zsh and fish (conf/completion): commands and bookmarks, options, and
 * what they take. Files are the shells' own. One thread.
 */
#ifndef FERRY_CLIENT_COMMAND_LINE_H
#define FERRY_CLIENT_COMMAND_LINE_H

#include "client/commands.h"

/*
 * Writes to standard output what the last of the words may become, a line each: the word, and
 * behind a tab what it is for, where there is something to say. Of the words, without the
 * program's name, the last is what has been typed of it, "" nothing yet. A bookmarks file that
 * cannot be read has none: nobody asked for a message.
 */
void command_line_complete(const struct command_row *rows, size_t row_count,
                           const char *const *words, size_t word_count);

#endif
