/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/pathname.h"

/* Appends the parts of `name` to the path in b, one at a time. */
static bool append_parts(struct builder *b, struct text name)
{
    while (name.len) {
        struct text part = text_take_until(&name, '/');
        if (!part.len || text_equal(part, TEXT(".")))
            continue;
        if (text_equal(part, TEXT(".."))) {
            b->len = text_find_last(builder_text(b), '/');
            continue;
        }
        builder_put_byte(b, '/');
        for (size_t i = 0; i < part.len; i++)
            builder_put_byte(b, part.at[i] ? part.at[i] : '\n');
        /* Later ".." may shorten it again, but not below what was dropped. */
        if (b->full || b->len > PATHNAME_MAX)
            return false;
    }
    return true;
}

bool pathname_resolve(struct text directory, struct text name, struct builder *b)
{
    /* b holds the path without its first slash's special case: "" is the root. */
    if (!name.len || name.at[0] != '/') {
        if (!append_parts(b, directory))
            return false;
    }
    if (!append_parts(b, name))
        return false;
    if (!b->len)
        builder_put_byte(b, '/');
    return !b->full;
}

struct text pathname_parent(struct text path)
{
    size_t slash = text_find_last(path, '/');
    return slash == 0 || slash == path.len ? (struct text){path.at, path.len ? 1 : 0}
                                           : (struct text){path.at, slash};
}

struct text pathname_last(struct text path)
{
    size_t slash = text_find_last(path, '/');
    return slash == path.len ? path : text_after(path, slash + 1);
}

void pathname_put_quoted(struct builder *b, struct text path)
{
    builder_put_byte(b, '"');
    for (size_t i = 0; i < path.len; i++) {
        if (path.at[i] == '"')
            builder_put_byte(b, '"');
        builder_put_byte(b, path.at[i]);
    }
    builder_put_byte(b, '"');
}

bool pathname_has_wildcard(struct text pattern)
{
    for (size_t i = 0; i < pattern.len; i++)
        if (pattern.at[i] == '*' || pattern.at[i] == '?' || pattern.at[i] == '[')
            return true;
    return false;
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

/* Is `byte` in the set after its "["? Sets *ret_len to the set's length with its "]". */
static bool match_set(struct text set, char byte, size_t *ret_len)
{
    bool negated = set.at[0] == '!' || set.at[0] == '^';
    bool found = false;
    size_t first = negated ? 1 : 0;
    size_t i = first;
    for (; i == first || set.at[i] != ']'; i++) { /* opens_set saw the "]" */
        unsigned char low = (unsigned char)set.at[i];
        unsigned char high = low;
        if (set.at[i + 1] == '-' && set.at[i + 2] != ']') {
            high = (unsigned char)set.at[i + 2];
            i += 2;
        }
        if (low <= (unsigned char)byte && (unsigned char)byte <= high)
            found = true;
    }
    *ret_len = i + 1;
    return found != negated;
}

/* What match_item says of "[" with its set, or of "[" that is itself. */
static size_t match_bracket(struct text pattern, const char *last_close, char byte)
{
    size_t set_len;
    if (!opens_set(pattern, last_close))
        return byte == '[' ? 1 : 0;
    return match_set(text_after(pattern, 1), byte, &set_len) ? 1 + set_len : 0;
}

/* Length of the pattern item at `pattern` if it matches `byte` and is no star; 0 if not. */
static size_t match_item(struct text pattern, const char *last_close, char byte)
{
    switch (pattern.at[0]) {
    case '?':
        return 1;
    case '[':
        return match_bracket(pattern, last_close, byte);
    case '\\':
        if (pattern.len > 1)
            return pattern.at[1] == byte ? 2 : 0;
        return byte == '\\' ? 1 : 0;
    default:
        return pattern.at[0] == byte ? 1 : 0;
    }
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

/* A leading dot is matched only by a dot that is written, as the shell does. */
static bool may_start(struct text pattern, struct text name)
{
    if (!name.len || name.at[0] != '.')
        return true;
    return pattern.len && (pattern.at[0] == '.' || pattern.at[0] == '\\');
}

bool pathname_match(struct text pattern, struct text name)
{
    if (!may_start(pattern, name))
        return false;
    /* On a mismatch only the last star takes one byte more: earlier ones need not. */
    struct text after_star = {NULL, 0};
    struct text star_name = {NULL, 0};
    const char *last_close = pattern.len ? memrchr(pattern.at, ']', pattern.len) : NULL;
    while (name.len) {
        if (take_stars(&pattern)) {
            after_star = pattern;
            star_name = name;
        }
        size_t used = pattern.len ? match_item(pattern, last_close, name.at[0]) : 0;
        if (used) {
            pattern = text_after(pattern, used);
            name = text_after(name, 1);
        } else if (after_star.at) {
            star_name = text_after(star_name, 1);
            name = star_name;
            pattern = after_star;
        } else {
            return false;
        }
    }
    (void)take_stars(&pattern);
    return pattern.len == 0;
}
