/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/listing_read.h"

#include "tests/unit/listings.h"

/* ---- What servers wrote: tests/unit/listings ------------------------------------ */

enum { LISTED_MIN = 800 }; /* lines in all files; fewer means that a file was not read */

static const char *const systems[] = {
    "",        "UNIX Type: L8", "Windows_NT", "VMS",     "MVS is",  "OS/400",
    "NETWARE", "OS/2",          "VM is",      "NONSTOP", "VXWORKS", "?",
};

static void check(const struct listed *listed, struct listing_reader *reader, const char *how)
{
    struct text meaning = meaning_of(reader, listed->line);
    if (!text_equal(meaning, listed->meaning))
        fail_msg("%s.txt:%u, %s: \"%.*s\" is \"%.*s\" and not \"%.*s\"", listed->file,
                 listed->number, how, TEXT_ARGS(listed->line), TEXT_ARGS(meaning),
                 TEXT_ARGS(listed->meaning));
}

static void on_listed_in_order(const struct listed *listed, void *context)
{
    struct listing_reader *reader = context;
    if (listed->begins)
        listing_reader_init(reader, NOW, listed->system);
    check(listed, reader, "in its listing");
    assert_false(reader->dropped);
}

TEST(listings_of_all_servers_mean_what_is_written_beside_them)
{
    unsigned count = 0;
    struct listing_reader reader;
    for (size_t i = 0; i < COUNT(listing_files); i++) {
        listing_reader_init(&reader, NOW, TEXT(""));
        count += each_listed(listing_files[i], on_listed_in_order, &reader);
        assert_false(listing_reader_end(&reader));
    }
    assert_true(count >= LISTED_MIN);
}

static void on_listed_alone(const struct listed *listed, void *context)
{
    (void)context;
    for (size_t i = 0; i < COUNT(systems) && !listed->leans; i++) {
        struct listing_reader reader;
        listing_reader_init(&reader, NOW, text_of(systems[i]));
        check(listed, &reader, systems[i]);
    }
}

TEST(a_line_alone_means_the_same_whatever_syst_said)
{
    for (size_t i = 0; i < COUNT(listing_files); i++)
        (void)each_listed(listing_files[i], on_listed_alone, NULL);
}

/* Between the lines of each listing: an item of another dialect, and what is nobody's. */
static void on_listed_with_odd_lines(const struct listed *listed, void *context)
{
    static const struct text odd[] = {
        TEXT("-rw-r--r-- 1 ftp ftp 12 Nov 14 21:13 x"),
        TEXT("11-14-23  09:13PM       <DIR>          x"),
        TEXT("X.TXT;1  12  4-JUN-2004 10:11 [A] (RWED,RWED,RE,R)"),
        TEXT("APCSPL 3390   2003/05/21  1   12  FB      80  3120  PO  X"),
        TEXT("QSYS 77824 02/23/00 15:09:55 *DIR X/"),
    };
    struct listing_reader *reader = context;
    struct listing_item item;
    if (!listed->leans) {
        struct text line = odd[listed->number % COUNT(odd)];
        assert_int_equal(listing_read_line(reader, line, &item), LISTING_ITEM);
        assert_int_equal(listing_read_line(reader, TEXT("what is this"), &item), LISTING_UNKNOWN);
    }
    check(listed, reader, "among others");
}

TEST(an_odd_line_spoils_no_other)
{
    struct listing_reader reader;
    listing_reader_init(&reader, NOW, TEXT(""));
    for (size_t i = 0; i < COUNT(listing_files); i++)
        (void)each_listed(listing_files[i], on_listed_with_odd_lines, &reader);
}

/* ---- Years ---------------------------------------------------------------------------- */

