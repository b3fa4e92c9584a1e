/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/pages.h"
#include "tests/unit/unit.h"

static struct kept_shape shape;
static struct holey_file file;
static struct heard wire;
static struct stru_page_receive page;

static void begin(unsigned bits)
{
    kept_shape_init(&shape);
    holey_file_init(&file);
    stru_page_receive_init(&page, NULL, &file.sink, &shape.sink, bits);
}

static enum fault receive(struct text words, unsigned bits, size_t first, size_t step)
{
    begin(bits);
    return split_feed(&page.stage, words, (struct split){first, step, false}, MARK_FILE);
}

static void assert_data(uint64_t offset, const char *expected)
{
    char bytes[64];
    size_t len = text_of(expected).len;
    holey_file_read(&file, offset, len, bytes);
    assert_text(((struct text){bytes, len}), expected);
}

static struct page_layout layout_of(unsigned bits, uint64_t size)
{
    struct page_layout layout = {0};
    assert_true(page_layout_of(bits, size, &layout));
    return layout;
}

static void check_layout(struct page_layout layout, size_t word, size_t page_bytes, size_t field)
{
    assert_int_equal(layout.word, word);
    assert_int_equal(layout.page_bytes, page_bytes);
    assert_int_equal(layout.field_bytes, field);
}

TEST(pages_are_as_large_as_a_field_can_count)
{
    check_layout(layout_of(8, 0), 1, 255, 1);
    check_layout(layout_of(8, 255 * 256), 1, 255, 1);
    check_layout(layout_of(8, 255 * 256 + 1), 1, 4096, 8);
    check_layout(layout_of(8, INT64_MAX), 1, 4096, 8);
    check_layout(layout_of(9, 0), 2, 1022, 2);
    check_layout(layout_of(36, INT64_MAX / (1 << 18)), 8, 4096, 8);
    check_layout(layout_of(64, INT64_MAX), 8, 4096, 8);
    check_layout(layout_of(255, INT64_MAX), 32, 16384, 32);
}

TEST(a_file_with_more_pages_than_a_field_counts_has_no_layout)
{
    struct page_layout layout;
    assert_false(page_layout_of(7, 0, &layout));
    assert_false(page_layout_of(256, 0, &layout));
    assert_true(page_layout_of(9, 512 * 1022, &layout));
    assert_false(page_layout_of(9, 512 * 1022 + 1, &layout));
    assert_true(page_layout_of(16, 65536 * 1024, &layout));
    assert_false(page_layout_of(16, 65536 * 1024 + 1, &layout));
}

TEST(a_layout_is_that_of_the_shape_s_unit_or_none)
{
    struct page_layout layout;
    struct shape_entry wide = {.kind = SHAPE_UNIT, .number = 1, .count = 4096};
    assert_true(page_layout_of_unit(8, &wide, &layout));
    check_layout(layout, 1, 4096, 8);
    assert_false(page_layout_of_unit(36, &wide, &layout));
    struct shape_entry narrow = {.kind = SHAPE_UNIT, .number = 1, .count = 255};
    assert_true(page_layout_of_unit(8, &narrow, &layout));
    check_layout(layout, 1, 255, 1);
    struct shape_entry tenex = {.kind = SHAPE_UNIT, .number = 8, .count = 4096};
    assert_true(page_layout_of_unit(36, &tenex, &layout));
    check_layout(layout, 8, 4096, 8);
    assert_false(page_layout_of_unit(8, &tenex, &layout));
    assert_false(page_layout_of_unit(7, &narrow, &layout));
}

TEST(a_header_has_a_word_for_each_field)
{
    struct page_layout layout = layout_of(9, 0);
    (void)heard_init(&wire);
    assert_fault(page_send_header(&layout, &wire.stage, PAGE_DATA, 511, 6, 0), FAULT_NONE);
    assert_true(text_equal(heard_text(&wire), TEXT("\0\x04\x01\xFF\0\x03\0\x01")));
    layout = layout_of(8, 1 << 20);
    (void)heard_init(&wire);
    assert_fault(page_send_header(&layout, &wire.stage, PAGE_ACCESS, 258, 4096, 7), FAULT_NONE);
    assert_true(text_equal(heard_text(&wire),
                           TEXT("\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\x01\x02\0\0\0\0\0\0\x10\0"
                                "\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x07")));
    layout = layout_of(72, 0);
    (void)heard_init(&wire);
    assert_fault(page_send_end(&layout, &wire.stage), FAULT_NONE);
    assert_true(heard_ended(&wire));
    assert_int_equal(heard_text(&wire).len, 36);
    assert_memory_equal(wire.bytes, "\0\0\0\0\0\0\0\0\x04", 9);
}

