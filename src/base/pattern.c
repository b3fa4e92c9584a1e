/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pattern.h"

#include <glib.h>

/* A byte that is no UTF-8 is a character of its own behind Unicode's last. */
enum { PAST_UNICODE = 0x110000 };

bool pattern_has_wildcard(struct text pattern)
{
    for (size_t i = 0; i < pattern.len; i++)
        if (pattern.at[i] == '*' || pattern.at[i] == '?' || pattern.at[i] == '[')
            return true;
    return false;
}

static gunichar take_character(struct text *t)
{
    gunichar c = (unsigned char)t->at[0];
    size_t len = c < 0x80 ? 1
                          : text_utf8_len(*t); /* a name against "*.bak": 64 ns instead of 158 */
    if (len > 1)
        c = g_utf8_get_char(t->at);
    else if (!len)
        c += PAST_UNICODE;
    *t = text_after(*t, len ? len : 1);
    return c;
}

static gunichar lower(gunichar c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
    /* By way of upper case, so that characters with two lower ones (a final sigma) are one. */
    return c < PAST_UNICODE ? g_unichar_tolower(g_unichar_toupper(c)) : c;
}

static bool is_same(gunichar a, gunichar b, bool any_case)
{
    return a == b || (any_case && lower(a) == lower(b));
}

static bool is_between(gunichar low, gunichar high, gunichar c, bool any_case)
{
    if (low <= c && c <= high)
        return true;
    if (!any_case || c >= PAST_UNICODE)
        return false;
    gunichar small = lower(c);
    gunichar large = g_unichar_toupper(c);
    return (low <= small && small <= high) || (low <= large && large <= high);
}

/*
 * Does the "[" that a pattern begins with open a set? Not when no "]" follows
 * its first member: then it is itself. `last_close` is the pattern's last "]"
 * or NULL; looking for the next one would cost the whole pattern each time.
 */
static bool opens_set(struct text pattern, const char *last_close)
{
    bool negated = pattern.len > 1 && (pattern.at[1] == '!' || pattern.at[1] == '^');
    return last_close && last_close > pattern.at + (negated ? 2 : 1);
}

/* Is `c` in the set after its "["? Sets *ret_rest to what follows its "]". */
static bool match_set(struct text set, gunichar c, bool any_case, struct text *ret_rest)
{
    bool negated = set.at[0] == '!' || set.at[0] == '^';
    bool found = false;
    if (negated)
        set = text_after(set, 1);
    do { /* the first may be a "]" itself; opens_set saw one behind it */
        gunichar low = take_character(&set);
        gunichar high = low;
        if (set.at[0] == '-' && set.at[1] != ']') {
            set = text_after(set, 1);
            high = take_character(&set);
        }
        found |= is_between(low, high, c, any_case);
    } while (set.at[0] != ']');
    *ret_rest = text_after(set, 1);
    return found != negated;
}

/* Does the item that the pattern begins with, no star, match `c`? Then it is taken off. */
static bool match_item(struct text *pattern, const char *last_close, gunichar c, bool any_case)
{
    struct text rest = *pattern;
    if (!rest.len)
        return false;
    gunichar item = take_character(&rest);
    bool matches;
    if (item == '[' && opens_set(*pattern, last_close)) {
        matches = match_set(rest, c, any_case, &rest);
    } else {
        bool any = item == '?';
        if (item == '\\' && rest.len)
            item = take_character(&rest);
        matches = any || is_same(item, c, any_case);
    }
    if (matches)
        *pattern = rest;
    return matches;
}

static bool take_stars(struct text *pattern)
{
    struct text rest = *pattern;
    while (rest.len && rest.at[0] == '*')
        rest = text_after(rest, 1);
    bool any = rest.len < pattern->len;
    *pattern = rest;
    return any;
}

