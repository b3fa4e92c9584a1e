/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink: the end of a chain of stages under test: what came, in one text, and the
 * marks with the offset that they came at. And ways to feed a chain in pieces.
 */
#ifndef FERRY_TESTS_SINK_H
#define FERRY_TESTS_SINK_H

#include <stdlib.h>

#include "codec/stage.h"

enum { SINK_MARKS_MAX = 1024 };

struct sink {
    struct stage stage;
    char *at; /* borrowed: lives as long */
    size_t len;
    size_t size;
    struct sink_mark {
        size_t offset;
        unsigned marks;
    } marks[SINK_MARKS_MAX];
    size_t mark_count;
};

static inline enum fault sink_take(struct stage *stage, struct text bytes, unsigned marks)
{
    struct sink *sink = (struct sink *)stage;
    if (bytes.len > sink->size - sink->len)
        abort();
    if (bytes.len)
        memcpy(sink->at + sink->len, bytes.at, bytes.len);
    sink->len += bytes.len;
    if (marks && sink->mark_count == SINK_MARKS_MAX)
        abort();
    if (marks)
        sink->marks[sink->mark_count++] = (struct sink_mark){sink->len, marks};
    return FAULT_NONE;
}

static inline void sink_init(struct sink *sink, char *buffer, size_t size)
{
    sink->stage = (struct stage){sink_take, NULL};
    sink->at = buffer;
    sink->size = size;
    sink->len = 0;
    sink->mark_count = 0;
}

static inline struct text sink_text(const struct sink *sink)
{
    return (struct text){sink->at, sink->len};
}

/* The same bytes with the same marks at the same places? */
static inline bool sink_equal(const struct sink *a, const struct sink *b)
{
    if (a->mark_count != b->mark_count)
        return false;
    for (size_t i = 0; i < a->mark_count; i++)
        if (a->marks[i].offset != b->marks[i].offset || a->marks[i].marks != b->marks[i].marks)
            return false;
    return text_equal(sink_text(a), sink_text(b));
}

/* In pieces of `step` bytes, the marks with the last one. */
static inline enum fault sink_feed(struct stage *first, struct text bytes, size_t step,
                                   unsigned marks)
{
    while (bytes.len > step) {
        enum fault f = stage_take(first, (struct text){bytes.at, step}, 0);
        if (f)
            return f;
        bytes = text_after(bytes, step);
    }
    return stage_take(first, bytes, marks);
}

/* In two pieces, cut at `cut`; the marks come alone. */
static inline enum fault sink_feed_cut(struct stage *first, struct text bytes, size_t cut,
                                       unsigned marks)
{
    enum fault f = stage_take(first, (struct text){bytes.at, cut}, 0);
    if (!f)
        f = stage_take(first, text_after(bytes, cut), 0);
    return f ? f : stage_take(first, (struct text){NULL, 0}, marks);
}

#endif