TEST(what_no_field_holds_is_not_sent)
{
    struct page_layout layout = layout_of(9, 0);
    (void)heard_init(&wire);
    assert_fault(page_send_header(&layout, &wire.stage, PAGE_DATA, 512, 2, 0), FAULT_IO);
    assert_fault(page_send_header(&layout, &wire.stage, PAGE_ACCESS, 0, 2, 512), FAULT_IO);
    assert_fault(page_send_header(&layout, &wire.stage, PAGE_DATA, 0, 3, 0), FAULT_IO);
    assert_fault(page_send_foreign_descriptor(&layout, &wire.stage, TEXT("abc")), FAULT_IO);
    assert_int_equal(wire.len, 0);
}

#define LAST "\x04\0\0\0"

TEST(pages_are_written_where_their_index_says)
{
    struct text words = TEXT("\x04\x03\x02\x01"
                             "ab"
                             "\x05\x01\x03\x03\x09"
                             "cde" LAST);
    for (size_t first = 1; first <= words.len; first++) {
        assert_fault(receive(words, 8, first, SIZE_MAX), FAULT_NONE);
        assert_data(3 * 255, "ab");
        assert_data(255, "cde");
        assert_int_equal(file.size, 3 * 255 + 2);
        assert_text(kept_shape_text(&shape), "unit 1 255\npage 3 2 1 0\npage 1 3 3 9\n");
    }
}

TEST(a_file_without_pages_is_empty)
{
    assert_fault(receive(TEXT(LAST), 8, 1, 1), FAULT_NONE);
    assert_true(file.ended);
    assert_int_equal(file.size, 0);
    assert_text(kept_shape_text(&shape), "unit 1 255\n");
}

static void put_full_page(struct builder *b, unsigned index)
{
    builder_put(b, TEXT("\x04"));
    builder_put_byte(b, (char)index);
    builder_put(b, TEXT("\xFF\x01"));
    for (unsigned i = 0; i < 255; i++)
        builder_put_byte(b, 'x');
}

TEST(full_pages_in_a_row_are_told_at_once)
{
    static const unsigned indexes[] = {0, 1, 2, 9, 10, 3};
    char bytes[2000];
    struct builder b = builder_on(bytes, sizeof(bytes));
    for (size_t i = 0; i < COUNT(indexes); i++)
        put_full_page(&b, indexes[i]);
    builder_put(&b, TEXT(LAST));
    assert_fault(receive(builder_text(&b), 8, 7, 100), FAULT_NONE);
    assert_text(kept_shape_text(&shape), "unit 1 255\npages 0 3\npages 9 2\npages 3\n");
    assert_int_equal(file.size, 11 * 255);
}

TEST(a_descriptor_in_our_form_gives_the_facts)
{
    struct page_facts facts = {.has_size = true, .has_mode = true, .size = 5000, .mode = 0640};
    struct page_layout layout = layout_of(36, 5000);
    (void)heard_init(&wire);
    assert_fault(page_send_descriptor(&layout, &wire.stage, &facts), FAULT_NONE);
    assert_fault(page_send_end(&layout, &wire.stage), FAULT_NONE);
    assert_fault(receive(heard_text(&wire), 36, 1, 1), FAULT_NONE);
    assert_true(file.facts.has_size && file.facts.has_mode && !file.facts.has_modified);
    assert_int_equal(file.facts.mode, 0640);
    assert_int_equal(file.size, 5000);
    assert_text(kept_shape_text(&shape), "unit 8 4096\ndescriptor\n");
}

TEST(a_descriptor_in_another_form_is_kept)
{
    assert_fault(receive(TEXT("\x04\0\x03\x02"
                              "a\n\xFF" LAST),
                         8, 1, 1),
                 FAULT_NONE);
    assert_text(kept_shape_text(&shape), "unit 1 255\ndescriptor 610aff\n");
    assert_fault(receive(TEXT("\x05\0\x01\x02\x07"
                              "a" LAST),
                         8, 1, 1),
                 FAULT_NONE);
    assert_text(kept_shape_text(&shape), "unit 1 255\ndescriptor 61\n");
    assert_false((file.facts.has_size || file.facts.has_modified || file.facts.has_mode));
}

/* Words of 8 bytes with a value each. */
static void put_words(struct builder *b, const uint64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (unsigned shift = 64; shift; shift -= 8)
            builder_put_byte(b, (char)(values[i] >> (shift - 8) & 0xFF));
}

