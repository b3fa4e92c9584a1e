/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/type_local.h"
#include "tests/unit/heard.h"
#include "tests/unit/unit.h"

enum { FILE_SIZE = 1 << 20, WIRE_SIZE = 70000 };

typedef void init(struct type_local *, struct stage *, unsigned, struct stage_buffer);

static char room[STAGE_BUFFER_MIN];
static struct heard received;
static struct heard sent;

static void begin(init *how, struct type_local *type, unsigned bits, struct heard *heard)
{
    how(type, heard_init(heard), bits, (struct stage_buffer){room, sizeof(room)});
}

static struct text receive(unsigned bits, struct text wire, size_t step)
{
    struct type_local type;
    begin(type_local_receive_init, &type, bits, &received);
    assert_fault(split_feed(&type.stage, wire, in_steps(step), MARK_FILE), FAULT_NONE);
    assert_true(heard_ended(&received));
    assert_int_equal(received.marked, 1);
    return heard_text(&received);
}

static enum fault send(unsigned bits, struct text file, size_t step)
{
    struct type_local type;
    begin(type_local_send_init, &type, bits, &sent);
    return split_feed(&type.stage, file, in_steps(step), MARK_FILE);
}

static void check(unsigned bits, struct text wire, struct text file)
{
    for (size_t step = 1; step <= wire.len + 1; step++)
        assert_true(text_equal(receive(bits, wire, step), file));
    for (size_t step = 1; step <= file.len + 1; step++) {
        assert_fault(send(bits, file, step), FAULT_NONE);
        assert_true(heard_is(&sent, wire, MARK_FILE));
    }
}

static void check_malformed(unsigned bits, struct text file)
{
    for (size_t step = 1; step <= file.len; step++)
        assert_fault(send(bits, file, step), FAULT_MALFORMED);
}

/* Bytes that every run makes alike, with long runs of zeros and of ones. */
static void fill(char *bytes, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1103515245U + 12345U;
        unsigned kind = seed >> 29;
        bytes[i] = (char)(kind == 0 ? 0 : kind == 1 ? 0xFF : seed >> 16);
    }
}

TEST(a_word_is_the_next_machine_word_or_as_many_bytes_as_it_takes)
{
    static const struct {
        unsigned bits;
        size_t bytes;
    } words[] = {{1, 1},  {8, 1},  {9, 2},  {16, 2}, {17, 4}, {32, 4},
                 {33, 8}, {36, 8}, {64, 8}, {65, 9}, {72, 9}, {255, 32}};
    for (size_t i = 0; i < COUNT(words); i++)
        assert_int_equal(type_local_word_bytes(words[i].bits), words[i].bytes);
}

TEST(sizes_that_fill_their_word_are_plain)
{
    static const unsigned plain[] = {8, 16, 32, 64, 72, 80, 248};
    static const unsigned others[] = {1, 7, 9, 24, 36, 40, 48, 56, 63, 65, 255};
    for (size_t i = 0; i < COUNT(plain); i++)
        assert_true(type_local_is_plain(plain[i]));
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(type_local_is_plain(others[i]));
}

/* RFC 959 3.1.1.4's own example: nine transfer bytes carry two words of 36 bits. */
TEST(two_words_of_36_bits_are_two_double_words)
{
    check(36, TEXT("\x12\x34\x56\x78\x9A\xBC\xDE\xF0\x12"),
          TEXT("\0\0\0\x01\x23\x45\x67\x89\0\0\0\x0A\xBC\xDE\xF0\x12"));
}

TEST(filling_leaves_no_trace)
{
    check(12, TEXT("\xAB\xC0"), TEXT("\x0A\xBC"));
    check(36, TEXT("\x12\x34\x56\x78\x90"), TEXT("\0\0\0\x01\x23\x45\x67\x89"));
    check(5, TEXT("\xFF\xF8\0"), TEXT("\x1F\x1F\x1C\0"));
    check(12, TEXT(""), TEXT(""));
}

TEST(more_than_filling_is_kept_in_a_last_word)
{
    check(12, TEXT("\xAB\xC1"), TEXT("\x0A\xBC\x8C\0"));
    check(12, TEXT("\0"), TEXT("\x80\x40"));
    check(12, TEXT("\xFF"), TEXT("\xFF\xC0"));
    check(3, TEXT("\x01"), TEXT("\0\0\xB0"));
}

