/* SPDX-License-Identifier: Apache-2.0 */
/* protocol/facts: times that are read are written back; selections and changes stay in bounds. */
#include "protocol/facts.h"
#include "tests/fuzz/fuzz.h"

static void check_time(struct text input)
{
    struct fact_time t;
    struct fact_time back;
    char bytes[32];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!facts_parse_time(input, &t))
        return;
    PROMISE(t.nanoseconds < 1000000000);
    facts_put_time(&b, t.seconds);
    PROMISE(!b.full && b.len == 14);
    if (t.seconds <= 253402300799) { /* a leap second of the last year is the year after */
        PROMISE(facts_parse_time(builder_text(&b), &back));
        PROMISE(back.seconds == t.seconds);
    }
}

static void check_selection(struct text input)
{
    unsigned mask;
    unsigned back;
    char bytes[512];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!facts_parse_selection(input, &mask))
        return;
    PROMISE(mask < 1U << FACT_COUNT);
    facts_put_selection(&b, mask, 0);
    PROMISE(!b.full && facts_parse_selection(builder_text(&b), &back) && back == mask);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = {(const char *)data, size};
    struct fact_changes changes;
    check_time(input);
    check_selection(input);
    if (facts_parse_changes(input, &changes) == FACT_CHANGE_OK) {
        PROMISE(changes.present &&
                !(changes.present & ~(unsigned)(FACT_MODIFY | FACT_CREATE | FACT_UNIX_MODE)));
        PROMISE(changes.mode <= 0777);
    }
    return 0;
}
