/* SPDX-License-Identifier: Apache-2.0 */
#include "dtp/page_driver.h"
#include "tests/unit/buffer_stream.h"
#include "tests/unit/pages.h"

static struct buffer_stream content;
static struct buffer_stream lines;
static struct shape_reader shape;
static struct heard sent;
static atomic_bool cancelled;
static struct page_facts facts;

/* What goes out of this file; NULL: its shape is not known. */
static enum fault drive(const char *shape_lines, unsigned bits)
{
    content.stream.file_offset = 0;
    shape_reader_init(&shape,
                      shape_lines ? buffer_stream_init(&lines, text_of(shape_lines)) : NULL);
    return page_driver_send(&content.stream, &shape, bits, &facts, &cancelled, heard_init(&sent));
}

static struct holey_file back;
static struct kept_shape back_shape;

/* What a receiver makes of it. */
static void receive(unsigned bits)
{
    struct stru_page_receive page;
    kept_shape_init(&back_shape);
    holey_file_init(&back);
    stru_page_receive_init(&page, NULL, &back.sink, &back_shape.sink, bits);
    assert_true(heard_ended(&sent));
    assert_fault(split_feed(&page.stage, heard_text(&sent), in_one, MARK_FILE), FAULT_NONE);
    assert_true(back.ended);
}

static void assert_back(size_t size)
{
    static char bytes[BUFFER_STREAM_MAX];
    assert_int_equal(back.size, size);
    holey_file_read(&back, 0, size, bytes);
    assert_memory_equal(bytes, content.bytes, size);
}

/* Bytes none of which is zero, at some places of a file. */
static void fill(size_t size, const struct holey_write *runs, size_t count)
{
    buffer_stream_init(&content, TEXT(""))->file_end = (int64_t)size;
    content.step = 1000;
    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; at < runs[i].len; at++)
            content.bytes[runs[i].offset + at] = (char)(1 + (at + i) % 255);
}

TEST(only_pages_that_hold_anything_but_holes_are_sent)
{
    static const struct holey_write runs[] = {{255, 0, 255}, {1100, 0, 30}, {2600, 0, 1}};
    fill(4000, runs, COUNT(runs));
    facts = (struct page_facts){.has_size = true, .size = 4000};
    assert_fault(drive(NULL, 8), FAULT_NONE);
    receive(8);
    assert_back(4000);
    /* The blocks of the first run, which are from 192 to 512, reach into the pages 0 and 2. */
    assert_text(kept_shape_text(&back_shape),
                "unit 1 255\ndescriptor\npages 0 3\npages 4\npages 10\n");
    facts = (struct page_facts){false};
}

TEST(a_file_without_data_is_its_descriptor)
{
    static const size_t sizes[] = {0, 1, 1000};
    facts = (struct page_facts){.has_size = true};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        fill(sizes[i], NULL, 0);
        facts.size = sizes[i];
        assert_fault(drive(NULL, 8), FAULT_NONE);
        receive(8);
        assert_back(sizes[i]);
        assert_text(kept_shape_text(&back_shape), "unit 1 255\ndescriptor\n");
    }
    facts = (struct page_facts){false};
}

TEST(the_last_page_ends_where_the_file_does)
{
    static const size_t sizes[] = {1, 254, 255, 256, 700, 65280, 65281, 100000};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        fill(sizes[i], &(struct holey_write){0, 0, sizes[i]}, 1);
        assert_fault(drive(NULL, 8), FAULT_NONE);
        receive(8);
        assert_back(sizes[i]);
    }
}

TEST(the_last_word_is_filled_up)
{
    for (size_t size = 4097; size < 4600; size += 7) {
        fill(size, &(struct holey_write){0, 0, size}, 1);
        assert_fault(drive(NULL, 36), FAULT_NONE);
        receive(36);
        assert_back((size + 7) / 8 * 8);
    }
}