TEST(whatever_came_goes_back_for_every_size)
{
    static char wire[600];
    for (unsigned bits = 1; bits <= LOCAL_BITS_MAX; bits++) {
        if (type_local_is_plain(bits))
            continue;
        fill(wire, sizeof(wire), bits);
        for (size_t len = 0; len <= sizeof(wire); len += 1 + len / 3) {
            struct text file = receive(bits, (struct text){wire, len}, 1 + len / 2);
            assert_int_equal(file.len % type_local_word_bytes(bits), 0);
            assert_fault(send(bits, file, 1 + file.len / 3), FAULT_NONE);
            assert_true(heard_is(&sent, (struct text){wire, len}, MARK_FILE));
        }
    }
}

TEST(the_split_means_nothing)
{
    static const unsigned sizes[] = {1, 3, 7, 9, 12, 36, 63, 65, 100, 255};
    static char once[FILE_SIZE];
    char wire[200];
    for (size_t i = 0; i < COUNT(sizes); i++) {
        fill(wire, sizeof(wire), (unsigned)i);
        struct text all = {wire, sizeof(wire)};
        struct text file = receive(sizes[i], all, sizeof(wire));
        memcpy(once, file.at, file.len);
        file.at = once;
        struct type_local type;
        for (size_t cut = 0; cut <= all.len; cut++) {
            begin(type_local_receive_init, &type, sizes[i], &received);
            assert_fault(split_feed(&type.stage, all, cut_at(cut), MARK_FILE), FAULT_NONE);
            assert_true(heard_is(&received, file, MARK_FILE));
        }
        for (size_t cut = 0; cut <= file.len; cut++) {
            begin(type_local_send_init, &type, sizes[i], &sent);
            assert_fault(split_feed(&type.stage, file, cut_at(cut), MARK_FILE), FAULT_NONE);
            assert_true(heard_is(&sent, all, MARK_FILE));
        }
        assert_true(text_equal(receive(sizes[i], all, 1), file));
    }
}

TEST(a_long_file_comes_back)
{
    static char wire[WIRE_SIZE];
    fill(wire, sizeof(wire), 7);
    struct text file = receive(36, (struct text){wire, sizeof(wire)}, 1000);
    assert_fault(send(36, file, 777), FAULT_NONE);
    assert_true(heard_is(&sent, (struct text){wire, sizeof(wire)}, MARK_FILE));
}

TEST(each_record_is_filled_on_its_own)
{
    static const struct text records[] = {
        TEXT("\xAB\xC0"), TEXT(""), TEXT("\0"), TEXT("\x12\x34\x56"), TEXT("\xAB\xC1"),
    };
    static char other_room[STAGE_BUFFER_MIN];
    struct type_local receiving;
    struct type_local sending;
    struct stage *expect = heard_init(&received);
    begin(type_local_send_init, &sending, 12, &sent);
    type_local_receive_init(&receiving, &sending.stage, 12,
                            (struct stage_buffer){other_room, sizeof(other_room)});
    for (size_t i = 0; i < COUNT(records); i++) {
        assert_fault(split_feed(&receiving.stage, records[i], in_steps(1 + i % 2), MARK_RECORD),
                     FAULT_NONE);
        assert_fault(stage_take(expect, records[i], MARK_RECORD), FAULT_NONE);
    }
    assert_fault(stage_take(&receiving.stage, TEXT(""), MARK_FILE), FAULT_NONE);
    assert_fault(stage_take(expect, TEXT(""), MARK_FILE), FAULT_NONE);
    assert_true(heard_equal(&sent, &received));
    assert_int_equal(sent.marked, COUNT(records) + 1);
}

TEST(what_receiving_never_leaves_is_malformed)
{
    check_malformed(12, TEXT("\x10\0"));             /* a bit too many */
    check_malformed(36, TEXT("\x01\0\0\0\0\0\0\0")); /* far from the others */
    check_malformed(12, TEXT("\0\x01\0"));           /* half a word */
    check_malformed(12, TEXT("\x80\x40\0\0"));       /* a last word that is not the last */
    check_malformed(12, TEXT("\x80\x40\x80\x40"));   /* two of them */
    check_malformed(12, TEXT("\x80\0"));             /* without its end */
    check_malformed(12, TEXT("\xC0\0"));             /* of no bits */
    check_malformed(12, TEXT("\0\0\x84\0"));         /* of mere filling */
    check_malformed(12, TEXT("\xFF\xE0"));           /* that ends within a transfer byte */
    check_malformed(17, TEXT("\xFF\xFF\xFF\xC0"));   /* of more than a logical byte */
}

