/* SPDX-License-Identifier: Apache-2.0 */
/* password_weakness (account/password.h): moderate, so that people choose and do not evade. */
#include "account/password.h"
#include "account/password_frequent.h"

enum { SHORTEST = 8, FEWEST_DIFFERENT = 4 };

/* Bytes that are no UTF-8 count as one character each. */
static size_t count_characters(struct text t)
{
    size_t count = 0;
    for (; t.len; count++) {
        size_t len = text_utf8_len(t);
        t = text_after(t, len ? len : 1);
    }
    return count;
}

static bool has_enough_different(struct text t)
{
    bool seen[256] = {false};
    unsigned different = 0;
    for (size_t i = 0; i < t.len; i++) {
        different += !seen[(unsigned char)t.at[i]];
        seen[(unsigned char)t.at[i]] = true;
    }
    return different >= FEWEST_DIFFERENT;
}

static bool is_reversed(struct text a, struct text b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (text_upper(a.at[i]) != text_upper(b.at[b.len - 1 - i]))
            return false;
    return true;
}

/* The name in any case, backwards, or twice. */
static bool is_made_of_name(struct text password, struct text name)
{
    struct text half = {password.at, password.len / 2};
    return text_equal_any_case(password, name) || is_reversed(password, name) ||
           (password.len % 2 == 0 && text_equal_any_case(half, name) &&
            text_equal_any_case(text_after(password, half.len), name));
}

static bool is_part_of(struct text part, struct text whole)
{
    for (; whole.len >= part.len; whole = text_after(whole, 1)) {
        struct text here = {whole.at, part.len};
        if (text_equal_any_case(part, here) || is_reversed(part, here))
            return true;
    }
    return false;
}

static bool is_run(struct text password)
{
    static const struct text runs[] = {
        TEXT("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"),
        TEXT("012345678901234567890123456789"),
        TEXT("1234567890-=qwertyuiop[]asdfghjkl;'zxcvbnm,./"),
        TEXT("1234567890qwertyuiopasdfghjklzxcvbnm"),
        TEXT("1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/"),
    };
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
        if (is_part_of(password, runs[i]))
            return true;
    return false;
}

const char *password_weakness(struct text password, struct text user_name)
{
    if (password.len > PASSWORD_MAX)
        return N_("is longer than 511 bytes");
    if (text_find(password, '\0') != password.len)
        return N_("holds a NUL");
    if (count_characters(password) < SHORTEST)
        return N_("is shorter than 8 characters");
    if (!has_enough_different(password))
        return N_("has fewer than 4 different characters");
    if (is_made_of_name(password, user_name))
        return N_("is made of the user's name");
    if (is_run(password))
        return N_("is a run of the keyboard or the alphabet");
    if (password_is_frequent(password))
        return N_("is one of the commonest passwords");
    return NULL;
}
