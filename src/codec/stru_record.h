/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stru_record: STRU R (RFC 959 3.1.2.2). In a text's file each record is a line:
 * its bytes and an LF. In any other file records lie one behind the other.
 * What that cannot give back is the file's shape (shape.h).
 */
#ifndef FERRY_CODEC_STRU_RECORD_H
#define FERRY_CODEC_STRU_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/shape.h"
#include "codec/stage.h"

struct stru_record_send {
    struct stage stage;
    struct shape_source *shape; /* borrowed: lives as long; NULL: nothing is told */
    bool is_text;
    uint64_t position;        /* in the file */
    struct shape_entry entry; /* that the position is in; its count: records that have not ended */
    uint64_t left;            /* bytes left of this record, these lines or what is before AT */
    bool in_record;           /* bytes have gone of a line, or of what is not told, to be ended */
    bool before_line_end;     /* of a SHAPE_TEXT, which is no part of its record */
};

/*
 * Takes the file's bytes from its beginning, gives records. Every record's end
 * is told, the last one's too (RFC 959 3.4), unless the shape says that none came.
 * FAULT_IO: the shape is not this file's.
 */
void stru_record_send_init(struct stru_record_send *record, struct stage *next,
                           struct shape_source *shape, bool is_text);

struct stru_record_receive {
    struct stage stage;
    struct shape_writer shape;
    uint64_t bytes;    /* of the record that has not ended */
    bool has_line_end; /* in it */
};

/* Takes records, gives the file's bytes; MARK_FILE after the last of the shape was written. */
void stru_record_receive_init(struct stru_record_receive *record, struct stage *next,
                              struct shape_sink *shape, bool is_text);

/*
 * For a restart marker, the shape's included: "" or "e<bytes>" ("E": with a line end)
 * and "l<bytes>". take: false, and nothing changed, when `state` is no such text.
 */
enum fault stru_record_put_state(struct stru_record_receive *record, struct builder *b);
bool stru_record_take_state(struct stru_record_receive *record, struct text state);

#endif
