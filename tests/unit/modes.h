/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modes: every MODE behind one pair of functions, for what holds of all of
 * them. For unit tests and fuzz targets.
 */
#ifndef FERRY_TESTS_MODES_H
#define FERRY_TESTS_MODES_H

#include "codec/mode_block.h"
#include "codec/mode_compressed.h"
#include "codec/mode_deflate.h"
#include "codec/mode_stream.h"
#include "tests/unit/heard.h"

enum mode_kind {
    MODE_STREAM,
    MODE_STREAM_RECORDS,
    MODE_BLOCK,
    MODE_COMPRESSED,
    MODE_DEFLATE,
    MODE_COUNT,
};

/* What each can send beside bytes and the file's end. */
static const unsigned mode_marks[MODE_COUNT] = {
    [MODE_STREAM_RECORDS] = MARK_RECORD,
    [MODE_BLOCK] = MARK_RECORD | MARK_SUSPECT | MARK_RESTART,
    [MODE_COMPRESSED] = MARK_RECORD | MARK_SUSPECT | MARK_RESTART,
};

/* The same bytes go out however they come in? */
static const bool mode_is_canonical[MODE_COUNT] = {
    [MODE_STREAM] = true,
    [MODE_STREAM_RECORDS] = true,
    [MODE_COMPRESSED] = true,
};

struct mode {
    union {
        struct stage stage;
        struct mode_stream stream;
        struct mode_block block;
        struct mode_compressed compressed;
        struct mode_deflate deflate;
    };
    enum mode_kind kind;
    const bool *ended;         /* borrowed: ours; NULL: it wants all of the connection */
    const struct text *beyond; /* borrowed: likewise */
    char room[STAGE_BUFFER_MIN];
};

static inline enum fault mode_init_send(struct mode *mode, enum mode_kind kind, struct stage *next)
{
    struct stage_buffer buffer = {mode->room, sizeof(mode->room)};
    mode->kind = kind;
    if (kind == MODE_BLOCK)
        mode_block_send_init(&mode->block, next);
    else if (kind == MODE_COMPRESSED)
        mode_compressed_send_init(&mode->compressed, next, ' ', buffer);
    else if (kind == MODE_DEFLATE)
        return mode_deflate_send_init(&mode->deflate, next, DEFLATE_LEVEL_DEFAULT, buffer);
    else
        mode_stream_send_init(&mode->stream, next, kind == MODE_STREAM_RECORDS);
    return FAULT_NONE;
}

static inline enum fault mode_init_receive(struct mode *mode, enum mode_kind kind,
                                           struct stage *next)
{
    struct stage_buffer buffer = {mode->room, sizeof(mode->room)};
    mode->kind = kind;
    mode->ended = NULL;
    mode->beyond = NULL;
    if (kind == MODE_DEFLATE)
        return mode_deflate_receive_init(&mode->deflate, next, buffer);
    if (kind == MODE_BLOCK) {
        mode_block_receive_init(&mode->block, next);
        mode->ended = &mode->block.ended;
        mode->beyond = &mode->block.beyond;
    } else if (kind == MODE_COMPRESSED) {
        mode_compressed_receive_init(&mode->compressed, next, ' ', buffer);
        mode->ended = &mode->compressed.ended;
        mode->beyond = &mode->compressed.beyond;
    } else
        mode_stream_receive_init(&mode->stream, next, kind == MODE_STREAM_RECORDS);
    return FAULT_NONE;
}

static inline void mode_done(struct mode *mode)
{
    if (mode->kind == MODE_DEFLATE)
        mode_deflate_done(&mode->deflate);
}

static inline enum fault mode_send(enum mode_kind kind, const struct heard *script,
                                   struct split split, struct heard *ret_wire)
{
    struct mode mode;
    enum fault f = mode_init_send(&mode, kind, heard_init(ret_wire));
    if (!f)
        f = heard_play(script, &mode.stage, split);
    mode_done(&mode);
    return f;
}

/* Bytes, then the connection's end. Stops where the MODE knows the file's end. */
static inline enum fault mode_feed(struct mode *mode, struct text wire, struct split split)
{
    enum fault f = FAULT_NONE;
    while (!f && wire.len && !(mode->ended && *mode->ended))
        f = stage_take(&mode->stage, split_take(&split, &wire), 0);
    return f ? f : stage_take(&mode->stage, TEXT(""), MARK_FILE);
}

static inline enum fault mode_receive(enum mode_kind kind, struct text wire, struct split split,
                                      struct heard *ret_got)
{
    struct mode mode;
    enum fault f = mode_init_receive(&mode, kind, heard_init(ret_got));
    if (!f)
        f = mode_feed(&mode, wire, split);
    mode_done(&mode);
    return f;
}

#endif
