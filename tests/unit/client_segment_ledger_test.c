/* SPDX-License-Identifier: Apache-2.0 */
#include "client/segment_ledger.h"

#include "tests/unit/unit.h"

#define MIB ((uint64_t)1 << 20)

static const struct text stamp = {"boot-1", 6};

static void assert_segment(const struct segment *segment, uint64_t begin, uint64_t end,
                           uint64_t done)
{
    assert_int_equal(segment->begin, begin);
    assert_int_equal(segment->end, end);
    assert_int_equal(segment->done, done);
}

static void assert_whole(const struct segment_ledger *ledger)
{
    uint64_t end = 0;
    for (size_t i = 0; i < ledger->count; i++) {
        assert_int_equal(ledger->all[i].begin, end);
        assert_true(ledger->all[i].end > end);
        end = ledger->all[i].end;
    }
    assert_int_equal(end, ledger->size);
}

static void a_file_is_divided_without_gaps(void **state)
{
    static const uint64_t sizes[] = {1, MIB, 2 * MIB, 2 * MIB + 1, 7 * MIB + 12345, INT64_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (size_t count = 1; count <= SEGMENTS_MAX + 1; count++) {
            struct segment_ledger ledger;
            segment_ledger_divide(&ledger, sizes[i], count);
            assert_int_equal(ledger.size, sizes[i]);
            assert_true(ledger.count <= count && ledger.count <= SEGMENTS_MAX);
            assert_whole(&ledger);
        }
}

static void no_segment_is_shorter_than_the_least(void **state)
{
    struct segment_ledger ledger;
    (void)state;
    segment_ledger_divide(&ledger, 3 * MIB, 8);
    assert_int_equal(ledger.count, 3);
    segment_ledger_divide(&ledger, MIB - 1, 8);
    assert_int_equal(ledger.count, 1);
}

static void the_longest_still_to_come_is_halved(void **state)
{
    struct segment_ledger ledger;
    uint64_t begin = 0;
    (void)state;
    segment_ledger_divide(&ledger, 40 * MIB, 4);
    ledger.all[0].done = 10 * MIB;
    ledger.all[1].done = 5 * MIB;
    ledger.all[2].done = 2 * MIB;
    ledger.all[3].done = 3 * MIB;
    assert_true(segment_ledger_split(&ledger, &begin));
    assert_int_equal(begin, 26 * MIB);
    assert_int_equal(ledger.count, 5);
    assert_segment(&ledger.all[2], 20 * MIB, 26 * MIB, 2 * MIB);
    assert_segment(&ledger.all[3], 26 * MIB, 30 * MIB, 0);
    assert_segment(&ledger.all[4], 30 * MIB, 40 * MIB, 3 * MIB);
    assert_whole(&ledger);
    assert_ptr_equal(segment_ledger_find(&ledger, begin), &ledger.all[3]);
    assert_int_equal(segment_ledger_done(&ledger), 20 * MIB);
}

static void what_is_short_or_one_too_many_is_not_halved(void **state)
{
    struct segment_ledger ledger;
    uint64_t begin = 0;
    (void)state;
    segment_ledger_divide(&ledger, 4 * MIB, 2);
    ledger.all[0].done = 1;
    ledger.all[1].done = 1;
    assert_false(segment_ledger_split(&ledger, &begin));
    segment_ledger_divide(&ledger, 1000 * MIB, SEGMENTS_MAX);
    assert_int_equal(ledger.count, SEGMENTS_MAX);
    assert_false(segment_ledger_split(&ledger, &begin));
}

static void what_is_written_is_read_again(void **state)
{
    char text[SEGMENT_LEDGER_BYTES];
    struct segment_ledger ledger;
    struct segment_ledger found;
    (void)state;
    segment_ledger_divide(&ledger, INT64_MAX, SEGMENTS_MAX);
    for (size_t i = 0; i < ledger.count; i++)
        ledger.all[i].done = ledger.all[i].end - ledger.all[i].begin;
    segment_ledger_put(&ledger, stamp, text);
    struct text whole = {text, sizeof(text)};
    assert_true(segment_ledger_parse(whole, INT64_MAX, stamp, &found));
    assert_int_equal(found.count, SEGMENTS_MAX);
    for (size_t i = 0; i < ledger.count; i++)
        assert_segment(&found.all[i], ledger.all[i].begin, ledger.all[i].end, ledger.all[i].done);
}

static void it_is_trusted_for_its_file_and_its_time_alone(void **state)
{
    char text[SEGMENT_LEDGER_BYTES];
    struct segment_ledger ledger;
    (void)state;
    segment_ledger_divide(&ledger, 9 * MIB, 3);
    segment_ledger_put(&ledger, stamp, text);
    struct text whole = {text, sizeof(text)};
    assert_true(segment_ledger_parse(whole, 9 * MIB, stamp, &ledger));
    assert_false(segment_ledger_parse(whole, 9 * MIB + 1, stamp, &ledger));
    assert_false(segment_ledger_parse(whole, 9 * MIB, TEXT("boot-2"), &ledger));
    segment_ledger_put(&ledger, TEXT("flushed"), text);
    assert_true(segment_ledger_parse(whole, 9 * MIB, TEXT("boot-2"), &ledger));
}

static void what_is_no_ledger_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "ferry-segments 1 100 boot-1\n",
        "ferry-segments 2 100 boot-1\n0 100 0\n",
        "ferry-segments 1 99 boot-1\n0 99 0\n",
        "ferry-segments 1 100 \n0 100 0\n",
        "ferry-segments 1 100 boot-1\n0 99 0\n",
        "ferry-segments 1 100 boot-1\n1 100 0\n",
        "ferry-segments 1 100 boot-1\n0 101 0\n",
        "ferry-segments 1 100 boot-1\n0 100 101\n",
        "ferry-segments 1 100 boot-1\n0 60 0\n50 100 0\n",
        "ferry-segments 1 100 boot-1\n0 50 0\n60 100 0\n",
        "ferry-segments 1 100 boot-1\n0 0 0\n0 100 0\n",
        "ferry-segments 1 100 boot-1\n0 50 0\n50 100 51\n",
        "ferry-segments 1 100 boot-1\n0 50 0\n50 40 0\n50 100 0\n",
        "ferry-segments 1 100 boot-1\n0 100 -1\n",
        "ferry-segments 1 100 boot-1\n0 100 0\n\n",
        "ferry-segments 1 100 boot-1\n0 100 18446744073709551616\n",
    };
    struct segment_ledger ledger;
    (void)state;
    assert_true(segment_ledger_parse(TEXT("ferry-segments 1 100 boot-1\n0 50 0\n50 100 50\n"), 100,
                                     stamp, &ledger));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(segment_ledger_parse(text_of(wrong[i]), 100, stamp, &ledger));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_divided_without_gaps),
        cmocka_unit_test(no_segment_is_shorter_than_the_least),
        cmocka_unit_test(the_longest_still_to_come_is_halved),
        cmocka_unit_test(what_is_short_or_one_too_many_is_not_halved),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(it_is_trusted_for_its_file_and_its_time_alone),
        cmocka_unit_test(what_is_no_ledger_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
