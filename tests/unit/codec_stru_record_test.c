/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/stru_record.h"
#include "tests/unit/shapes.h"
#include "tests/unit/unit.h"

#define EOR "\xFF\x01"
#define EOF_ "\xFF\x02"

static struct kept_shape shape;
static struct written file;
static struct written sent;

/* Records into a file and its shape. */
static void receive(struct text records, bool is_text, size_t step)
{
    struct stru_record_receive record;
    kept_shape_init(&shape);
    written_init(&file, false);
    stru_record_receive_init(&record, &file.stage, &shape.sink, is_text);
    assert_fault(feed_records(&record.stage, records, step), FAULT_NONE);
    assert_fault(stage_take(&record.stage, TEXT(""), MARK_FILE), FAULT_NONE);
    assert_true(file.ended);
}

/* A file and what is told of it into records; NULL: nothing can be told. */
static enum fault send(struct text bytes, const char *lines, bool is_text, size_t first,
                       size_t step)
{
    struct told_shape told = told_shape_of(text_of(lines));
    struct stru_record_send record;
    written_init(&sent, true);
    stru_record_send_init(&record, &sent.stage, lines ? &told.source : NULL, is_text);
    enum fault f = feed_bytes(&record.stage, bytes, first, step);
    return f ? f : stage_take(&record.stage, TEXT(""), MARK_FILE);
}

static void check_sent(struct text bytes, const char *lines, bool is_text, struct text expected)
{
    for (size_t first = 1; first <= bytes.len + 1; first++) {
        assert_fault(send(bytes, lines, is_text, first, SIZE_MAX), FAULT_NONE);
        assert_true(text_equal(written_text(&sent), expected));
    }
    assert_fault(send(bytes, lines, is_text, 1, 1), FAULT_NONE);
    assert_true(text_equal(written_text(&sent), expected));
}

TEST(a_text_s_records_are_its_lines)
{
    check_sent(TEXT(""), NULL, true, TEXT(EOF_));
    check_sent(TEXT("\n"), NULL, true, TEXT(EOR EOF_));
    check_sent(TEXT("ab\nc\n\n"), NULL, true, TEXT("ab" EOR "c" EOR EOR EOF_));
    check_sent(TEXT("ab\ncd"), NULL, true, TEXT("ab" EOR "cd" EOR EOF_));
    check_sent(TEXT("a\r\n\xFF"), NULL, true, TEXT("a\r" EOR "\xFF\xFF" EOR EOF_));
    check_sent(TEXT("ab\nc"), "", true, TEXT("ab" EOR "c" EOR EOF_));
}

TEST(what_is_no_text_is_one_record)
{
    check_sent(TEXT(""), NULL, false, TEXT(EOF_));
    check_sent(TEXT("a"), NULL, false, TEXT("a" EOR EOF_));
    check_sent(TEXT("a\nb\n"), NULL, false, TEXT("a\nb\n" EOR EOF_));
}

TEST(records_are_those_that_the_shape_tells)
{
    check_sent(TEXT("aabbc"), "record 2 2\nopen 1\n", false, TEXT("aa" EOR "bb" EOR "c" EOF_));
    check_sent(TEXT("aa"), "record 0 2\nrecord 2\nrecord 0\n", false,
               TEXT(EOR EOR "aa" EOR EOR EOF_));
    check_sent(TEXT(""), "record 0\n", false, TEXT(EOR EOF_));
    check_sent(TEXT("x\ny\na\nb\nc"), "lines 4\ntext 3\nopen 1\n", true,
               TEXT("x" EOR "y" EOR "a\nb" EOR "c" EOF_));
    check_sent(TEXT("\n\n"), "text 0 2\n", true, TEXT(EOR EOR EOF_));
}

TEST(behind_what_is_told_all_is_as_if_nothing_were)
{
    check_sent(TEXT("aabb\n"), "record 2\n", false, TEXT("aa" EOR "bb\n" EOR EOF_));
    check_sent(TEXT("a\nb\nc\nd"), "text 3\n", true, TEXT("a\nb" EOR "c" EOR "d" EOR EOF_));
}

