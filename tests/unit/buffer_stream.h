/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buffer_stream: a stream over a buffer, for tests of what moves bytes. It
 * gives few bytes at a time, can be told to fail, and has holes where a block
 * of it is zeros.
 */
#ifndef FERRY_TESTS_BUFFER_STREAM_H
#define FERRY_TESTS_BUFFER_STREAM_H

#include "base/stream.h"
#include "tests/unit/unit.h"

enum { BUFFER_STREAM_MAX = 1 << 20, BUFFER_STREAM_BLOCK = 64 };

struct buffer_stream {
    struct stream stream; /* file_offset is where it is, file_end how long */
    size_t step;          /* longest read */
    size_t fails_at;      /* no byte is moved behind it; 0: never */
    char bytes[BUFFER_STREAM_MAX];
};

static inline enum fault buffer_stream_read(struct stream *stream, void *buffer, size_t size,
                                            size_t *ret_len)
{
    struct buffer_stream *b = (struct buffer_stream *)stream;
    size_t at = (size_t)stream->file_offset;
    size_t left = at < (size_t)stream->file_end ? (size_t)stream->file_end - at : 0;
    size_t n = left < size ? left : size;
    if (n > b->step)
        n = b->step;
    if (b->fails_at && at + n > b->fails_at)
        return FAULT_IO;
    memcpy(buffer, b->bytes + at, n);
    stream->file_offset += (int64_t)n;
    *ret_len = n;
    return FAULT_NONE;
}

static inline enum fault buffer_stream_write(struct stream *stream, const void *bytes, size_t len)
{
    struct buffer_stream *b = (struct buffer_stream *)stream;
    size_t at = (size_t)stream->file_offset;
    if ((b->fails_at && at + len > b->fails_at) || len > BUFFER_STREAM_MAX - at)
        return FAULT_NO_SPACE;
    memcpy(b->bytes + at, bytes, len);
    stream->file_offset += (int64_t)len;
    if (stream->file_end < stream->file_offset)
        stream->file_end = stream->file_offset;
    return FAULT_NONE;
}

static inline enum fault buffer_stream_seek(struct stream *stream, uint64_t offset)
{
    if (offset > BUFFER_STREAM_MAX)
        return FAULT_TOO_LARGE;
    stream->file_offset = (int64_t)offset;
    return FAULT_NONE;
}

static inline bool buffer_stream_is_hole(const struct buffer_stream *b, int64_t block)
{
    static const char zeros[BUFFER_STREAM_BLOCK];
    int64_t left = b->stream.file_end - block;
    size_t len = left < BUFFER_STREAM_BLOCK ? (size_t)left : BUFFER_STREAM_BLOCK;
    return memcmp(b->bytes + block, zeros, len) == 0;
}

/* Where `hole` begins from `from` on, or the file's end. */
static inline int64_t buffer_stream_find(const struct buffer_stream *b, int64_t from, bool hole)
{
    while (from < b->stream.file_end &&
           buffer_stream_is_hole(b, from - from % BUFFER_STREAM_BLOCK) != hole)
        from += BUFFER_STREAM_BLOCK - from % BUFFER_STREAM_BLOCK;
    return from < b->stream.file_end ? from : b->stream.file_end;
}

static inline enum fault buffer_stream_next_data(struct stream *stream, int64_t from,
                                                 int64_t *ret_first, int64_t *ret_end)
{
    struct buffer_stream *b = (struct buffer_stream *)stream;
    *ret_first = buffer_stream_find(b, from, false);
    *ret_end = buffer_stream_find(b, *ret_first, true);
    return FAULT_NONE;
}

static inline void buffer_stream_close(struct stream *stream)
{
    (void)stream;
}

static const struct stream_type buffer_stream_type = {
    .read = buffer_stream_read,
    .write = buffer_stream_write,
    .seek = buffer_stream_seek,
    .next_data = buffer_stream_next_data,
    .close = buffer_stream_close,
};

/* At its beginning; the rest of the buffer is zeros, as that of a static one was. */
static inline struct stream *buffer_stream_init(struct buffer_stream *b, struct text content)
{
    memset(b->bytes, 0, (size_t)b->stream.file_end);
    if (content.len)
        memcpy(b->bytes, content.at, content.len);
    b->stream = (struct stream){&buffer_stream_type, -1, 0, (int64_t)content.len};
    b->step = 7; /* nothing may depend on full reads */
    b->fails_at = 0;
    return &b->stream;
}

static inline struct text buffer_stream_text(const struct buffer_stream *b)
{
    return (struct text){b->bytes, (size_t)b->stream.file_end};
}

#endif
