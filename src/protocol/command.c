/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/command.h"

struct command command_parse(struct text line)
{
    struct command command = {.verb = ""};
    struct text rest = line;
    struct text verb = text_take_until(&rest, ' ');
    command.argument = rest;
    if (verb.len > COMMAND_VERB_MAX)
        return command;
    for (size_t i = 0; i < verb.len; i++) {
        char c = text_upper(verb.at[i]);
        if ((c < 'A' || c > 'Z') && !text_is_digit(c)) {
            command.verb[0] = '\0';
            return command;
        }
        command.verb[i] = c;
    }
    return command;
}

bool command_take_argument(struct text *rest, struct builder *b, struct text *ret_argument)
{
    struct text t = text_trim_start(*rest);
    if (!t.len)
        return false;
    if (t.at[0] != '"') {
        *ret_argument = text_take_word(&t);
        *rest = t;
        return true;
    }
    size_t start = b->len;
    for (size_t i = 1; i < t.len; i++) {
        if (t.at[i] != '"') {
            builder_put_byte(b, t.at[i]);
        } else if (i + 1 < t.len && t.at[i + 1] == '"') {
            builder_put_byte(b, '"');
            i++;
        } else {
            *ret_argument = (struct text){b->at + start, b->len - start};
            *rest = text_trim_start(text_after(t, i + 1));
            return !b->full;
        }
    }
    return false;
}
