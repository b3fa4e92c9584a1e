/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/stru_record.h"
#include "tests/unit/heard.h"
#include "tests/unit/shapes.h"
#include "tests/unit/unit.h"

static struct kept_shape shape;
static struct heard records; /* "|" ends one */
static struct heard file;
static struct heard sent;

/* Records into a file and its shape. */
static void receive(struct split split, bool is_text)
{
    struct stru_record_receive record;
    kept_shape_init(&shape);
    stru_record_receive_init(&record, heard_init(&file), &shape.sink, is_text);
    assert_fault(heard_play(&records, &record.stage, split), FAULT_NONE);
    assert_true(heard_ended(&file));
}

/* A file and what is told of it into records; NULL: nothing can be told. */
static enum fault send(struct text bytes, const char *lines, bool is_text, struct split split)
{
    struct told_shape told = told_shape_of(text_of(lines));
    struct stru_record_send record;
    stru_record_send_init(&record, heard_init(&sent), lines ? &told.source : NULL, is_text);
    return split_feed(&record.stage, bytes, split, MARK_FILE);
}

static void check_sent_so(struct text bytes, const char *lines, bool is_text, struct split split)
{
    assert_fault(send(bytes, lines, is_text, split), FAULT_NONE);
    assert_true(heard_equal(&sent, &records));
}

/* `records` go out. */
static void check_sent(struct text bytes, const char *lines, bool is_text)
{
    for (size_t cut = 0; cut <= bytes.len; cut++)
        check_sent_so(bytes, lines, is_text, cut_at(cut));
    check_sent_so(bytes, lines, is_text, in_one);
    check_sent_so(bytes, lines, is_text, in_steps(1));
}

static void check_sent_as(struct text bytes, const char *lines, bool is_text, struct text script)
{
    heard_write(&records, script, MARK_RECORD);
    check_sent(bytes, lines, is_text);
}

TEST(a_text_s_records_are_its_lines)
{
    check_sent_as(TEXT(""), NULL, true, TEXT(""));
    check_sent_as(TEXT("\n"), NULL, true, TEXT("|"));
    check_sent_as(TEXT("ab\nc\n\n"), NULL, true, TEXT("ab|c||"));
    check_sent_as(TEXT("ab\ncd"), NULL, true, TEXT("ab|cd|"));
    check_sent_as(TEXT("a\r\n\xFF"), NULL, true, TEXT("a\r|\xFF|"));
    check_sent_as(TEXT("ab\nc"), "", true, TEXT("ab|c|"));
}

TEST(what_is_no_text_is_one_record)
{
    check_sent_as(TEXT(""), NULL, false, TEXT(""));
    check_sent_as(TEXT("a"), NULL, false, TEXT("a|"));
    check_sent_as(TEXT("a\nb\n"), NULL, false, TEXT("a\nb\n|"));
}

TEST(records_are_those_that_the_shape_tells)
{
    check_sent_as(TEXT("aabbc"), "record 2 2\nopen 1\n", false, TEXT("aa|bb|c"));
    check_sent_as(TEXT("aa"), "record 0 2\nrecord 2\nrecord 0\n", false, TEXT("||aa||"));
    check_sent_as(TEXT(""), "record 0\n", false, TEXT("|"));
    check_sent_as(TEXT("x\ny\na\nb\nc"), "lines 4\ntext 3\nopen 1\n", true, TEXT("x|y|a\nb|c"));
    check_sent_as(TEXT("\n\n"), "text 0 2\n", true, TEXT("||"));
}

TEST(behind_what_is_told_all_is_as_if_nothing_were)
{
    check_sent_as(TEXT("aabb\n"), "record 2\n", false, TEXT("aa|bb\n|"));
    check_sent_as(TEXT("a\nb\nc\nd"), "text 3\n", true, TEXT("a\nb|c|d|"));
}

TEST(what_is_before_an_offset_is_as_if_nothing_were_told)
{
    check_sent_as(TEXT("a\nbcc\nd\n"), "at 3\ntext 2\n", true, TEXT("a|b|cc|d|"));
    check_sent_as(TEXT("abccd"), "at 2\nrecord 2\n", false, TEXT("ab|cc|d|"));
    check_sent_as(TEXT("ab"), "at 0\nrecord 1 2\nat 2\n", false, TEXT("a|b|"));
}

TEST(what_is_no_business_of_records_is_passed_over)
{
    check_sent_as(TEXT("ab"), "form C\nunit 1 255\nrecord 1\npages 0\npage 1 2 3 4\nrecord 1\n",
                  false, TEXT("a|b|"));
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
        assert_fault(send(bytes, wrong[i].lines, true, in_one), FAULT_IO);
        assert_fault(send(bytes, wrong[i].lines, true, in_steps(1)), FAULT_IO);
    }
}

static void check_received(struct text script, bool is_text, const char *bytes, const char *lines)
{
    heard_write(&records, script, MARK_RECORD);
    receive(in_one, is_text);
    assert_text(heard_text(&file), bytes);
    assert_text(kept_shape_text(&shape), lines);
}

TEST(a_received_text_has_a_line_for_each_record)
{
    check_received(TEXT("ab||c|"), true, "ab\n\nc\n", "");
    check_received(TEXT("a\nb|c"), true, "a\nb\nc", "text 3\nopen 1\n");
}

TEST(received_records_that_are_no_text_lie_one_behind_the_other)
{
    check_received(TEXT("ab|c\n|d"), false, "abc\nd", "record 2 2\nopen 1\n");
}

