/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

TEST(texts_compare_by_bytes_and_without_case)
{
    assert_true(text_equal(TEXT("RETR"), TEXT("RETR")));
    assert_false(text_equal(TEXT("RETR"), TEXT("retr")));
    assert_false(text_equal(TEXT("a\0b"), TEXT("a\0c")));
    assert_true(text_equal_any_case(TEXT("rEtR"), TEXT("RETR")));
    assert_false(text_equal_any_case(TEXT("RET"), TEXT("RETR")));
    assert_true(text_equal(TEXT(""), (struct text){NULL, 0}));
    /* Only ASCII letters have case: these differ by 0x20 and are no letters. */
    assert_false(text_equal_any_case(TEXT("["), TEXT("{")));
    assert_false(text_equal_any_case(TEXT("\xC9"), TEXT("\xE9")));
}

TEST(starts_and_ends_are_found)
{
    assert_true(text_starts_with(TEXT("abc"), TEXT("ab")));
    assert_true(text_starts_with(TEXT("abc"), TEXT("")));
    assert_false(text_starts_with(TEXT("a"), TEXT("ab")));
    assert_int_equal(text_find(TEXT("a/b/c"), '/'), 1);
    assert_int_equal(text_find_last(TEXT("a/b/c"), '/'), 3);
    assert_int_equal(text_find(TEXT("abc"), '/'), 3);
    assert_int_equal(text_find_last(TEXT(""), '/'), 0);
}

TEST(words_are_taken_across_runs_of_spaces)
{
    struct text rest = TEXT("  one   two ");
    assert_text(text_take_word(&rest), "one");
    assert_text(text_take_word(&rest), "two");
    assert_text(text_take_word(&rest), "");
    assert_int_equal(rest.len, 0);
}

TEST(taking_until_a_separator_leaves_what_follows)
{
    struct text rest = TEXT("a,,b");
    assert_text(text_take_until(&rest, ','), "a");
    assert_text(text_take_until(&rest, ','), "");
    assert_text(text_take_until(&rest, ','), "b");
    assert_text(text_take_until(&rest, ','), "");
}

TEST(numbers_are_digits_only_and_within_their_maximum)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool fits;
        uint64_t value;
    } cases[] = {
        {"0", 10, true, 0},
        {"10", 10, true, 10},
        {"11", 10, false, 0},
        {"007", 10, true, 7},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999999", UINT64_MAX, false, 0},
        {"", 10, false, 0},
        {"-1", 10, false, 0},
        {"+1", 10, false, 0},
        {" 1", 10, false, 0},
        {"1 ", 10, false, 0},
        {"1a", 99, false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t number = 4711;
        assert_int_equal(text_to_number(text_of(cases[i].text), cases[i].max, &number),
                         cases[i].fits);
        assert_int_equal(number, cases[i].fits ? cases[i].value : 4711);
    }
}

TEST(digits_of_hexadecimal_have_values_in_either_case)
{
    static const char digits[] = "0123456789abcdef";
    for (int c = -128; c < 128; c++) {
        const char *at = c > 0 ? memchr(digits, c | ('A' <= c && c <= 'Z' ? 0x20 : 0), 16) : NULL;
        assert_int_equal(text_hex_value((char)c), at ? at - digits : -1);
    }
}

TEST(sizes_have_units_and_stay_within_their_maximum)
{
    static const struct {
        const char *text;
        uint64_t size;
    } right[] = {{"0", 0},           {"12", 12},      {"2k", 2048},
                 {"2K", 2048},       {"3M", 3 << 20}, {"1g", 1 << 30},
                 {"4T", 4ULL << 40}, {"0G", 0},       {"16777215T", 16777215ULL << 40}};
    static const char *const wrong[] = {
        "", "k", "1kk", "1 k", "-1", "1.5M", "1b", "16777216T", "18446744073709551616"};
    uint64_t size = 7;
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_false(text_to_size(text_of(wrong[i]), UINT64_MAX, &size));
    assert_false(text_to_size(TEXT("2k"), 2047, &size));
    assert_int_equal(size, 7);
    for (size_t i = 0; i < COUNT(right); i++) {
        assert_true(text_to_size(text_of(right[i].text), UINT64_MAX, &size));
        assert_int_equal(size, right[i].size);
    }
}

