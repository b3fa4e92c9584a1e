/* SPDX-License-Identifier: Apache-2.0 */
/* client/name_charset: what a server's bytes become is sent as the same bytes, or refused. */
#include "client/name_charset.h"
#include "tests/fuzz/fuzz.h"

enum { NAME_MAX_SIZE = 512 };

static const char *const sets[] = {"ISO-8859-1", "CP1252", "ISO-8859-15", "KOI8-R",
                                   "CP932",      "EUC-JP", "GBK",         "CP437"};

/* More than one sequence of bytes may be the same character in these. */
static bool is_ambiguous(size_t set)
{
    return set >= 4 && set <= 6;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char ours_bytes[NAME_CHARSET_GROWTH * NAME_MAX_SIZE];
    static char theirs_bytes[sizeof(ours_bytes)];
    struct name_charset *charset;
    if (!size || size > NAME_MAX_SIZE)
        return 0;
    const size_t set = data[0] % (sizeof(sets) / sizeof(sets[0]));
    const struct text theirs = {(const char *)data + 1, size - 1};
    struct builder ours = builder_on(ours_bytes, sizeof(ours_bytes));
    struct builder back = builder_on(theirs_bytes, sizeof(theirs_bytes));
    if (name_charset_new(sets[set], &charset))
        return 0;
    enum fault f = name_charset_put_ours(charset, theirs, &ours);
    PROMISE(!f || f == FAULT_NAME_INVALID);
    PROMISE(!f || !ours.len);
    if (!f && !name_charset_put_theirs(charset, builder_text(&ours), &back))
        PROMISE(is_ambiguous(set) || text_equal(builder_text(&back), theirs));
    name_charset_free(charset);
    return 0;
}