TEST(facts_of_the_file_are_in_its_descriptor)
{
    fill(10, &(struct holey_write){0, 0, 10}, 1);
    facts = (struct page_facts){.has_mode = true, .mode = 0604, .has_size = true, .size = 10};
    assert_fault(drive(NULL, 8), FAULT_NONE);
    receive(8);
    assert_true(back.facts.has_mode && back.facts.has_size && !back.facts.has_modified);
    assert_int_equal(back.facts.mode, 0604);
    facts = (struct page_facts){false};
}

TEST(what_came_as_pages_goes_back_as_it_came)
{
    static const char *const shapes[] = {
        "unit 1 255\n",
        "unit 1 255\ndescriptor\n",
        "unit 1 255\ndescriptor 0102\ndescriptor\npages 0 3\n",
        "unit 1 255\npages 2\npage 1 17 3 9\npage 0 0 1 0\n",
        "unit 1 255\npages 2\npages 0 2\npage 3 235 3 255\n",
        "unit 1 4096\ndescriptor\npage 0 1000 1 0\n",
    };
    fill(1000, &(struct holey_write){0, 0, 1000}, 1);
    for (size_t i = 0; i < COUNT(shapes); i++) {
        assert_fault(drive(shapes[i], 8), FAULT_NONE);
        receive(8);
        struct text got = kept_shape_text(&back_shape);
        if (!text_equal(text_of(shapes[i]), got))
            fail_msg("\"%s\" came back as \"%.*s\"", shapes[i], TEXT_ARGS(got));
    }
}

TEST(pages_of_other_logical_bytes_are_made_anew)
{
    fill(1000, &(struct holey_write){0, 0, 1000}, 1);
    assert_fault(drive("unit 1 255\npage 0 5 3 9\n", 36), FAULT_NONE);
    receive(36);
    assert_back(1000);
    assert_text(kept_shape_text(&back_shape), "unit 8 4096\ndescriptor\npage 0 1000 1 0\n");
}

TEST(a_shape_of_records_is_no_business_of_pages)
{
    fill(100, &(struct holey_write){0, 0, 100}, 1);
    assert_fault(drive("record 50 2\n", 8), FAULT_NONE);
    receive(8);
    assert_back(100);
}

TEST(a_shape_of_another_file_is_a_fault_before_the_page_that_is_wrong)
{
    static const struct {
        const char *lines;
        unsigned bits;
        size_t sent;
    } wrong[] = {
        {"unit 1 255\npages 0 5\n", 8, 3 * (4 + 255)},
        {"unit 1 255\npages 3\n", 8, 0},
        {"unit 1 255\npage 0 256 1 0\n", 8, 0},
        {"unit 1 255\npage 3 236 1 0\n", 8, 0},
        {"unit 1 255\npage 4 1 1 0\n", 8, 0},
        {"unit 1 255\npage 256 0 1 0\n", 8, 0},
        {"unit 1 255\npages 9223372036854775807\n", 8, 0},
        {"unit 1 255\npage 0 9223372036854775807 1 0\n", 8, 0},
        {"unit 1 255\npage 0 1 3 256\n", 8, 0},
        {"unit 8 4096\npage 0 4104 1 0\n", 64, 0},
        {"unit 8 4096\npages 4503599627370496\n", 64, 0}, /* 2^64 bytes */
        {"unit 1 255\nnonsense\n", 8, 0},
        {"nonsense\n", 8, 0},
        {"unit 1 255\npages 0", 8, 0},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        size_t size = wrong[i].bits == 8 ? 1000 : 8192;
        fill(size, &(struct holey_write){0, 0, size}, 1);
        enum fault f = drive(wrong[i].lines, wrong[i].bits);
        if (f != FAULT_IO || sent.len != wrong[i].sent)
            fail_msg("\"%s\": FAULT_%s, %zu", wrong[i].lines, fault_name(f), sent.len);
    }
}

TEST(too_many_pages_for_a_field_are_a_fault_before_anything_is_sent)
{
    fill(512 * 1022 + 1, NULL, 0);
    assert_fault(drive(NULL, 9), FAULT_ARGUMENT);
    assert_int_equal(sent.len, 0);
    assert_fault(drive(NULL, 7), FAULT_ARGUMENT);
}

