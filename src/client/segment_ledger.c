/* SPDX-License-Identifier: Apache-2.0 */
#include "client/segment_ledger.h"

#include <string.h>

#define MAGIC TEXT("ferry-segments")
#define VERSION TEXT("1")
#define FLUSHED TEXT("flushed")

void segment_ledger_divide(struct segment_ledger *ledger, uint64_t size, size_t count)
{
    uint64_t most = size / SEGMENT_BYTES_MIN;
    if (count > SEGMENTS_MAX)
        count = SEGMENTS_MAX;
    if (count > most)
        count = most ? (size_t)most : 1;
    *ledger = (struct segment_ledger){.size = size, .count = count};
    for (size_t i = 0; i < count; i++) {
        struct segment *segment = &ledger->all[i];
        segment->begin = i ? ledger->all[i - 1].end : 0;
        segment->end = i + 1 == count ? size : segment->begin + size / count;
    }
}

static uint64_t left_of(const struct segment *segment)
{
    return segment->end - segment->begin - segment->done;
}

bool segment_ledger_split(struct segment_ledger *ledger, uint64_t *ret_begin)
{
    size_t longest = 0;
    for (size_t i = 1; i < ledger->count; i++)
        if (left_of(&ledger->all[i]) > left_of(&ledger->all[longest]))
            longest = i;
    struct segment *segment = &ledger->all[longest];
    uint64_t half = left_of(segment) / 2;
    if (ledger->count == SEGMENTS_MAX || half < SEGMENT_BYTES_MIN)
        return false;
    memmove(segment + 2, segment + 1, (ledger->count - longest - 1) * sizeof(*segment));
    segment[1] = (struct segment){segment->end - half, segment->end, 0};
    segment->end -= half;
    ledger->count++;
    *ret_begin = segment[1].begin;
    return true;
}

struct segment *segment_ledger_find(struct segment_ledger *ledger, uint64_t begin)
{
    size_t i = 0;
    while (i + 1 < ledger->count && ledger->all[i].begin != begin)
        i++;
    return &ledger->all[i];
}

uint64_t segment_ledger_done(const struct segment_ledger *ledger)
{
    uint64_t done = 0;
    for (size_t i = 0; i < ledger->count; i++)
        done += ledger->all[i].done;
    return done;
}

/* ---- As text -------------------------------------------------------------------------------- */

void segment_ledger_put(const struct segment_ledger *ledger, struct text stamp,
                        char text[SEGMENT_LEDGER_BYTES])
{
    struct builder b = builder_on(text, SEGMENT_LEDGER_BYTES);
    memset(text, 0, SEGMENT_LEDGER_BYTES);
    builder_put(&b, MAGIC);
    builder_put_byte(&b, ' ');
    builder_put(&b, VERSION);
    builder_put_byte(&b, ' ');
    builder_put_number(&b, ledger->size);
    builder_put_byte(&b, ' ');
    builder_put(&b, stamp);
    builder_put_byte(&b, '\n');
    for (size_t i = 0; i < ledger->count; i++) {
        builder_put_number(&b, ledger->all[i].begin);
        builder_put_byte(&b, ' ');
        builder_put_number(&b, ledger->all[i].end);
        builder_put_byte(&b, ' ');
        builder_put_number(&b, ledger->all[i].done);
        builder_put_byte(&b, '\n');
    }
}

static bool parse_head(struct text head, uint64_t size, struct text stamp)
{
    uint64_t found = 0;
    bool is_ours = text_equal(text_take_word(&head), MAGIC) &&
                   text_equal(text_take_word(&head), VERSION);
    return is_ours && text_to_number(text_take_word(&head), INT64_MAX, &found) && found == size &&
           (text_equal(head, stamp) || text_equal(head, FLUSHED));
}

/* It begins where the one before ended. */
static bool parse_line(struct text line, uint64_t begin, uint64_t size, struct segment *ret_segment)
{
    struct segment segment = {0};
    bool is_read = text_to_number(text_take_word(&line), size, &segment.begin) &&
                   text_to_number(text_take_word(&line), size, &segment.end) &&
                   text_to_number(line, size, &segment.done);
    if (!is_read || segment.begin != begin || segment.end <= begin ||
        segment.done > segment.end - begin)
        return false;
    *ret_segment = segment;
    return true;
}

bool segment_ledger_parse(struct text text, uint64_t size, struct text stamp,
                          struct segment_ledger *ret_ledger)
{
    struct segment_ledger ledger = {.size = size};
    uint64_t end = 0;
    text.len = text_find(text, '\0');
    if (!parse_head(text_take_until(&text, '\n'), size, stamp))
        return false;
    while (text.len) {
        if (ledger.count == SEGMENTS_MAX ||
            !parse_line(text_take_until(&text, '\n'), end, size, &ledger.all[ledger.count]))
            return false;
        end = ledger.all[ledger.count++].end;
    }
    if (!ledger.count || end != size)
        return false;
    *ret_ledger = ledger;
    return true;
}
