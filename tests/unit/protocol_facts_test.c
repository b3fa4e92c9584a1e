/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/facts.h"
#include "tests/unit/unit.h"

static const struct facts example = {
    .present = (1U << FACT_COUNT) - 1,
    .type = {"file", 4},
    .size = 4711,
    .modify = {1700000000, 0},
    .create = {0, 0},
    .perm = {"rw", 2},
    .device = 0x801,
    .file_number = 0xABC,
    .mode = 0644,
    .owner = 1000,
    .group = 100,
};

TEST(all_facts_are_written_in_order_each_with_a_semicolon)
{
    char bytes[256];
    struct builder b = builder_on(bytes, sizeof(bytes));
    facts_put(&b, &example, (1U << FACT_COUNT) - 1);
    assert_text(builder_text(&b), "type=file;size=4711;modify=20231114221320;"
                                  "create=19700101000000;perm=rw;unique=801gabc;"
                                  "UNIX.mode=0644;UNIX.owner=1000;UNIX.group=100; ");
}

TEST(only_selected_and_known_facts_are_written)
{
    char bytes[256];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct facts facts = example;
    facts.present = FACT_TYPE | FACT_SIZE;
    facts_put(&b, &facts, FACT_SIZE | FACT_MODIFY);
    assert_text(builder_text(&b), "size=4711; ");
    b = builder_on(bytes, sizeof(bytes));
    facts_put(&b, &facts, 0);
    assert_text(builder_text(&b), " ");
}

TEST(a_selection_takes_names_in_any_case_and_leaves_out_unknown_ones)
{
    unsigned mask = 0;
    assert_true(facts_parse_selection(TEXT("type;SIZE;unix.mode;media-type;X.a\"b;"), &mask));
    assert_int_equal(mask, FACT_TYPE | FACT_SIZE | FACT_UNIX_MODE);
    assert_true(facts_parse_selection(TEXT("type"), &mask));
    assert_int_equal(mask, FACT_TYPE);
    assert_true(facts_parse_selection(TEXT(""), &mask));
    assert_int_equal(mask, 0);
}

/* "unique type;" is RFC 3659 7.9.1's own example. */
TEST(what_is_no_list_of_facts_selects_nothing)
{
    static const char *const malformed[] = {
        "unique type;", "type size",  ";",      ";type;", "type;;size;", "type; size;", "type;\t",
        " type;",       "type=file;", "size*;", "a<b;",   "t\xFFpe;",    "type\x7F;",
    };
    unsigned mask = 4711;
    for (size_t i = 0; i < COUNT(malformed); i++)
        if (facts_parse_selection(text_of(malformed[i]), &mask))
            fail_msg("%s is taken", malformed[i]);
    assert_int_equal(mask, 4711);
}

TEST(feat_marks_what_is_on)
{
    char bytes[256];
    struct builder b = builder_on(bytes, sizeof(bytes));
    facts_put_selection(&b, FACT_TYPE | FACT_SIZE, FACT_SIZE);
    assert_text(builder_text(&b), "type;size*;");
}

TEST(times_are_real_dates_in_utc)
{
    struct fact_time t;
    assert_true(facts_parse_time(TEXT("20231114221320"), &t));
    assert_int_equal(t.seconds, 1700000000);
    assert_int_equal(t.nanoseconds, 0);
    assert_true(facts_parse_time(TEXT("20231114221320.25"), &t));
    assert_int_equal(t.nanoseconds, 250000000);
    assert_true(facts_parse_time(TEXT("19691231235959"), &t));
    assert_int_equal(t.seconds, -1);
    assert_true(facts_parse_time(TEXT("20240229000000"), &t));
    assert_true(facts_parse_time(TEXT("20161231235960"), &t));
    assert_int_equal(t.seconds, 1483228800); /* 2017-01-01T00:00:00Z */
    static const char *const cases[] = {
        "",
        "2023111422132",
        "202311142213200",
        "20231314221320",
        "20230014221320",
        "20230230000000",
        "20240230235960",
        "20231131120060",
        "20231132221320",
        "20231100221320",
        "20231114241320",
        "20231114226020",
        "20231114221361",
        "20231114221320.",
        "20231114221320.x",
        "2023111422132x",
        " 20231114221320",
        "20230229000000",
        "-0231114221320",
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_false(facts_parse_time(text_of(cases[i]), &t));
}

TEST(times_write_what_they_read)
{
    static const char *const cases[] = {"19700101000000", "20380119031408", "99991231235959",
                                        "00010101000000", "20240229235959"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char bytes[32];
        struct builder b = builder_on(bytes, sizeof(bytes));
        struct fact_time t;
        assert_true(facts_parse_time(text_of(cases[i]), &t));
        facts_put_time(&b, t.seconds);
        assert_text(builder_text(&b), cases[i]);
    }
    char bytes[32];
    struct builder b = builder_on(bytes, sizeof(bytes));
    facts_put_time(&b, INT64_MAX);
    assert_text(builder_text(&b), "99991231235959");
}

TEST(changes_are_read_whole_or_not_at_all)
{
    struct fact_changes c;
    assert_int_equal(facts_parse_changes(TEXT("modify=20231114221320;UNIX.mode=640;"), &c),
                     FACT_CHANGE_OK);
    assert_int_equal(c.present, FACT_MODIFY | FACT_UNIX_MODE);
    assert_int_equal(c.mode, 0640);
    assert_int_equal(facts_parse_changes(TEXT("modify=20231114221320"), &c), FACT_CHANGE_OK);
    c.present = 4711;
    static const char *const malformed[] = {
        "", "modify", "modify=x;", "UNIX.mode=9;", "UNIX.mode=4755;", ";", "modify;"};
    for (size_t i = 0; i < COUNT(malformed); i++)
        assert_int_equal(facts_parse_changes(text_of(malformed[i]), &c), FACT_CHANGE_MALFORMED);
    assert_int_equal(facts_parse_changes(TEXT("modify=20231114221320;size=1;"), &c),
                     FACT_CHANGE_UNSUPPORTED);
    assert_int_equal(facts_parse_changes(TEXT("colour=red;"), &c), FACT_CHANGE_UNSUPPORTED);
    assert_int_equal(c.present, 4711);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(all_facts_are_written_in_order_each_with_a_semicolon),
        RUN(only_selected_and_known_facts_are_written),
        RUN(a_selection_takes_names_in_any_case_and_leaves_out_unknown_ones),
        RUN(what_is_no_list_of_facts_selects_nothing),
        RUN(feat_marks_what_is_on),
        RUN(times_are_real_dates_in_utc),
        RUN(times_write_what_they_read),
        RUN(changes_are_read_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
