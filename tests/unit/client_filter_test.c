/* SPDX-License-Identifier: Apache-2.0 */
#include "client/filter.h"

#include "tests/unit/unit.h"

struct question {
    const char *rules; /* as in a file */
    const char *path;
    bool is_directory;
    bool takes;
};

static const struct question questions[] = {
    {"", "a", false, true},
    /* The name alone, at any depth. */
    {"- *.o\n", "a.o", false, false},
    {"- *.o\n", "x/y/a.o", false, false},
    {"- *.o\n", "x.o/a.c", false, true},
    {"- *.o\n", ".o", false, false},
    {"- a?b\n", "x/a.b", false, false},
    {"- *\n", ".hidden", false, false},
    {"- *\n", "", true, true},
    {"- a\n", "A", false, true},
    {"- [ab]\n", "c/b", false, false},
    {"- \\*\n", "*", false, false},
    {"- \\*\n", "a", false, true},
    {"- **\n", "x/y", false, false},
    /* The path, from the root on. */
    {"- /a\n", "a", false, false},
    {"- /a\n", "x/a", false, true},
    {"- x/a\n", "x/a", false, false},
    {"- x/a\n", "y/x/a", false, true},
    {"- x/*\n", "x/a", false, false},
    {"- x/*\n", "x/a/b", false, true},
    {"- x/?b\n", "x//b", false, true},
    {"- x/**\n", "x/a/b", false, false},
    {"- x/**\n", "x", true, false},
    {"- **/a\n", "a", false, false},
    {"- **/a\n", "x/y/a", false, false},
    {"- x/**/a\n", "x/a", false, false},
    {"- x/**/a\n", "x/y/z/a", false, false},
    {"- x/**/a\n", "y/x/a", false, true},
    /* Directories alone. */
    {"- build/\n", "build", true, false},
    {"- build/\n", "x/build", true, false},
    {"- build/\n", "build", false, true},
    {"- /build/\n", "x/build", true, true},
    {"- x/build/\n", "x/build", true, false},
    /* The first that matches decides. */
    {"+ keep.o\n- *.o\n", "keep.o", false, true},
    {"+ keep.o\n- *.o\n", "a.o", false, false},
    {"- *.o\n+ keep.o\n", "keep.o", false, false},
    {"+ */\n+ *.c\n- *\n", "x", true, true},
    {"+ */\n+ *.c\n- *\n", "x/a.c", false, true},
    {"+ */\n+ *.c\n- *\n", "x/a.h", false, false},
    /* What a file may have besides. */
    {"# - a\n\n- b", "a", false, true},
    {"# - a\n\n- b", "b", false, false},
    {"- a\r\n\r\n- b\r\n", "a", false, false},
    {"- a\r\n\r\n- b\r\n", "b", false, false},
    {"-  a\n", " a", false, false},
    {"- a \n", "a", false, true},
};

TEST(the_first_pattern_that_matches_decides)
{
    for (size_t i = 0; i < COUNT(questions); i++) {
        const struct question *q = &questions[i];
        struct filter *filter = NULL;
        size_t line = 0;
        assert_fault(filter_new(&filter), FAULT_NONE);
        assert_fault(filter_add_file(filter, text_of(q->rules), &line), FAULT_NONE);
        assert_int_equal(line, 0);
        if (filter_takes(filter, q->path, q->is_directory) != q->takes)
            fail_msg("case %zu: %s", i, q->path);
        filter_free(filter);
    }
    assert_true(filter_takes(NULL, "a", false));
    filter_free(NULL);
}

TEST(a_pattern_that_no_path_can_match_is_refused)
{
    static const struct text wrong[] = {
        TEXT(""),     TEXT("/"),  TEXT("//"),    TEXT("a//b"),  TEXT("a//"),
        TEXT("//a"),  TEXT("."),  TEXT(".."),    TEXT("./a"),   TEXT("a/../b"),
        TEXT("a/."),  TEXT("a["), TEXT("a\\"),   TEXT("a[/]b"), TEXT("a\\/b"),
        TEXT("a\0b"), TEXT("[!"), TEXT("../a/"), TEXT("[]"),    TEXT("x/[a/b"),
    };
    struct filter *filter = NULL;
    assert_fault(filter_new(&filter), FAULT_NONE);
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (filter_add(filter, false, wrong[i]) != FAULT_ARGUMENT)
            fail_msg("%s is taken", wrong[i].at);
    assert_true(filter_takes(filter, "a", false));
    assert_true(filter_takes(filter, "a/b", false));
    filter_free(filter);
}

TEST(a_file_that_is_not_right_tells_its_line)
{
    static const struct {
        const char *content;
        size_t line;
    } wrong[] = {
        {"a", 1},          {"+a", 1}, {"# c\n\n- a\n+ [", 4},
        {"- a\n* b\n", 2}, {"- ", 1}, {"- a\n -b\n", 2},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct filter *filter = NULL;
        size_t line = 0;
        assert_fault(filter_new(&filter), FAULT_NONE);
        assert_fault(filter_add_file(filter, text_of(wrong[i].content), &line), FAULT_ARGUMENT);
        assert_int_equal(line, wrong[i].line);
        filter_free(filter);
    }
}

TEST(there_are_not_more_rules_nor_longer_ones_than_the_limits_say)
{
    static char large[FILTER_PATTERN_MAX + 1];
    struct filter *filter = NULL;
    memset(large, 'x', sizeof(large));
    assert_fault(filter_new(&filter), FAULT_NONE);
    assert_fault(filter_add(filter, false, (struct text){large, sizeof(large)}), FAULT_TOO_LARGE);
    assert_fault(filter_add(filter, false, (struct text){large, FILTER_PATTERN_MAX}), FAULT_NONE);
    for (int i = 1; i < FILTER_RULES_MAX; i++)
        assert_fault(filter_add(filter, false, TEXT("a")), FAULT_NONE);
    assert_fault(filter_add(filter, false, TEXT("b")), FAULT_TOO_LARGE);
    assert_true(filter_takes(filter, "b", false));
    assert_false(filter_takes(filter, "a", false));
    filter_free(filter);
}

TEST(a_path_that_is_too_long_is_not_meant)
{
    static char path[FILTER_PATH_MAX + 2];
    struct filter *filter = NULL;
    memset(path, 'x', FILTER_PATH_MAX);
    assert_fault(filter_new(&filter), FAULT_NONE);
    assert_fault(filter_add(filter, false, TEXT("a")), FAULT_NONE);
    assert_true(filter_takes(filter, path, false));
    path[FILTER_PATH_MAX] = 'x';
    assert_false(filter_takes(filter, path, false));
    filter_free(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(the_first_pattern_that_matches_decides),
        RUN(a_pattern_that_no_path_can_match_is_refused),
        RUN(a_file_that_is_not_right_tells_its_line),
        RUN(there_are_not_more_rules_nor_longer_ones_than_the_limits_say),
        RUN(a_path_that_is_too_long_is_not_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
