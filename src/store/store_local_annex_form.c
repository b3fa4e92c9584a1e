/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_annex_form.h"

#define FIRST_LINE "ferry-annex 1\n"

enum {
    NANOSECOND_DIGITS = 9,
    NANOSECONDS_MAX = 999999999,
};

bool annex_is_version(const struct annex_version *a, const struct annex_version *b)
{
    if (a->size != b->size || a->modified.seconds != b->modified.seconds)
        return false;
    return a->modified.nanoseconds == b->modified.nanoseconds || !a->modified.nanoseconds ||
           !b->modified.nanoseconds;
}

void annex_put_first_line(struct builder *b)
{
    builder_put(b, TEXT(FIRST_LINE));
}

void annex_put_block_line(struct builder *b, const struct annex_block *block)
{
    int64_t seconds = block->version.modified.seconds;
    builder_put(b, TEXT("file "));
    builder_put_number(b, block->version.size);
    builder_put_byte(b, ' ');
    if (seconds < 0)
        builder_put_byte(b, '-');
    builder_put_number(b, seconds < 0 ? -(uint64_t)seconds : (uint64_t)seconds);
    builder_put_byte(b, '.');
    builder_put_number_padded(b, block->version.modified.nanoseconds, NANOSECOND_DIGITS);
    builder_put_byte(b, ' ');
    builder_put_number(b, block->bytes);
    builder_put_byte(b, '\n');
}

bool annex_take_first_line(struct text *rest)
{
    if (!text_starts_with(*rest, TEXT(FIRST_LINE)))
        return false;
    *rest = text_after(*rest, sizeof(FIRST_LINE) - 1);
    return true;
}

static bool parse_time(struct text t, struct store_time *ret_time)
{
    uint64_t seconds;
    uint64_t nanoseconds;
    bool is_before = text_starts_with(t, TEXT("-"));
    struct text rest = text_after(t, is_before ? 1 : 0);
    if (!text_to_number(text_take_until(&rest, '.'), INT64_MAX, &seconds) ||
        rest.len != NANOSECOND_DIGITS || !text_to_number(rest, NANOSECONDS_MAX, &nanoseconds))
        return false;
    ret_time->seconds = is_before ? -(int64_t)seconds : (int64_t)seconds;
    ret_time->nanoseconds = (uint32_t)nanoseconds;
    return true;
}

bool annex_take_block_line(struct text *rest, struct annex_block *ret_block)
{
    struct annex_block block;
    struct text after = *rest;
    size_t end = text_find(after, '\n');
    if (end == after.len || end >= ANNEX_LINE_MAX)
        return false;
    struct text line = text_take_until(&after, '\n');
    if (!text_equal(text_take_until(&line, ' '), TEXT("file")) ||
        !text_to_number(text_take_until(&line, ' '), INT64_MAX, &block.version.size) ||
        !parse_time(text_take_until(&line, ' '), &block.version.modified) ||
        !text_to_number(line, INT64_MAX, &block.bytes))
        return false;
    *ret_block = block;
    *rest = after;
    return true;
}
