/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/mode_cases.h"

/* The end of the file, as we send it. */
#define END "\0\x40\xC0"

TEST(the_filler_is_the_types)
{
    assert_int_equal(mode_compressed_filler('A'), ' ');
    assert_int_equal(mode_compressed_filler('E'), 0x40);
    assert_int_equal(mode_compressed_filler('I'), 0);
    assert_int_equal(mode_compressed_filler('L'), 0);
}

TEST(strings_and_runs_are_sent_however_they_come)
{
    static const struct {
        struct text script;
        struct text wire;
    } cases[] = {
        {TEXT(""), TEXT(END)},
        {TEXT("a"), TEXT("\1a" END)},
        {TEXT("ab"), TEXT("\2ab" END)},
        {TEXT("aabb"), TEXT("\4aabb" END)},
        {TEXT("aaab"), TEXT("\x83"
                            "a\1b" END)},
        {TEXT("xyyyz"), TEXT("\1x\x83y\1z" END)},
        {TEXT(" a  b"), TEXT("\2 a\xC2\1b" END)},
        {TEXT("a|  |"), TEXT("\1a\0\x80\xC0\xC2\0\xC0\xC0")},
        {TEXT("a|a"), TEXT("\1a\0\x80\xC0\1a" END)},
        {TEXT("ab[m1]aaa"), TEXT("\2ab\0\x10\2m1\x83"
                                 "a" END)},
        {TEXT("a{a   b}b"), TEXT("\1a\0\x20\1a\0\x20\xC3\0\x20\1b\1b" END)},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t first = 0; first <= cases[i].script.len; first++) {
            for (size_t then = 1; then <= 2; then++)
                check_sent(MODE_COMPRESSED, cases[i].script, (struct split){first, then, true},
                           cases[i].wire);
        }
    }
}

TEST(long_runs_and_strings_are_cut_at_what_a_head_can_count)
{
    char in[300];
    char out[300];
    struct builder b = builder_on(out, sizeof(out));
    memset(in, 'z', sizeof(in));
    /* 63 + 63 + 2, and two of a run's rest are no run */
    builder_put(&b, TEXT("\xBFz\xBFz\2zz" END));
    check_sent(MODE_COMPRESSED, (struct text){in, 128}, in_one, builder_text(&b));
    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (char)('0' + i % 7);
    b = builder_on(out, sizeof(out));
    builder_put_byte(&b, 127);
    builder_put(&b, (struct text){in, 127});
    builder_put_byte(&b, 1);
    builder_put(&b, (struct text){in + 127, 1});
    builder_put(&b, TEXT(END));
    check_sent(MODE_COMPRESSED, (struct text){in, 128}, in_one, builder_text(&b));
}

TEST(no_bytes_and_no_marks_change_nothing)
{
    struct mode mode;
    assert_fault(mode_init_send(&mode, MODE_COMPRESSED, heard_init(&case_wire)), FAULT_NONE);
    assert_fault(stage_take(&mode.stage, TEXT("a"), MARK_SUSPECT), FAULT_NONE);
    assert_fault(stage_take(&mode.stage, TEXT(""), 0), FAULT_NONE);
    assert_fault(stage_take(&mode.stage, TEXT("b"), MARK_SUSPECT), FAULT_NONE);
    assert_fault(stage_take(&mode.stage, TEXT(""), MARK_FILE), FAULT_NONE);
    struct text wire = TEXT("");
    assert_true(heard_wire(&case_wire, &wire));
    assert_true(text_equal(wire, TEXT("\0\x20\2ab" END)));
}

TEST(a_marker_that_fits_no_string_is_not_sent)
{
    struct mode mode;
    char marker[COMPRESSED_STRING_MAX + 1];
    memset(marker, 'm', sizeof(marker));
    assert_fault(mode_init_send(&mode, MODE_COMPRESSED, heard_init(&case_wire)), FAULT_NONE);
    struct stage *stage = &mode.stage;
    assert_fault(stage_take(stage, TEXT("a b"), MARK_RESTART), FAULT_BUG);
    assert_fault(stage_take(stage, (struct text){marker, sizeof(marker)}, MARK_RESTART), FAULT_BUG);
    assert_fault(stage_take(stage, (struct text){marker, COMPRESSED_STRING_MAX}, MARK_RESTART),
                 FAULT_NONE);
}

/* RFC 959 3.4.3: the codes apply to the succeeding string of bytes. */
TEST(codes_are_of_the_string_that_follows)
{
    check_received(MODE_COMPRESSED, TEXT("\1a\0\x80\5hello\0\x40\1z"), TEXT("ahello|z"));
    check_received(MODE_COMPRESSED, TEXT("\0\xC0\x83y"), TEXT("yyy|"));
    check_received(MODE_COMPRESSED, TEXT("\0\x20\2ab\1c\0\x60\xC1"), TEXT("{ab}c{ }"));
    check_received(MODE_COMPRESSED, TEXT("\0\x10\2m1\1x" END), TEXT("[m1]x"));
}

