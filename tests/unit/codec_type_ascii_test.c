/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/type_ascii.h"
#include "tests/unit/heard.h"
#include "tests/unit/unit.h"

enum { OUT_SIZE = 1024 };

typedef size_t convert(struct type_ascii *, struct text, char *, size_t, size_t *);

/* Converts in pieces of `step` bytes through a buffer of `room` bytes. */
static struct text run(convert *how, struct type_ascii *state, struct text in, size_t step,
                       size_t room, char out[OUT_SIZE])
{
    size_t len = 0;
    while (in.len) {
        struct text piece = {in.at, in.len < step ? in.len : step};
        in = text_after(in, piece.len);
        while (piece.len) {
            char buffer[64];
            size_t made;
            piece = text_after(piece, how(state, piece, buffer, room, &made));
            assert_true(len + made <= OUT_SIZE && made <= room);
            memcpy(out + len, buffer, made);
            len += made;
        }
    }
    if (how == type_ascii_receive)
        len += type_ascii_receive_end(state, out + len);
    return (struct text){out, len};
}

static void check(convert *how, struct text in, struct text expected)
{
    for (size_t step = 1; step <= in.len; step++) {
        for (size_t room = 2; room < 8; room++) {
            char out[OUT_SIZE];
            struct type_ascii state = {false};
            struct text made = run(how, &state, in, step, room, out);
            if (!text_equal(made, expected))
                fail_msg("step %zu room %zu: \"%.*s\"", step, room, TEXT_ARGS(made));
        }
    }
}

TEST(each_newline_is_sent_as_cr_lf)
{
    check(type_ascii_send, TEXT("a\nb\n"), TEXT("a\r\nb\r\n"));
    check(type_ascii_send, TEXT("\n\n"), TEXT("\r\n\r\n"));
    check(type_ascii_send, TEXT("a\r\nb"), TEXT("a\r\r\nb"));
    check(type_ascii_send, TEXT("a\rb"), TEXT("a\rb"));
    check(type_ascii_send, TEXT("\xFF\0x"), TEXT("\xFF\0x"));
}

TEST(each_cr_lf_is_received_as_a_newline_and_nothing_else_changes)
{
    check(type_ascii_receive, TEXT("a\r\nb\r\n"), TEXT("a\nb\n"));
    check(type_ascii_receive, TEXT("a\r\r\nb"), TEXT("a\r\nb"));
    check(type_ascii_receive, TEXT("a\rb"), TEXT("a\rb"));
    check(type_ascii_receive, TEXT("a\nb"), TEXT("a\nb"));
    check(type_ascii_receive, TEXT("a\r"), TEXT("a\r"));
    check(type_ascii_receive, TEXT("\r\r\r"), TEXT("\r\r\r"));
}

TEST(receiving_undoes_sending_for_every_content)
{
    static const struct text contents[] = {
        TEXT(""),     TEXT("x"),        TEXT("\n"),     TEXT("\r"),           TEXT("\r\n"),
        TEXT("\n\r"), TEXT("\r\r\n\n"), TEXT("no end"), TEXT("a\r\nb\rc\nd"), TEXT("\xFF\xFF\0"),
    };
    for (size_t i = 0; i < COUNT(contents); i++) {
        char wire[OUT_SIZE];
        char back[OUT_SIZE];
        struct type_ascii sending = {false};
        struct type_ascii receiving = {false};
        struct text sent = run(type_ascii_send, &sending, contents[i], 3, 5, wire);
        struct text got = run(type_ascii_receive, &receiving, sent, 2, 3, back);
        assert_true(text_equal(got, contents[i]));
    }
}