/* RFC 959 appendix I: 31 words of a file descriptor block. */
TEST(a_descriptor_over_512_bytes_is_refused_and_one_of_tops_20_is_kept)
{
    static const uint64_t zeros[65];
    char bytes[1024];
    struct builder b = builder_on(bytes, sizeof(bytes));
    put_words(&b, (uint64_t[]){5, 0, 31, 2, 0}, 5);
    put_words(&b, (uint64_t[]){0400100}, 1);
    put_words(&b, zeros, 30);
    put_words(&b, (uint64_t[]){4, 0, 0, 0}, 4);
    assert_fault(receive(builder_text(&b), 36, 50, 60), FAULT_NONE);
    assert_true(text_starts_with(kept_shape_text(&shape),
                                 TEXT("unit 8 4096\ndescriptor 000000000002004000")));
    b = builder_on(bytes, sizeof(bytes));
    put_words(&b, (uint64_t[]){4, 0, 65, 2}, 4);
    put_words(&b, zeros, 65);
    assert_fault(receive(builder_text(&b), 36, 50, 60), FAULT_MALFORMED);
}

TEST(the_size_is_what_the_descriptor_says_unless_data_is_behind_it)
{
    assert_fault(receive(TEXT("\x04\0\x07\x02size=9;\x04\0\x02\x01"
                              "ab" LAST),
                         8, 1, 1),
                 FAULT_NONE);
    assert_int_equal(file.size, 9);
    assert_fault(receive(TEXT("\x04\0\x07\x02size=1;\x04\0\x02\x01"
                              "ab" LAST),
                         8, 1, 1),
                 FAULT_NONE);
    assert_int_equal(file.size, 2);
    assert_int_equal(file.facts.size, 1);
}

TEST(pages_that_are_none_are_refused)
{
    static const struct {
        struct text words;
        unsigned bits;
        enum fault fault;
    } wrong[] = {
        {TEXT("\x03\0\0\x01"), 8, FAULT_MALFORMED},
        {TEXT("\x06\0\0\x01"), 8, FAULT_MALFORMED},
        {TEXT("\x05\0\0\x01"), 8, FAULT_MALFORMED},
        {TEXT("\x04\0\0\x03"), 8, FAULT_MALFORMED},
        {TEXT("\x05\0\0\0"), 8, FAULT_MALFORMED},
        {TEXT("\x04\0\x01\0"), 8, FAULT_MALFORMED},
        {TEXT("\x04\0\0\x04"), 8, FAULT_PAGE_TYPE},
        {TEXT("\x05\0\0\xFF"), 8, FAULT_PAGE_TYPE},
        {TEXT(LAST "\0"), 8, FAULT_MALFORMED},
        {TEXT(""), 8, FAULT_CONNECTION_LOST},
        {TEXT("\x04\0\0"), 8, FAULT_CONNECTION_LOST},
        {TEXT("\x05\0\0\x03"), 8, FAULT_CONNECTION_LOST},
        {TEXT("\x04\0\x02\x01x"), 8, FAULT_CONNECTION_LOST},
        {TEXT("\x04\0\x02\x01xy"), 8, FAULT_CONNECTION_LOST},
        {TEXT("\0\x04\x02\0\0\0\0\x01"), 9, FAULT_MALFORMED},    /* a field of ten bits */
        {TEXT("\0\x04\0\0\x02\x01\0\x01"), 10, FAULT_MALFORMED}, /* 513 logical bytes */
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_fault(receive(wrong[i].words, wrong[i].bits, SIZE_MAX, 1), wrong[i].fault);
        assert_fault(receive(wrong[i].words, wrong[i].bits, 1, 1), wrong[i].fault);
        assert_false(file.ended);
    }
}

TEST(an_offset_that_no_file_has_is_refused)
{
    const uint64_t last = INT64_MAX / 4096 - 1;
    const uint64_t wrong[] = {last + 1, INT64_MAX, INT64_MAX + UINT64_C(1), UINT64_MAX};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        char bytes[64];
        struct builder b = builder_on(bytes, sizeof(bytes));
        put_words(&b, (uint64_t[]){4, wrong[i], 1, 1}, 4);
        assert_fault(receive(builder_text(&b), 64, 1, 1), FAULT_MALFORMED);
        assert_fault(receive(builder_text(&b), 8, 1, 1), FAULT_MALFORMED);
    }
    char bytes[128];
    struct builder b = builder_on(bytes, sizeof(bytes));
    put_words(&b, (uint64_t[]){4, last, 1, 1, 'x', 4, 0, 0, 0}, 9);
    assert_fault(receive(builder_text(&b), 64, 1, 1), FAULT_NONE);
    assert_int_equal(file.size, last * 4096 + 8);
}

