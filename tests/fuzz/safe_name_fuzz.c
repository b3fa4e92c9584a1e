/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/safe_name: a name that is taken is one part of a path and nothing
 * else, and what is shown is printable and shown as itself.
 */
#include <limits.h>

#include "client/safe_name.h"
#include "tests/fuzz/fuzz.h"

static bool has_any(struct text t, struct text bytes)
{
    for (size_t i = 0; i < t.len; i++)
        if (text_find(bytes, t.at[i]) < bytes.len)
            return true;
    return false;
}

/* Printable UTF-8, decided by the bytes alone: C1 begins with C2 and a second byte below A0. */
static void check_printable(struct text t)
{
    const struct text override = TEXT("\xE2\x80\xAE");
    while (t.len) {
        const size_t len = text_utf8_len(t);
        const unsigned char first = (unsigned char)t.at[0];
        PROMISE(len && first >= ' ' && first != 0x7F);
        PROMISE(first != 0xC2 || (unsigned char)t.at[1] >= 0xA0);
        PROMISE(!text_starts_with(t, override));
        t = text_after(t, len);
    }
}

static void check_shown(struct text input)
{
    static char bytes[1 << 16];
    static char again[sizeof(bytes)];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct builder c = builder_on(again, sizeof(again));
    safe_text_put(&b, input);
    PROMISE(!b.full || input.len * SAFE_TEXT_GROWTH > sizeof(bytes));
    check_printable(builder_text(&b));
    safe_text_put(&c, builder_text(&b));
    PROMISE(text_equal(builder_text(&b), builder_text(&c)));
    if (b.full || !b.len)
        return;
    /* In less room it is a beginning of the same. */
    struct builder d = builder_on(again, (size_t)input.at[0] % b.len);
    safe_text_put(&d, input);
    PROMISE(d.full && text_starts_with(builder_text(&b), builder_text(&d)));
    check_printable(builder_text(&d));
}

static void check_name(struct text name)
{
    const bool is_portable = safe_name_is_local(name, SAFE_NAME_PORTABLE);
    const bool is_no_device = safe_name_is_local(name, SAFE_NAME_NO_DEVICE);
    if (!safe_name_is_local(name, SAFE_NAME_LINUX)) {
        PROMISE(!is_portable && !is_no_device);
        return;
    }
    PROMISE(is_no_device || !is_portable);
    PROMISE(!is_no_device || !text_equal_any_case(name, TEXT("NUL")));
    PROMISE(name.len && name.len <= NAME_MAX && !has_any(name, TEXT("/\0\r\n\x1B\x7F")));
    PROMISE(!text_equal(name, TEXT(".")) && !text_equal(name, TEXT("..")));
    if (!is_portable)
        return;
    PROMISE(!has_any(name, TEXT("\\:*?\"<>|")));
    PROMISE(!has_any((struct text){name.at + name.len - 1, 1}, TEXT(". ")));
    PROMISE(!text_equal_any_case(name, TEXT("NUL")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = {(const char *)data, size};
    check_name(input);
    check_shown(input);
    return 0;
}
