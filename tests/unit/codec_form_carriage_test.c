/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/form_carriage.h"
#include "tests/unit/heard.h"
#include "tests/unit/unit.h"

static char room[STAGE_BUFFER_MIN];
static struct heard heard;

static void begin(struct form_carriage *form)
{
    form_carriage_init(form, heard_init(&heard), (struct stage_buffer){room, sizeof(room)});
}

static void check_split(struct text in, struct split split, struct text expected)
{
    struct form_carriage form;
    begin(&form);
    assert_fault(split_feed(&form.stage, in, split, MARK_FILE), FAULT_NONE);
    if (!heard_is(&heard, expected, MARK_FILE))
        fail_msg("split %zu %zu: \"%.*s\"", split.first, split.then, TEXT_ARGS(heard_text(&heard)));
}

/* Whole, in steps, and cut in two at every byte. */
static void check(struct text in, struct text expected)
{
    for (size_t step = 1; step <= in.len + 1; step++)
        check_split(in, in_steps(step), expected);
    for (size_t cut = 0; cut <= in.len; cut++)
        check_split(in, cut_at(cut), expected);
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
        check_split((struct text){in, sizeof(in)}, in_steps(1 + i * 777),
                    (struct text){expected, len});
    }
}

TEST(restart_markers_pass_untouched)
{
    static struct heard expected;
    struct form_carriage form;
    heard_write(&expected, TEXT("a[0]\nb\n"), MARK_RESTART);
    begin(&form);
    assert_fault(stage_take(&form.stage, TEXT(" a\n"), 0), FAULT_NONE);
    assert_fault(stage_take(&form.stage, TEXT("0"), MARK_RESTART), FAULT_NONE);
    assert_fault(stage_take(&form.stage, TEXT(" b"), MARK_FILE), FAULT_NONE);
    assert_true(heard_equal(&heard, &expected));
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