/* A last stage that makes the file shorter when its first page has come. */
static enum fault shorten(struct stage *stage, struct text bytes, unsigned marks)
{
    struct heard *heard = (struct heard *)stage;
    if (heard->len > 255)
        content.stream.file_end = 300;
    return heard_take(stage, bytes, marks);
}

TEST(a_file_that_became_shorter_while_it_was_sent_has_no_end)
{
    fill(1000, &(struct holey_write){0, 0, 1000}, 1);
    shape_reader_init(&shape, NULL);
    struct stage *last = heard_init(&sent);
    last->take = shorten;
    assert_fault(page_driver_send(&content.stream, &shape, 8, &facts, &cancelled, last), FAULT_IO);
    assert_false(heard_ended(&sent));
}

TEST(a_file_that_cannot_be_read_has_no_end)
{
    fill(1000, &(struct holey_write){0, 0, 1000}, 1);
    content.fails_at = 600;
    assert_fault(drive(NULL, 8), FAULT_IO);
    assert_false(heard_ended(&sent));
    content.fails_at = 0;
    buffer_stream_init(&lines, TEXT("unit 1 255\npages 0 3\n"));
    lines.fails_at = 5;
    shape_reader_init(&shape, &lines.stream);
    assert_fault(
        page_driver_send(&content.stream, &shape, 8, &facts, &cancelled, heard_init(&sent)),
        FAULT_IO);
    assert_false(heard_ended(&sent));
}

/* A last stage that cancels when its first page has come. */
static enum fault cancel(struct stage *stage, struct text bytes, unsigned marks)
{
    struct heard *heard = (struct heard *)stage;
    if (heard->len > 255)
        atomic_store(&cancelled, true);
    return heard_take(stage, bytes, marks);
}

TEST(it_stops_between_two_pages_when_it_is_cancelled)
{
    fill(2550, &(struct holey_write){0, 0, 2550}, 1);
    shape_reader_init(&shape, NULL);
    struct stage *last = heard_init(&sent);
    last->take = cancel;
    assert_fault(page_driver_send(&content.stream, &shape, 8, &facts, &cancelled, last),
                 FAULT_CANCELLED);
    assert_false(heard_ended(&sent));
    assert_true(sent.len < 4 * 255);
    assert_fault(drive("unit 1 255\npages 0 3\n", 8), FAULT_CANCELLED);
    atomic_store(&cancelled, false);
}

static enum fault refuse(struct stage *stage, struct text bytes, unsigned marks)
{
    (void)stage;
    (void)bytes;
    return marks & MARK_FILE ? FAULT_TIMED_OUT : FAULT_NONE;
}

TEST(what_the_chain_says_is_the_fault)
{
    struct stage last = {.take = refuse};
    fill(10, NULL, 0);
    shape_reader_init(&shape, NULL);
    assert_fault(page_driver_send(&content.stream, &shape, 8, &facts, &cancelled, &last),
                 FAULT_TIMED_OUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(only_pages_that_hold_anything_but_holes_are_sent),
        RUN(a_file_without_data_is_its_descriptor),
        RUN(the_last_page_ends_where_the_file_does),
        RUN(the_last_word_is_filled_up),
        RUN(facts_of_the_file_are_in_its_descriptor),
        RUN(what_came_as_pages_goes_back_as_it_came),
        RUN(pages_of_other_logical_bytes_are_made_anew),
        RUN(a_shape_of_records_is_no_business_of_pages),
        RUN(a_shape_of_another_file_is_a_fault_before_the_page_that_is_wrong),
        RUN(too_many_pages_for_a_field_are_a_fault_before_anything_is_sent),
        RUN(a_file_that_became_shorter_while_it_was_sent_has_no_end),
        RUN(a_file_that_cannot_be_read_has_no_end),
        RUN(it_stops_between_two_pages_when_it_is_cancelled),
        RUN(what_the_chain_says_is_the_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