/* RFC 3659 5.3: what REST n skips and what is then sent are together the transfer. */
TEST(a_restart_at_any_byte_sends_the_rest_of_the_transfer)
{
    struct text file = TEXT("one\ntwo\r\n\nthree");
    char whole_bytes[OUT_SIZE];
    struct type_ascii plain = {false};
    struct text whole = run(type_ascii_send, &plain, file, 100, 60, whole_bytes);
    for (size_t restart = 0; restart <= whole.len; restart++) {
        char rest_bytes[OUT_SIZE];
        struct type_ascii state = {false};
        uint64_t left = restart;
        size_t used = type_ascii_measure(&state, file, &left);
        assert_int_equal(left, 0);
        struct text rest = run(type_ascii_send, &state, text_after(file, used), 4, 6, rest_bytes);
        assert_true(text_equal(rest, text_after(whole, restart)));
    }
}

TEST(measuring_counts_the_bytes_of_the_transfer)
{
    struct type_ascii state = {false};
    uint64_t left = UINT64_MAX;
    struct text file = TEXT("a\nb\n\n");
    assert_int_equal(type_ascii_measure(&state, file, &left), file.len);
    assert_int_equal(UINT64_MAX - left, 8);
    left = 100;
    assert_int_equal(type_ascii_measure(&state, file, &left), file.len);
    assert_int_equal(left, 92);
}

typedef void init(struct type_ascii_stage *, struct stage *, struct stage_buffer);

static struct heard heard;

static void begin(init *how, struct type_ascii_stage *ascii)
{
    static char room[STAGE_BUFFER_MIN];
    how(ascii, heard_init(&heard), (struct stage_buffer){room, sizeof(room)});
}

static void check_split(init *how, struct text in, struct split split, unsigned marks,
                        struct text expected)
{
    struct type_ascii_stage ascii;
    begin(how, &ascii);
    assert_fault(split_feed(&ascii.stage, in, split, marks), FAULT_NONE);
    assert_true(heard_is(&heard, expected, marks));
}

static void check_stage(init *how, struct text in, unsigned marks, struct text expected)
{
    for (size_t step = 1; step <= in.len + 1; step++)
        check_split(how, in, in_steps(step), marks, expected);
    for (size_t cut = 0; cut <= in.len; cut++)
        check_split(how, in, cut_at(cut), marks, expected);
}

TEST(the_stages_convert_alike_and_put_marks_once_behind_all)
{
    static const struct text contents[] = {
        TEXT(""),     TEXT("x"),        TEXT("\n"),     TEXT("\r"),           TEXT("\r\n"),
        TEXT("\n\r"), TEXT("\r\r\n\n"), TEXT("no end"), TEXT("a\r\nb\rc\nd"), TEXT("\xFF\xFF\0"),
    };
    static const unsigned marks[] = {MARK_FILE, MARK_RECORD, MARK_RECORD | MARK_FILE};
    for (size_t i = 0; i < COUNT(contents); i++) {
        char wire[OUT_SIZE];
        struct type_ascii state = {false};
        struct text sent = run(type_ascii_send, &state, contents[i], 100, 60, wire);
        for (size_t m = 0; m < COUNT(marks); m++) {
            check_stage(type_ascii_send_init, contents[i], marks[m], sent);
            check_stage(type_ascii_receive_init, sent, marks[m], contents[i]);
        }
    }
}

TEST(a_long_content_goes_through_a_small_buffer)
{
    static char content[70000];
    struct type_ascii_stage sending;
    struct type_ascii_stage receiving;
    char second_room[STAGE_BUFFER_MIN];
    for (size_t i = 0; i < sizeof(content); i++)
        content[i] = i < 30000 ? '\n' : i < 40000 ? '\r' : (char)(i * 31 % 251);
    for (size_t step = 1; step <= sizeof(content); step = step * 7 + 1) {
        begin(type_ascii_receive_init, &receiving);
        type_ascii_send_init(&sending, &receiving.stage,
                             (struct stage_buffer){second_room, sizeof(second_room)});
        struct text in = {content, sizeof(content)};
        assert_fault(split_feed(&sending.stage, in, in_steps(step), MARK_FILE), FAULT_NONE);
        assert_true(heard_is(&heard, in, MARK_FILE));
    }
}

