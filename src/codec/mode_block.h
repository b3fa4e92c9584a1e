/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mode_block: MODE B (RFC 959 3.4.2). Blocks of a descriptor, a count of 16 bits
 * and so many bytes. The end of the file is told, so the connection can stay
 * open for the next one.
 */
#ifndef FERRY_CODEC_MODE_BLOCK_H
#define FERRY_CODEC_MODE_BLOCK_H

#include <stdbool.h>

#include "codec/descriptor.h"
#include "codec/stage.h"
#include "protocol/marker.h"

enum { BLOCK_HEADER = 3 };

struct mode_block {
    struct stage stage;
    unsigned char header[BLOCK_HEADER]; /* of the block at hand */
    /* Receiving */
    size_t header_len;       /* bytes of the header that have come */
    size_t left;             /* bytes of the block to come */
    char marker[MARKER_MAX]; /* what has come of a marker */
    size_t marker_len;
    bool ended;         /* the end of the file has come */
    struct text beyond; /* what was taken behind it: the next file's */
};

/*
 * Takes data and marks, a marker in one piece; gives wire bytes, then MARK_FILE
 * with none. FAULT_BUG: a marker that is none.
 */
void mode_block_send_init(struct mode_block *mode, struct stage *next);

/*
 * Gives data and marks; a marker in one piece. What is behind the end of the
 * file is not taken: it is left in `beyond`, as long as the bytes taken last.
 * FAULT_MALFORMED: a descriptor or a marker that is none. FAULT_CONNECTION_LOST:
 * MARK_FILE, the end of the connection, before the end of the file.
 * FAULT_BUG: bytes for one that has ended.
 */
void mode_block_receive_init(struct mode_block *mode, struct stage *next);

#endif
