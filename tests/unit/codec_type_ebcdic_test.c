/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/type_ebcdic.h"
#include "tests/sink.h"
#include "tests/unit/unit.h"

enum { OUT_SIZE = 1 << 18, ALL_BYTES = 256 };

typedef void init(struct type_ebcdic *, struct stage *, const struct code_page *,
                  struct stage_buffer);

static struct code_page page;
static char room[STAGE_BUFFER_MIN];

static struct text run(init *how, struct sink *sink, char *out, struct text in, size_t step)
{
    struct type_ebcdic type;
    sink_init(sink, out, OUT_SIZE);
    how(&type, &sink->stage, &page, (struct stage_buffer){room, sizeof(room)});
    assert_fault(sink_feed(&type.stage, in, step, MARK_FILE), FAULT_NONE);
    return sink_text(sink);
}

static int set_up(void **state)
{
    (void)state;
    return code_page_load("cp1047", &page) != FAULT_NONE;
}

TEST(text_goes_as_ebcdic_and_lines_end_with_nl)
{
    static char out[OUT_SIZE];
    struct sink sink;
    assert_text(run(type_ebcdic_send_init, &sink, out, TEXT("Ab 1\n"), 5), "\xC1\x82\x40\xF1\x15");
    assert_text(run(type_ebcdic_receive_init, &sink, out, TEXT("\xC1\x82\x40\xF1\x15"), 5),
                "Ab 1\n");
}

TEST(every_content_comes_back_however_it_is_split)
{
    static char content[70000];
    static char wire[OUT_SIZE];
    static char back[OUT_SIZE];
    static const size_t lengths[] = {0, 1, 2, ALL_BYTES, STAGE_BUFFER_MIN, sizeof(content)};
    for (size_t i = 0; i < sizeof(content); i++)
        content[i] = (char)(i * 7 + i / ALL_BYTES);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        struct text file = {content, lengths[i]};
        for (size_t step = 1; step < 2000; step = step * 3 + 1) {
            struct sink sent;
            struct sink got;
            struct text bytes = run(type_ebcdic_send_init, &sent, wire, file, step);
            assert_int_equal(sent.mark_count, 1);
            assert_int_equal(sent.marks[0].offset, file.len);
            run(type_ebcdic_receive_init, &got, back, bytes, step);
            assert_true(text_equal(sink_text(&got), file));
            assert_int_equal(got.mark_count, 1);
        }
    }
}

TEST(marks_pass_behind_their_bytes_and_restart_markers_untouched)
{
    char out[64];
    struct sink sink;
    struct type_ebcdic type;
    sink_init(&sink, out, sizeof(out));
    type_ebcdic_send_init(&type, &sink.stage, &page, (struct stage_buffer){room, sizeof(room)});
    assert_fault(stage_take(&type.stage, TEXT("1"), MARK_RECORD), FAULT_NONE);
    assert_fault(stage_take(&type.stage, TEXT("1"), MARK_RESTART), FAULT_NONE);
    assert_fault(stage_take(&type.stage, TEXT(""), MARK_RECORD | MARK_FILE), FAULT_NONE);
    assert_text(sink_text(&sink), "\xF1"
                                  "1");
    assert_int_equal(sink.mark_count, 3);
    assert_int_equal(sink.marks[0].marks, MARK_RECORD);
    assert_int_equal(sink.marks[0].offset, 1);
    assert_int_equal(sink.marks[1].marks, MARK_RESTART);
    assert_int_equal(sink.marks[2].marks, MARK_RECORD | MARK_FILE);
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
