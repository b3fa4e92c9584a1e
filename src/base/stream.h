/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream: bytes at rest behind read, write and close: a file, an object, a
 * listing, a test buffer. The data transfer process moves bytes between a
 * stream and a connected peer and never learns which kind it holds.
 *
 * One thread at a time; may block. Implementations embed `struct stream` as
 * their first member.
 */
#ifndef FERRY_BASE_STREAM_H
#define FERRY_BASE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

struct stream;

struct stream_type {
    /*
     * Reads at most `size` bytes from where the last read ended. Sets
     * *ret_len to the count, 0 at the end. On a fault nothing was read.
     * NULL when it is only ever written.
     */
    enum fault (*read)(struct stream *stream, void *buffer, size_t size, size_t *ret_len);
    /*
     * Writes all of it or faults; after a fault the stream takes no more.
     * NULL when it is only ever read.
     */
    enum fault (*write)(struct stream *stream, const void *bytes, size_t len);
    /*
     * Likewise of the next `len` bytes of a pipe, which the kernel moves. NULL when it has to see
     * them.
     */
    enum fault (*write_pipe)(struct stream *stream, int pipe, size_t len);
    /*
     * The next byte written goes to `offset`; what nobody wrote is a hole, which
     * reads as zeros. NULL when it cannot.
     */
    enum fault (*seek)(struct stream *stream, uint64_t offset);
    /*
     * From `from` on: where the next bytes that are no hole begin and end, both at
     * the file's end when there are none. NULL when it does not know of holes.
     */
    enum fault (*next_data)(struct stream *stream, int64_t from, int64_t *ret_first,
                            int64_t *ret_end);
    /* Releases everything, the struct included. Never NULL. */
    void (*close)(struct stream *stream);
};

struct stream {
    const struct stream_type *type; /* borrowed: static table */
    /*
     * For the kernel shortcut (sendfile): a descriptor whose bytes from
     * file_offset up to file_end are what read would return, or -1. Borrowed:
     * the stream's. Whoever uses it moves file_offset.
     */
    int fd;
    int64_t file_offset;
    int64_t file_end;
    bool in_memory; /* `fd` is a file that is nowhere else: reading it waits for no device */
};

/* FAULT_BUG of a stream that cannot be read. */
static inline enum fault stream_read(struct stream *stream, void *buffer, size_t size,
                                     size_t *ret_len)
{
    return stream->type->read ? stream->type->read(stream, buffer, size, ret_len) : FAULT_BUG;
}

/* FAULT_BUG of a stream that cannot be written. */
static inline enum fault stream_write(struct stream *stream, const void *bytes, size_t len)
{
    return stream->type->write ? stream->type->write(stream, bytes, len) : FAULT_BUG;
}

/* FAULT_UNSUPPORTED of a stream that is written from its beginning to its end. */
static inline enum fault stream_seek(struct stream *stream, uint64_t offset)
{
    return stream->type->seek ? stream->type->seek(stream, offset) : FAULT_UNSUPPORTED;
}

/* Where no holes are known, all from `from` to file_end is data. */
static inline enum fault stream_next_data(struct stream *stream, int64_t from, int64_t *ret_first,
                                          int64_t *ret_end)
{
    if (stream->type->next_data)
        return stream->type->next_data(stream, from, ret_first, ret_end);
    *ret_first = from;
    *ret_end = stream->file_end;
    return FAULT_NONE;
}

/* Accepts NULL and a pointer to NULL; leaves NULL behind. */
static inline void stream_close(struct stream **stream)
{
    if (stream && *stream) {
        (*stream)->type->close(*stream);
        *stream = NULL;
    }
}

#endif
