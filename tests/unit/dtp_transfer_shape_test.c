/* SPDX-License-Identifier: Apache-2.0 */
/* What a transfer is besides its bytes: markers, pages, records, carriage control, its size. */
#include "tests/unit/transfers.h"

static struct buffer_stream shape;

/* ---- Who keeps what a file is besides its bytes --------------------------- */

struct keeper {
    struct transfer_keeper keeper;
    struct pair *pair;
    struct builder lines;   /* of the shape */
    struct builder markers; /* "[marker state file]" */
    enum fault answer;      /* to a marker */
    bool cancels;           /* at the first marker */
    bool ended;
    uint64_t size;
    struct page_facts facts;
    char line_bytes[512];
    char marker_bytes[512];
};

static struct keeper keeper;

static enum fault keep_shape(struct transfer_keeper *to, struct text lines)
{
    builder_put(&((struct keeper *)to)->lines, lines);
    return FAULT_NONE;
}

static enum fault keep_marker(struct transfer_keeper *to, struct text marker, struct text state)
{
    struct keeper *k = (struct keeper *)to;
    const struct text parts[] = {
        TEXT("["), marker, TEXT(" "), state, TEXT(" "), buffer_stream_text(&file), TEXT("]")};
    for (size_t i = 0; i < COUNT(parts); i++)
        builder_put(&k->markers, parts[i]);
    if (k->cancels)
        transfer_cancel(&k->pair->progress, &k->pair->channel);
    return k->answer;
}

static enum fault keep_end(struct transfer_keeper *to, uint64_t size,
                           const struct page_facts *facts)
{
    struct keeper *k = (struct keeper *)to;
    assert_false(k->ended);
    k->ended = true;
    k->size = size;
    k->facts = *facts;
    return FAULT_NONE;
}

static void keep(struct pair *pair)
{
    keeper.keeper = (struct transfer_keeper){keep_shape, keep_marker, keep_end};
    keeper.pair = pair;
    keeper.lines = builder_on(keeper.line_bytes, sizeof(keeper.line_bytes));
    keeper.markers = builder_on(keeper.marker_bytes, sizeof(keeper.marker_bytes));
    keeper.answer = FAULT_NONE;
    keeper.cancels = false;
    keeper.ended = false;
    pair->transfer.keeper = &keeper.keeper;
}

static void open_kept(struct pair *pair, const char *type, char structure, char mode)
{
    open_pair(pair, type, structure, mode);
    keep(pair);
}

TEST(a_marker_is_told_when_all_before_it_is_in_the_file)
{
    struct pair pair;
    open_kept(&pair, "A", 'F', 'B');
    give(&pair, TEXT("\0\0\4ab\r\n\x10\0\2m1\0\0\2c\r\x10\0\2m2\x40\0\1\n"), true);
    assert_fault(receive(&pair), FAULT_NONE);
    assert_text(builder_text(&keeper.markers), "[m1  ab\n][m2 r ab\nc]");
    assert_file("ab\nc\n");
    assert_text(builder_text(&keeper.lines), "");
    close_pair(&pair);
}

TEST(at_a_marker_the_shape_is_told_but_for_the_lines_of_its_state)
{
    struct pair pair;
    open_kept(&pair, "A", 'R', 'B');
    give(&pair, TEXT("\x80\0\2ab\x80\0\3c\nd\0\0\1e\x10\0\1m\x80\0\1f\xC0\0\1g"), true);
    assert_fault(receive(&pair), FAULT_NONE);
    assert_text(builder_text(&keeper.markers), "[m -e1 ab\nc\nd\ne]");
    assert_text(builder_text(&keeper.lines), "lines 3\ntext 3\n");
    assert_file("ab\nc\nd\nef\ng\n");
    close_pair(&pair);
}

TEST(of_pages_a_marker_is_told_between_two_of_them_only)
{
    struct pair pair;
    open_kept(&pair, "I", 'P', 'B');
    give(&pair, TEXT("\0\0\6\4\0\2\1ab\x10\0\1m\0\0\5\4\1\2\1c\x10\0\1n\x40\0\5d\4\0\0\0"), true);
    assert_fault(receive(&pair), FAULT_NONE);
    assert_text(builder_text(&keeper.markers), "[m -p2 ab]");
    assert_true(keeper.ended);
    assert_int_equal(keeper.size, 257);
    assert_text(builder_text(&keeper.lines), "unit 1 255\npage 0 2 1 0\npage 1 2 1 0\n");
    close_pair(&pair);
}

