/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/segment_ledger: what is found in a file is a file without gaps or nothing, means the same
 * written and read again, and stays one however often it is divided.
 */
#include "client/segment_ledger.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct segment_ledger *ledger)
{
    uint64_t end = 0;
    PROMISE(ledger->count && ledger->count <= SEGMENTS_MAX);
    for (size_t i = 0; i < ledger->count; i++) {
        const struct segment *segment = &ledger->all[i];
        PROMISE(segment->begin == end && segment->end > segment->begin);
        PROMISE(segment->done <= segment->end - segment->begin);
        end = segment->end;
    }
    PROMISE(end == ledger->size);
    PROMISE(segment_ledger_done(ledger) <= ledger->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct text stamp = TEXT("stamp");
    char text[SEGMENT_LEDGER_BYTES];
    struct segment_ledger ledger;
    struct segment_ledger again;
    uint64_t bytes = 0;
    uint64_t begin = 0;
    struct text whole = {(const char *)data, size};
    struct text head = whole;
    (void)text_take_word(&head);
    (void)text_take_word(&head);
    if (!text_to_number(text_take_word(&head), INT64_MAX, &bytes) ||
        !segment_ledger_parse(whole, bytes, stamp, &ledger))
        return 0;
    check(&ledger);
    segment_ledger_put(&ledger, stamp, text);
    PROMISE(segment_ledger_parse((struct text){text, sizeof(text)}, bytes, stamp, &again));
    PROMISE(memcmp(&again, &ledger, sizeof(ledger)) == 0);
    for (uint64_t done = segment_ledger_done(&ledger); segment_ledger_split(&ledger, &begin);) {
        check(&ledger);
        PROMISE(segment_ledger_find(&ledger, begin)->begin == begin);
        PROMISE(segment_ledger_done(&ledger) == done);
    }
    return 0;
}