TEST(the_cr_held_back_finds_room_in_a_buffer_however_full)
{
    char in[2 * STAGE_BUFFER_MIN];
    struct type_ascii_stage ascii;
    for (size_t len = 2; len <= sizeof(in); len++) {
        memset(in, 'x', sizeof(in));
        in[0] = '\r';
        in[len - 1] = '\r';
        begin(type_ascii_receive_init, &ascii);
        assert_fault(stage_take(&ascii.stage, (struct text){in, len}, MARK_FILE), FAULT_NONE);
        assert_true(heard_is(&heard, (struct text){in, len}, MARK_FILE));
    }
}

TEST(what_has_no_line_end_is_not_copied)
{
    struct type_ascii_stage ascii;
    begin(type_ascii_send_init, &ascii);
    ascii.buffer = (struct stage_buffer){NULL, 0};
    assert_fault(stage_take(&ascii.stage, TEXT("abc"), MARK_FILE), FAULT_NONE);
    assert_true(heard_is(&heard, TEXT("abc"), MARK_FILE));
}

TEST(a_restart_marker_leaves_the_cr_held_back_where_it_is)
{
    static struct heard expected;
    struct type_ascii_stage ascii;
    struct stage *expect = heard_init(&expected);
    assert_fault(stage_take(expect, TEXT("a"), 0), FAULT_NONE);
    assert_fault(stage_take(expect, TEXT("m\r"), MARK_RESTART), FAULT_NONE);
    assert_fault(stage_take(expect, TEXT("\nb"), MARK_FILE), FAULT_NONE);
    begin(type_ascii_receive_init, &ascii);
    assert_fault(stage_take(&ascii.stage, TEXT("a\r"), 0), FAULT_NONE);
    assert_fault(stage_take(&ascii.stage, TEXT("m\r"), MARK_RESTART), FAULT_NONE);
    assert_fault(stage_take(&ascii.stage, TEXT("\nb"), MARK_FILE), FAULT_NONE);
    assert_true(heard_equal(&heard, &expected));
}

TEST(the_state_of_a_receiving_stage_is_the_cr_held_back)
{
    struct type_ascii_stage ascii;
    char state[4];
    struct builder b = builder_on(state, sizeof(state));
    begin(type_ascii_receive_init, &ascii);
    type_ascii_put_state(&ascii, &b);
    assert_text(builder_text(&b), "");
    assert_fault(stage_take(&ascii.stage, TEXT("a\r"), 0), FAULT_NONE);
    type_ascii_put_state(&ascii, &b);
    assert_text(builder_text(&b), "r");

    begin(type_ascii_receive_init, &ascii);
    assert_false(type_ascii_take_state(&ascii, TEXT("x")));
    assert_false(type_ascii_take_state(&ascii, TEXT("rr")));
    assert_true(type_ascii_take_state(&ascii, TEXT("")));
    assert_fault(stage_take(&ascii.stage, TEXT("\n"), 0), FAULT_NONE);
    assert_true(type_ascii_take_state(&ascii, TEXT("r")));
    assert_fault(stage_take(&ascii.stage, TEXT("\n"), 0), FAULT_NONE);
    assert_true(type_ascii_take_state(&ascii, TEXT("r")));
    assert_fault(stage_take(&ascii.stage, TEXT("b"), MARK_FILE), FAULT_NONE);
    assert_true(heard_is(&heard, TEXT("\n\n\rb"), MARK_FILE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(each_newline_is_sent_as_cr_lf),
        RUN(each_cr_lf_is_received_as_a_newline_and_nothing_else_changes),
        RUN(receiving_undoes_sending_for_every_content),
        RUN(a_restart_at_any_byte_sends_the_rest_of_the_transfer),
        RUN(measuring_counts_the_bytes_of_the_transfer),
        RUN(the_stages_convert_alike_and_put_marks_once_behind_all),
        RUN(a_long_content_goes_through_a_small_buffer),
        RUN(the_cr_held_back_finds_room_in_a_buffer_however_full),
        RUN(what_has_no_line_end_is_not_copied),
        RUN(a_restart_marker_leaves_the_cr_held_back_where_it_is),
        RUN(the_state_of_a_receiving_stage_is_the_cr_held_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
