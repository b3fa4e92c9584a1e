/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/type_ebcdic.h"
#include "tests/unit/heard.h"
#include "tests/unit/unit.h"

enum { ALL_BYTES = 256 };

typedef void init(struct type_ebcdic *, struct stage *, const struct code_page *,
                  struct stage_buffer);

static struct code_page page;
static char room[STAGE_BUFFER_MIN];

static struct heard sent;
static struct heard got;

static void run(init *how, struct heard *heard, struct text in, size_t step)
{
    struct type_ebcdic type;
    how(&type, heard_init(heard), &page, (struct stage_buffer){room, sizeof(room)});
    assert_fault(split_feed(&type.stage, in, in_steps(step), MARK_FILE), FAULT_NONE);
}

static int set_up(void **state)
{
    (void)state;
    return code_page_load("cp1047", &page) != FAULT_NONE;
}

TEST(text_goes_as_ebcdic_and_lines_end_with_nl)
{
    run(type_ebcdic_send_init, &sent, TEXT("Ab 1\n"), 5);
    assert_text(heard_text(&sent), "\xC1\x82\x40\xF1\x15");
    run(type_ebcdic_receive_init, &got, TEXT("\xC1\x82\x40\xF1\x15"), 5);
    assert_text(heard_text(&got), "Ab 1\n");
}

TEST(every_content_comes_back_however_it_is_split)
{
    static char content[70000];
    static const size_t lengths[] = {0, 1, 2, ALL_BYTES, STAGE_BUFFER_MIN, sizeof(content)};
    for (size_t i = 0; i < sizeof(content); i++)
        content[i] = (char)(i * 7 + i / ALL_BYTES);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct text file = {content, lengths[i]};
        for (size_t step = 1; step < 2000; step = step * 3 + 1) {
            run(type_ebcdic_send_init, &sent, file, step);
            assert_int_equal(sent.marked, 1);
            assert_int_equal(heard_text(&sent).len, file.len);
            run(type_ebcdic_receive_init, &got, heard_text(&sent), step);
            assert_true(heard_is(&got, file, MARK_FILE));
        }
    }
}

TEST(marks_pass_behind_their_bytes_and_restart_markers_untouched)
{
    struct type_ebcdic type;
    heard_write(&got, TEXT("\xF1|[1]|"), MARK_RECORD | MARK_RESTART);
    type_ebcdic_send_init(&type, heard_init(&sent), &page,
                          (struct stage_buffer){room, sizeof(room)});
    assert_fault(stage_take(&type.stage, TEXT("1"), MARK_RECORD), FAULT_NONE);
    assert_fault(stage_take(&type.stage, TEXT("1"), MARK_RESTART), FAULT_NONE);
    assert_fault(stage_take(&type.stage, TEXT(""), MARK_RECORD | MARK_FILE), FAULT_NONE);
    assert_true(heard_equal(&sent, &got));
    assert_int_equal(sent.marked, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(text_goes_as_ebcdic_and_lines_end_with_nl),
        RUN(every_content_comes_back_however_it_is_split),
        RUN(marks_pass_behind_their_bytes_and_restart_markers_untouched),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
