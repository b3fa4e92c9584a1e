/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shapes: the ends of the stages of STRU R and P, for unit tests and fuzz
 * targets: a shape that is kept and told again, and records as a text where
 * 0xFF is an escape (as in MODE S): 0xFF 1 ends a record, 2 the file, 0xFF twice
 * is a byte. However bytes were split, the text is the same.
 */
#ifndef FERRY_TESTS_SHAPES_H
#define FERRY_TESTS_SHAPES_H

#include "base/text.h"
#include "codec/shape.h"
#include "codec/stage.h"

enum { SHAPES_ROOM = 1 << 19 };

/* ---- A shape ------------------------------------------------------------------ */

struct kept_shape {
    struct shape_sink sink;
    char bytes[SHAPES_ROOM];
    size_t len;
};

static inline enum fault kept_shape_put(struct shape_sink *sink, struct text lines)
{
    struct kept_shape *kept = (struct kept_shape *)sink;
    if (lines.len > sizeof(kept->bytes) - kept->len)
        return FAULT_NO_SPACE;
    memcpy(kept->bytes + kept->len, lines.at, lines.len);
    kept->len += lines.len;
    return FAULT_NONE;
}

static inline void kept_shape_init(struct kept_shape *kept)
{
    kept->sink.put = kept_shape_put;
    kept->len = 0;
}

static inline struct text kept_shape_text(const struct kept_shape *kept)
{
    return (struct text){kept->bytes, kept->len};
}

struct told_shape {
    struct shape_source source;
    struct text rest;
};

static inline enum fault told_shape_next(struct shape_source *source, struct shape_entry *ret_entry)
{
    struct told_shape *told = (struct told_shape *)source;
    if (!told->rest.len) {
        ret_entry->kind = SHAPE_END;
        return FAULT_NONE;
    }
    return shape_parse(text_take_until(&told->rest, '\n'), ret_entry) ? FAULT_NONE : FAULT_IO;
}

static inline struct told_shape told_shape_of(struct text lines)
{
    return (struct told_shape){{told_shape_next}, lines};
}

/* ---- Bytes and records ---------------------------------------------------------- */

/* The last stage: what it was given, with or without marks. */
struct written {
    struct stage stage;
    bool has_marks;
    bool ended;
    char bytes[SHAPES_ROOM];
    size_t len;
};

static inline enum fault written_put(struct written *to, struct text bytes)
{
    if (bytes.len > sizeof(to->bytes) - to->len)
        return FAULT_NO_SPACE;
    if (bytes.len)
        memcpy(to->bytes + to->len, bytes.at, bytes.len);
    to->len += bytes.len;
    return FAULT_NONE;
}

static inline enum fault written_take(struct stage *stage, struct text bytes, unsigned marks)
{
    struct written *to = (struct written *)stage;
    if (to->ended)
        return FAULT_BUG;
    to->ended = marks & MARK_FILE;
    if (!to->has_marks)
        return written_put(to, bytes);
    enum fault f = FAULT_NONE;
    while (bytes.len && !f) {
        struct text run = {bytes.at, text_find(bytes, '\xFF')};
        f = written_put(to, run);
        if (!f && run.len < bytes.len)
            f = written_put(to, TEXT("\xFF\xFF"));
        bytes = text_after(bytes, run.len + 1);
    }
    if (!f && marks & MARK_RECORD)
        f = written_put(to, TEXT("\xFF\x01"));
    if (!f && marks & MARK_FILE)
        f = written_put(to, TEXT("\xFF\x02"));
    return f;
}

static inline void written_init(struct written *to, bool has_marks)
{
    to->stage = (struct stage){written_take, NULL};
    to->has_marks = has_marks;
    to->ended = false;
    to->len = 0;
}

static inline struct text written_text(const struct written *to)
{
    return (struct text){to->bytes, to->len};
}

/* Gives bytes to a stage: the first piece of `first` bytes, others of `step`. */
static inline enum fault feed_bytes(struct stage *to, struct text bytes, size_t first, size_t step)
{
    enum fault f = FAULT_NONE;
    for (size_t size = first; bytes.len && !f; size = step) {
        struct text piece = {bytes.at, bytes.len < size ? bytes.len : size};
        bytes = text_after(bytes, piece.len);
        f = stage_take(to, piece, 0);
    }
    return f;
}

/* Gives records without the end of the file; escapes that are none are bytes. */
static inline enum fault feed_records(struct stage *to, struct text records, size_t step)
{
    enum fault f = FAULT_NONE;
    while (records.len && !f) {
        struct text run = {records.at, text_find(records, '\xFF')};
        struct text behind = text_after(records, run.len + 1);
        bool has_escape = run.len < records.len;
        bool ends = has_escape && behind.len && behind.at[0] == 1;
        /* The mark sometimes with the last bytes, sometimes alone. */
        bool together = ends && run.len <= step && run.len % 2;
        f = together ? stage_take(to, run, MARK_RECORD) : feed_bytes(to, run, step, step);
        if (!f && ends && !together)
            f = stage_take(to, TEXT(""), MARK_RECORD);
        if (!f && has_escape && !ends)
            f = stage_take(to, TEXT("\xFF"), 0);
        records = text_after(behind, has_escape ? 1 : 0);
    }
    return f;
}

#endif
