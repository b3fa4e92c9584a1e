/* SPDX-License-Identifier: Apache-2.0 */
#include "client/entry.h"

#include "tests/unit/unit.h"

static const struct entry plain = {.kind = ENTRY_FILE};
static const struct text nothing = {NULL, 0};

static void add(struct entries *entries, const char *name)
{
    assert_fault(entries_add(entries, &plain, text_of(name), nothing), FAULT_NONE);
}

TEST(what_is_added_is_copied)
{
    struct entries entries = {0};
    char name[] = "link";
    char target[] = "there";
    const struct entry entry = {.kind = ENTRY_LINK, .has_size = true, .size = 7, .modified = -1};
    assert_fault(entries_add(&entries, &entry, text_of(name), text_of(target)), FAULT_NONE);
    name[0] = target[0] = 'X';
    assert_int_equal(entries.count, 1);
    assert_string_equal(entries.all[0].name, "link");
    assert_string_equal(entries.all[0].target, "there");
    assert_int_equal(entries.all[0].kind, ENTRY_LINK);
    assert_int_equal(entries.all[0].size, 7);
    assert_int_equal(entries.all[0].modified, -1);
    entries_clear(&entries);
    assert_int_equal(entries.count, 0);
    assert_null(entries.all);
}

TEST(an_entry_of_the_list_itself_can_be_added_again)
{
    struct entries entries = {0};
    const struct entry first = {.kind = ENTRY_DIRECTORY, .has_size = true, .size = 4711};
    assert_fault(entries_add(&entries, &first, TEXT("0"), TEXT("t")), FAULT_NONE);
    for (int i = 0; i < 1000; i++) {
        const struct entry *one = &entries.all[0];
        assert_fault(entries_add(&entries, one, text_of(one->name), text_of(one->target)),
                     FAULT_NONE);
    }
    assert_int_equal(entries.all[1000].size, 4711);
    assert_string_equal(entries.all[1000].name, "0");
    entries_sort(&entries);
    assert_int_equal(entries.count, 1);
    entries_clear(&entries);
}

TEST(what_is_no_name_is_refused_and_what_is_no_target_unknown)
{
    static char large[ENTRY_NAME_MAX + 1];
    memset(large, 'x', sizeof(large));
    struct entries entries = {0};
    const struct text too_long = {large, sizeof(large)};
    const struct text just = {large, ENTRY_NAME_MAX};
    assert_fault(entries_add(&entries, &plain, nothing, nothing), FAULT_NAME_INVALID);
    assert_fault(entries_add(&entries, &plain, TEXT("a\0b"), nothing), FAULT_NAME_INVALID);
    assert_fault(entries_add(&entries, &plain, too_long, nothing), FAULT_NAME_INVALID);
    assert_int_equal(entries.count, 0);
    assert_fault(entries_add(&entries, &plain, just, just), FAULT_NONE);
    assert_int_equal(strlen(entries.all[0].name), ENTRY_NAME_MAX);
    assert_int_equal(strlen(entries.all[0].target), ENTRY_NAME_MAX);
    assert_fault(entries_add(&entries, &plain, TEXT("a"), too_long), FAULT_NONE);
    assert_null(entries.all[1].target);
    assert_fault(entries_add(&entries, &plain, TEXT("b"), TEXT("x\0y")), FAULT_NONE);
    assert_null(entries.all[2].target);
    entries_clear(&entries);
}

TEST(a_list_does_not_grow_beyond_its_limit)
{
    struct entries entries = {0};
    add(&entries, "a");
    entries.count = ENTRIES_MAX;
    assert_fault(entries_add(&entries, &plain, TEXT("b"), nothing), FAULT_LISTING_TOO_LARGE);
    entries.count = 1;
    entries_clear(&entries);
}

TEST(names_take_no_more_memory_than_their_limit)
{
    static char large[ENTRY_NAME_MAX];
    memset(large, 'x', sizeof(large));
    struct entries entries = {0};
    const struct text name = {large, sizeof(large)};
    enum fault f = FAULT_NONE;
    while (!f && entries.count <= ENTRIES_BYTES_MAX / ENTRY_NAME_MAX)
        f = entries_add(&entries, &plain, name, nothing);
    assert_fault(f, FAULT_LISTING_TOO_LARGE);
    assert_true(entries.count > ENTRIES_BYTES_MAX / ENTRY_NAME_MAX / 2);
    entries_clear(&entries);
}