TEST(what_the_keeper_of_a_marker_says_is_the_fault)
{
    struct pair pair;
    open_kept(&pair, "I", 'F', 'B');
    keeper.answer = FAULT_NO_SPACE;
    give(&pair, TEXT("\0\0\1a\x10\0\1m\x40\0\1b"), true);
    assert_fault(receive(&pair), FAULT_NO_SPACE);
    assert_file("a");
    close_pair(&pair);
}

TEST(a_transfer_that_is_cancelled_in_the_middle_keeps_what_came_before)
{
    struct pair pair;
    open_kept(&pair, "I", 'F', 'B');
    keeper.cancels = true;
    give(&pair, TEXT("\0\0\1a\x10\0\1m\x40\0\1b"), true);
    assert_fault(receive(&pair), FAULT_CANCELLED);
    assert_text(builder_text(&keeper.markers), "[m  a]");
    assert_file("ab"); /* what had come when it was cancelled */
    close_pair(&pair);
}

static struct pair *cancelled_pair;

static enum fault read_and_cancel(struct stream *stream, void *buffer, size_t size, size_t *ret_len)
{
    if (stream->file_offset > 7)
        transfer_cancel(&cancelled_pair->progress, &cancelled_pair->channel);
    return buffer_stream_read(stream, buffer, size, ret_len);
}

TEST(sending_stops_in_the_middle_when_it_is_cancelled)
{
    static const struct stream_type cancelling = {.read = read_and_cancel,
                                                  .close = buffer_stream_close};
    static const char modes[] = {'S', 'B', 'C', 'Z'};
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct pair pair;
        open_pair(&pair, "A", 'F', modes[i]);
        cancelled_pair = &pair;
        buffer_stream_init(&file, TEXT("one\ntwo\nthree\nfour\nfive\n"))->type = &cancelling;
        assert_fault(transfer_send(&pair.transfer, &file.stream), FAULT_CANCELLED);
        assert_int_equal(file.stream.file_offset, 21);
        close_pair(&pair);
    }
}

TEST(without_a_keeper_or_its_functions_a_file_is_its_bytes)
{
    static const struct {
        char structure;
        struct text wire;
        const char *expected;
    } cases[] = {
        {'F', TEXT("\0\0\1a\x10\0\1m\x40\0\1b"), "ab"},
        {'R', TEXT("\x80\0\1a\x10\0\1m\xC0\0\2\nb"), "a\n\nb\n"},
        {'P', TEXT("\0\0\6\4\0\2\1ab\x10\0\1m\x40\0\4\4\0\0\0"), "ab"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (unsigned has_keeper = 0; has_keeper < 2; has_keeper++) {
            struct transfer_keeper none = {NULL, NULL, NULL};
            struct pair pair;
            open_pair(&pair, "A", cases[i].structure, 'B');
            pair.transfer.keeper = has_keeper ? &none : NULL;
            give(&pair, cases[i].wire, true);
            assert_fault(receive(&pair), FAULT_NONE);
            assert_file(cases[i].expected);
            close_pair(&pair);
        }
    }
}

TEST(bytes_that_the_sender_suspects_are_counted)
{
    static const struct {
        const char *type;
        char structure;
    } cases[] = {{"I", 'F'}, {"A", 'F'}, {"E", 'F'}, {"L 36", 'F'}, {"A", 'R'}, {"L 7", 'R'}};
    static char wire[3 * 20003 + 4];
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pair pair;
        for (size_t block = 0; block < 3; block++) {
            memset(wire + 20003 * block, '\r', 20003);
            memcpy(wire + 20003 * block, block == 1 ? "\0\x4E\x20" : "\x20\x4E\x20", 3);
        }
        memcpy(wire + sizeof(wire) - 4, "\x60\0\1x", 4);
        open_pair(&pair, cases[i].type, cases[i].structure, 'B');
        give(&pair, (struct text){wire, sizeof(wire)}, true);
        assert_fault(receive(&pair), FAULT_NONE);
        if (pair.transfer.suspect_bytes != 40001)
            fail_msg("TYPE %s: %lu", cases[i].type, (unsigned long)pair.transfer.suspect_bytes);
        close_pair(&pair);
    }
}

