/* SPDX-License-Identifier: Apache-2.0 */
#include "dtp/shape_reader.h"
#include "tests/unit/buffer_stream.h"

static struct buffer_stream lines;
static struct shape_reader reader;
static struct shape_entry entry;

static void begin(const char *shape, size_t step)
{
    shape_reader_init(&reader, buffer_stream_init(&lines, text_of(shape)));
    lines.step = step;
}

static enum fault next(void)
{
    return reader.source.next(&reader.source, &entry);
}

static void assert_next(enum shape_kind kind, uint64_t number, uint64_t count)
{
    assert_fault(next(), FAULT_NONE);
    assert_int_equal(entry.kind, kind);
    if (kind == SHAPE_END)
        return;
    assert_int_equal(entry.number, number);
    assert_int_equal(entry.count, count);
}

static bool take(enum shape_kind kind)
{
    bool taken = true;
    assert_fault(shape_reader_take(&reader, kind, &entry, &taken), FAULT_NONE);
    return taken;
}

TEST(entries_come_in_their_order_however_the_stream_reads)
{
    for (size_t step = 1; step < 40; step++) {
        begin("at 3\ntext 7 2\nrecord 5\nopen 1\n", step);
        assert_next(SHAPE_AT, 3, 1);
        assert_next(SHAPE_TEXT, 7, 2);
        assert_next(SHAPE_RECORD, 5, 1);
        assert_next(SHAPE_OPEN, 1, 1);
        for (int i = 0; i < 3; i++)
            assert_next(SHAPE_END, 0, 0);
    }
}

TEST(a_shape_that_is_not_there_or_empty_tells_nothing)
{
    shape_reader_init(&reader, NULL);
    assert_false(take(SHAPE_FORM));
    assert_int_equal(entry.kind, SHAPE_END);
    assert_next(SHAPE_END, 0, 0);
    begin("", 7);
    assert_false(take(SHAPE_UNIT));
    assert_next(SHAPE_END, 0, 0);
}

TEST(only_an_entry_of_the_kind_that_is_asked_for_is_taken)
{
    for (size_t step = 1; step < 20; step++) {
        begin("form C\nunit 1 255\nrecord 5\n", step);
        assert_false(take(SHAPE_UNIT));
        assert_true(take(SHAPE_FORM));
        assert_false(take(SHAPE_FORM));
        assert_true(take(SHAPE_UNIT));
        assert_int_equal(entry.number, 1);
        assert_int_equal(entry.count, 255);
        assert_next(SHAPE_RECORD, 5, 1);
        assert_false(take(SHAPE_RECORD));
        assert_next(SHAPE_END, 0, 0);
    }
}

TEST(a_line_that_is_none_is_a_fault_again_and_again)
{
    static const char *const wrong[] = {"nonsense\n", "record\n", "\n", "record 5", "record 5\r\n"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        for (size_t step = 1; step < 12; step++) {
            bool taken = true;
            begin(wrong[i], step);
            assert_fault(shape_reader_take(&reader, SHAPE_RECORD, &entry, &taken), FAULT_IO);
            assert_false(taken);
            assert_fault(next(), FAULT_IO);
            assert_fault(next(), FAULT_IO);
        }
    }
    begin("record 5\ntorn", 7);
    assert_next(SHAPE_RECORD, 5, 1);
    assert_fault(next(), FAULT_IO);
}

/* The longest line is that of a descriptor; none is longer than the buffer. */
TEST(long_lines_are_read_and_endless_ones_are_not)
{
    static char shape[6 * SHAPE_LINE_MAX];
    for (size_t step = 1; step < 5000; step = step * 3 + 1) {
        struct builder b = builder_on(shape, sizeof(shape));
        for (int i = 0; i < 3; i++) {
            builder_put(&b, TEXT("descriptor "));
            for (int byte = 0; byte < SHAPE_DESCRIPTOR_MAX; byte++)
                builder_put_hex_byte(&b, (unsigned char)(byte + i));
            builder_put(&b, TEXT("\nrecord 1\n"));
        }
        begin(builder_end(&b), step);
        for (int i = 0; i < 3; i++) {
            assert_fault(next(), FAULT_NONE);
            assert_int_equal(entry.kind, SHAPE_DESCRIPTOR);
            assert_int_equal(entry.descriptor_len, SHAPE_DESCRIPTOR_MAX);
            assert_int_equal(entry.descriptor[1], 1 + i);
            assert_next(SHAPE_RECORD, 1, 1);
        }
        assert_next(SHAPE_END, 0, 0);
    }
    memset(shape, '1', sizeof(shape) - 1);
    memcpy(shape, "record ", 7);
    begin(shape, SIZE_MAX);
    assert_fault(next(), FAULT_IO);
}

TEST(what_the_stream_says_is_the_fault)
{
    begin("record 1\nrecord 2\n", 1);
    lines.fails_at = 12;
    assert_next(SHAPE_RECORD, 1, 1);
    assert_fault(next(), FAULT_IO);
    lines.fails_at = 0; /* nothing was lost */
    assert_next(SHAPE_RECORD, 2, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(entries_come_in_their_order_however_the_stream_reads),
        RUN(a_shape_that_is_not_there_or_empty_tells_nothing),
        RUN(only_an_entry_of_the_kind_that_is_asked_for_is_taken),
        RUN(a_line_that_is_none_is_a_fault_again_and_again),
        RUN(long_lines_are_read_and_endless_ones_are_not),
        RUN(what_the_stream_says_is_the_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
