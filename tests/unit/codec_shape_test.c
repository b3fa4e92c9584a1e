/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/shape.h"
#include "tests/unit/shapes.h"
#include "tests/unit/unit.h"

static struct kept_shape kept;
static struct shape_writer writer;

static void begin(bool is_text)
{
    kept_shape_init(&kept);
    shape_writer_init(&writer, &kept.sink, is_text);
}

static void record(uint64_t bytes, bool has_line_end)
{
    assert_fault(shape_writer_record(&writer, bytes, has_line_end), FAULT_NONE);
}

static void end(uint64_t open_bytes, const char *expected)
{
    assert_fault(shape_writer_end(&writer, open_bytes), FAULT_NONE);
    assert_text(kept_shape_text(&kept), expected);
}

TEST(an_entry_is_read_and_written_alike)
{
    static const char *const lines[] = {
        "at 0\n",
        "at 9223372036854775807\n",
        "form C\n",
        "lines 12\n",
        "text 5\n",
        "text 0 7\n",
        "record 80 1000\n",
        "record 0\n",
        "open 3\n",
        "unit 8 4096\n",
        "pages 0\n",
        "pages 17 4\n",
        "page 3 0 1 0\n",
        "page 3 1 3 7\n",
        "page 3 4088 3 262143\n",
        "descriptor\n",
        "descriptor 00\n",
        "descriptor 00ff10\n",
    };
    for (size_t i = 0; i < COUNT(lines); i++) {
        char buffer[SHAPE_LINE_MAX];
        struct builder b = builder_on(buffer, sizeof(buffer));
        struct shape_entry entry;
        struct text line = text_of(lines[i]);
        assert_true(shape_parse((struct text){line.at, line.len - 1}, &entry));
        shape_put(&b, &entry);
        assert_text(builder_text(&b), lines[i]);
    }
}

TEST(the_numbers_of_an_entry_are_those_of_its_line)
{
    struct shape_entry entry;
    assert_true(shape_parse(TEXT("record 80"), &entry));
    assert_int_equal(entry.kind, SHAPE_RECORD);
    assert_int_equal(entry.number, 80);
    assert_int_equal(entry.count, 1);
    assert_true(shape_parse(TEXT("page 3 40 3 9"), &entry));
    assert_int_equal(entry.number, 3);
    assert_int_equal(entry.count, 40);
    assert_int_equal(entry.page_type, 3);
    assert_int_equal(entry.access, 9);
    assert_true(shape_parse(TEXT("descriptor 41fF"), &entry));
    assert_int_equal(entry.descriptor_len, 2);
    assert_memory_equal(entry.descriptor, "A\xFF", 2);
}

TEST(what_is_no_entry_is_refused_and_changes_nothing)
{
    static const char *const lines[] = {
        "",
        " ",
        "at",
        "at ",
        "at -1",
        "at 1 ",
        "at  1",
        " at 1",
        "at 1 2",
        "At 1",
        "at x",
        "form",
        "form N",
        "form C ",
        "form C C",
        "lines 1 1",
        "text 1 0",
        "record 1 2 3",
        "unit 1",
        "unit 1 0",
        "pages 1 0",
        "page 1 2 1",
        "page 1 2 2 0",
        "page 1 2 0 0",
        "page 1 2 1 0 0",
        "descriptor ",
        "descriptor 0",
        "descriptor 0g",
        "descriptor 00 00",
        "end",
        "lines 9223372036854775808",
    };
    struct shape_entry entry = {.kind = SHAPE_OPEN, .number = 42};
    for (size_t i = 0; i < COUNT(lines); i++)
        if (shape_parse(text_of(lines[i]), &entry))
            fail_msg("\"%s\"", lines[i]);
    assert_int_equal(entry.kind, SHAPE_OPEN);
    assert_int_equal(entry.number, 42);
}

TEST(the_longest_descriptor_fits_a_line_and_a_longer_one_is_refused)
{
    char hex[2048];
    struct shape_entry entry = {.kind = SHAPE_DESCRIPTOR, .descriptor_len = SHAPE_DESCRIPTOR_MAX};
    memset(entry.descriptor, 0xA5, sizeof(entry.descriptor));
    struct builder b = builder_on(hex, SHAPE_LINE_MAX);
    shape_put(&b, &entry);
    assert_false(b.full);
    struct shape_entry back;
    b.len--;
    assert_true(shape_parse(builder_text(&b), &back));
    assert_memory_equal(back.descriptor, entry.descriptor, SHAPE_DESCRIPTOR_MAX);
    builder_put(&b, TEXT("a5"));
    assert_false(shape_parse(builder_text(&b), &back));
}