TEST(pages_that_the_sender_suspects_are_counted)
{
    struct pair pair;
    open_pair(&pair, "I", 'P', 'B');
    give(&pair, TEXT("\x20\0\6\4\0\2\1ab\0\0\6\4\1\2\1cd\x60\0\4\4\0\0\0"), true);
    assert_fault(receive(&pair), FAULT_NONE);
    assert_int_equal(pair.transfer.suspect_bytes, 10);
    close_pair(&pair);
}

TEST(a_file_of_pages_ends_with_its_size_and_its_facts)
{
    static char content[1000];
    static char wire[4096];
    struct pair pair;
    memset(content, 'x', sizeof(content));
    memset(content + 255, 0, 510);
    open_pair(&pair, "I", 'P', 'B');
    pair.transfer.facts = (struct page_facts){.has_size = true,
                                              .has_mode = true,
                                              .has_modified = true,
                                              .size = sizeof(content),
                                              .mode = 0640,
                                              .modified = {1709207998, 250000000}};
    struct text expected = {content, sizeof(content)};
    assert_fault(send_file(&pair, expected), FAULT_NONE);
    struct text sent = read_now(&pair, wire, sizeof(wire));
    give(&pair, sent, false);
    begin(&pair, "I", 'P', 'B');
    keep(&pair);
    assert_fault(receive(&pair), FAULT_NONE);
    assert_true(text_equal(buffer_stream_text(&file), expected));
    assert_true(keeper.ended);
    assert_int_equal(keeper.size, sizeof(content));
    assert_int_equal(keeper.facts.mode, 0640);
    assert_int_equal(keeper.facts.modified.seconds, 1709207998);
    assert_int_equal(keeper.facts.modified.nanoseconds, 250000000);
    close_pair(&pair);
}

/* ---- Going on ------------------------------------------------------------- */

TEST(an_upload_goes_on_in_the_state_of_its_marker)
{
    struct pair pair;
    open_kept(&pair, "A", 'F', 'B');
    pair.transfer.goes_on = true;
    pair.transfer.state = TEXT("r");
    give(&pair, TEXT("\x40\0\2\nb"), true);
    assert_fault(transfer_receive(&pair.transfer, buffer_stream_init(&file, TEXT(""))), FAULT_NONE);
    assert_file("\nb");
    close_pair(&pair);
}

TEST(a_state_of_another_transfer_is_refused_before_anything_is_read)
{
    static const char *const states[] = {"x", "r-e1", "p1", "b1.80"};
    for (size_t i = 0; i < COUNT(states); i++) {
        struct pair pair;
        open_kept(&pair, "A", 'F', 'B');
        pair.transfer.goes_on = true;
        pair.transfer.state = text_of(states[i]);
        give(&pair, TEXT("\x40\0\1b"), true);
        assert_fault(receive(&pair), FAULT_OUT_OF_RANGE);
        assert_file("");
        assert_int_equal(pair.progress.bytes, 0);
        close_pair(&pair);
    }
}

TEST(a_place_behind_the_end_of_the_file_is_out_of_range)
{
    struct pair pair;
    char got[64];
    open_pair(&pair, "A", 'F', 'B');
    pair.transfer.plan.first.bytes = 5;
    assert_fault(send_file(&pair, TEXT("abc\n")), FAULT_NONE);
    assert_true(text_equal(read_now(&pair, got, sizeof(got)), TEXT("\x40\0\0")));
    pair.transfer.plan.first.bytes = 6;
    assert_fault(send_file(&pair, TEXT("abc\n")), FAULT_OUT_OF_RANGE);
    assert_int_equal(read_now(&pair, got, sizeof(got)).len, 0);
    close_pair(&pair);
}