TEST(what_is_before_an_offset_is_as_if_nothing_were_told)
{
    check_sent(TEXT("a\nbcc\nd\n"), "at 3\ntext 2\n", true,
               TEXT("a" EOR "b" EOR "cc" EOR "d" EOR EOF_));
    check_sent(TEXT("abccd"), "at 2\nrecord 2\n", false, TEXT("ab" EOR "cc" EOR "d" EOR EOF_));
    check_sent(TEXT("ab"), "at 0\nrecord 1 2\nat 2\n", false, TEXT("a" EOR "b" EOR EOF_));
}

TEST(what_is_no_business_of_records_is_passed_over)
{
    check_sent(TEXT("ab"), "form C\nunit 1 255\nrecord 1\npages 0\npage 1 2 3 4\nrecord 1\n", false,
               TEXT("a" EOR "b" EOR EOF_));
}

TEST(a_shape_of_another_file_is_a_fault)
{
    static const struct {
        const char *bytes;
        const char *lines;
    } wrong[] = {
        {"a", "record 2\n"}, {"aa", "record 1 3\n"}, {"aab", "at 2\nat 1\n"}, {"a", "at 2\n"},
        {"ab", "text 1\n"},  {"a", "text 1\n"},      {"a\nb", "lines 3\n"},   {"a\n", "lines 3\n"},
        {"", "open 1\n"},    {"", "text 0\n"},       {"a", "nonsense\n"},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct text bytes = text_of(wrong[i].bytes);
        assert_fault(send(bytes, wrong[i].lines, true, SIZE_MAX, SIZE_MAX), FAULT_IO);
        assert_fault(send(bytes, wrong[i].lines, true, 1, 1), FAULT_IO);
    }
}

TEST(a_received_text_has_a_line_for_each_record)
{
    receive(TEXT("ab" EOR EOR "c" EOR), true, SIZE_MAX);
    assert_text(written_text(&file), "ab\n\nc\n");
    assert_text(kept_shape_text(&shape), "");
    receive(TEXT("a\nb" EOR "c"), true, SIZE_MAX);
    assert_text(written_text(&file), "a\nb\nc");
    assert_text(kept_shape_text(&shape), "text 3\nopen 1\n");
}

TEST(received_records_that_are_no_text_lie_one_behind_the_other)
{
    receive(TEXT("ab" EOR "c\n" EOR "d"), false, SIZE_MAX);
    assert_text(written_text(&file), "abc\nd");
    assert_text(kept_shape_text(&shape), "record 2 2\nopen 1\n");
}

/* What came goes back, in whatever pieces either of it is taken. */
static void check_back(struct text records, bool is_text)
{
    static char lines[SHAPES_ROOM];
    static char first_file[SHAPES_ROOM];
    static char expected[SHAPES_ROOM];
    receive(records, is_text, SIZE_MAX);
    struct builder b = builder_on(lines, sizeof(lines));
    builder_put(&b, kept_shape_text(&shape));
    (void)builder_end(&b);
    struct text bytes = {first_file, file.len};
    memcpy(first_file, file.bytes, file.len);
    struct builder wire = builder_on(expected, sizeof(expected));
    builder_put(&wire, records);
    builder_put(&wire, TEXT(EOF_));
    size_t steps = records.len < 64 ? records.len : 3;
    for (size_t step = 1; step <= steps; step++) {
        receive(records, is_text, step);
        assert_true(text_equal(written_text(&file), bytes));
        assert_text(kept_shape_text(&shape), lines);
    }
    if (bytes.len < 64)
        check_sent(bytes, lines, is_text, builder_text(&wire));
    for (size_t step = 1; step < 4; step++) {
        assert_fault(send(bytes, lines, is_text, 1, step * step * step), FAULT_NONE);
        assert_true(text_equal(written_text(&sent), builder_text(&wire)));
    }
}

