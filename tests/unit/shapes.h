/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shapes: a shape that is kept and one that is told, for unit tests and fuzz
 * targets of STRU R and P.
 */
#ifndef FERRY_TESTS_SHAPES_H
#define FERRY_TESTS_SHAPES_H

#include "base/text.h"
#include "codec/shape.h"

enum { SHAPES_ROOM = 1 << 19 };

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

#endif