/* In the middle of a record no half word is wrong yet, at its end it is. */
TEST(half_a_word_before_the_end_of_a_record_is_malformed)
{
    struct type_local type;
    begin(type_local_send_init, &type, 12, &sent);
    assert_fault(stage_take(&type.stage, TEXT("\x01"), 0), FAULT_NONE);
    assert_fault(stage_take(&type.stage, TEXT("m"), MARK_RESTART), FAULT_NONE);
    assert_fault(stage_take(&type.stage, TEXT(""), MARK_RECORD), FAULT_MALFORMED);
}

TEST(a_restart_goes_on_in_the_middle_of_a_logical_byte)
{
    static const unsigned sizes[] = {1, 5, 12, 36, 255};
    static char once[FILE_SIZE];
    char wire[150];
    for (size_t i = 0; i < COUNT(sizes); i++) {
        fill(wire, sizeof(wire), (unsigned)i + 40);
        struct text all = {wire, sizeof(wire)};
        struct text file = receive(sizes[i], all, sizeof(wire));
        memcpy(once, file.at, file.len);
        for (size_t cut = 0; cut <= all.len; cut++) {
            char state[128];
            struct builder b = builder_on(state, sizeof(state));
            struct type_local type;
            begin(type_local_receive_init, &type, sizes[i], &received);
            assert_fault(stage_take(&type.stage, (struct text){wire, cut}, 0), FAULT_NONE);
            type_local_put_state(&type, &b);
            type_local_receive_init(&type, &received.stage, sizes[i],
                                    (struct stage_buffer){room, sizeof(room)});
            assert_true(type_local_take_state(&type, builder_text(&b)));
            assert_fault(stage_take(&type.stage, text_after(all, cut), MARK_FILE), FAULT_NONE);
            assert_true(heard_is(&received, (struct text){once, file.len}, MARK_FILE));
        }
    }
}

TEST(a_state_is_read_as_it_was_written_or_refused)
{
    struct type_local type;
    char state[128];
    struct builder b = builder_on(state, sizeof(state));
    begin(type_local_receive_init, &type, 36, &received);
    type_local_put_state(&type, &b);
    assert_text(builder_text(&b), "");
    assert_fault(stage_take(&type.stage, TEXT("\x12\x34\x56\x78\x9A\xBC"), 0), FAULT_NONE);
    type_local_put_state(&type, &b);
    assert_text(builder_text(&b), "b12.0abc");
    static const char *const good[] = {"", "b12.0abc", "b8.ff", "b35.07ffffffff"};
    static const char *const bad[] = {
        "b",        "b12",       "b12.",     "12.0abc", "b12.abc",        "b12.00abc",
        "b12.1abc", "b12.0ABC",  "b12.0abx", "b0.",     "b36.0fffffffff", "b.",
        "r",        "b12.0abc ", ".",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(type_local_take_state(&type, text_of(good[i])));
        b.len = 0;
        type_local_put_state(&type, &b);
        assert_text(builder_text(&b), good[i]);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        if (type_local_take_state(&type, text_of(bad[i])))
            fail_msg("\"%s\" was taken", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_word_is_the_next_machine_word_or_as_many_bytes_as_it_takes),
        RUN(sizes_that_fill_their_word_are_plain),
        RUN(two_words_of_36_bits_are_two_double_words),
        RUN(filling_leaves_no_trace),
        RUN(more_than_filling_is_kept_in_a_last_word),
        RUN(whatever_came_goes_back_for_every_size),
        RUN(the_split_means_nothing),
        RUN(a_long_file_comes_back),
        RUN(each_record_is_filled_on_its_own),
        RUN(what_receiving_never_leaves_is_malformed),
        RUN(half_a_word_before_the_end_of_a_record_is_malformed),
        RUN(a_restart_goes_on_in_the_middle_of_a_logical_byte),
        RUN(a_state_is_read_as_it_was_written_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
