/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/line.h"
#include "tests/unit/unit.h"

/*
 * Feeds bytes in pieces of `step` and writes what came out: lines in brackets,
 * "!" too long, "?xyz" an answer in hex, "I" interrupted, "S" synch.
 */
static const char *heard(struct text input, size_t step, size_t size, bool urgent)
{
    static char out[4096];
    static char buffer[LINE_MAX_BYTES];
    struct builder b = builder_on(out, sizeof(out));
    struct line line = line_on(buffer, size);
    if (urgent)
        line_note_urgent(&line);
    while (input.len) {
        struct text piece = {input.at, input.len < step ? input.len : step};
        input = text_after(input, piece.len);
        while (piece.len) {
            enum line_event event;
            piece = text_after(piece, line_feed(&line, piece, &event));
            if (event == LINE_READY) {
                builder_put_byte(&b, '[');
                builder_put(&b, line_text(&line));
                builder_put_byte(&b, ']');
            } else if (event == LINE_TOO_LONG) {
                builder_put_byte(&b, '!');
            } else if (event == LINE_ANSWER) {
                builder_put_byte(&b, '?');
                for (int i = 0; i < 3; i++)
                    builder_put_hex(&b, line.answer[i]);
            } else if (event == LINE_INTERRUPTED) {
                builder_put_byte(&b, 'I');
            } else if (event == LINE_SYNCH) {
                builder_put_byte(&b, line_take_urgent(&line) ? 'S' : 's');
            }
        }
    }
    return builder_end(&b);
}

/* Every split of the input must sound the same. */
static void check(struct text input, const char *expected)
{
    for (size_t step = 1; step <= input.len; step++)
        assert_string_equal(heard(input, step, LINE_MAX_BYTES, false), expected);
}

TEST(lines_end_with_crlf_or_lf)
{
    check(TEXT("NOOP\r\nPWD\nQUIT\r\n"), "[NOOP][PWD][QUIT]");
    check(TEXT("\r\n\n"), "[][]");
}

TEST(an_unfinished_line_is_not_heard)
{
    check(TEXT("NOOP\r\nPW"), "[NOOP]");
}

TEST(cr_nul_is_a_carriage_return_in_the_line)
{
    check(TEXT("MKD a\r\0b\r\n"), "[MKD a\rb]");
    check(TEXT("MKD a\rb\r\n"), "[MKD a\rb]");
    check(TEXT("MKD a\r\r\n"), "[MKD a\r]");
}

TEST(nul_stays_for_the_pathname_to_read_as_a_newline)
{
    static char buffer[64];
    struct line line = line_on(buffer, sizeof(buffer));
    enum line_event event;
    line_feed(&line, TEXT("MKD a\0b\r\n"), &event);
    assert_int_equal(event, LINE_READY);
    assert_true(text_equal(line_text(&line), TEXT("MKD a\0b")));
}

TEST(a_doubled_iac_is_one_byte_of_data)
{
    check(TEXT("RETR \xFF\xFFx\r\n"), "[RETR \xFFx]");
}

TEST(a_single_byte_of_all_ones_from_a_client_without_telnet_is_kept)
{
    check(TEXT("RETR \xFFx\r\n"), "[RETR \xFFx]");
}

TEST(every_option_is_refused)
{
    check(TEXT("\xFF\xFB\x01NOOP\r\n"), "?fffe1[NOOP]"); /* WILL -> DONT */
    check(TEXT("\xFF\xFC\x01NOOP\r\n"), "?fffe1[NOOP]"); /* WONT -> DONT */
    check(TEXT("\xFF\xFD\x06NOOP\r\n"), "?fffc6[NOOP]"); /* DO -> WONT */
    check(TEXT("NO\xFF\xFE\x06OP\r\n"), "?fffc6[NOOP]"); /* DONT -> WONT */
}

TEST(subnegotiation_and_other_commands_are_skipped)
{
    check(TEXT("NO\xFF\xFA\x18\x01\xFF\xFFyz\xFF\xF0OP\r\n"), "[NOOP]");
    check(TEXT("NO\xFF\xF1OP\r\n\xFF\xF6"), "[NOOP]");
}

TEST(interrupt_process_drops_the_line_so_far)
{
    check(TEXT("garbage\xFF\xF4"
               "ABOR\r\n"),
          "I[ABOR]");
}

TEST(a_data_mark_without_urgent_data_does_nothing)
{
    check(TEXT("NO\xFF\xF2OP\r\n"), "s[NOOP]");
}

TEST(synch_drops_what_was_typed_before_the_mark)
{
    struct text input = TEXT("half a line\xFF\xF4\xFF\xF2"
                             "ABOR\r\n");
    for (size_t step = 1; step <= input.len; step++)
        assert_string_equal(heard(input, step, LINE_MAX_BYTES, true), "IS[ABOR]");
}

TEST(a_line_over_the_limit_is_dropped_and_the_next_one_heard)
{
    struct text input = TEXT("12345678\r\n123456789\r\nNOOP\r\n");
    for (size_t step = 1; step <= input.len; step++)
        assert_string_equal(heard(input, step, 8, false), "[12345678]![NOOP]");
}

TEST(an_unfinished_line_survives_a_move_of_its_buffer)
{
    char first[16] = "";
    char second[16] = "";
    struct line line = line_on(first, sizeof(first));
    enum line_event event;
    line_feed(&line, TEXT("NO"), &event);
    assert_int_equal(line_pending(&line), 2);
    memcpy(second, first, line_pending(&line));
    memset(first, 'x', sizeof(first));
    line.at = second;
    line_feed(&line, TEXT("OP\r\n"), &event);
    assert_text(line_text(&line), "NOOP");
    assert_int_equal(line_pending(&line), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(lines_end_with_crlf_or_lf),
        RUN(an_unfinished_line_is_not_heard),
        RUN(cr_nul_is_a_carriage_return_in_the_line),
        RUN(nul_stays_for_the_pathname_to_read_as_a_newline),
        RUN(a_doubled_iac_is_one_byte_of_data),
        RUN(a_single_byte_of_all_ones_from_a_client_without_telnet_is_kept),
        RUN(every_option_is_refused),
        RUN(subnegotiation_and_other_commands_are_skipped),
        RUN(interrupt_process_drops_the_line_so_far),
        RUN(a_data_mark_without_urgent_data_does_nothing),
        RUN(synch_drops_what_was_typed_before_the_mark),
        RUN(a_line_over_the_limit_is_dropped_and_the_next_one_heard),
        RUN(an_unfinished_line_survives_a_move_of_its_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