bool pattern_fits_name(struct text pattern, struct text name, bool any_case)
{
    /* On a mismatch only the last star takes one character more: earlier ones need not. */
    bool has_star = false;
    struct text after_star = {NULL, 0};
    struct text star_name = {NULL, 0};
    const char *last_close = pattern.len ? memrchr(pattern.at, ']', pattern.len) : NULL;
    while (name.len) {
        if (take_stars(&pattern)) {
            has_star = true;
            after_star = pattern;
            star_name = name;
        }
        struct text rest = name;
        if (match_item(&pattern, last_close, take_character(&rest), any_case)) {
            name = rest;
        } else if (has_star) {
            (void)take_character(&star_name);
            name = star_name;
            pattern = after_star;
        } else {
            return false;
        }
    }
    (void)take_stars(&pattern);
    return pattern.len == 0;
}

bool pattern_match(struct text pattern, struct text name)
{
    /* A leading dot is matched only by a dot that is written. */
    bool is_dot_file = name.len && name.at[0] == '.';
    if (is_dot_file && !(pattern.len && (pattern.at[0] == '.' || pattern.at[0] == '\\')))
        return false;
    return pattern_fits_name(pattern, name, false);
}

/* Takes the parts ** that the pattern begins with. */
static bool take_double_stars(struct text *pattern)
{
    bool any = false;
    struct text rest = *pattern;
    while (rest.len && text_equal(text_take_until(&rest, '/'), TEXT("**"))) {
        any = true;
        *pattern = rest;
    }
    return any;
}

bool pattern_fits_path(struct text pattern, struct text path, bool any_case)
{
    /* As with a name, parts in place of characters; a normal path has no empty part. */
    bool has_stars = false;
    struct text after_stars = {NULL, 0};
    struct text stars_path = {NULL, 0};
    pattern = text_after(pattern, 1);
    path = text_after(path, 1);
    while (path.len) {
        if (take_double_stars(&pattern)) {
            has_stars = true;
            after_stars = pattern;
            stars_path = path;
        }
        struct text rest = pattern;
        struct text path_rest = path;
        if (pattern.len && pattern_fits_name(text_take_until(&rest, '/'),
                                             text_take_until(&path_rest, '/'), any_case)) {
            pattern = rest;
            path = path_rest;
        } else if (has_stars) {
            (void)text_take_until(&stars_path, '/');
            path = stars_path;
            pattern = after_stars;
        } else {
            return false;
        }
    }
    (void)take_double_stars(&pattern);
    return pattern.len == 0;
}

bool pattern_tells_names_apart(struct text pattern, struct text directory, bool any_case)
{
    for (;;) {
        if (pattern.len > 1 && pattern.at[pattern.len - 1] == '/')
            pattern.len--; /* makes no difference */
        size_t slash = text_find_last(pattern, '/');
        struct text last = text_after(pattern, slash + 1);
        struct text parent = {pattern.at, slash};
        /* The last part is the name's: it is in the directory that the others fit. */
        if (!text_equal(last, TEXT("**")))
            return !text_equal(last, TEXT("*")) && pattern_fits_path(parent, directory, any_case);
        if (pattern_fits_path(pattern, directory, any_case))
            return false; /* with all that is below */
        pattern = parent; /* it stands for no part */
    }
}

bool pattern_is_whole(struct text pattern)
{
    while (pattern.len) {
        struct text rest = text_after(pattern, 1);
        if (pattern.at[0] == '\\') {
            if (!rest.len)
                return false;
            rest = text_after(rest, 1);
        } else if (pattern.at[0] == '[') {
            if (rest.len && (rest.at[0] == '!' || rest.at[0] == '^'))
                rest = text_after(rest, 1);
            size_t close = text_find(text_after(rest, 1), ']') + 1; /* the first may be a "]" */
            if (close >= rest.len)
                return false;
            rest = text_after(rest, close + 1);
        }
        pattern = rest;
    }
    return true;
}

void pattern_put_literal(struct builder *b, struct text text)
{
    static const struct text special = TEXT("*?[\\");
    for (size_t i = 0; i < text.len; i++) {
        if (text_find(special, text.at[i]) < special.len)
            builder_put_byte(b, '\\');
        builder_put_byte(b, text.at[i]);
    }
}
