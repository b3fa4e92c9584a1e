/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/restart.h"
#include "tests/unit/unit.h"

/* Writes down what comes: bytes as they are, [marker], | for a record's end, . for the file's. */
struct record {
    struct stage stage;
    struct builder b;
    char bytes[512];
};

static enum fault write_down(struct stage *stage, struct text bytes, unsigned marks)
{
    struct record *record = (struct record *)stage;
    if (marks & MARK_RESTART)
        builder_put_byte(&record->b, '[');
    builder_put(&record->b, bytes);
    if (marks & MARK_RESTART)
        builder_put_byte(&record->b, ']');
    if (marks & MARK_RECORD)
        builder_put_byte(&record->b, '|');
    if (marks & MARK_FILE)
        builder_put_byte(&record->b, '.');
    return FAULT_NONE;
}

/* Gives "ab|c." (as above) in pieces of at most `step` bytes. */
static enum fault give(struct stage *to, struct text file, size_t step)
{
    while (file.len) {
        size_t len = 0;
        unsigned marks = 0;
        while (len < file.len && len < step && file.at[len] != '|' && file.at[len] != '.')
            len++;
        struct text bytes = {file.at, len};
        file = text_after(file, len);
        for (; file.len && (file.at[0] == '|' || file.at[0] == '.') &&
               !(marks & MARK_RECORD && file.at[0] == '|');
             file = text_after(file, 1))
            marks |= file.at[0] == '|' ? MARK_RECORD : MARK_FILE;
        enum fault f = stage_take(to, bytes, marks);
        if (f)
            return f;
    }
    return FAULT_NONE;
}

static enum fault run(const char *file, size_t step, uint64_t interval,
                      struct marker_position first, struct record *record)
{
    struct restart restart;
    *record = (struct record){.stage.take = write_down};
    record->b = builder_on(record->bytes, sizeof(record->bytes));
    restart_init(&restart, &record->stage, interval, &(struct marker_position){0}, &first);
    return give(&restart.stage, text_of(file), step);
}

static void check(const char *file, uint64_t interval, struct marker_position first,
                  const char *expected)
{
    for (size_t step = 1; step < 12; step++) {
        struct record record;
        assert_fault(run(file, step, interval, first, &record), FAULT_NONE);
        assert_text(builder_text(&record.b), expected);
    }
}

TEST(without_an_interval_everything_passes)
{
    check("ab|c|.", 0, (struct marker_position){0}, "ab|c|.");
    check(".", 0, (struct marker_position){0}, ".");
}

TEST(a_marker_says_how_many_bytes_and_records_went_before_it)
{
    check("abcdefg.", 3, (struct marker_position){0}, "abc[3]def[6]g.");
    check("ab|cd|e|f.", 2, (struct marker_position){0}, "ab|[2.1]cd|[4.2]e|f.");
    check("||a|", 1, (struct marker_position){0}, "||a|[1.3]");
}

TEST(no_marker_stands_behind_the_end)
{
    check("abcdef.", 3, (struct marker_position){0}, "abc[3]def.");
}

TEST(what_is_before_the_place_is_left_out)
{
    check("abcdef.", 0, (struct marker_position){0, 0}, "abcdef.");
    check("abcdef.", 0, (struct marker_position){2, 0}, "cdef.");
    check("abcdef.", 0, (struct marker_position){6, 0}, ".");
    check("ab|cd|e.", 0, (struct marker_position){1, 0}, "b|cd|e.");
    check("ab|cd|e.", 0, (struct marker_position){2, 0}, "|cd|e.");
    check("ab|cd|e.", 0, (struct marker_position){2, 1}, "cd|e.");
    check("ab|cd|e.", 0, (struct marker_position){3, 1}, "d|e.");
    check("|||a|.", 0, (struct marker_position){0, 2}, "|a|.");
}

TEST(every_marker_is_a_place_and_markers_go_on_behind_it)
{
    check("ab|cd|e|f.", 2, (struct marker_position){2, 1}, "cd|[4.2]e|f.");
    check("abcdefg.", 3, (struct marker_position){3, 0}, "def[6]g.");
}

TEST(a_place_that_the_file_has_not_is_out_of_range)
{
    static const struct {
        const char *file;
        struct marker_position first;
    } cases[] = {
        {"abc.", {4, 0}},    {"abc.", {3, 1}},    {".", {1, 0}},       {"ab|cd|.", {3, 0}},
        {"ab|cd|.", {1, 1}}, {"ab|cd|.", {4, 0}}, {"ab|cd|.", {5, 2}}, {"ab|cd|.", {2, 2}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t step = 1; step < 8; step++) {
            struct record record;
            assert_fault(run(cases[i].file, step, 0, cases[i].first, &record), FAULT_OUT_OF_RANGE);
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