TEST(codes_of_two_escapes_add_up_and_empty_strings_carry_them)
{
    check_received(MODE_COMPRESSED, TEXT("\0\x80\0\x40\1a"), TEXT("a|"));
    check_received(MODE_COMPRESSED, TEXT("\xC0\x80q\0\x80\x80q\0\x80\xC0\0\x40\xC0"), TEXT("||"));
}

TEST(the_longest_strings_and_runs_are_received)
{
    char out[256];
    struct builder b = builder_on(out, sizeof(out));
    char wire[] = "\xFF\xBFy\0\x40\xC0";
    for (unsigned i = 0; i < 126; i++)
        builder_put_byte(&b, i < 63 ? ' ' : 'y');
    check_received(MODE_COMPRESSED, (struct text){wire, sizeof(wire) - 1}, builder_text(&b));
}

TEST(an_end_told_without_a_string_counts_where_the_connection_ends)
{
    check_received(MODE_COMPRESSED, TEXT("\1a\0\x40"), TEXT("a"));
    check_received(MODE_COMPRESSED, TEXT("\1a\0\x80\0\x40"), TEXT("a|"));
    check_received(MODE_COMPRESSED, TEXT("\0\xC0"), TEXT("|"));
}

TEST(escapes_and_markers_that_are_none_are_malformed)
{
    check_refused(MODE_COMPRESSED, TEXT("\0\0\1a"), FAULT_MALFORMED);
    check_refused(MODE_COMPRESSED, TEXT("\0\1\1a"), FAULT_MALFORMED);
    check_refused(MODE_COMPRESSED, TEXT("\0\x88\1a"), FAULT_MALFORMED);
    check_refused(MODE_COMPRESSED, TEXT("\0\x90\1a"), FAULT_MALFORMED);
    check_refused(MODE_COMPRESSED, TEXT("\0\x10\0\x80\1a"), FAULT_MALFORMED);
    check_refused(MODE_COMPRESSED, TEXT("\0\x20\0\x10\1a"), FAULT_MALFORMED);
    check_refused(MODE_COMPRESSED, TEXT("\0\x10\3a b"), FAULT_MALFORMED);
    check_refused(MODE_COMPRESSED, TEXT("\0\x10\x83z"), FAULT_MALFORMED);
    check_refused(MODE_COMPRESSED, TEXT("\0\x10\xC0"), FAULT_MALFORMED);
}

TEST(a_connection_that_ends_before_the_file_is_broken)
{
    check_refused(MODE_COMPRESSED, TEXT(""), FAULT_CONNECTION_LOST);
    check_refused(MODE_COMPRESSED, TEXT("\1a"), FAULT_CONNECTION_LOST);
    check_refused(MODE_COMPRESSED, TEXT("\1a\0"), FAULT_CONNECTION_LOST);
    check_refused(MODE_COMPRESSED, TEXT("\0\x80"), FAULT_CONNECTION_LOST);
    check_refused(MODE_COMPRESSED, TEXT("\0\x40\2"), FAULT_CONNECTION_LOST);
    check_refused(MODE_COMPRESSED, TEXT("\0\x40\2a"), FAULT_CONNECTION_LOST);
    check_refused(MODE_COMPRESSED, TEXT("\0\x40\x82"), FAULT_CONNECTION_LOST);
    check_refused(MODE_COMPRESSED, TEXT("\0\x40\0"), FAULT_CONNECTION_LOST);
}

TEST(what_lies_behind_the_end_is_the_next_files)
{
    struct mode mode;
    struct text wire = TEXT("\0\x40\1a\1b" END);
    assert_fault(mode_init_receive(&mode, MODE_COMPRESSED, heard_init(&case_got)), FAULT_NONE);
    assert_fault(stage_take(&mode.stage, wire, 0), FAULT_NONE);
    assert_int_equal(case_got.len, 2);
    assert_ptr_equal(mode.beyond->at, wire.at + 4);
    assert_int_equal(mode.beyond->len, wire.len - 4);
    assert_fault(stage_take(&mode.stage, *mode.beyond, 0), FAULT_BUG);
    assert_fault(stage_take(&mode.stage, TEXT(""), MARK_FILE), FAULT_NONE);
    assert_int_equal(heard_files(&case_got), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(the_filler_is_the_types),
        RUN(strings_and_runs_are_sent_however_they_come),
        RUN(long_runs_and_strings_are_cut_at_what_a_head_can_count),
        RUN(no_bytes_and_no_marks_change_nothing),
        RUN(a_marker_that_fits_no_string_is_not_sent),
        RUN(codes_are_of_the_string_that_follows),
        RUN(codes_of_two_escapes_add_up_and_empty_strings_carry_them),
        RUN(the_longest_strings_and_runs_are_received),
        RUN(an_end_told_without_a_string_counts_where_the_connection_ends),
        RUN(escapes_and_markers_that_are_none_are_malformed),
        RUN(a_connection_that_ends_before_the_file_is_broken),
        RUN(what_lies_behind_the_end_is_the_next_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
