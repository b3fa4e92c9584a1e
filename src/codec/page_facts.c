/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/page_facts.h"

enum { MODE_MAX = 0777, FRACTION_DIGITS = 9 };

static void put_time(struct builder *b, struct fact_time time)
{
    facts_put_time(b, time.seconds);
    if (!time.nanoseconds)
        return;
    builder_put_byte(b, '.');
    builder_put_number_padded(b, time.nanoseconds, FRACTION_DIGITS);
}

void page_facts_put(struct builder *b, const struct page_facts *facts)
{
    if (facts->has_size) {
        builder_put(b, TEXT("size="));
        builder_put_number(b, facts->size);
        builder_put_byte(b, ';');
    }
    if (facts->has_modified) {
        builder_put(b, TEXT("modify="));
        put_time(b, facts->modified);
        builder_put_byte(b, ';');
    }
    if (facts->has_mode) {
        builder_put(b, TEXT("unix.mode="));
        builder_put_octal(b, facts->mode & MODE_MAX, 4);
        builder_put_byte(b, ';');
    }
}

static bool parse_fact(struct text name, struct text value, struct page_facts *facts)
{
    if (text_equal_any_case(name, TEXT("size")))
        return facts->has_size = text_to_number(value, INT64_MAX, &facts->size);
    if (text_equal_any_case(name, TEXT("modify")))
        return facts->has_modified = facts_parse_time(value, &facts->modified);
    uint64_t mode = 0;
    if (!text_equal_any_case(name, TEXT("unix.mode")) || !text_to_octal(value, MODE_MAX, &mode))
        return false;
    facts->mode = (unsigned)mode;
    return facts->has_mode = true;
}

bool page_facts_parse(struct text t, struct page_facts *facts)
{
    struct page_facts parsed = *facts;
    if (t.len && t.at[t.len - 1] != ';')
        return false;
    while (t.len) {
        struct text value = text_take_until(&t, ';');
        struct text name = text_take_until(&value, '=');
        if (!parse_fact(name, value, &parsed))
            return false;
    }
    *facts = parsed;
    return true;
}
