/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/form_carriage.h"
#include "tests/sink.h"
#include "tests/unit/unit.h"

enum { OUT_SIZE = 1 << 18 };

static char room[STAGE_BUFFER_MIN];

static void begin(struct form_carriage *form, struct sink *sink, char *out, size_t size)
{
    sink_init(sink, out, size);
    form_carriage_init(form, &sink->stage, (struct stage_buffer){room, sizeof(room)});
}

/* Whole, in steps, and cut in two at every byte. */
static void check(struct text in, struct text expected)
{
    char out[1024];
    struct form_carriage form;
    struct sink sink;
    for (size_t step = 1; step <= in.len + 1; step++) {
        begin(&form, &sink, out, sizeof(out));
        assert_fault(sink_feed(&form.stage, in, step, MARK_FILE), FAULT_NONE);
        if (!text_equal(sink_text(&sink), expected))
            fail_msg("step %zu: \"%.*s\"", step, TEXT_ARGS(sink_text(&sink)));
        assert_int_equal(sink.mark_count, 1);
        assert_int_equal(sink.marks[0].offset, expected.len);
    }
    for (size_t cut = 0; cut <= in.len; cut++) {
        begin(&form, &sink, out, sizeof(out));
        assert_fault(sink_feed_cut(&form.stage, in, cut, MARK_FILE), FAULT_NONE);
        assert_true(text_equal(sink_text(&sink), expected));
        assert_int_equal(sink.mark_count, 1);
    }
}

TEST(the_first_character_moves_the_paper_and_is_not_printed)
{
    check(TEXT(" a\n b\n"), TEXT("a\nb\n"));
    check(TEXT(" a\n0b\n"), TEXT("a\n\nb\n"));
    check(TEXT(" a\n1b\n"), TEXT("a\fb\n"));
    check(TEXT(" a\n+b\n"), TEXT("a\rb\n"));
}

TEST(any_other_character_counts_as_a_space)
{
    check(TEXT("xa\nyb\n"), TEXT("a\nb\n"));
    check(TEXT(" a\n\xFF"
               "b\n"),
          TEXT("a\nb\n"));
}

TEST(the_first_line_is_moved_to_from_the_top_of_the_page)
{
    check(TEXT("0a\n"), TEXT("\na\n"));
    check(TEXT("1a\n"), TEXT("\fa\n"));
    check(TEXT("+a\n"), TEXT("a\n"));
}

TEST(an_empty_line_is_one_line_further)
{
    check(TEXT(" a\n\n b\n"), TEXT("a\n\nb\n"));
    check(TEXT("\n a\n"), TEXT("\na\n"));
    check(TEXT("\n"), TEXT("\n"));
}

TEST(the_last_line_ends_with_lf_whether_it_did_or_not)
{
    check(TEXT(" a"), TEXT("a\n"));
    check(TEXT("1"), TEXT("\f\n"));
    check(TEXT(""), TEXT(""));
}

TEST(control_characters_within_a_line_are_text)
{
    check(TEXT(" 01+ \r\n 0\0\n"), TEXT("01+ \r\n0\0\n"));
}

TEST(long_lines_and_many_lines_go_through_a_small_buffer)
{
    static char in[70000];
    static char expected[sizeof(in) + 1];
    static char out[OUT_SIZE];
    static const size_t widths[] = {2, 3, 511, 512, 513, 65537, sizeof(in)};
    for (size_t i = 0; i < COUNT(widths); i++) {
        size_t len = 0;
        for (size_t at = 0; at < sizeof(in); at++) {
            bool is_first = at % widths[i] == 0;
            bool is_last = (at + 1) % widths[i] == 0;
            in[at] = is_first ? '0' : is_last ? '\n' : 'x';
            if (is_first && at)
                expected[len++] = '\n';
            if (!is_last)
                expected[len++] = is_first ? '\n' : 'x';
        }
        expected[len++] = '\n';
        struct form_carriage form;
        struct sink sink;
        begin(&form, &sink, out, OUT_SIZE);
        assert_fault(sink_feed(&form.stage, (struct text){in, sizeof(in)}, 1 + i * 777, MARK_FILE),
                     FAULT_NONE);
        assert_true(text_equal(sink_text(&sink), (struct text){expected, len}));
    }
}

TEST(restart_markers_pass_untouched)
{
    char out[64];
    struct form_carriage form;
    struct sink sink;
    begin(&form, &sink, out, sizeof(out));
    assert_fault(stage_take(&form.stage, TEXT(" a\n"), 0), FAULT_NONE);
    assert_fault(stage_take(&form.stage, TEXT("0"), MARK_RESTART), FAULT_NONE);
    assert_fault(stage_take(&form.stage, TEXT(" b"), MARK_FILE), FAULT_NONE);
    assert_text(sink_text(&sink), "a0\nb\n");
    assert_int_equal(sink.marks[0].marks, MARK_RESTART);
    assert_int_equal(sink.marks[0].offset, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(the_first_character_moves_the_paper_and_is_not_printed),
        RUN(any_other_character_counts_as_a_space),
        RUN(the_first_line_is_moved_to_from_the_top_of_the_page),
        RUN(an_empty_line_is_one_line_further),
        RUN(the_last_line_ends_with_lf_whether_it_did_or_not),
        RUN(control_characters_within_a_line_are_text),
        RUN(long_lines_and_many_lines_go_through_a_small_buffer),
        RUN(restart_markers_pass_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
