/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restart: the sender's half of RFC 959 3.5. Stands between TYPE and MODE,
 * where what is sent is counted alike for every MODE: puts in a marker that
 * says how far it is each time so many bytes have gone, and leaves out what
 * lies before the place that a restart begins at.
 */
#ifndef FERRY_CODEC_RESTART_H
#define FERRY_CODEC_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/stage.h"
#include "protocol/marker.h"

struct restart {
    struct stage stage;
    struct marker_position position; /* how far it is */
    struct marker_position first;    /* what is before it is left out */
    uint64_t interval;               /* bytes from marker to marker; 0: none */
    uint64_t next;                   /* bytes at the next one */
};

/*
 * `from` is where what is given begins, `first` where sending is to begin: at
 * or behind it. FAULT_OUT_OF_RANGE: the file ends before `first`, or has no
 * such place.
 */
void restart_init(struct restart *restart, struct stage *next, uint64_t interval,
                  const struct marker_position *from, const struct marker_position *first);

#endif