TEST(nothing_is_written_of_a_text_that_is_all_lines)
{
    begin(true);
    end(0, "");
    begin(true);
    record(3, false);
    record(0, false);
    end(0, "");
}

TEST(a_text_s_records_with_line_ends_are_written_between_its_lines)
{
    begin(true);
    record(3, false);
    record(4, false);
    record(7, true);
    record(7, true);
    record(8, true);
    record(1, false);
    end(0, "lines 9\ntext 7 2\ntext 8\n");
}

TEST(a_record_that_did_not_end_is_written_behind_the_others)
{
    begin(true);
    record(3, false);
    end(2, "lines 4\nopen 2\n");
    begin(true);
    record(3, true);
    record(1, false);
    end(2, "text 3\nlines 2\nopen 2\n");
    begin(false);
    end(9, "open 9\n");
    begin(false);
    record(5, false);
    end(9, "record 5\nopen 9\n");
}

TEST(nothing_is_written_of_a_single_record_that_is_no_text)
{
    begin(false);
    end(0, "");
    begin(false);
    record(100, false);
    end(0, "");
}

TEST(records_that_are_no_text_are_written_as_runs)
{
    begin(false);
    record(0, false);
    end(0, "record 0\n");
    begin(false);
    for (unsigned i = 0; i < 1000; i++)
        record(80, false);
    end(0, "record 80 1000\n");
    begin(false);
    record(5, false);
    record(7, false);
    record(7, false);
    end(0, "record 5\nrecord 7 2\n");
}

TEST(a_restart_goes_on_with_the_lines_that_were_not_written)
{
    char buffer[64];
    struct builder b = builder_on(buffer, sizeof(buffer));
    begin(true);
    record(3, true);
    record(9, false);
    assert_fault(shape_writer_put_state(&writer, &b), FAULT_NONE);
    assert_text(builder_text(&b), "l10");
    assert_text(kept_shape_text(&kept), "text 3\n");
    shape_writer_init(&writer, &kept.sink, true);
    assert_true(shape_writer_take_state(&writer, builder_text(&b)));
    record(1, false);
    record(5, true);
    end(0, "text 3\nlines 12\ntext 5\n");
}

TEST(records_are_written_down_before_a_restart_marker)
{
    char buffer[64];
    struct builder b = builder_on(buffer, sizeof(buffer));
    begin(false);
    record(80, false);
    assert_fault(shape_writer_put_state(&writer, &b), FAULT_NONE);
    assert_text(builder_text(&b), "");
    shape_writer_init(&writer, &kept.sink, false);
    assert_true(shape_writer_take_state(&writer, TEXT("")));
    record(70, false);
    end(0, "record 80\n");
}

TEST(a_state_that_is_none_is_refused)
{
    static const char *const states[] = {"l", "l-1", "x", "l1l2", "l1 ", "L1", "1"};
    begin(true);
    for (size_t i = 0; i < COUNT(states); i++)
        assert_false(shape_writer_take_state(&writer, text_of(states[i])));
    assert_false(shape_writer_take_state(&writer, TEXT("l9223372036854775808")));
    assert_int_equal(writer.lines, 0);
    begin(false);
    assert_false(shape_writer_take_state(&writer, TEXT("l1")));
}

static enum fault refuse(struct shape_sink *sink, struct text lines)
{
    (void)sink;
    (void)lines;
    return FAULT_NO_SPACE;
}

TEST(a_fault_of_the_sink_is_told)
{
    begin(true);
    kept.sink.put = refuse;
    record(1, true);
    assert_fault(shape_writer_record(&writer, 2, true), FAULT_NO_SPACE);
    begin(false);
    kept.sink.put = refuse;
    assert_fault(shape_writer_end(&writer, 1), FAULT_NO_SPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(an_entry_is_read_and_written_alike),
        RUN(the_numbers_of_an_entry_are_those_of_its_line),
        RUN(what_is_no_entry_is_refused_and_changes_nothing),
        RUN(the_longest_descriptor_fits_a_line_and_a_longer_one_is_refused),
        RUN(nothing_is_written_of_a_text_that_is_all_lines),
        RUN(a_text_s_records_with_line_ends_are_written_between_its_lines),
        RUN(a_record_that_did_not_end_is_written_behind_the_others),
        RUN(nothing_is_written_of_a_single_record_that_is_no_text),
        RUN(records_that_are_no_text_are_written_as_runs),
        RUN(a_restart_goes_on_with_the_lines_that_were_not_written),
        RUN(records_are_written_down_before_a_restart_marker),
        RUN(a_state_that_is_none_is_refused),
        RUN(a_fault_of_the_sink_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
