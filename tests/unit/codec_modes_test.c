/* SPDX-License-Identifier: Apache-2.0 */
/* What holds of every MODE: splits mean nothing, receiving undoes sending, nothing broken passes.
 */
#include "tests/unit/modes.h"
#include "tests/unit/unit.h"

static struct heard script;
static struct heard sent;
static struct heard sent_otherwise;
static struct heard got;

#define RUN_OF_16 "zzzzzzzzzzzzzzzz"
#define ONES_OF_8 "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"

static const struct text contents[] = {
    TEXT(""),
    TEXT("x"),
    TEXT("\n"),
    TEXT("\r"),
    TEXT("\xFF"),
    TEXT("\0"),
    TEXT(" "),
    TEXT("|"),
    TEXT("||"),
    TEXT("no end"),
    TEXT("a\r\nb\rc\nd\r\n"),
    TEXT("one|two|three|"),
    TEXT("one||" ONES_OF_8 "|\xFF|\xFF\1|\xFF\2"),
    TEXT("{suspect|}fine{x|}[m1][m2]y|{z}"),
    TEXT("[begin]{ab  c}d|  |aaa|[end]"),
    TEXT("aabbbcccc   dd  " RUN_OF_16 RUN_OF_16 RUN_OF_16 RUN_OF_16 "z" RUN_OF_16 "  \0\0\0\0"),
    TEXT("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789"
         "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
};

static void check_back(enum mode_kind kind, struct text wire, struct split split)
{
    assert_fault(mode_receive(kind, wire, split, &got), FAULT_NONE);
    if (!heard_equal(&got, &script))
        fail_msg("MODE %u, split %zu %zu: came back otherwise", kind, split.first, split.then);
}

/* Sends the script in these pieces; what goes out means the same, and is the same where it can. */
static void check_send(enum mode_kind kind, struct split split)
{
    struct text wire = TEXT("");
    assert_fault(mode_send(kind, &script, split, &sent_otherwise), FAULT_NONE);
    assert_true(heard_wire(&sent_otherwise, &wire));
    check_back(kind, wire, in_one);
}

static void check_same(enum mode_kind kind, struct split split)
{
    if (!mode_is_canonical[kind])
        return;
    assert_fault(mode_send(kind, &script, split, &sent_otherwise), FAULT_NONE);
    assert_true(heard_equal(&sent, &sent_otherwise));
}

static struct text send_in_one(enum mode_kind kind)
{
    struct text wire = TEXT("");
    assert_fault(mode_send(kind, &script, in_one, &sent), FAULT_NONE);
    assert_true(heard_wire(&sent, &wire));
    return wire;
}

TEST(receiving_undoes_sending_for_every_content_and_every_split)
{
    for (unsigned kind = 0; kind < MODE_COUNT; kind++) {
        for (size_t i = 0; i < COUNT(contents); i++) {
            heard_write(&script, contents[i], mode_marks[kind]);
            struct text wire = send_in_one(kind);
            for (size_t first = 0; first <= script.len; first++) {
                check_send(kind, (struct split){first, SIZE_MAX, true});
                check_send(kind, (struct split){first, 1, false});
                check_same(kind, (struct split){first, SIZE_MAX, true});
                check_same(kind, (struct split){first, 1, true});
            }
            for (size_t first = 0; first <= wire.len; first++) {
                check_back(kind, wire, (struct split){first, SIZE_MAX, true});
                check_back(kind, wire, (struct split){first, 1, true});
            }
        }
    }
}

/* Records of random bytes, of runs, of all ones and of text, each longer than a block can be. */
static void write_large(unsigned marks)
{
    enum { RECORD = 70001 };
    static char record[RECORD];
    struct stage *stage = heard_init(&script);
    uint32_t random = 1;
    for (unsigned kind = 0; kind < 4; kind++) {
        for (size_t i = 0; i < RECORD; i++) {
            random = random * 1664525 + 1013904223;
            const char bytes[] = {(char)(random >> 24), (char)(i / 1000), '\xFF',
                                  "the next  word\n"[i % 15]};
            record[i] = bytes[kind];
        }
        unsigned wanted = kind == 1 ? MARK_RECORD | MARK_SUSPECT : MARK_RECORD;
        (void)stage_take(stage, (struct text){record, RECORD}, wanted & marks);
        if (marks & MARK_RESTART)
            (void)stage_take(stage, TEXT("between"), MARK_RESTART);
    }
    (void)stage_take(stage, TEXT(""), MARK_FILE);
    assert_true(script.len > 4 * (size_t)RECORD);
}

TEST(records_longer_than_a_block_come_back)
{
    static const size_t pieces[] = {1, 7, 4096, 32768, 65535, 65536, SIZE_MAX};
    for (unsigned kind = 0; kind < MODE_COUNT; kind++) {
        write_large(mode_marks[kind]);
        struct text wire = send_in_one(kind);
        for (size_t i = 0; i < COUNT(pieces); i++) {
            check_send(kind, (struct split){3, pieces[i], true});
            check_same(kind, (struct split){3, pieces[i], true});
            check_back(kind, wire, (struct split){3, pieces[i], true});
        }
    }
}

TEST(no_part_of_a_stream_is_taken_for_a_whole_file)
{
    for (unsigned kind = 0; kind < MODE_COUNT; kind++) {
        if (kind == MODE_STREAM)
            continue; /* without records nothing but the connection tells the end */
        for (size_t i = 0; i < COUNT(contents); i++) {
            heard_write(&script, contents[i], mode_marks[kind]);
            struct text wire = send_in_one(kind);
            if (kind == MODE_COMPRESSED)
                wire.len--; /* without its last string, which is empty, the end has been told */
            for (size_t len = 0; len < wire.len; len++) {
                struct text part = {wire.at, len};
                assert_fault(mode_receive(kind, part, in_one, &got), FAULT_CONNECTION_LOST);
                assert_int_equal(heard_files(&got), 0);
            }
        }
    }
}

/* Any outcome but harm: a fault of the contract, or one file's end. */
static void check_harmless(enum mode_kind kind, struct text wire)
{
    enum fault f = mode_receive(kind, wire, in_one, &got);
    if (f != FAULT_NONE && f != FAULT_MALFORMED && f != FAULT_CONNECTION_LOST)
        fail_msg("MODE %u: FAULT_%s", kind, fault_name(f));
    assert_in_range(heard_files(&got), f == FAULT_NONE, 1);
    if (kind == MODE_DEFLATE && f == FAULT_NONE)
        assert_true(heard_equal(&got, &script)); /* it has a checksum */
}

TEST(no_corrupted_byte_does_harm)
{
    char bytes[1024];
    for (unsigned kind = 0; kind < MODE_COUNT; kind++) {
        heard_write(&script, TEXT("{ab|c}  zzzz|[m1]end\xFF|"), mode_marks[kind]);
        struct text wire = send_in_one(kind);
        assert_true(wire.len < sizeof(bytes));
        for (size_t at = 0; at < wire.len; at++) {
            for (unsigned value = 0; value < 256; value++) {
                memcpy(bytes, wire.at, wire.len);
                bytes[at] = (char)value;
                check_harmless(kind, (struct text){bytes, wire.len});
            }
        }
    }
}

/* What the last stage says goes back to where the bytes came from, at once. */
static enum fault take_nothing(struct stage *stage, struct text bytes, unsigned marks)
{
    (void)stage;
    (void)bytes;
    (void)marks;
    return FAULT_NO_SPACE;
}

TEST(a_fault_behind_it_is_its_own)
{
    struct stage full = {.take = take_nothing};
    struct mode mode;
    for (unsigned kind = 0; kind < MODE_COUNT; kind++) {
        heard_write(&script,
                    TEXT("some\xFF"
                         "thing|{x}"),
                    mode_marks[kind]);
        struct text wire = send_in_one(kind);
        assert_fault(mode_init_send(&mode, kind, &full), FAULT_NONE);
        assert_fault(heard_play(&script, &mode.stage, in_one), FAULT_NO_SPACE);
        mode_done(&mode);
        assert_fault(mode_init_receive(&mode, kind, &full), FAULT_NONE);
        assert_fault(mode_feed(&mode, wire, in_one), FAULT_NO_SPACE);
        mode_done(&mode);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(receiving_undoes_sending_for_every_content_and_every_split),
        RUN(records_longer_than_a_block_come_back),
        RUN(no_part_of_a_stream_is_taken_for_a_whole_file),
        RUN(no_corrupted_byte_does_harm),
        RUN(a_fault_behind_it_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
