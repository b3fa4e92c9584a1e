/* SPDX-License-Identifier: Apache-2.0 */
#include "server/directory_names.h"

#include "tests/unit/unit.h"

/* The limits, as directory_names.c has them. */
enum { NAMES_MAX = 8192, BYTES_MAX = 512 * 1024 };

static struct directory_names names;

static void hold(const char *name, int64_t modified)
{
    assert_fault(names_hold(&names, text_of(name), STORE_FILE, modified), FAULT_NONE);
}

static void take(const char *expected)
{
    enum store_kind kind;
    const char *name = names_take(&names, &kind);
    assert_non_null(name);
    assert_string_equal(name, expected);
}

static void take_no_more(void)
{
    enum store_kind kind;
    assert_null(names_take(&names, &kind));
    assert_null(names_take(&names, &kind));
}

TEST(names_are_sorted_by_their_bytes)
{
    static const char *const sorted[] = {
        "\x01", "a", "a\x01", "aa",   "aaaaaaaa", "aaaaaaaaa", "aaaaaaaab",
        "ab",   "b", "\x7f",  "\x80", "\xc3\xa9", "\xff",
    };
    for (size_t i = 0; i < COUNT(sorted); i++)
        hold(sorted[i * 5 % COUNT(sorted)], 0);
    names_sort(&names, false, false);
    for (size_t i = 0; i < COUNT(sorted); i++)
        take(sorted[i]);
    take_no_more();
    names_done(&names);
}

TEST(what_all_begin_with_makes_no_difference)
{
    hold("file-2000000000-b", 0);
    hold("file-2000000000-a", 0);
    hold("file-1", 0);
    hold("file-10000000000", 0);
    hold("file-", 0);
    names_sort(&names, false, false);
    take("file-");
    take("file-1");
    take("file-10000000000");
    take("file-2000000000-a");
    take("file-2000000000-b");
    names_done(&names);
}

TEST(the_newest_is_first_and_names_decide_between_equals)
{
    hold("c", 5);
    hold("old", INT64_MIN);
    hold("b", 5);
    hold("new", INT64_MAX);
    hold("before 1970", -1);
    hold("1970", 0);
    names_sort(&names, true, false);
    take("new");
    take("b");
    take("c");
    take("1970");
    take("before 1970");
    take("old");
    names_done(&names);
}

TEST(the_other_way_round)
{
    static const char *const sorted[] = {"a", "b", "c", "d"};
    for (size_t count = 1; count <= COUNT(sorted); count++) {
        for (size_t i = 0; i < count; i++)
            hold(sorted[i], 0);
        names_sort(&names, false, true);
        for (size_t i = count; i--;)
            take(sorted[i]);
        take_no_more();
        names_clear(&names);
    }
    names_done(&names);
}

TEST(kinds_stay_with_their_names_and_what_is_not_sorted_as_it_came)
{
    enum store_kind kind = STORE_UNKNOWN;
    hold("z", 0);
    assert_fault(names_hold(&names, TEXT("y"), STORE_DIRECTORY, 0), FAULT_NONE);
    take("z");
    assert_string_equal(names_take(&names, &kind), "y");
    assert_int_equal(kind, STORE_DIRECTORY);
    names_done(&names);
}

TEST(cleared_there_are_none_and_the_next_have_their_own_beginning)
{
    names_sort(&names, false, false);
    take_no_more();
    hold("aab", 0);
    hold("aac", 0);
    names_sort(&names, false, false);
    names_clear(&names);
    take_no_more();
    hold("b", 0);
    hold("a", 0);
    names_sort(&names, false, false);
    take("a");
    take("b");
    take_no_more();
    names_done(&names);
}

TEST(as_many_as_the_limit_are_held)
{
    char name[16];
    for (int i = 0; i < NAMES_MAX; i++) {
        struct builder b = builder_on(name, sizeof(name));
        assert_false(names_are_full(&names));
        builder_put_number_padded(&b, (unsigned)(i * 5 % NAMES_MAX), 5);
        hold(builder_end(&b), 0);
    }
    assert_true(names_are_full(&names));
    names_sort(&names, false, false);
    for (unsigned i = 0; i < NAMES_MAX; i++) {
        struct builder b = builder_on(name, sizeof(name));
        builder_put_number_padded(&b, i, 5);
        take(builder_end(&b));
    }
    take_no_more();
    names_done(&names);
}

TEST(long_names_reach_a_limit_of_bytes)
{
    char name[256];
    size_t held = 0;
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (; !names_are_full(&names); held++)
        hold(name, 0);
    assert_in_range(held * sizeof(name), BYTES_MAX - 2 * sizeof(name), BYTES_MAX);
    assert_true(names.size <= BYTES_MAX);
    names_done(&names);
}

TEST(few_names_need_little_memory)
{
    for (int i = 0; i < 10; i++)
        hold("a name as they are", 0);
    assert_in_range(names.size + names.room * sizeof(names.held[0]), 1, 4096);
    names_done(&names);
    assert_null(names.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(names_are_sorted_by_their_bytes),
        RUN(what_all_begin_with_makes_no_difference),
        RUN(the_newest_is_first_and_names_decide_between_equals),
        RUN(the_other_way_round),
        RUN(kinds_stay_with_their_names_and_what_is_not_sorted_as_it_came),
        RUN(cleared_there_are_none_and_the_next_have_their_own_beginning),
        RUN(as_many_as_the_limit_are_held),
        RUN(long_names_reach_a_limit_of_bytes),
        RUN(few_names_need_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
