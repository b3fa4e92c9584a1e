/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/mode_deflate.h"

#define ZLIB_CONST
#include <zlib.h>

#include "base/memory.h"

/* zlib counts in 32 bits. */
enum { PIECE_MAX = 1 << 30 };

static void *zlib_new(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return memory_new_array(count, size);
}

static void zlib_free(void *opaque, void *block)
{
    (void)opaque;
    memory_free(block);
}

static enum fault fault_from_zlib(int status)
{
    switch (status) {
    case Z_OK:
    case Z_STREAM_END:
    case Z_BUF_ERROR: /* nothing to do, for want of bytes */
        return FAULT_NONE;
    case Z_DATA_ERROR:
    case Z_NEED_DICT:
        return FAULT_MALFORMED;
    case Z_MEM_ERROR:
        return FAULT_NO_MEMORY;
    default:
        return FAULT_BUG;
    }
}

/* All of the buffer is free again. */
static void empty_buffer(struct mode_deflate *mode)
{
    z_stream *zlib = mode->zlib;
    zlib->next_out = (unsigned char *)mode->buffer.at;
    zlib->avail_out = mode->buffer.size < PIECE_MAX ? (unsigned)mode->buffer.size : PIECE_MAX;
}

/* What zlib has made since the buffer was empty, if it is worth it. */
static enum fault put_buffer(struct mode_deflate *mode, unsigned marks)
{
    const z_stream *zlib = mode->zlib;
    struct text made = {mode->buffer.at, (size_t)((char *)zlib->next_out - mode->buffer.at)};
    empty_buffer(mode);
    return made.len || marks ? stage_put(&mode->stage, made, marks) : FAULT_NONE;
}

/* Lets zlib take the next piece of `rest`. */
static void offer_piece(struct mode_deflate *mode, struct text *rest)
{
    z_stream *zlib = mode->zlib;
    size_t len = rest->len < PIECE_MAX ? rest->len : PIECE_MAX;
    zlib->next_in = (const unsigned char *)rest->at;
    zlib->avail_in = (unsigned)len;
    *rest = text_after(*rest, len);
}

static enum fault begin(struct mode_deflate *mode)
{
    z_stream *zlib = memory_new(sizeof(*zlib));
    if (!zlib)
        return FAULT_NO_MEMORY;
    zlib->zalloc = zlib_new;
    zlib->zfree = zlib_free;
    mode->zlib = zlib;
    empty_buffer(mode);
    return FAULT_NONE;
}

/* When zlib has not begun, its own memory is free already. */
static enum fault begun(struct mode_deflate *mode, int status)
{
    if (status == Z_OK)
        return FAULT_NONE;
    memory_free(mode->zlib);
    mode->zlib = NULL;
    return fault_from_zlib(status);
}

/* ---- Sending ------------------------------------------------------------ */

/* Until zlib has taken its piece, or has finished; what is made waits for a full buffer. */
static enum fault deflate_piece(struct mode_deflate *mode, int flush)
{
    z_stream *zlib = mode->zlib;
    int status = Z_OK;
    while (zlib->avail_in || (flush == Z_FINISH && status != Z_STREAM_END)) {
        enum fault f = zlib->avail_out ? FAULT_NONE : put_buffer(mode, 0);
        if (f)
            return f;
        status = deflate(zlib, flush);
        f = fault_from_zlib(status);
        if (f)
            return f;
    }
    return FAULT_NONE;
}

static enum fault take_data(struct stage *stage, struct text bytes, unsigned marks)
{
    struct mode_deflate *mode = (struct mode_deflate *)stage;
    enum fault f = FAULT_NONE;
    while (!f && bytes.len) {
        offer_piece(mode, &bytes);
        f = deflate_piece(mode, Z_NO_FLUSH);
    }
    if (f || !(marks & MARK_FILE))
        return f;
    f = deflate_piece(mode, Z_FINISH);
    return f ? f : put_buffer(mode, MARK_FILE);
}

enum fault mode_deflate_send_init(struct mode_deflate *mode, struct stage *next, int level,
                                  struct stage_buffer buffer)
{
    *mode = (struct mode_deflate){.stage = {take_data, next}, .buffer = buffer, .is_sending = true};
    enum fault f = begin(mode);
    return f ? f : begun(mode, deflateInit((z_stream *)mode->zlib, level));
}

/* ---- Receiving ---------------------------------------------------------- */

/*
 * What was made before a fault is given, too: how the bytes were split does not
 * show. Of what lies behind its end zlib takes nothing.
 */
static enum fault inflate_piece(struct mode_deflate *mode)
{
    z_stream *zlib = mode->zlib;
    bool is_more;
    do {
        int status = inflate(zlib, Z_NO_FLUSH);
        mode->ended = status == Z_STREAM_END;
        is_more = zlib->avail_in || !zlib->avail_out;
        enum fault f = put_buffer(mode, 0);
        if (!f)
            f = fault_from_zlib(status);
        if (f)
            return f;
    } while (is_more && !mode->ended);
    return zlib->avail_in ? FAULT_MALFORMED : FAULT_NONE;
}

static enum fault take_wire(struct stage *stage, struct text bytes, unsigned marks)
{
    struct mode_deflate *mode = (struct mode_deflate *)stage;
    enum fault f = FAULT_NONE;
    while (!f && bytes.len) {
        offer_piece(mode, &bytes);
        f = inflate_piece(mode);
    }
    if (f || !(marks & MARK_FILE))
        return f;
    return mode->ended ? stage_put(stage, TEXT(""), MARK_FILE) : FAULT_CONNECTION_LOST;
}

enum fault mode_deflate_receive_init(struct mode_deflate *mode, struct stage *next,
                                     struct stage_buffer buffer)
{
    *mode = (struct mode_deflate){.stage = {take_wire, next}, .buffer = buffer};
    enum fault f = begin(mode);
    return f ? f : begun(mode, inflateInit((z_stream *)mode->zlib));
}

void mode_deflate_done(struct mode_deflate *mode)
{
    if (!mode->zlib)
        return;
    if (mode->is_sending)
        (void)deflateEnd(mode->zlib);
    else
        (void)inflateEnd(mode->zlib);
    memory_free(mode->zlib);
    mode->zlib = NULL;
}
