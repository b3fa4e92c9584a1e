/* SPDX-License-Identifier: Apache-2.0 */
#include "client/secret_text.h"

#define STARS TEXT("****")

/* ---- Commands -------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t'; /* servers take either between words */
}

static struct text take_word(struct text *rest)
{
    while (rest->len && is_blank(rest->at[0]))
        *rest = text_after(*rest, 1);
    struct text word = {rest->at, 0};
    while (word.len < rest->len && !is_blank(rest->at[word.len]))
        word.len++;
    *rest = text_after(*rest, word.len);
    return word;
}

static bool has_part(struct text word, struct text part)
{
    for (; word.len >= part.len; word = text_after(word, 1))
        if (text_equal_any_case((struct text){word.at, part.len}, part))
            return true;
    return false;
}

/* No RFC names them; these are Serv-U's, wu-ftpd's, glFTPd's and those of many after them. */
static bool sets_password(struct text word)
{
    static const struct text parts[] = {{"PASS", 4}, {"PSW", 3}, {"PWD", 3}, {"ADDUSER", 7}};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (has_part(word, parts[i]))
            return true;
    return false;
}

bool secret_in_command(struct text command, struct text *ret_shown)
{
    struct text rest = command;
    struct text verb = take_word(&rest);
    bool is_secret = text_equal_any_case(verb, TEXT("PASS")) ||
                     text_equal_any_case(verb, TEXT("ACCT"));
    if (text_equal_any_case(verb, TEXT("SITE")))
        is_secret = sets_password(take_word(&rest));
    if (!is_secret || !rest.len)
        return false;
    *ret_shown = (struct text){command.at, command.len - rest.len};
    return true;
}

void secret_put_command(struct builder *b, struct text command)
{
    struct text shown;
    bool is_secret = secret_in_command(command, &shown);
    builder_put(b, is_secret ? shown : command);
    builder_put(b, is_secret ? TEXT(" ") : TEXT_NONE);
    builder_put(b, is_secret ? STARS : TEXT_NONE);
}

/* ---- URLs ------------------------------------------------------------------------------- */

struct text secret_in_url(struct text word)
{
    struct text rest = text_after(word, text_find(word, ':'));
    if (!text_starts_with(rest, TEXT("://")))
        return TEXT_NONE;
    struct text user = text_after(rest, 3);
    user.len = text_find(user, '/');
    size_t at = text_find_last(user, '@');
    user.len = at == user.len ? 0 : at;
    return text_after(user, text_find(user, ':') + 1);
}

void secret_put_url(struct builder *b, struct text word)
{
    struct text password = secret_in_url(word);
    if (!password.len) {
        builder_put(b, word);
        return;
    }
    size_t before = (size_t)(password.at - word.at);
    builder_put(b, (struct text){word.at, before});
    builder_put(b, STARS);
    builder_put(b, text_after(word, before + password.len));
}