TEST(octal_numbers_have_no_eights)
{
    uint64_t number = 0;
    assert_true(text_to_octal(TEXT("644"), 0777, &number));
    assert_int_equal(number, 0644);
    assert_false(text_to_octal(TEXT("648"), 0777, &number));
    assert_false(text_to_octal(TEXT("1777"), 0777, &number));
}

TEST(utf8_sequences_are_recognised_strictly)
{
    assert_int_equal(text_utf8_len(TEXT("a")), 1);
    assert_int_equal(text_utf8_len(TEXT("\xC3\xB1")), 2);
    assert_int_equal(text_utf8_len(TEXT("\xE2\x82\xAC")), 3);
    assert_int_equal(text_utf8_len(TEXT("\xF0\x9F\x9A\xA2")), 4);
    assert_int_equal(text_utf8_len(TEXT("\xC0\xAF")), 0);         /* overlong */
    assert_int_equal(text_utf8_len(TEXT("\xE0\x80\xAF")), 0);     /* overlong */
    assert_int_equal(text_utf8_len(TEXT("\xED\xA0\x80")), 0);     /* surrogate */
    assert_int_equal(text_utf8_len(TEXT("\xF4\x90\x80\x80")), 0); /* past U+10FFFF */
    assert_int_equal(text_utf8_len(TEXT("\xE2\x82")), 0);         /* cut short */
    assert_int_equal(text_utf8_len(TEXT("\xFF")), 0);
    assert_int_equal(text_utf8_len(TEXT("")), 0);
}

TEST(cutting_never_splits_a_utf8_sequence)
{
    struct text t = TEXT("ab\xF0\x9F\x9A\xA2z");
    assert_int_equal(text_cut_utf8(t, 2), 2);
    assert_int_equal(text_cut_utf8(t, 3), 2);
    assert_int_equal(text_cut_utf8(t, 4), 2);
    assert_int_equal(text_cut_utf8(t, 5), 2);
    assert_int_equal(text_cut_utf8(t, 6), 6);
    assert_int_equal(text_cut_utf8(t, 100), 7);
    /* Latin-1 is cut anywhere. */
    assert_int_equal(text_cut_utf8(TEXT("a\xE9\xE9z"), 2), 2);
}

TEST(a_builder_takes_all_of_a_text_or_none)
{
    char buffer[8];
    struct builder b = builder_on(buffer, sizeof(buffer));
    builder_put(&b, TEXT("12345"));
    builder_put(&b, TEXT("6789"));
    assert_true(b.full);
    assert_text(builder_text(&b), "12345");
    builder_put(&b, TEXT("678"));
    assert_text(builder_text(&b), "12345678");
    assert_string_equal(builder_end(&b), "1234567");
}

TEST(a_builder_writes_numbers_in_every_base)
{
    char buffer[128];
    struct builder b = builder_on(buffer, sizeof(buffer));
    builder_put_number(&b, 0);
    builder_put_byte(&b, ' ');
    builder_put_number(&b, UINT64_MAX);
    assert_text(builder_number(&b, 42), "42");
    b.len -= 2;
    builder_put_byte(&b, ' ');
    builder_put_number_padded(&b, 7, 3);
    builder_put_byte(&b, ' ');
    builder_put_octal(&b, 0644, 4);
    builder_put_byte(&b, ' ');
    builder_put_hex(&b, 0xFACE);
    builder_put_right(&b, TEXT("x"), 3);
    builder_put_hex_byte(&b, 0xF0);
    builder_put_hex_byte(&b, 0x0F);
    assert_text(builder_text(&b), "0 18446744073709551615 007 0644 face  xf00f");
    assert_false(b.full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(texts_compare_by_bytes_and_without_case),
        RUN(starts_and_ends_are_found),
        RUN(words_are_taken_across_runs_of_spaces),
        RUN(taking_until_a_separator_leaves_what_follows),
        RUN(numbers_are_digits_only_and_within_their_maximum),
        RUN(digits_of_hexadecimal_have_values_in_either_case),
        RUN(sizes_have_units_and_stay_within_their_maximum),
        RUN(octal_numbers_have_no_eights),
        RUN(utf8_sequences_are_recognised_strictly),
        RUN(cutting_never_splits_a_utf8_sequence),
        RUN(a_builder_takes_all_of_a_text_or_none),
        RUN(a_builder_writes_numbers_in_every_base),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
