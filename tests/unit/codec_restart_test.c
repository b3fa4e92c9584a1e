/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/restart.h"
#include "tests/unit/heard.h"
#include "tests/unit/unit.h"

static struct heard file;
static struct heard expected;
static struct heard got;

static enum fault run(struct split split, uint64_t interval, struct marker_position first)
{
    struct restart restart;
    restart_init(&restart, heard_init(&got), interval, &(struct marker_position){0}, &first);
    return heard_play(&file, &restart.stage, split);
}

/* Scripts of heard.h. */
static void check(const char *script, uint64_t interval, struct marker_position first,
                  const char *expected_script)
{
    heard_write(&file, text_of(script), MARK_RECORD);
    heard_write(&expected, text_of(expected_script), MARK_RECORD | MARK_RESTART);
    for (size_t step = 1; step < 12; step++) {
        assert_fault(run(in_steps(step), interval, first), FAULT_NONE);
        if (!heard_equal(&got, &expected))
            fail_msg("\"%s\" in steps of %zu is not \"%s\"", script, step, expected_script);
    }
}

TEST(without_an_interval_everything_passes)
{
    check("ab|c|", 0, (struct marker_position){0}, "ab|c|");
    check("", 0, (struct marker_position){0}, "");
}

TEST(a_marker_says_how_many_bytes_and_records_went_before_it)
{
    check("abcdefg", 3, (struct marker_position){0}, "abc[3]def[6]g");
    check("ab|cd|e|f", 2, (struct marker_position){0}, "ab|[2.1]cd|[4.2]e|f");
    check("||a|b", 1, (struct marker_position){0}, "||a|[1.3]b");
}

TEST(no_marker_stands_behind_the_end)
{
    check("abcdef", 3, (struct marker_position){0}, "abc[3]def");
}

TEST(what_is_before_the_place_is_left_out)
{
    check("abcdef", 0, (struct marker_position){0, 0}, "abcdef");
    check("abcdef", 0, (struct marker_position){2, 0}, "cdef");
    check("abcdef", 0, (struct marker_position){6, 0}, "");
    check("ab|cd|e", 0, (struct marker_position){1, 0}, "b|cd|e");
    check("ab|cd|e", 0, (struct marker_position){2, 0}, "|cd|e");
    check("ab|cd|e", 0, (struct marker_position){2, 1}, "cd|e");
    check("ab|cd|e", 0, (struct marker_position){3, 1}, "d|e");
    check("|||a|", 0, (struct marker_position){0, 2}, "|a|");
}

TEST(every_marker_is_a_place_and_markers_go_on_behind_it)
{
    check("ab|cd|e|f", 2, (struct marker_position){2, 1}, "cd|[4.2]e|f");
    check("abcdefg", 3, (struct marker_position){3, 0}, "def[6]g");
}

TEST(a_place_that_the_file_has_not_is_out_of_range)
{
    static const struct {
        const char *file;
        struct marker_position first;
    } cases[] = {
        {"abc", {4, 0}},    {"abc", {3, 1}},    {"", {1, 0}},       {"ab|cd|", {3, 0}},
        {"ab|cd|", {1, 1}}, {"ab|cd|", {4, 0}}, {"ab|cd|", {5, 2}}, {"ab|cd|", {2, 2}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        heard_write(&file, text_of(cases[i].file), MARK_RECORD);
        for (size_t step = 1; step < 8; step++) {
            assert_fault(run(in_steps(step), 0, cases[i].first), FAULT_OUT_OF_RANGE);
            assert_fault(run((struct split){step, step, false}, 0, cases[i].first),
                         FAULT_OUT_OF_RANGE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(without_an_interval_everything_passes),
        RUN(a_marker_says_how_many_bytes_and_records_went_before_it),
        RUN(no_marker_stands_behind_the_end),
        RUN(what_is_before_the_place_is_left_out),
        RUN(every_marker_is_a_place_and_markers_go_on_behind_it),
        RUN(a_place_that_the_file_has_not_is_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