/* Full pages, holes, short pages and pages with access, under `bits`. */
static void put_file(unsigned bits, uint64_t size)
{
    static char data[PAGE_LOGICAL_BYTES * LOCAL_WORD_MAX];
    struct page_layout layout = layout_of(bits, size);
    struct page_facts facts = {.has_size = true,
                               .has_modified = true,
                               .has_mode = true,
                               .size = size,
                               .modified = {1709207998, 250000000},
                               .mode = 0755};
    struct {
        uint64_t index;
        size_t words;
        enum page_type type;
        uint64_t access;
    } const pages[] = {
        {0, layout.page_bytes / layout.word, PAGE_DATA, 0},
        {1, layout.page_bytes / layout.word, PAGE_DATA, 0},
        {7, layout.page_bytes / layout.word, PAGE_ACCESS, 200},
        {8, 0, PAGE_DATA, 0},
        {9, 0, PAGE_ACCESS, 1},
        {3, 1, PAGE_DATA, 0},
        {255, 17, PAGE_DATA, 0},
    };
    (void)heard_init(&wire);
    assert_fault(page_send_descriptor(&layout, &wire.stage, &facts), FAULT_NONE);
    struct text kept = {data, layout.word * 5};
    memset(data, 1, sizeof(data));
    assert_fault(page_send_foreign_descriptor(&layout, &wire.stage, kept), FAULT_NONE);
    for (size_t i = 0; i < COUNT(pages); i++) {
        size_t len = pages[i].words * layout.word;
        for (size_t at = 0; at < len; at++)
            data[at] = (char)(at % layout.word + 1 == layout.word ? (at + i) % 255 : 0);
        assert_fault(page_send_header(&layout, &wire.stage, pages[i].type, pages[i].index, len,
                                      pages[i].access),
                     FAULT_NONE);
        assert_fault(stage_take(&wire.stage, (struct text){data, len}, 0), FAULT_NONE);
    }
    assert_fault(page_send_end(&layout, &wire.stage), FAULT_NONE);
}

static void check_back(unsigned bits, uint64_t size)
{
    static char sent[SHAPES_ROOM];
    put_file(bits, size);
    struct text words = {sent, heard_text(&wire).len};
    memcpy(sent, wire.bytes, words.len);
    for (size_t step = 1; step <= words.len; step = step < 40 ? step + 1 : step * 3) {
        assert_fault(receive(words, bits, step, step), FAULT_NONE);
        (void)heard_init(&wire);
        assert_fault(send_pages(&file, kept_shape_text(&shape), bits, &wire.stage), FAULT_NONE);
        assert_true(text_equal(heard_text(&wire), words));
    }
    assert_int_equal(file.facts.modified.seconds, 1709207998);
    assert_int_equal(file.facts.modified.nanoseconds, 250000000);
    assert_int_equal(file.facts.mode, 0755);
}

TEST(short_pages_of_bytes_go_back_as_they_came)
{
    check_back(8, 1000);
    assert_true(text_starts_with(
        kept_shape_text(&shape),
        TEXT("unit 1 255\ndescriptor\ndescriptor 0101010101\npages 0 2\npage 7 255 3 "
             "200\npage 8 0 1 0\npage 9 0 3 1\npage 3 1 1 0\n")));
}

TEST(wide_pages_of_bytes_go_back_as_they_came)
{
    check_back(8, 1 << 20);
}

TEST(pages_of_other_logical_bytes_go_back_as_they_came)
{
    static const unsigned bits[] = {9, 16, 32, 36, 64, 72, 255};
    for (size_t i = 0; i < COUNT(bits); i++)
        check_back(bits[i], 1000);
}

TEST(every_split_of_pages_gives_the_same)
{
    static char expected[SHAPES_ROOM];
    put_file(8, 1000);
    assert_fault(receive(heard_text(&wire), 8, SIZE_MAX, 1), FAULT_NONE);
    struct builder lines = builder_on(expected, sizeof(expected));
    builder_put(&lines, kept_shape_text(&shape));
    uint64_t size = file.size;
    for (size_t first = 1; first < heard_text(&wire).len; first++) {
        assert_fault(receive(heard_text(&wire), 8, first, SIZE_MAX), FAULT_NONE);
        assert_true(text_equal(kept_shape_text(&shape), builder_text(&lines)));
        assert_int_equal(file.size, size);
    }
}

