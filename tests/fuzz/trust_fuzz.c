/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/trust: an entry lies in its line and means the same when it is written and read again,
 * as one line; pins likewise.
 */
#include "client/trust.h"
#include "tests/fuzz/fuzz.h"

static bool is_in(struct text part, struct text whole)
{
    return part.at >= whole.at && part.at + part.len <= whole.at + whole.len;
}

static void check_entry(const struct trust_entry *entry, struct text line)
{
    static char bytes[64 * 1024];
    struct trust_entry again;
    struct builder b = builder_on(bytes, sizeof(bytes));
    PROMISE(is_in(entry->host, line) && is_in(entry->since, line));
    PROMISE(entry->host.len && entry->host.len <= TRUST_HOST_MAX && entry->port);
    PROMISE(!trust_line_put(entry, &b));
    if (b.full)
        return;
    struct text written = builder_text(&b);
    PROMISE(text_find(written, '\n') == written.len);
    PROMISE(trust_line_parse(written, &again) == TRUST_LINE_ENTRY);
    PROMISE(text_equal(again.host, entry->host) && again.port == entry->port);
    PROMISE(memcmp(&again.fingerprint, &entry->fingerprint, sizeof(again.fingerprint)) == 0);
    PROMISE(text_equal(again.since, entry->since));
}

static void check_pins(struct text text)
{
    struct trust_pins pins;
    if (!trust_pins_parse(text, &pins))
        return;
    PROMISE(pins.count <= TRUST_PINS_MAX);
    for (size_t i = 0; i < pins.count; i++) {
        char bytes[80];
        struct fingerprint again;
        struct builder b = builder_on(bytes, sizeof(bytes));
        fingerprint_put(&pins.all[i], &b);
        PROMISE(fingerprint_parse(builder_text(&b), &again));
        PROMISE(memcmp(&again, &pins.all[i], sizeof(again)) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = {(const char *)data, size};
    check_pins(rest);
    while (rest.len) {
        struct trust_entry entry;
        struct text line = text_take_until(&rest, '\n');
        if (trust_line_parse(line, &entry) == TRUST_LINE_ENTRY)
            check_entry(&entry, line);
    }
    return 0;
}
