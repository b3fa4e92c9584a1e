/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/code_page.h"
#include "tests/unit/unit.h"

static const char *const names[] = {
    "cp1047", "cp037", "cp500", "cp273", "cp284", "ibm277",
    "cp278",  "cp280", "cp285", "cp297", "cp871", "cp1140",
};

static struct code_page load(const char *name)
{
    struct code_page page;
    enum fault f = code_page_load(name, &page);
    if (f)
        fail_msg("%s: FAULT_%s", name, fault_name(f));
    return page;
}

static void check_permutation(const char *name)
{
    struct code_page page = load(name);
    for (unsigned byte = 0; byte < 256; byte++) {
        assert_int_equal(page.from_file[page.to_file[byte]], byte);
        assert_int_equal(page.to_file[page.from_file[byte]], byte);
    }
    assert_int_equal(page.to_file[EBCDIC_NEW_LINE], '\n');
}

TEST(both_tables_of_every_page_undo_each_other)
{
    for (size_t i = 0; i < COUNT(names); i++)
        check_permutation(names[i]);
}

/* One byte twice, LF elsewhere, many characters that ISO 8859-1 has not. */
TEST(they_do_for_pages_far_from_latin_1)
{
    check_permutation("cp1132");
    check_permutation("EBCDIC-IS-FRISS");
    check_permutation("cp424");
}

TEST(letters_digits_and_the_space_are_where_every_ebcdic_has_them)
{
    static const struct {
        unsigned char code;
        char first;
        char last;
    } runs[] = {
        {0x40, ' ', ' '}, {0x81, 'a', 'i'}, {0x91, 'j', 'r'}, {0xA2, 's', 'z'}, {0xC1, 'A', 'I'},
        {0xD1, 'J', 'R'}, {0xE2, 'S', 'Z'}, {0xF0, '0', '9'}, {0x4B, '.', '.'}, {0x6B, ',', ','},
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        struct code_page page = load(names[i]);
        for (size_t run = 0; run < COUNT(runs); run++)
            for (int c = runs[run].first; c <= runs[run].last; c++)
                assert_int_equal(page.to_file[runs[run].code + c - runs[run].first], c);
    }
}

TEST(nl_and_lf_are_each_others)
{
    for (size_t i = 0; i < COUNT(names); i++) {
        struct code_page page = load(names[i]);
        assert_int_equal(page.to_file[EBCDIC_NEW_LINE], '\n');
        assert_int_equal(page.from_file['\n'], EBCDIC_NEW_LINE);
        assert_int_equal(page.to_file[0x25], 0x85);
        assert_int_equal(page.to_file[0x0D], '\r');
    }
}

TEST(what_differs_between_pages_is_each_pages_own)
{
    assert_int_equal(load("cp1047").to_file[0xAD], '[');
    assert_int_equal(load("cp037").to_file[0xBA], '[');
    assert_int_equal(load("cp500").to_file[0x4A], '[');
    assert_int_equal(load("cp284").to_file[0x7B], 0xD1);
}

/* The euro of cp1140 has the place of the currency sign, which nothing else takes. */
TEST(a_character_that_latin_1_has_not_gets_a_byte_that_is_left)
{
    assert_int_equal(load("cp1140").to_file[0x9F], 0xA4);
    assert_int_equal(load("cp037").to_file[0x9F], 0xA4);
    assert_int_equal(load("cp285").to_file[0xA1], 0xAF);
}

TEST(names_count_without_their_case)
{
    struct code_page small = load("cp1047");
    struct code_page large = load("CP1047");
    assert_memory_equal(&small, &large, sizeof(small));
}

TEST(what_is_no_ebcdic_of_single_bytes_is_refused)
{
    static const char *const refused[] = {
        "no-such-page", "", "US-ASCII", "ISO-8859-1", "CP437", "UTF-8", "UTF-16", "IBM930",
    };
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct code_page page;
        struct code_page untouched;
        memset(&page, 0x5A, sizeof(page));
        memset(&untouched, 0x5A, sizeof(untouched));
        enum fault f = code_page_load(refused[i], &page);
        if (f != FAULT_ARGUMENT)
            fail_msg("\"%s\": FAULT_%s", refused[i], fault_name(f));
        assert_memory_equal(&page, &untouched, sizeof(page));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(both_tables_of_every_page_undo_each_other),
        RUN(they_do_for_pages_far_from_latin_1),
        RUN(letters_digits_and_the_space_are_where_every_ebcdic_has_them),
        RUN(nl_and_lf_are_each_others),
        RUN(what_differs_between_pages_is_each_pages_own),
        RUN(a_character_that_latin_1_has_not_gets_a_byte_that_is_left),
        RUN(names_count_without_their_case),
        RUN(what_is_no_ebcdic_of_single_bytes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
