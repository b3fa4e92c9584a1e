/* SPDX-License-Identifier: Apache-2.0 */
#include "client/name_charset.h"

#include "base/memory.h"
#include "codec/charset.h"

struct name_charset {
    struct charset *to_theirs; /* owned */
    struct charset *to_ours;   /* owned */
};

/* Are commands the same bytes in it? */
static bool has_ascii(struct charset *to_theirs)
{
    const struct text ascii = TEXT(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -./:;=_");
    char bytes[NAME_CHARSET_GROWTH * 128];
    struct builder b = builder_on(bytes, sizeof(bytes));
    return !charset_put(to_theirs, ascii, &b) && text_equal(builder_text(&b), ascii);
}

enum fault name_charset_new(const char *charset, struct name_charset **ret_charset)
{
    struct name_charset *made = memory_new(sizeof(*made));
    if (!made)
        return FAULT_NO_MEMORY;
    enum fault f = charset_new(charset, "UTF-8", &made->to_theirs);
    if (!f)
        f = charset_new("UTF-8", charset, &made->to_ours);
    if (!f && !has_ascii(made->to_theirs))
        f = FAULT_ARGUMENT;
    if (f)
        name_charset_free(made);
    else
        *ret_charset = made;
    return f;
}

void name_charset_free(struct name_charset *charset)
{
    if (!charset)
        return;
    charset_free(charset->to_theirs);
    charset_free(charset->to_ours);
    memory_free(charset);
}

enum fault name_charset_put_theirs(struct name_charset *charset, struct text t, struct builder *b)
{
    enum fault f = charset_put(charset->to_theirs, t, b);
    return f ? FAULT_NAME_INVALID : FAULT_NONE;
}

static bool is_utf8(struct text t)
{
    while (t.len) {
        size_t len = text_utf8_len(t);
        if (!len)
            return false;
        t = text_after(t, len);
    }
    return true;
}

enum fault name_charset_put_ours(struct name_charset *charset, struct text t, struct builder *b)
{
    enum fault f = charset_put(charset->to_ours, t, b);
    if (!f || f == FAULT_TOO_LARGE)
        return f;
    if (is_utf8(t))
        return FAULT_NAME_INVALID;
    builder_put(b, t);
    return b->full ? FAULT_TOO_LARGE : FAULT_NONE;
}