TEST(markers_go_out_at_their_interval_and_are_places_to_begin_at)
{
    struct pair pair;
    char got[64];
    open_pair(&pair, "A", 'F', 'B');
    pair.transfer.plan.marker_interval = 4;
    assert_fault(send_file(&pair, TEXT("abc\nef")), FAULT_NONE);
    assert_true(text_equal(read_now(&pair, got, sizeof(got)), TEXT("\0\0\4abc\r\x10\0\1"
                                                                   "4\0\0\3\nef\x40\0\0")));
    close_pair(&pair);
}

/* ---- Shapes --------------------------------------------------------------- */

static enum fault send_shaped(struct pair *pair, struct text content, const char *lines)
{
    pair->transfer.shape = buffer_stream_init(&shape, text_of(lines));
    return send_file(pair, content);
}

TEST(a_file_is_sent_with_the_records_of_its_shape)
{
    struct pair pair;
    char got[64];
    open_pair(&pair, "I", 'R', 'S');
    assert_fault(send_shaped(&pair, TEXT("aabbc"), "record 2 2\nopen 1\n"), FAULT_NONE);
    assert_text(read_now(&pair, got, sizeof(got)), "aa\xFF\1bb\xFF\1c\xFF\2");
    close_pair(&pair);
}

TEST(a_shape_of_another_file_is_a_fault)
{
    static const struct {
        char structure;
        const char *lines;
    } cases[] = {
        {'R', "record 4\n"},
        {'R', "open 3\nopen 1\n"},
        {'R', "nonsense\n"},
        {'P', "unit 1 255\npages 0\n"},
        {'P', "unit 1 255\npage 0 4 1 0\n"},
        {'P', "torn"},
        {'R', "record 3\ntorn"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pair pair;
        open_pair(&pair, "I", cases[i].structure, 'B');
        enum fault f = send_shaped(&pair, TEXT("abc"), cases[i].lines);
        if (f != FAULT_IO)
            fail_msg("\"%s\": FAULT_%s", cases[i].lines, fault_name(f));
        close_pair(&pair);
    }
}

TEST(bytes_alone_are_sent_whatever_is_beside_them)
{
    struct pair pair;
    char got[64];
    open_pair(&pair, "A", 'F', 'S');
    assert_fault(send_shaped(&pair, TEXT("abc"), "nonsense\n"), FAULT_NONE);
    assert_text(read_now(&pair, got, sizeof(got)), "abc");
    close_pair(&pair);
}

/* RFC 959 3.1.1.5.3: who asks for it gets it as it is, who does not gets it rendered. */
TEST(carriage_control_is_rendered_for_those_who_have_none)
{
    static const struct {
        const char *type;
        char structure;
        const char *expected;
    } cases[] = {
        {"A N", 'F', "a\r\n\r\nb\r\n"},
        {"A T", 'F', "a\r\n\r\nb\r\n"},
        {"A C", 'F', " a\r\n0b\r\n"},
        {"I", 'F', " a\n0b\n"},
        {"A N", 'R', "a\xFF\1\xFF\1b\xFF\1\xFF\2"},
        {"A C", 'R',
         " a\xFF\1"
         "0b\xFF\1\xFF\2"},
        {"E N", 'F', "\x81\x15\x15\x82\x15"},
        {"E C", 'F', "\x40\x81\x15\xF0\x82\x15"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pair pair;
        char got[64];
        open_pair(&pair, cases[i].type, cases[i].structure, 'S');
        assert_fault(send_shaped(&pair, TEXT(" a\n0b\n"), "form C\n"), FAULT_NONE);
        assert_text(read_now(&pair, got, sizeof(got)), cases[i].expected);
        close_pair(&pair);
    }
}

TEST(carriage_control_that_is_received_is_told_once)
{
    static const struct {
        const char *type;
        char structure;
        bool goes_on;
        const char *expected;
    } cases[] = {
        {"A C", 'F', false, "form C\n"},
        {"E C", 'F', false, "form C\n"},
        {"A C", 'R', false, "form C\n"},
        {"A C", 'F', true, ""},
        {"A N", 'F', false, ""},
        {"I", 'F', false, ""},
        {"A C", 'P', false, "unit 1 255\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pair pair;
        open_kept(&pair, cases[i].type, cases[i].structure, 'B');
        pair.transfer.goes_on = cases[i].goes_on;
        give(&pair, cases[i].structure == 'P' ? TEXT("\x40\0\4\4\0\0\0") : TEXT("\x40\0\0"), true);
        assert_fault(receive(&pair), FAULT_NONE);
        assert_text(builder_text(&keeper.lines), cases[i].expected);
        close_pair(&pair);
    }
}

/* ---- Measuring ------------------------------------------------------------ */

/* MODE Z counts as MODE S. */
static void check_measure(const char *type, char structure, char mode, struct text content,
                          const char *lines)
{
    static char wire[1 << 12];
    struct pair pair;
    uint64_t measured = UINT64_MAX;
    open_pair(&pair, type, structure, mode == 'Z' ? 'S' : mode);
    /* A peer that has ended its own side acknowledges our end at once, though it does not read. */
    assert_int_equal(shutdown(pair.other, SHUT_WR), 0);
    enum fault f = send_shaped(&pair, content, lines);
    struct text sent = read_now(&pair, wire, sizeof(wire));
    begin(&pair, type, structure, mode);
    pair.transfer.channel = NULL;
    pair.transfer.shape = buffer_stream_init(&shape, text_of(lines));
    assert_fault(transfer_measure(&pair.transfer, buffer_stream_init(&file, content), &measured),
                 f);
    if (measured != (f ? UINT64_MAX : sent.len))
        fail_msg("TYPE %s STRU %c MODE %c: %lu, not %zu", type, structure, mode,
                 (unsigned long)measured, sent.len);
    close_pair(&pair);
}

TEST(measuring_agrees_with_sending_for_every_type_structure_and_mode)
{
    static const char *const types[] = {"A N", "A C", "E N", "I", "L 8", "L 1", "L 12", "L 36"};
    static const struct {
        struct text content;
        const char *lines;
    } files[] = {
        {TEXT(""), ""},
        {TEXT("\0a\0b\0c\0d"), ""},
        {TEXT(" one\n0\n\n\xFF\xFF      \0\0\0\n\rlast"), ""},
        {TEXT(" one\n0two\n"), "form C\n"},
        {TEXT("\0a\nb\0\n\0\0\0c\0d\n\n\0\0"), "text 8\n"},
        {TEXT("\0\0\0a\0\0\0b"), "record 4 2\n"},
        {TEXT("\0\0\0a\0\0\0b"), "unit 1 255\npage 0 8 3 1\n"},
    };
    for (size_t t = 0; t < COUNT(types); t++)
        for (size_t i = 0; i < COUNT(files); i++)
            for (size_t way = 0; way < 12; way++)
                check_measure(types[t], "FRP"[way % 3], "SBCZ"[way / 3], files[i].content,
                              files[i].lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_marker_is_told_when_all_before_it_is_in_the_file),
        RUN(at_a_marker_the_shape_is_told_but_for_the_lines_of_its_state),
        RUN(of_pages_a_marker_is_told_between_two_of_them_only),
        RUN(what_the_keeper_of_a_marker_says_is_the_fault),
        RUN(a_transfer_that_is_cancelled_in_the_middle_keeps_what_came_before),
        RUN(sending_stops_in_the_middle_when_it_is_cancelled),
        RUN(without_a_keeper_or_its_functions_a_file_is_its_bytes),
        RUN(bytes_that_the_sender_suspects_are_counted),
        RUN(pages_that_the_sender_suspects_are_counted),
        RUN(a_file_of_pages_ends_with_its_size_and_its_facts),
        RUN(an_upload_goes_on_in_the_state_of_its_marker),
        RUN(a_state_of_another_transfer_is_refused_before_anything_is_read),
        RUN(a_place_behind_the_end_of_the_file_is_out_of_range),
        RUN(markers_go_out_at_their_interval_and_are_places_to_begin_at),
        RUN(a_file_is_sent_with_the_records_of_its_shape),
        RUN(a_shape_of_another_file_is_a_fault),
        RUN(bytes_alone_are_sent_whatever_is_beside_them),
        RUN(carriage_control_is_rendered_for_those_who_have_none),
        RUN(carriage_control_that_is_received_is_told_once),
        RUN(measuring_agrees_with_sending_for_every_type_structure_and_mode),
    };
    return cmocka_run_group_tests(tests, load_page, NULL);
}