TEST(names_are_sorted_by_their_bytes)
{
    static const char *const names[] = {"b", "\xff", "a", "B", "ab", "\xc3\xa4", "a b", "A", "-"};
    static const char *const sorted[] = {"-", "A", "B", "a", "a b", "ab", "b", "\xc3\xa4", "\xff"};
    struct entries entries = {0};
    for (size_t i = 0; i < COUNT(names); i++)
        add(&entries, names[i]);
    entries_sort(&entries);
    assert_int_equal(entries.count, COUNT(sorted));
    for (size_t i = 0; i < COUNT(sorted); i++)
        assert_string_equal(entries.all[i].name, sorted[i]);
    entries_clear(&entries);
    entries_sort(&entries);
    assert_int_equal(entries.count, 0);
}

TEST(of_two_with_one_name_the_first_one_stays)
{
    struct entries entries = {0};
    for (unsigned i = 0; i < 300; i++) {
        char name[8];
        const struct entry entry = {.has_size = true, .size = i};
        (void)snprintf(name, sizeof(name), "%u", 9 - i % 10);
        assert_fault(entries_add(&entries, &entry, text_of(name), nothing), FAULT_NONE);
    }
    entries_sort(&entries);
    assert_int_equal(entries.count, 10);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(entries.all[i].size, 9 - i);
    entries_clear(&entries);
}

/* Every seventeenth of a list of 10,007: each once, and far from its place. */
TEST(every_name_of_a_long_list_is_found_and_no_other)
{
    enum { NAMES = 10007 };
    struct entries entries = {0};
    char name[16];
    for (unsigned i = 0; i < NAMES; i++) {
        const struct entry entry = {.has_size = true, .size = i * 17 % NAMES};
        (void)snprintf(name, sizeof(name), "%u", i * 17 % NAMES);
        assert_fault(entries_add(&entries, &entry, text_of(name), nothing), FAULT_NONE);
    }
    entries_sort(&entries);
    assert_int_equal(entries.count, NAMES);
    for (unsigned i = 0; i < NAMES; i++) {
        (void)snprintf(name, sizeof(name), "%u", i);
        const struct entry *found = entries_find(&entries, text_of(name));
        assert_non_null(found);
        assert_string_equal(found->name, name);
        assert_int_equal(found->size, i);
        assert_true(i == 0 || strcmp(entries.all[i - 1].name, entries.all[i].name) < 0);
    }
    assert_null(entries_find(&entries, TEXT("10007")));
    assert_null(entries_find(&entries, TEXT("0\0")));
    assert_null(entries_find(&entries, TEXT("1 ")));
    assert_null(entries_find(&entries, nothing));
    entries_clear(&entries);
    assert_null(entries_find(&entries, TEXT("0")));
}

/* ---- Times ------------------------------------------------------------------------------- */

enum { DAY = 24 * 60 * 60 };

struct times {
    enum entry_precision a_precision;
    int64_t a;
    enum entry_precision b_precision;
    int64_t b;
    int64_t slack_s;
    int order; /* 1: a is newer, -1: b is, 0: the same, 2: nobody knows */
};

