/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/mode_cases.h"

static const struct split apart = {SIZE_MAX, SIZE_MAX, false};

static const struct text marker_of_six = TEXT("\x10\0\6abcdef");

TEST(marks_are_in_the_block_that_they_come_with)
{
    check_sent(MODE_BLOCK, TEXT("abc|de|"), in_one, TEXT("\x80\0\3abc\xC0\0\2de"));
    check_sent(MODE_BLOCK, TEXT("abc|de"), apart, TEXT("\0\0\3abc\x80\0\0\0\0\2de\x40\0\0"));
    check_sent(MODE_BLOCK, TEXT(""), in_one, TEXT("\x40\0\0"));
    check_sent(MODE_BLOCK, TEXT("a{bc|}"), in_one, TEXT("\0\0\1a\xE0\0\2bc"));
}

/* RFC 959 3.4.2's example. */
TEST(a_marker_is_a_block_of_its_own)
{
    check_sent(MODE_BLOCK, TEXT("[abcdef]x"), in_one, TEXT("\x10\0\6abcdef\x40\0\1x"));
    check_received(MODE_BLOCK, TEXT("\x10\0\6abcdef\0\0\1x\x40\0\0"), TEXT("[abcdef]x"));
}

TEST(a_marker_that_is_none_is_not_sent)
{
    struct mode mode;
    assert_fault(mode_init_send(&mode, MODE_BLOCK, heard_init(&case_wire)), FAULT_NONE);
    assert_fault(stage_take(&mode.stage, TEXT("a b"), MARK_RESTART), FAULT_BUG);
    assert_fault(stage_take(&mode.stage, TEXT(""), MARK_RESTART), FAULT_BUG);
    assert_int_equal(case_wire.len, 0);
}

TEST(suspect_is_each_slice_of_a_long_piece_and_ends_are_only_the_last)
{
    static char bytes[100000];
    struct mode mode;
    struct mode back;
    assert_fault(mode_init_receive(&back, MODE_BLOCK, heard_init(&case_got)), FAULT_NONE);
    assert_fault(mode_init_send(&mode, MODE_BLOCK, &back.stage), FAULT_NONE);
    assert_fault(
        stage_take(&mode.stage, (struct text){bytes, sizeof(bytes)}, MARK_SUSPECT | MARK_RECORD),
        FAULT_NONE);
    assert_int_equal(case_got.len, sizeof(bytes) + 1);
    for (size_t i = 0; i < sizeof(bytes); i++)
        assert_int_equal(case_got.kinds[i], MARK_SUSPECT);
    assert_int_equal(case_got.kinds[sizeof(bytes)], HEARD_MARK);
}

TEST(blocks_of_any_size_are_received)
{
    check_received(MODE_BLOCK, TEXT("\0\0\0\0\0\1a\x80\0\0\x80\0\0\x40\0\2bc"), TEXT("a||bc"));
    check_received(MODE_BLOCK, TEXT("\x20\0\2ab\xA0\0\1c\xE0\0\0"), TEXT("{abc|}|"));
    check_received(MODE_BLOCK, TEXT("\xC0\0\0"), TEXT("|"));
    static char wire[3 + 65535 + 3] = {0, '\xFF', '\xFF'};
    wire[3 + 65535] = 64;
    struct text whole = {wire, sizeof(wire)};
    assert_fault(mode_receive(MODE_BLOCK, whole, in_one, &case_got), FAULT_NONE);
    assert_int_equal(case_got.len, 65535 + 1);
}

TEST(descriptors_and_markers_that_are_none_are_malformed)
{
    check_refused(MODE_BLOCK, TEXT("\1\0\1a"), FAULT_MALFORMED);
    check_refused(MODE_BLOCK, TEXT("\x88\0\1a"), FAULT_MALFORMED);
    check_refused(MODE_BLOCK, TEXT("\x90\0\1a"), FAULT_MALFORMED);
    check_refused(MODE_BLOCK, TEXT("\x50\0\1a"), FAULT_MALFORMED);
    check_refused(MODE_BLOCK, TEXT("\x30\0\1a"), FAULT_MALFORMED);
    check_refused(MODE_BLOCK, TEXT("\x10\0\0"), FAULT_MALFORMED);
    check_refused(MODE_BLOCK, TEXT("\x10\0\3a b"), FAULT_MALFORMED);
    check_refused(MODE_BLOCK, TEXT("\x10\1\0"), FAULT_MALFORMED);
}

TEST(a_connection_that_ends_before_the_file_is_broken)
{
    check_refused(MODE_BLOCK, TEXT(""), FAULT_CONNECTION_LOST);
    check_refused(MODE_BLOCK, TEXT("\x40"), FAULT_CONNECTION_LOST);
    check_refused(MODE_BLOCK, TEXT("\x40\0\2a"), FAULT_CONNECTION_LOST);
    check_refused(MODE_BLOCK, TEXT("\x80\0\1a"), FAULT_CONNECTION_LOST);
    check_refused(MODE_BLOCK, marker_of_six, FAULT_CONNECTION_LOST);
}

TEST(what_lies_behind_the_end_is_the_next_files)
{
    struct mode mode;
    struct text wire = TEXT("\x40\0\1a\x40\0\1b");
    assert_fault(mode_init_receive(&mode, MODE_BLOCK, heard_init(&case_got)), FAULT_NONE);
    assert_fault(stage_take(&mode.stage, wire, 0), FAULT_NONE);
    assert_int_equal(case_got.len, 2);
    assert_int_equal(mode.beyond->len, 4);
    assert_ptr_equal(mode.beyond->at, wire.at + 4);
    assert_fault(stage_take(&mode.stage, *mode.beyond, 0), FAULT_BUG);
    assert_fault(stage_take(&mode.stage, TEXT(""), MARK_FILE), FAULT_NONE);
    assert_int_equal(heard_files(&case_got), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(marks_are_in_the_block_that_they_come_with),
        RUN(a_marker_is_a_block_of_its_own),
        RUN(a_marker_that_is_none_is_not_sent),
        RUN(suspect_is_each_slice_of_a_long_piece_and_ends_are_only_the_last),
        RUN(blocks_of_any_size_are_received),
        RUN(descriptors_and_markers_that_are_none_are_malformed),
        RUN(a_connection_that_ends_before_the_file_is_broken),
        RUN(what_lies_behind_the_end_is_the_next_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