TEST(sending_undoes_receiving_for_every_content)
{
    static const struct text records[] = {
        TEXT(""),
        TEXT(EOR),
        TEXT(EOR EOR EOR),
        TEXT("a"),
        TEXT("a" EOR),
        TEXT("\n"),
        TEXT("\n" EOR),
        TEXT("\r" EOR "\r\n" EOR "\n\r"),
        TEXT("a" EOR "b" EOR "cc" EOR "dd" EOR "e" EOR),
        TEXT("a" EOR EOR "b" EOR EOR "c"),
        TEXT("a\n" EOR "b\n" EOR "c" EOR "\n" EOR "\n" EOR "d"),
        TEXT("\xFF\xFF\xFF\xFF" EOR "\xFF\xFF" EOR "\xFF\xFF"),
        TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" EOR "\0\0\0" EOR "\n\n\n" EOR),
    };
    for (size_t i = 0; i < COUNT(records); i++) {
        check_back(records[i], true);
        check_back(records[i], false);
    }
}

TEST(records_over_64_kilobytes_come_back)
{
    enum { LARGE = 70000 };
    static char bytes[3 * LARGE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    for (unsigned i = 0; b.len < LARGE; i++)
        builder_put_byte(&b, (char)(i * 7 % 250));
    builder_put(&b, TEXT(EOR));
    while (b.len < 2 * LARGE)
        builder_put_byte(&b, 'x');
    builder_put(&b, TEXT(EOR "open"));
    check_back(builder_text(&b), true);
    check_back(builder_text(&b), false);
}

TEST(any_sequence_of_records_comes_back)
{
    uint32_t seed = 1;
    for (unsigned round = 0; round < 300; round++) {
        char bytes[60];
        struct builder b = builder_on(bytes, sizeof(bytes));
        while (b.len < 50) {
            seed = seed * 1664525 + 1013904223;
            static const char *const parts[] = {"a", "b",        "\n", EOR,
                                                EOR, "\xFF\xFF", "\r", EOR "xy"};
            builder_put_string(&b, parts[seed >> 24 & 7]);
            if (seed >> 8 & 1 && seed >> 16 % 50 < b.len)
                break;
        }
        check_back(builder_text(&b), round % 2);
    }
}

/* A transfer that breaks behind `cut` bytes goes on from a marker there. */
static void check_restart(struct text records, size_t cut, bool is_text)
{
    static struct stru_record_receive record;
    char buffer[64];
    struct builder state = builder_on(buffer, sizeof(buffer));
    kept_shape_init(&shape);
    written_init(&file, false);
    stru_record_receive_init(&record, &file.stage, &shape.sink, is_text);
    assert_fault(feed_records(&record.stage, (struct text){records.at, cut}, 1), FAULT_NONE);
    assert_fault(stru_record_put_state(&record, &state), FAULT_NONE);
    stru_record_receive_init(&record, &file.stage, &shape.sink, is_text);
    assert_true(stru_record_take_state(&record, builder_text(&state)));
    assert_fault(feed_records(&record.stage, text_after(records, cut), 1), FAULT_NONE);
    assert_fault(stage_take(&record.stage, TEXT(""), MARK_FILE), FAULT_NONE);
    struct builder lines = builder_on(shape.bytes, sizeof(shape.bytes));
    lines.len = shape.len;
    assert_fault(send(written_text(&file), builder_end(&lines), is_text, 1, 2), FAULT_NONE);
    struct text back = written_text(&sent);
    assert_true(text_ends_with(back, TEXT(EOF_)));
    back.len -= 2;
    assert_true(text_equal(back, records));
}

TEST(a_restart_at_any_marker_gives_the_same_records)
{
    struct text records = TEXT("ab" EOR "c\nd" EOR EOR "e" EOR "f\n\n" EOR "f\n\n" EOR "g\nh");
    for (size_t cut = 0; cut <= records.len; cut++) {
        if (cut && records.at[cut - 1] == '\xFF')
            continue;
        check_restart(records, cut, true);
        check_restart(records, cut, false);
        if (cut < 3)
            check_restart((struct text){records.at, 4}, cut, false);
    }
    check_restart((struct text){records.at, 4}, 4, false);
}

TEST(a_state_is_what_came_of_the_record_and_the_lines)
{
    struct stru_record_receive record;
    char buffer[64];
    struct builder state = builder_on(buffer, sizeof(buffer));
    kept_shape_init(&shape);
    written_init(&file, false);
    stru_record_receive_init(&record, &file.stage, &shape.sink, true);
    assert_fault(stru_record_put_state(&record, &state), FAULT_NONE);
    assert_text(builder_text(&state), "");
    assert_fault(feed_records(&record.stage, TEXT("abc" EOR "d\n"), SIZE_MAX), FAULT_NONE);
    assert_fault(stru_record_put_state(&record, &state), FAULT_NONE);
    assert_text(builder_text(&state), "E2l4");
}

TEST(a_state_that_is_none_is_refused)
{
    static const char *const states[] = {"e", "E", "e1e1", "l1e1", "e1E1", "e1l1l1", "e-1", "x"};
    struct stru_record_receive record;
    stru_record_receive_init(&record, &file.stage, &shape.sink, true);
    for (size_t i = 0; i < COUNT(states); i++)
        assert_false(stru_record_take_state(&record, text_of(states[i])));
    stru_record_receive_init(&record, &file.stage, &shape.sink, false);
    assert_false(stru_record_take_state(&record, TEXT("E1")));
    assert_false(stru_record_take_state(&record, TEXT("e1l1")));
    assert_int_equal(record.bytes, 0);
    assert_true(stru_record_take_state(&record, TEXT("e1")));
    assert_int_equal(record.bytes, 1);
}

struct marker_seen {
    struct stage stage;
    struct text bytes;
    unsigned marks;
};

static enum fault see_marker(struct stage *stage, struct text bytes, unsigned marks)
{
    struct marker_seen *seen = (struct marker_seen *)stage;
    seen->bytes = bytes;
    seen->marks = marks;
    return FAULT_NONE;
}

TEST(a_restart_marker_passes_untouched)
{
    struct marker_seen seen = {{see_marker, NULL}, {NULL, 0}, 0};
    struct stru_record_receive receiving;
    struct stru_record_send sending;
    stru_record_receive_init(&receiving, &seen.stage, &shape.sink, true);
    assert_fault(stage_take(&receiving.stage, TEXT("m1"), MARK_RESTART), FAULT_NONE);
    assert_text(seen.bytes, "m1");
    assert_int_equal(seen.marks, MARK_RESTART);
    assert_int_equal(receiving.bytes, 0);
    stru_record_send_init(&sending, &seen.stage, NULL, true);
    assert_fault(stage_take(&sending.stage, TEXT("m\n"), MARK_RESTART), FAULT_NONE);
    assert_text(seen.bytes, "m\n");
    assert_int_equal(seen.marks, MARK_RESTART);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_text_s_records_are_its_lines),
        RUN(what_is_no_text_is_one_record),
        RUN(records_are_those_that_the_shape_tells),
        RUN(behind_what_is_told_all_is_as_if_nothing_were),
        RUN(what_is_before_an_offset_is_as_if_nothing_were_told),
        RUN(what_is_no_business_of_records_is_passed_over),
        RUN(a_shape_of_another_file_is_a_fault),
        RUN(a_received_text_has_a_line_for_each_record),
        RUN(received_records_that_are_no_text_lie_one_behind_the_other),
        RUN(sending_undoes_receiving_for_every_content),
        RUN(records_over_64_kilobytes_come_back),
        RUN(any_sequence_of_records_comes_back),
        RUN(a_restart_at_any_marker_gives_the_same_records),
        RUN(a_state_is_what_came_of_the_record_and_the_lines),
        RUN(a_state_that_is_none_is_refused),
        RUN(a_restart_marker_passes_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
