/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/failing_memory.h"
#include "tests/unit/mode_cases.h"

/* "hello", as zlib writes it at level 6. */
#define HELLO "\x78\x9C\xCB\x48\xCD\xC9\xC9\x07\x00\x06\x2C\x02\x15"

TEST(a_file_is_one_zlib_stream)
{
    check_sent(MODE_DEFLATE, TEXT("hello"), in_one, TEXT(HELLO));
    check_received(MODE_DEFLATE, TEXT(HELLO), TEXT("hello"));
    check_received(MODE_DEFLATE, TEXT("\x78\x9C\x03\0\0\0\0\1"), TEXT(""));
}

TEST(every_level_comes_back)
{
    static char content[70000];
    char room[STAGE_BUFFER_MIN];
    for (size_t i = 0; i < sizeof(content); i++)
        content[i] = (char)(i * i / 1000);
    for (int level = 0; level <= DEFLATE_LEVEL_MAX; level++) {
        struct mode_deflate sending;
        struct stage_buffer buffer = {room, sizeof(room)};
        struct text wire = TEXT("");
        enum fault f = mode_deflate_send_init(&sending, heard_init(&case_wire), level, buffer);
        assert_fault(f, FAULT_NONE);
        f = stage_take(&sending.stage, (struct text){content, sizeof(content)}, MARK_FILE);
        assert_fault(f, FAULT_NONE);
        mode_deflate_done(&sending);
        assert_true(heard_wire(&case_wire, &wire));
        assert_int_equal(wire.len > sizeof(content), level == 0);
        assert_fault(mode_receive(MODE_DEFLATE, wire, in_one, &case_got), FAULT_NONE);
        assert_int_equal(case_got.len, sizeof(content) + 1);
        assert_memory_equal(case_got.bytes, content, sizeof(content));
    }
}

/* How large the pieces are that a stage is given. */
struct measure {
    struct stage stage;
    size_t largest;
    size_t bytes;
    size_t limit; /* of bytes: what is behind it is refused */
};

static enum fault take_measure(struct stage *stage, struct text bytes, unsigned marks)
{
    struct measure *measure = (struct measure *)stage;
    (void)marks;
    measure->largest = bytes.len > measure->largest ? bytes.len : measure->largest;
    measure->bytes += bytes.len;
    return measure->bytes > measure->limit ? FAULT_TOO_LARGE : FAULT_NONE;
}

TEST(what_a_few_bytes_unfold_to_comes_piece_by_piece_and_limits_bind)
{
    static char zeros[400000];
    struct text wire = TEXT("");
    struct mode mode;
    assert_fault(mode_init_send(&mode, MODE_DEFLATE, heard_init(&case_wire)), FAULT_NONE);
    assert_fault(stage_take(&mode.stage, (struct text){zeros, sizeof(zeros)}, MARK_FILE),
                 FAULT_NONE);
    mode_done(&mode);
    assert_true(heard_wire(&case_wire, &wire));
    assert_true(wire.len < 1000);
    struct measure measure = {.stage = {take_measure, NULL}, .limit = 100000};
    assert_fault(mode_init_receive(&mode, MODE_DEFLATE, &measure.stage), FAULT_NONE);
    assert_fault(stage_take(&mode.stage, wire, 0), FAULT_TOO_LARGE);
    mode_done(&mode);
    assert_in_range(measure.bytes, 100001, 100000 + STAGE_BUFFER_MIN);
    assert_int_equal(measure.largest, STAGE_BUFFER_MIN);
}

TEST(what_is_no_zlib_stream_is_malformed)
{
    check_refused(MODE_DEFLATE, TEXT("hello"), FAULT_MALFORMED);
    check_refused(MODE_DEFLATE, TEXT(HELLO "x"), FAULT_MALFORMED);
    check_refused(MODE_DEFLATE, TEXT(HELLO HELLO), FAULT_MALFORMED);
    /* a wrong checksum */
    check_refused(MODE_DEFLATE, TEXT("\x78\x9C\xCB\x48\xCD\xC9\xC9\x07\x00\x06\x2C\x02\x16"),
                  FAULT_MALFORMED);
    /* one that wants a dictionary */
    check_refused(MODE_DEFLATE, TEXT("\x78\xBB\0\0\0\1\x03\0\0\0\0\1"), FAULT_MALFORMED);
}

TEST(a_connection_that_ends_before_the_stream_is_broken)
{
    struct text hello = TEXT(HELLO);
    for (size_t len = 0; len < hello.len; len++)
        check_refused(MODE_DEFLATE, (struct text){hello.at, len}, FAULT_CONNECTION_LOST);
}

/* What came before the connection broke can be kept: all of it, however it came. */
TEST(of_a_broken_connection_all_that_came_is_given)
{
    static char content[5000];
    static struct heard by_bytes;
    struct text wire = TEXT("");
    struct mode mode;
    for (size_t i = 0; i < sizeof(content); i++)
        content[i] = (char)(i / 1000);
    assert_fault(mode_init_send(&mode, MODE_DEFLATE, heard_init(&case_wire)), FAULT_NONE);
    assert_fault(stage_take(&mode.stage, (struct text){content, sizeof(content)}, MARK_FILE),
                 FAULT_NONE);
    mode_done(&mode);
    assert_true(heard_wire(&case_wire, &wire));
    for (size_t len = 0; len < wire.len; len++) {
        struct text part = {wire.at, len};
        struct split bytes = {1, 1, false};
        assert_fault(mode_receive(MODE_DEFLATE, part, in_one, &case_got), FAULT_CONNECTION_LOST);
        assert_fault(mode_receive(MODE_DEFLATE, part, bytes, &by_bytes), FAULT_CONNECTION_LOST);
        assert_true(heard_equal(&case_got, &by_bytes));
    }
    assert_int_equal(case_got.len, sizeof(content)); /* only the checksum was missing */
}

TEST(one_that_was_never_begun_can_be_done_with)
{
    struct mode_deflate mode = {.zlib = NULL};
    struct stage_buffer buffer = {NULL, 0};
    mode_deflate_done(&mode);
    assert_fault(mode_deflate_send_init(&mode, NULL, DEFLATE_LEVEL_MAX + 1, buffer), FAULT_BUG);
    mode_deflate_done(&mode);
    mode_deflate_done(&mode);
}

static enum fault send_and_receive(void)
{
    struct text wire = TEXT("");
    heard_write(&case_script, TEXT("to and fro"), 0);
    enum fault f = mode_send(MODE_DEFLATE, &case_script, in_one, &case_wire);
    if (f)
        return f;
    assert_true(heard_wire(&case_wire, &wire));
    f = mode_receive(MODE_DEFLATE, wire, in_one, &case_got);
    assert_true(f || heard_equal(&case_script, &case_got));
    return f;
}

TEST(without_memory_it_says_so)
{
    until_enough(send_and_receive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_file_is_one_zlib_stream),
        RUN(every_level_comes_back),
        RUN(what_a_few_bytes_unfold_to_comes_piece_by_piece_and_limits_bind),
        RUN(what_is_no_zlib_stream_is_malformed),
        RUN(a_connection_that_ends_before_the_stream_is_broken),
        RUN(of_a_broken_connection_all_that_came_is_given),
        RUN(one_that_was_never_begun_can_be_done_with),
        RUN(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
