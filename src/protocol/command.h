/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: one line -> verb and argument (RFC 959 5.3). Pure; the results point
 * into the line.
 */
#ifndef FERRY_PROTOCOL_COMMAND_H
#define FERRY_PROTOCOL_COMMAND_H

#include <stdbool.h>

#include "base/text.h"

/* RFC 959's verbs have four letters or fewer; extensions reach seven (XSHA512). */
enum { COMMAND_VERB_MAX = 8 };

struct command {
    char verb[COMMAND_VERB_MAX + 1]; /* upper case, NUL-terminated; "" when it is no verb */
    struct text argument;            /* all that follows the first space, spaces included */
};

/*
 * Never fails: what does not begin with a word of letters and digits that
 * could be a verb gives the empty verb, which no table holds.
 */
struct command command_parse(struct text line);

/*
 * Takes one argument off `rest`: a word, or a "quoted string" in which "" is
 * one quote. A quoted one is written to `b`; returns its text. False when a
 * quote is not closed, nothing is left or `b` is full.
 */
bool command_take_argument(struct text *rest, struct builder *b, struct text *ret_argument);

#endif
