/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/charset.h"
#include "tests/unit/unit.h"

static enum fault convert(const char *to, const char *from, struct text t, struct builder *b)
{
    struct charset *charset;
    assert_fault(charset_new(to, from, &charset), FAULT_NONE);
    enum fault f = charset_put(charset, t, b);
    charset_free(charset);
    return f;
}

TEST(a_set_that_nobody_knows_is_refused)
{
    struct charset *charset = NULL;
    assert_fault(charset_new("UTF-8", "no-such-set", &charset), FAULT_ARGUMENT);
    assert_fault(charset_new("no-such-set", "UTF-8", &charset), FAULT_ARGUMENT);
    assert_null(charset);
    charset_free(NULL);
}

TEST(text_is_converted_whole)
{
    char bytes[32];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put_byte(&b, '>');
    assert_fault(convert("UTF-8", "ISO-8859-1", TEXT("caf\xE9"), &b), FAULT_NONE);
    assert_text(builder_text(&b), ">caf\xC3\xA9");
    assert_fault(convert("UTF-8", "ISO-8859-1", TEXT(""), &b), FAULT_NONE);
    assert_fault(convert("UTF-8", "ISO-8859-1", TEXT_NONE, &b), FAULT_NONE);
    assert_int_equal(b.len, 6);
    b = builder_on(bytes, sizeof(bytes));
    /* Shifted in and out again: nothing of it lasts into what comes next. */
    assert_fault(convert("ISO-2022-JP", "UTF-8", TEXT("\xE6\x97\xA5"), &b), FAULT_NONE);
    assert_text(builder_text(&b), "\x1B$BF|\x1B(B");
}

TEST(what_the_other_set_has_not_is_not_replaced)
{
    char bytes[32];
    struct builder b = builder_on(bytes, sizeof(bytes));
    assert_fault(convert("ISO-8859-1", "UTF-8", TEXT("a\xE2\x82\xAC"), &b), FAULT_NAME_INVALID);
    assert_fault(convert("ASCII", "UTF-8", TEXT("\xC3\xA4"), &b), FAULT_NAME_INVALID);
    assert_fault(convert("UTF-8", "CP1252", TEXT("a\x81"), &b), FAULT_NAME_INVALID);
    assert_fault(convert("ISO-8859-1", "UTF-8",
                         TEXT("a\xE9"
                              "b"),
                         &b),
                 FAULT_NAME_INVALID);
    assert_fault(convert("ISO-8859-1", "UTF-8", TEXT("a\xC3"), &b), FAULT_MALFORMED);
    assert_int_equal(b.len, 0);
}

TEST(what_does_not_fit_leaves_nothing)
{
    char bytes[3];
    struct builder b = builder_on(bytes, sizeof(bytes));
    assert_fault(convert("UTF-8", "ISO-8859-1", TEXT("\xE9\xE9"), &b), FAULT_TOO_LARGE);
    assert_int_equal(b.len, 0);
    assert_fault(convert("UTF-8", "ISO-8859-1", TEXT("a\xE9"), &b), FAULT_NONE);
    assert_int_equal(b.len, 3);
}

TEST(a_converter_forgets_what_went_wrong)
{
    char bytes[8];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct charset *charset;
    assert_fault(charset_new("UTF-8", "ISO-2022-JP", &charset), FAULT_NONE);
    assert_fault(charset_put(charset, TEXT("\x1B$BF"), &b), FAULT_MALFORMED);
    assert_fault(charset_put(charset, TEXT("F|"), &b), FAULT_NONE);
    assert_text(builder_text(&b), "F|");
    charset_free(charset);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(a_set_that_nobody_knows_is_refused),         RUN(text_is_converted_whole),
        RUN(what_the_other_set_has_not_is_not_replaced), RUN(what_does_not_fit_leaves_nothing),
        RUN(a_converter_forgets_what_went_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