/* What came goes back, in whatever pieces either of it is taken. */
static void check_back(struct text script, bool is_text)
{
    static char lines[SHAPES_ROOM];
    static char first_file[SHAPES_ROOM];
    heard_write(&records, script, MARK_RECORD);
    receive(in_one, is_text);
    struct builder b = builder_on(lines, sizeof(lines));
    builder_put(&b, kept_shape_text(&shape));
    (void)builder_end(&b);
    struct text bytes = {first_file, heard_text(&file).len};
    memcpy(first_file, file.bytes, bytes.len);
    size_t steps = script.len < 64 ? script.len : 3;
    for (size_t step = 1; step <= steps; step++) {
        receive((struct split){step, step, step % 2 == 0}, is_text);
        assert_true(heard_is(&file, bytes, MARK_FILE));
        assert_text(kept_shape_text(&shape), lines);
    }
    if (bytes.len < 64)
        check_sent(bytes, lines, is_text);
    for (size_t step = 1; step < 4; step++)
        check_sent_so(bytes, lines, is_text, (struct split){1, step * step * step, false});
}

TEST(sending_undoes_receiving_for_every_content)
{
    static const struct text scripts[] = {
        TEXT(""),
        TEXT("|"),
        TEXT("|||"),
        TEXT("a"),
        TEXT("a|"),
        TEXT("\n"),
        TEXT("\n|"),
        TEXT("\r|\r\n|\n\r"),
        TEXT("a|b|cc|dd|e|"),
        TEXT("a||b||c"),
        TEXT("a\n|b\n|c|\n|\n|d"),
        TEXT("\xFF\xFF|\xFF|\xFF"),
        TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|\0\0\0|\n\n\n|"),
    };
    for (size_t i = 0; i < COUNT(scripts); i++) {
        check_back(scripts[i], true);
        check_back(scripts[i], false);
    }
}

TEST(records_over_64_kilobytes_come_back)
{
    enum { LARGE = 70000 };
    static char bytes[3 * LARGE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    for (unsigned i = 0; b.len < LARGE; i++)
        builder_put_byte(&b, (char)(i * 7 % 250));
    builder_put(&b, TEXT("|"));
    while (b.len < 2 * LARGE)
        builder_put_byte(&b, 'x');
    builder_put(&b, TEXT("|open"));
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
            static const char *const parts[] = {"a", "b", "\n", "|", "|", "\xFF", "\r", "|xy"};
            builder_put_string(&b, parts[seed >> 24 & 7]);
            if (seed >> 8 & 1 && seed >> 16 % 50 < b.len)
                break;
        }
        check_back(builder_text(&b), round % 2);
    }
}

/* A transfer that breaks behind `cut` symbols goes on from a marker there. */
static void check_restart(struct text script, size_t cut, bool is_text)
{
    static struct stru_record_receive record;
    char buffer[64];
    struct builder state = builder_on(buffer, sizeof(buffer));
    struct stage *last = heard_init(&file);
    heard_write(&records, script, MARK_RECORD);
    kept_shape_init(&shape);
    stru_record_receive_init(&record, last, &shape.sink, is_text);
    assert_fault(heard_play_part(&records, 0, cut, &record.stage, in_steps(1)), FAULT_NONE);
    assert_fault(stru_record_put_state(&record, &state), FAULT_NONE);
    stru_record_receive_init(&record, last, &shape.sink, is_text);
    assert_true(stru_record_take_state(&record, builder_text(&state)));
    assert_fault(heard_play_part(&records, cut, records.len, &record.stage, in_steps(1)),
                 FAULT_NONE);
    struct builder lines = builder_on(shape.bytes, sizeof(shape.bytes));
    lines.len = shape.len;
    check_sent_so(heard_text(&file), builder_end(&lines), is_text, (struct split){1, 2, false});
}

TEST(a_restart_at_any_marker_gives_the_same_records)
{
    struct text script = TEXT("ab|c\nd||e|f\n\n|f\n\n|g\nh");
    for (size_t cut = 0; cut <= script.len; cut++) {
        check_restart(script, cut, true);
        check_restart(script, cut, false);
    }
    for (size_t cut = 0; cut <= 3; cut++)
        check_restart(TEXT("ab|"), cut, false);
}

TEST(a_state_is_what_came_of_the_record_and_the_lines)
{
    struct stru_record_receive record;
    char buffer[64];
    struct builder state = builder_on(buffer, sizeof(buffer));
    kept_shape_init(&shape);
    stru_record_receive_init(&record, heard_init(&file), &shape.sink, true);
    assert_fault(stru_record_put_state(&record, &state), FAULT_NONE);
    assert_text(builder_text(&state), "");
    assert_fault(stage_take(&record.stage, TEXT("abc"), MARK_RECORD), FAULT_NONE);
    assert_fault(stage_take(&record.stage, TEXT("d\n"), 0), FAULT_NONE);
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

TEST(a_restart_marker_passes_untouched)
{
    struct stru_record_receive receiving;
    struct stru_record_send sending;
    stru_record_receive_init(&receiving, heard_init(&file), &shape.sink, true);
    assert_fault(stage_take(&receiving.stage, TEXT("m1"), MARK_RESTART), FAULT_NONE);
    assert_true(heard_is(&file, TEXT("m1"), MARK_RESTART));
    assert_int_equal(receiving.bytes, 0);
    stru_record_send_init(&sending, heard_init(&sent), NULL, true);
    assert_fault(stage_take(&sending.stage, TEXT("m\n"), MARK_RESTART), FAULT_NONE);
    assert_true(heard_is(&sent, TEXT("m\n"), MARK_RESTART));
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
