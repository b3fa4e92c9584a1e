/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/charset.h"

#include <errno.h>
#include <iconv.h>

#include "base/memory.h"

struct charset {
    iconv_t converter; /* owned */
};

enum fault charset_new(const char *to, const char *from, struct charset **ret_charset)
{
    struct charset *charset = memory_new(sizeof(*charset));
    if (!charset)
        return FAULT_NO_MEMORY;
    charset->converter = iconv_open(to, from);
    if ((intptr_t)charset->converter == -1) {
        enum fault f = errno == EINVAL ? FAULT_ARGUMENT : fault_from_errno(errno);
        memory_free(charset);
        return f;
    }
    *ret_charset = charset;
    return FAULT_NONE;
}

void charset_free(struct charset *charset)
{
    if (charset)
        (void)iconv_close(charset->converter);
    memory_free(charset);
}

static enum fault fault_of_iconv(void)
{
    switch (errno) {
    case E2BIG:
        return FAULT_TOO_LARGE;
    case EINVAL:
        return FAULT_MALFORMED;
    default:
        return FAULT_NAME_INVALID;
    }
}

enum fault charset_put(struct charset *charset, struct text t, struct builder *b)
{
    char *from = (char *)t.at; /* POSIX has no const there; it is only read */
    char *to = b->at + b->len;
    size_t from_left = t.len;
    size_t to_left = b->size - b->len;
    (void)iconv(charset->converter, NULL, NULL, NULL, NULL);
    size_t replaced = iconv(charset->converter, &from, &from_left, &to, &to_left);
    if (replaced == (size_t)-1 ||
        iconv(charset->converter, NULL, NULL, &to, &to_left) == (size_t)-1) /* the initial state */
        return fault_of_iconv();
    if (replaced)
        return FAULT_NAME_INVALID;
    b->len = (size_t)(to - b->at);
    return FAULT_NONE;
}
