/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage: one step of the way between a file's bytes and the wire. A stage takes
 * bytes and marks, turns them into what the next one understands and gives
 * that on. Marks (end of record, end of file, restart) travel beside the
 * bytes, because each MODE of RFC 959 3.4 writes them in its own way.
 *
 * Bytes may come in any pieces: the split means nothing. Stages are embedded as
 * first members, own nothing and do no I/O; the last of a chain is its maker's.
 */
#ifndef FERRY_CODEC_STAGE_H
#define FERRY_CODEC_STAGE_H

#include "base/fault.h"
#include "base/text.h"

/* Behind the bytes that they come with. */
enum mark {
    MARK_RECORD = 1,  /* here a record ends (EOR) */
    MARK_FILE = 2,    /* here the file ends (EOF); the last thing a stage takes */
    MARK_RESTART = 4, /* the bytes are no data but a restart marker; alone */
    MARK_SUSPECT = 8, /* the bytes may be wrong: so says who sent them */
};

struct stage {
    enum fault (*take)(struct stage *stage, struct text bytes, unsigned marks);
    struct stage *next; /* borrowed: lives as long; NULL of the last one */
};

static inline enum fault stage_take(struct stage *stage, struct text bytes, unsigned marks)
{
    return stage->take(stage, bytes, marks);
}

/* To the next one. */
static inline enum fault stage_put(struct stage *stage, struct text bytes, unsigned marks)
{
    return stage->next->take(stage->next, bytes, marks);
}

/* Room that a stage converts into; its maker's, at least STAGE_BUFFER_MIN bytes. */
struct stage_buffer {
    char *at; /* borrowed: lives as long as the stage */
    size_t size;
};

enum { STAGE_BUFFER_MIN = 512 };

#endif
