/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shape_reader: the lines of a file's shape (codec/shape.h) from a stream, for
 * the stages that send it. Worker thread.
 */
#ifndef FERRY_DTP_SHAPE_READER_H
#define FERRY_DTP_SHAPE_READER_H

#include <stdbool.h>

#include "base/stream.h"
#include "codec/shape.h"

struct shape_reader {
    struct shape_source source;
    struct stream *stream; /* borrowed: lives as long */
    struct text rest;      /* of the buffer: what was read and is in no line yet */
    bool ended;
    char buffer[2 * SHAPE_LINE_MAX];
};

/* NULL: a shape that tells nothing. Its `next` gives FAULT_IO for a line that is none. */
void shape_reader_init(struct shape_reader *reader, struct stream *stream);

/*
 * Does an entry of this kind come next? Then it is taken, else nothing is;
 * FAULT_IO for a line that is none.
 */
enum fault shape_reader_take(struct shape_reader *reader, enum shape_kind kind,
                             struct shape_entry *ret_entry, bool *ret_taken);

#endif