TEST(a_date_without_year_is_the_last_that_was)
{
    static const struct {
        const char *now; /* borrowed: a literal, as all below */
        const char *date;
        const char *meaning;
    } cases[] = {
        {"20240101003000", "Dec 31 23:59", "20231231235900"},
        {"20240101003000", "Jan  1 00:29", "20240101002900"},
        {"20240101003000", "Jan  2 00:30", "20240102003000"},
        {"20240101003000", "Jan  2 00:31", "20230102003100"},
        {"20231231233000", "Jan  1 01:00", "20240101010000"}, /* the server is ahead */
        {"20231231233000", "Jan  1 23:30", "20240101233000"},
        {"20231231233000", "Jan  1 23:31", "20230101233100"},
        {"20240301000000", "Feb 29 10:11", "20240229101100"},
        {"20240227000000", "Feb 29 10:11", "20200229101100"},
        {"20240228101100", "Feb 29 10:11", "20240229101100"},
        {"21030601000000", "Feb 29 10:11", "20960229101100"}, /* 2100 is no leap year */
        {"19700102000000", "Jan  1 10:11", "19700101101100"},
        {"19700101000000", "Dec 31 10:11", "19691231101100"},
        {"99991231235959", "Dec 31 10:11", "99991231101100"},
        {"99991231235959", "Jan  1 10:11", "99990101101100"},
        {"20000229120000", "Feb 29 12:00", "20000229120000"},
        {"20231114221320", "Nov 15 22:13", "20231115221300"},
        {"20231114221320", "Nov 15 22:14", "20221115221400"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char bytes[128];
        struct builder b = builder_on(bytes, sizeof(bytes));
        struct fact_time now;
        struct fact_time expected;
        struct listing_reader reader;
        struct listing_item item;
        assert_true(facts_parse_time(text_of(cases[i].now), &now));
        assert_true(facts_parse_time(text_of(cases[i].meaning), &expected));
        builder_put_string(&b, "-rw-r--r-- 1 ftp ftp 12 ");
        builder_put_string(&b, cases[i].date);
        builder_put_string(&b, " x");
        listing_reader_init(&reader, now.seconds, TEXT(""));
        assert_int_equal(listing_read_line(&reader, builder_text(&b), &item), LISTING_ITEM);
        if (item.modified != expected.seconds)
            fail_msg("%s at %s is %lld", cases[i].date, cases[i].now, (long long)item.modified);
        assert_int_equal(item.precision, LISTING_TIME_MINUTE);
    }
}

TEST(a_clock_that_is_far_off_does_no_harm)
{
    static const int64_t clocks[] = {INT64_MIN, -1, 0, INT64_MAX, INT64_MAX - 86400};
    for (size_t i = 0; i < COUNT(clocks); i++) {
        struct listing_reader reader;
        struct listing_item item;
        listing_reader_init(&reader, clocks[i], TEXT(""));
        assert_true(reader.now >= 0 && reader.now <= 253402300799);
        assert_int_equal(
            listing_read_line(&reader, TEXT("-rw-r--r-- 1 u g 1 Nov 14 21:13 x"), &item),
            LISTING_ITEM);
        assert_int_equal(item.precision, LISTING_TIME_MINUTE);
    }
}

/* Of the 400 years that it takes to repeat. */
TEST(days_are_those_of_the_calendar)
{
    enum { FROM = -73048, DAYS = 146097 }; /* 1770 to 2169 */
    for (int64_t day = FROM; day < FROM + DAYS; day++) {
        char bytes[128];
        char time[32];
        struct builder t = builder_on(time, sizeof(time));
        struct builder b = builder_on(bytes, sizeof(bytes));
        struct listing_reader reader;
        struct listing_item item;
        facts_put_time(&t, day * 86400);
        builder_put_string(&b, "-rw-r--r-- 1 ftp ftp 12 ");
        builder_put(&b, (struct text){time, 4});
        builder_put_string(&b, "-");
        builder_put(&b, (struct text){time + 4, 2});
        builder_put_string(&b, "-");
        builder_put(&b, (struct text){time + 6, 2});
        builder_put_string(&b, " x");
        listing_reader_init(&reader, NOW, TEXT(""));
        if (listing_read_line(&reader, builder_text(&b), &item) != LISTING_ITEM ||
            item.precision != LISTING_TIME_DAY || item.modified != day * 86400)
            fail_msg("%s is %lld", builder_end(&b), (long long)item.modified);
    }
}

/* ---- Halves of entries ------------------------------------------------------------------ */

TEST(half_an_entry_waits_for_its_other_half_only)
{
    struct listing_reader reader;
    struct listing_item item = {.size = 4711};
    listing_reader_init(&reader, NOW, TEXT("VMS"));
    assert_int_equal(listing_read_line(&reader, TEXT("LONG.TXT;1"), &item), LISTING_MORE);
    assert_int_equal(item.size, 4711);
    assert_text(meaning_of(&reader, TEXT("-rw-r--r-- 1 u g 1 Nov 14 21:13 x")),
                "file 1 2023-11-14 21:13 0644 u:g \"x\"");
    assert_true(reader.dropped);
    assert_false(listing_reader_end(&reader));
    assert_text(meaning_of(&reader, TEXT("  12  4-JUN-2004 10:11")), "unknown");
    assert_false(reader.dropped);

    assert_text(meaning_of(&reader, TEXT("LONG.TXT;1")), "more");
    assert_text(meaning_of(&reader, TEXT("OTHER.TXT;1")), "more");
    assert_true(reader.dropped);
    assert_text(meaning_of(&reader, TEXT("  12  4-JUN-2004 10:11")),
                "file ~6144 2004-06-04 10:11 - -:- \"OTHER.TXT;1\"");
    assert_false(reader.dropped);

    /* Not at the line's beginning: then it is an entry of its own, or nothing. */
    assert_text(meaning_of(&reader, TEXT("LONG.TXT;1")), "more");
    assert_text(meaning_of(&reader, TEXT("12  4-JUN-2004 10:11")), "unknown");
    assert_true(reader.dropped);
    assert_text(meaning_of(&reader, TEXT("LONG.TXT;1")), "more");
    assert_text(meaning_of(&reader, TEXT("")), "nothing");
    assert_true(reader.dropped);
    assert_text(meaning_of(&reader, TEXT("LONG.TXT;1")), "more");
    assert_text(meaning_of(&reader, TEXT("  12  4-JUN-2004\n10:11")), "unknown");
    assert_true(reader.dropped);

    assert_text(meaning_of(&reader, TEXT("LONG.TXT;1")), "more");
    assert_true(listing_reader_end(&reader));
    assert_false(listing_reader_end(&reader));
    assert_text(meaning_of(&reader, TEXT("  12  4-JUN-2004 10:11")), "unknown");
}

TEST(a_half_that_is_too_long_is_unknown)
{
    char bytes[LISTING_HELD_MAX + 1];
    struct listing_reader reader;
    listing_reader_init(&reader, NOW, TEXT("VMS"));
    for (size_t len = LISTING_HELD_MAX - 1; len <= LISTING_HELD_MAX + 1; len++) {
        memset(bytes, 'A', sizeof(bytes));
        memcpy(bytes + len - 6, ".TXT;1", 6);
        assert_text(meaning_of(&reader, (struct text){bytes, len}),
                    len <= LISTING_HELD_MAX ? "more" : "unknown");
        assert_int_equal(listing_reader_end(&reader), len <= LISTING_HELD_MAX);
    }
}

/* ---- What is promised of every reader ------------------------------------------------- */

TEST(an_item_is_written_only_when_there_is_one)
{
    static const char *const lines[] = {
        "", "total 12", "what is this", "LONG.TXT;1", "drwxr-xr-x 2 u g 1 Nov 14 21:13 ..", "a\nb"};
    struct listing_reader reader;
    struct listing_item item;
    struct listing_item before;
    memset(&item, 0x5A, sizeof(item));
    memcpy(&before, &item, sizeof(item));
    listing_reader_init(&reader, NOW, TEXT(""));
    for (size_t i = 0; i < COUNT(lines); i++) {
        assert_int_not_equal(listing_read_line(&reader, text_of(lines[i]), &item), LISTING_ITEM);
        assert_memory_equal(&item, &before, sizeof(item));
    }
    assert_int_equal(listing_read_line(&reader, (struct text){NULL, 0}, &item), LISTING_NOTHING);
}

TEST(names_lie_in_the_line_and_only_composed_ones_in_the_reader)
{
    const struct text line = TEXT("lrwxrwxrwx 1 owner group 6 Nov 14 21:13 name -> target");
    struct listing_reader reader;
    struct listing_item item;
    listing_reader_init(&reader, NOW, TEXT(""));
    assert_int_equal(listing_read_line(&reader, line, &item), LISTING_ITEM);
    assert_ptr_equal(item.name.at, line.at + 40);
    assert_ptr_equal(item.link_target.at, line.at + 48);
    assert_ptr_equal(item.owner.at, line.at + 13);
    assert_ptr_equal(item.group.at, line.at + 19);
    assert_int_equal(
        listing_read_line(&reader, TEXT("A EXEC V 43 10 1 2003-01-15 10:11:12 X"), &item),
        LISTING_ITEM);
    assert_text(item.name, "A.EXEC");
    assert_ptr_equal(item.name.at, reader.held);
    assert_false(listing_reader_end(&reader));
}

TEST(a_reader_does_not_grow_with_the_listing)
{
    struct listing_reader reader;
    struct listing_reader later;
    struct listing_item item;
    const struct text line = TEXT("-rw-r--r-- 1 u g 1 Nov 14 21:13 x");
    listing_reader_init(&reader, NOW, TEXT(""));
    for (int i = 0; i < 1000; i++)
        assert_int_equal(listing_read_line(&reader, line, &item), LISTING_ITEM);
    memcpy(&later, &reader, sizeof(reader));
    for (int i = 0; i < 1000; i++)
        assert_int_equal(listing_read_line(&later, line, &item), LISTING_ITEM);
    assert_memory_equal(&later, &reader, sizeof(reader));
}

TEST(long_lines_of_any_pieces_are_read_within_their_bounds)
{
    enum { LONG = 1 << 16 };
    static const char *const pieces[] = {" ",     "a",  "1",  "-",      ";",    "->",  " -> ",
                                         " [",    ",",  ".",  "1,",     "Nov ", "1 ",  "\t",
                                         "[A] ",  "()", "\r", "*DIR ",  "? ",   "- ",  "Migrated ",
                                         "<DIR>", "/",  ":",  "+r,s1,", "1/1 ", "A.B "};
    static const char *const starts[] = {"",
                                         "-rw-r--r-- ",
                                         "lrwxrwxrwx 1 u g 1 Nov 14 21:13 ",
                                         "11-14-23 09:13PM <SYMLINK> x ",
                                         "A.TXT;1 ",
                                         "+",
                                         "d [",
                                         "QSYS "};
    for (size_t start = 0; start < COUNT(starts); start++) {
        for (size_t piece = 0; piece < COUNT(pieces); piece++) {
            char *bytes = malloc(LONG); /* so that a sanitizer sees what is read behind it */
            assert_non_null(bytes);
            struct builder b = builder_on(bytes, LONG);
            struct listing_reader reader;
            struct listing_item item;
            builder_put_string(&b, starts[start]);
            while (!b.full)
                builder_put_string(&b, pieces[piece]);
            listing_reader_init(&reader, NOW, TEXT(""));
            (void)listing_read_line(&reader, builder_text(&b), &item);
            free(bytes);
        }
    }
}

/* Every beginning of every line there is, in memory that ends with it. */
static void on_listed_cut(const struct listed *listed, void *context)
{
    (void)context;
    for (size_t len = 0; len <= listed->line.len; len++) {
        struct listing_reader reader;
        struct listing_item item;
        char *bytes = malloc(len + 1);
        assert_non_null(bytes);
        memcpy(bytes + 1, listed->line.at, len);
        listing_reader_init(&reader, NOW, TEXT(""));
        (void)listing_read_line(&reader, (struct text){bytes + 1, len}, &item);
        free(bytes);
    }
}

TEST(lines_that_are_cut_off_are_read_within_their_bounds)
{
    for (size_t i = 0; i < COUNT(listing_files); i++)
        (void)each_listed(listing_files[i], on_listed_cut, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(listings_of_all_servers_mean_what_is_written_beside_them),
        RUN(a_line_alone_means_the_same_whatever_syst_said),
        RUN(an_odd_line_spoils_no_other),
        RUN(a_date_without_year_is_the_last_that_was),
        RUN(a_clock_that_is_far_off_does_no_harm),
        RUN(days_are_those_of_the_calendar),
        RUN(half_an_entry_waits_for_its_other_half_only),
        RUN(a_half_that_is_too_long_is_unknown),
        RUN(an_item_is_written_only_when_there_is_one),
        RUN(names_lie_in_the_line_and_only_composed_ones_in_the_reader),
        RUN(a_reader_does_not_grow_with_the_listing),
        RUN(long_lines_of_any_pieces_are_read_within_their_bounds),
        RUN(lines_that_are_cut_off_are_read_within_their_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
