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

bool pathname_take_quoted(struct text reply, struct builder *b)
{
    size_t before = b->len;
    size_t quote = text_find(reply, '"');
    struct text rest = text_after(reply, quote + 1);
    if (quote == reply.len) {
        rest = text_trim(reply);
        builder_put(b, text_take_word(&rest));
        return b->len > before && !b->full;
    }
    while (rest.len) {
        bool is_quote = rest.at[0] == '"';
        if (is_quote && (rest.len == 1 || rest.at[1] != '"'))
            return b->len > before && !b->full;
        if (rest.at[0] == '\0' || rest.at[0] == '\r' || rest.at[0] == '\n')
            return false;
        builder_put_byte(b, rest.at[0]);
        rest = text_after(rest, is_quote ? 2 : 1);
    }
    return false; /* the quote that ends it is missing */
}
