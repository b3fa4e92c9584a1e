/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink: one place that lines go to, a file or the system's log; and the account
 * of those that did not arrive there. The writer's thread only.
 */
#ifndef FERRY_AUDIT_SINK_H
#define FERRY_AUDIT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"

enum sink_kind { SINK_JSON, SINK_SYSLOG, SINK_XFERLOG, SINK_COUNT };

struct sink {
    enum sink_kind kind;
    char *name;    /* owned: a file, a socket; NULL: there is none */
    int fd;        /* owned; -1: not open */
    bool broken;   /* the last line was refused */
    bool torn;     /* and is there in part */
    uint64_t lost; /* lines, since the last time that it was told */
};

/* `name` is copied; NULL: there is none. The system's log is looked for when it is needed. */
enum fault sink_open(struct sink *sink, enum sink_kind kind, const char *name);
/* After rotation: under the same name again. The old file is kept when there can be no new one. */
void sink_reopen(struct sink *sink);

/* Lines, each with its newline. How many could not be written: counted in `lost`, too. */
uint64_t sink_write(struct sink *sink, const struct text *lines, size_t count);
/* Lines that never came as far as this. */
void sink_lose(struct sink *sink, uint64_t lines);
/* Nothing more is coming: what was lost is told now, or never. */
void sink_end(struct sink *sink);
/* Any thread, when nobody uses it any more. */
void sink_close(struct sink *sink);

#endif