static const struct times cases[] = {
    {ENTRY_TIME_SECOND, 100, ENTRY_TIME_SECOND, 100, 0, 0},
    {ENTRY_TIME_SECOND, 101, ENTRY_TIME_SECOND, 100, 0, 1},
    {ENTRY_TIME_SECOND, 101, ENTRY_TIME_SECOND, 100, 1, 0},
    {ENTRY_TIME_SECOND, 102, ENTRY_TIME_SECOND, 100, 1, 1},
    {ENTRY_TIME_MINUTE, 60, ENTRY_TIME_SECOND, 60, 0, 0},
    {ENTRY_TIME_MINUTE, 60, ENTRY_TIME_SECOND, 119, 0, 0},
    {ENTRY_TIME_MINUTE, 60, ENTRY_TIME_SECOND, 120, 0, -1},
    {ENTRY_TIME_MINUTE, 60, ENTRY_TIME_SECOND, 120, 1, 0},
    {ENTRY_TIME_MINUTE, 60, ENTRY_TIME_SECOND, 59, 0, 1},
    {ENTRY_TIME_MINUTE, 60, ENTRY_TIME_MINUTE, 120, 0, -1},
    {ENTRY_TIME_DAY, 0, ENTRY_TIME_SECOND, DAY - 1, 0, 0},
    {ENTRY_TIME_DAY, 0, ENTRY_TIME_SECOND, DAY, 0, -1},
    {ENTRY_TIME_DAY, 0, ENTRY_TIME_SECOND, -1, 0, 1},
    {ENTRY_TIME_DAY, 0, ENTRY_TIME_MINUTE, DAY - 60, 0, 0},
    {ENTRY_TIME_DAY, 0, ENTRY_TIME_DAY, DAY, 0, -1},
    {ENTRY_TIME_DAY, 0, ENTRY_TIME_DAY, DAY, 1, 0},
    {ENTRY_TIME_UNKNOWN, 100, ENTRY_TIME_SECOND, 100, 0, 2},
    {ENTRY_TIME_UNKNOWN, 200, ENTRY_TIME_SECOND, 100, 0, 2},
    {ENTRY_TIME_UNKNOWN, 100, ENTRY_TIME_UNKNOWN, 100, 0, 2},
    /* Whatever number a server says. */
    {ENTRY_TIME_DAY, INT64_MAX, ENTRY_TIME_DAY, INT64_MAX, 1, 0},
    {ENTRY_TIME_DAY, INT64_MIN, ENTRY_TIME_DAY, INT64_MIN, 1, 0},
    {ENTRY_TIME_SECOND, INT64_MAX, ENTRY_TIME_DAY, INT64_MIN, 1, 1},
    {ENTRY_TIME_SECOND, 0, ENTRY_TIME_SECOND, INT64_MIN, INT64_MAX, 1},
    {ENTRY_TIME_SECOND, INT64_MAX, ENTRY_TIME_SECOND, 1, INT64_MAX, 0},
};

TEST(times_are_the_same_as_far_as_they_are_known)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct times *c = &cases[i];
        const struct entry a = {.precision = c->a_precision, .modified = c->a};
        const struct entry b = {.precision = c->b_precision, .modified = c->b};
        bool same = entry_same_time(&a, &b, c->slack_s);
        bool newer = entry_is_newer(&a, &b, c->slack_s);
        bool older = entry_is_newer(&b, &a, c->slack_s);
        if (same != (c->order == 0) || newer != (c->order == 1) || older != (c->order == -1))
            fail_msg("case %zu: same %d, newer %d, older %d", i, same, newer, older);
        assert_int_equal(entry_same_time(&b, &a, c->slack_s), same);
    }
}

TEST(a_path_has_one_slash_between_its_parts)
{
    static const struct {
        const char *directory;
        const char *name;
        const char *path;
    } paths[] = {{"a", "b", "a/b"}, {"a/", "b/c", "a/b/c"}, {"/", "b", "/b"},
                 {"", "b", "b"},    {"a", "", "a"},         {"", "", ""}};
    static char bytes[ENTRY_PATH_SIZE];
    static char long_name[ENTRY_PATH_SIZE];
    for (size_t i = 0; i < COUNT(paths); i++) {
        assert_true(entry_path(bytes, paths[i].directory, paths[i].name));
        assert_string_equal(bytes, paths[i].path);
    }
    memset(long_name, 'x', sizeof(long_name) - 1);
    assert_false(entry_path(bytes, "a", long_name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(what_is_added_is_copied),
        RUN(an_entry_of_the_list_itself_can_be_added_again),
        RUN(what_is_no_name_is_refused_and_what_is_no_target_unknown),
        RUN(a_list_does_not_grow_beyond_its_limit),
        RUN(names_take_no_more_memory_than_their_limit),
        RUN(names_are_sorted_by_their_bytes),
        RUN(of_two_with_one_name_the_first_one_stays),
        RUN(every_name_of_a_long_list_is_found_and_no_other),
        RUN(times_are_the_same_as_far_as_they_are_known),
        RUN(a_path_has_one_slash_between_its_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