TEST(a_restart_between_two_pages_goes_on_as_if_it_had_not_been)
{
    static char sent[SHAPES_ROOM];
    put_file(8, 1000);
    struct text words = {sent, heard_text(&wire).len};
    memcpy(sent, wire.bytes, words.len);
    unsigned restarts = 0;
    for (size_t cut = 0; cut + 4 <= words.len; cut++) {
        char buffer[128];
        struct builder state = builder_on(buffer, sizeof(buffer));
        begin(8);
        assert_fault(split_feed(&page.stage, (struct text){words.at, cut}, in_steps(1), 0),
                     FAULT_NONE);
        if (!stru_page_is_between(&page))
            continue;
        assert_fault(stru_page_put_state(&page, &state), FAULT_NONE);
        stru_page_receive_init(&page, NULL, &file.sink, &shape.sink, 8);
        assert_true(stru_page_take_state(&page, builder_text(&state)));
        assert_fault(
            split_feed(&page.stage, text_after(words, cut), (struct split){5, 5, false}, MARK_FILE),
            FAULT_NONE);
        (void)heard_init(&wire);
        assert_fault(send_pages(&file, kept_shape_text(&shape), 8, &wire.stage), FAULT_NONE);
        assert_true(text_equal(heard_text(&wire), words));
        assert_int_equal(file.size, 255 * 255 + 17);
        restarts++;
    }
    assert_int_equal(restarts, 10); /* in front of each page */
}

TEST(a_state_is_the_end_and_the_facts)
{
    char buffer[128];
    struct builder state = builder_on(buffer, sizeof(buffer));
    begin(8);
    assert_fault(stru_page_put_state(&page, &state), FAULT_NONE);
    assert_text(builder_text(&state), "p0");
    struct text all = TEXT("p10s5000t20240229115958n250000000m493");
    assert_true(stru_page_take_state(&page, all));
    state = builder_on(buffer, sizeof(buffer));
    assert_fault(stru_page_put_state(&page, &state), FAULT_NONE);
    assert_true(text_equal(builder_text(&state), all));
}

TEST(a_state_that_is_none_is_refused)
{
    static const char *const states[] = {
        "p",      "s1",     "p1s", "p1x", "p1t2024022911595n0",  "p1t20240229115958",
        "p1m512", "p1m1s1", "p1t", "p-1", "p1t20240230115958n0", "p1t20240229115958n1000000000",
    };
    begin(8);
    for (size_t i = 0; i < COUNT(states); i++)
        if (stru_page_take_state(&page, text_of(states[i])))
            fail_msg("\"%s\"", states[i]);
    assert_int_equal(page.end, 0);
    assert_false(page.facts.has_size || page.facts.has_modified || page.facts.has_mode);
    assert_true(stru_page_take_state(&page, TEXT("")));
}

TEST(only_restart_markers_are_given_on)
{
    begin(8);
    page.stage.next = heard_init(&wire);
    assert_fault(stage_take(&page.stage, TEXT("\x04\0\x02\x01x"), 0), FAULT_NONE);
    assert_fault(stage_take(&page.stage, TEXT("mark"), MARK_RESTART), FAULT_NONE);
    assert_fault(stage_take(&page.stage, TEXT("y" LAST), MARK_FILE), FAULT_NONE);
    assert_true(heard_is(&wire, TEXT("mark"), MARK_RESTART));
    assert_data(0, "xy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(pages_are_as_large_as_a_field_can_count),
        RUN(a_file_with_more_pages_than_a_field_counts_has_no_layout),
        RUN(a_layout_is_that_of_the_shape_s_unit_or_none),
        RUN(a_header_has_a_word_for_each_field),
        RUN(what_no_field_holds_is_not_sent),
        RUN(pages_are_written_where_their_index_says),
        RUN(a_file_without_pages_is_empty),
        RUN(full_pages_in_a_row_are_told_at_once),
        RUN(a_descriptor_in_our_form_gives_the_facts),
        RUN(a_descriptor_in_another_form_is_kept),
        RUN(a_descriptor_over_512_bytes_is_refused_and_one_of_tops_20_is_kept),
        RUN(the_size_is_what_the_descriptor_says_unless_data_is_behind_it),
        RUN(pages_that_are_none_are_refused),
        RUN(an_offset_that_no_file_has_is_refused),
        RUN(short_pages_of_bytes_go_back_as_they_came),
        RUN(wide_pages_of_bytes_go_back_as_they_came),
        RUN(pages_of_other_logical_bytes_go_back_as_they_came),
        RUN(every_split_of_pages_gives_the_same),
        RUN(a_restart_between_two_pages_goes_on_as_if_it_had_not_been),
        RUN(a_state_is_the_end_and_the_facts),
        RUN(a_state_that_is_none_is_refused),
        RUN(only_restart_markers_are_given_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
