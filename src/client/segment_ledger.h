/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment_ledger: which ranges of a file are there and which are still to come:
 * what a fetch in segments knows of itself, and the text in which a later run finds it. Pure.
 *
 *     ferry-segments 1 SIZE STAMP
 *     BEGIN END DONE          one line for each range, in order: DONE of its bytes are there
 */
#ifndef FERRY_CLIENT_SEGMENT_LEDGER_H
#define FERRY_CLIENT_SEGMENT_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum {
    SEGMENTS_MAX = 64,
    SEGMENT_BYTES_MIN = 1 << 20, /* what is shorter is not divided */
    SEGMENT_LEDGER_BYTES = 8192, /* of the text, filled up with NUL */
    SEGMENT_STAMP_SIZE = 64,
};

struct segment {
    uint64_t begin;
    uint64_t end;  /* the byte behind its last */
    uint64_t done; /* bytes from `begin` on that are there */
};

struct segment_ledger {
    uint64_t size;                    /* of the file */
    struct segment all[SEGMENTS_MAX]; /* in order, none empty: together they are the file */
    size_t count;
};

/* Divides a file of `size` bytes, at least one, in at most `count` ranges, none of them shorter
 * than the least. */
void segment_ledger_divide(struct segment_ledger *ledger, uint64_t size, size_t count);
/*
 * Gives the second half of what is longest still to come to a range of its own; false when it is
 * not worth it. *ret_begin is where the new one begins.
 */
bool segment_ledger_split(struct segment_ledger *ledger, uint64_t *ret_begin);
/* The one that begins there; there is one. */
struct segment *segment_ledger_find(struct segment_ledger *ledger, uint64_t begin);
/* Bytes that are there. */
uint64_t segment_ledger_done(const struct segment_ledger *ledger);

/*
 * `stamp`, a word, is of the time in which what was written is still known to be there; "flushed":
 * always. `text` is filled to its end.
 */
void segment_ledger_put(const struct segment_ledger *ledger, struct text stamp,
                        char text[SEGMENT_LEDGER_BYTES]);
/* False: it is none, of a file of `size` bytes with this stamp or "flushed". */
bool segment_ledger_parse(struct text text, uint64_t size, struct text stamp,
                          struct segment_ledger *ret_ledger);

#endif
