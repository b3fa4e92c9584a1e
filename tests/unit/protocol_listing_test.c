/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/listing.h"
#include "tests/unit/unit.h"

enum { NOW = 1700000000 }; /* 2023-11-14 22:13:20 */

static const char *long_line(struct listing_entry entry)
{
    static char bytes[512];
    struct builder b = builder_on(bytes, sizeof(bytes));
    listing_put_long(&b, &entry, NOW, false);
    return builder_end(&b);
}

TEST(a_long_line_is_what_ls_writes)
{
    struct listing_entry entry = {
        .kind = '-',
        .mode = 0644,
        .links = 1,
        .owner = 1000,
        .group = 100,
        .size = 4711,
        .modified = NOW - 3600,
        .name = TEXT("read me.txt"),
    };
    assert_string_equal(long_line(entry),
                        "-rw-r--r--   1 1000     100              4711 Nov 14 21:13 read me.txt\n");
    entry.modified = 0;
    assert_string_equal(long_line(entry),
                        "-rw-r--r--   1 1000     100              4711 Jan  1  1970 read me.txt\n");
    entry.modified = NOW + 7200; /* clocks differ: a file of the future shows its year */
    assert_string_equal(long_line(entry),
                        "-rw-r--r--   1 1000     100              4711 Nov 15  2023 read me.txt\n");
}

TEST(wide_numbers_push_the_rest_and_stay_apart)
{
    struct listing_entry entry = {
        .kind = 'd',
        .mode = 0755,
        .links = 123456,
        .owner = 4294967295U,
        .group = 4294967295U,
        .size = UINT64_MAX,
        .modified = NOW,
        .name = TEXT("x"),
    };
    assert_string_equal(long_line(entry), "drwxr-xr-x123456 4294967295 4294967295 "
                                          "18446744073709551615 Nov 14 22:13 x\n");
}

TEST(links_show_where_they_point_and_special_bits_show)
{
    struct listing_entry entry = {
        .kind = 'l',
        .mode = 0777,
        .links = 1,
        .modified = NOW,
        .name = TEXT("a"),
        .link_target = TEXT("../b c"),
    };
    assert_non_null(strstr(long_line(entry), "lrwxrwxrwx"));
    assert_non_null(strstr(long_line(entry), " a -> ../b c\n"));
    entry.link_target = TEXT("");
    assert_non_null(strstr(long_line(entry), " a\n"));
    entry.kind = 'd';
    entry.mode = 07777;
    assert_non_null(strstr(long_line(entry), "drwsrwsrwt"));
    entry.mode = 07000;
    assert_non_null(strstr(long_line(entry), "d--S--S--T"));
}

TEST(what_is_not_known_is_a_question_mark_in_the_same_columns)
{
    char bytes[128];
    struct listing_entry entry = {.kind = 'd', .modified = NOW, .name = TEXT("a b")};
    struct builder b = builder_on(bytes, sizeof(bytes));
    listing_put_unknown(&b, 'd', TEXT("a b"));
    assert_text(builder_text(&b),
                "d?????????   ? ?        ?                   ?   ?  ?     ? a b\n");
    assert_int_equal(b.len, strlen(long_line(entry)));
}

TEST(a_newline_in_a_name_is_written_as_nul)
{
    char bytes[64];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct listing_entry entry = {.kind = '-', .name = TEXT("a\nb")};
    listing_put_name(&b, TEXT("dir/"), &entry, false);
    assert_true(text_equal(builder_text(&b), TEXT("dir/a\0b\n")));
}

TEST(classify_marks_directories_links_and_programs)
{
    static const struct {
        char kind;
        unsigned mode;
        const char *line;
    } cases[] = {{'d', 0755, "x/\n"}, {'l', 0777, "x@\n"}, {'-', 0755, "x*\n"}, {'-', 0644, "x\n"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char bytes[16];
        struct builder b = builder_on(bytes, sizeof(bytes));
        struct listing_entry entry = {
            .kind = cases[i].kind, .mode = cases[i].mode, .name = TEXT("x")};
        listing_put_name(&b, TEXT(""), &entry, true);
        assert_text(builder_text(&b), cases[i].line);
    }
}

TEST(options_are_taken_off_and_the_path_is_left)
{
    struct listing_options options;
    assert_text(listing_parse_options(TEXT("-la sub dir"), &options), "sub dir");
    assert_true(options.all && options.long_form && options.given && !options.recursive);
    assert_text(listing_parse_options(TEXT("-CF"), &options), "");
    assert_true(options.classify && options.given);
    assert_text(listing_parse_options(TEXT("-R -t -1 x"), &options), "x");
    assert_true(options.recursive && options.by_time);
    assert_text(listing_parse_options(TEXT("-- -x"), &options), "-x");
    assert_text(listing_parse_options(TEXT(" leading space"), &options), " leading space");
    assert_false(options.given);
    assert_text(listing_parse_options(TEXT("-1 -- x"), &options), "x");
    assert_false(options.given);
    assert_text(listing_parse_options(TEXT("-1a"), &options), "");
    assert_true(options.given && options.all);
    assert_text(listing_parse_options(TEXT("-"), &options), "-");
    assert_false(options.given);
    assert_text(listing_parse_options(TEXT(""), &options), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_long_line_is_what_ls_writes),
        RUN(wide_numbers_push_the_rest_and_stay_apart),
        RUN(links_show_where_they_point_and_special_bits_show),
        RUN(what_is_not_known_is_a_question_mark_in_the_same_columns),
        RUN(a_newline_in_a_name_is_written_as_nul),
        RUN(classify_marks_directories_links_and_programs),
        RUN(options_are_taken_off_and_the_path_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
