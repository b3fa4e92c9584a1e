/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/restart.h"

static struct restart *of(struct stage *stage)
{
    return (struct restart *)stage;
}

static bool is_before_first(const struct restart *restart)
{
    return restart->position.bytes < restart->first.bytes ||
           restart->position.records < restart->first.records;
}

static void count(struct restart *restart, size_t bytes, unsigned marks)
{
    restart->position.bytes += bytes;
    if (marks & MARK_RECORD)
        restart->position.records++;
}

/* Returns what of the piece is to be sent; its marks have gone by if *marks is 0 then. */
static enum fault leave_out(struct restart *restart, struct text *bytes, unsigned *marks)
{
    uint64_t ahead = restart->first.bytes - restart->position.bytes;
    if (bytes->len > ahead) { /* the place is inside: as many records must have ended by now */
        if (restart->position.records != restart->first.records)
            return FAULT_OUT_OF_RANGE;
        restart->position.bytes += ahead;
        *bytes = text_after(*bytes, (size_t)ahead);
        return FAULT_NONE;
    }
    if (bytes->len == ahead && restart->position.records == restart->first.records) {
        /* At its bytes' end, before the record's. */
        restart->position.bytes += ahead;
        *bytes = TEXT("");
        return FAULT_NONE;
    }
    count(restart, bytes->len, *marks);
    *bytes = TEXT("");
    *marks &= (unsigned)MARK_FILE;
    bool is_there = !is_before_first(restart);
    bool is_none = is_there ? restart->position.records != restart->first.records : *marks != 0;
    return is_none ? FAULT_OUT_OF_RANGE : FAULT_NONE;
}

static enum fault put_marker(struct restart *restart)
{
    char marker[MARKER_MAX];
    struct builder b = builder_on(marker, sizeof(marker));
    marker_put_position(&b, &restart->position);
    restart->next = restart->position.bytes + restart->interval;
    return stage_put(&restart->stage, builder_text(&b), MARK_RESTART);
}

static enum fault restart_take(struct stage *stage, struct text bytes, unsigned marks)
{
    struct restart *restart = of(stage);
    enum fault f = FAULT_NONE;
    if (is_before_first(restart)) {
        f = leave_out(restart, &bytes, &marks);
        restart->next = restart->position.bytes + restart->interval;
    }
    while (!f && restart->interval && bytes.len >= restart->next - restart->position.bytes) {
        struct text part = {bytes.at, (size_t)(restart->next - restart->position.bytes)};
        bool is_last = part.len == bytes.len; /* the piece's marks are behind all of it */
        count(restart, part.len, is_last ? marks : 0);
        f = stage_put(stage, part, is_last ? marks : 0);
        if (!f && !(is_last && marks & MARK_FILE))
            f = put_marker(restart);
        if (is_last)
            return f;
        bytes = text_after(bytes, part.len);
    }
    if (f || (!bytes.len && !marks))
        return f;
    count(restart, bytes.len, marks);
    return stage_put(stage, bytes, marks);
}

void restart_init(struct restart *restart, struct stage *next, uint64_t interval,
                  const struct marker_position *from, const struct marker_position *first)
{
    *restart = (struct restart){
        .stage = {restart_take, next},
        .position = *from,
        .first = *first,
        .interval = interval,
        .next = from->bytes + interval,
    };
}
