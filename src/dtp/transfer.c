/* SPDX-License-Identifier: Apache-2.0 */
#include "dtp/transfer.h"

#include "base/memory.h"

enum {
    BUFFER_BYTES = 256 * 1024,
    /* TYPE A can double what it is given. */
    WIRE_BYTES = 2 * BUFFER_BYTES,
    /* One sendfile call: large enough to cost nothing, small enough for STAT to tell progress. */
    SEND_FILE_BYTES = 1024 * 1024,
};

struct buffers {
    char *plain; /* owned: BUFFER_BYTES, what the stream reads or writes */
    char *wire;  /* owned: WIRE_BYTES, what travels */
};

static bool is_cancelled(const struct transfer *transfer)
{
    return atomic_load_explicit(&transfer->progress->cancelled, memory_order_acquire);
}

static void count(struct transfer *transfer, size_t bytes)
{
    atomic_fetch_add_explicit(&transfer->progress->bytes, bytes, memory_order_relaxed);
}

/* An interrupted channel fails or ends like a closed one: the flag tells which it was. */
static enum fault or_cancelled(const struct transfer *transfer, enum fault f)
{
    return is_cancelled(transfer) ? FAULT_CANCELLED : f;
}

/* The kernel moves the file by itself; FAULT_UNSUPPORTED when it cannot. */
static enum fault send_by_kernel(struct transfer *transfer, struct stream *stream)
{
    while (stream->file_offset < stream->file_end && !is_cancelled(transfer)) {
        int64_t left = stream->file_end - stream->file_offset;
        size_t len = left < SEND_FILE_BYTES ? (size_t)left : SEND_FILE_BYTES;
        size_t sent;
        enum fault f = channel_send_file(transfer->channel, stream->fd, &stream->file_offset, len,
                                         &sent);
        if (f)
            return f;
        if (!sent)
            return FAULT_IO; /* the file became shorter while it was sent */
        count(transfer, sent);
    }
    return FAULT_NONE;
}

static enum fault send_text(struct transfer *transfer, struct text plain, char *wire)
{
    while (plain.len) {
        size_t made;
        size_t used = type_ascii_send(&transfer->ascii, plain, wire, WIRE_BYTES, &made);
        enum fault f = channel_write(transfer->channel, wire, made);
        if (f)
            return f;
        count(transfer, made);
        plain = text_after(plain, used);
    }
    return FAULT_NONE;
}

static enum fault send_by_buffer(struct transfer *transfer, struct stream *stream,
                                 struct buffers *buffers)
{
    for (;;) {
        size_t len;
        enum fault f = stream_read(stream, buffers->plain, BUFFER_BYTES, &len);
        if (f || !len || is_cancelled(transfer))
            return f;
        if (transfer->parameters.type == TYPE_ASCII) {
            f = send_text(transfer, (struct text){buffers->plain, len}, buffers->wire);
        } else {
            f = channel_write(transfer->channel, buffers->plain, len);
            count(transfer, len);
        }
        if (f)
            return f;
    }
}

static enum fault receive_text(struct transfer *transfer, struct text wire, char *plain,
                               struct stream *stream)
{
    while (wire.len) {
        size_t made;
        size_t used = type_ascii_receive(&transfer->ascii, wire, plain, BUFFER_BYTES, &made);
        enum fault f = made ? stream_write(stream, plain, made) : FAULT_NONE;
        if (f)
            return f;
        wire = text_after(wire, used);
    }
    return FAULT_NONE;
}

static enum fault receive_end(struct transfer *transfer, struct stream *stream)
{
    char byte;
    if (transfer->parameters.type == TYPE_ASCII && type_ascii_receive_end(&transfer->ascii, &byte))
        return stream_write(stream, &byte, 1);
    return FAULT_NONE;
}

static enum fault receive_by_buffer(struct transfer *transfer, struct stream *stream,
                                    struct buffers *buffers)
{
    for (;;) {
        size_t len;
        enum fault f = channel_read(transfer->channel, buffers->wire, BUFFER_BYTES, &len);
        if (f)
            return f;
        if (is_cancelled(transfer))
            return FAULT_CANCELLED;
        if (!len)
            return receive_end(transfer, stream);
        count(transfer, len);
        if (transfer->parameters.type == TYPE_ASCII)
            f = receive_text(transfer, (struct text){buffers->wire, len}, buffers->plain, stream);
        else
            f = stream_write(stream, buffers->wire, len);
        if (f)
            return f;
    }
}

static enum fault with_buffers(struct transfer *transfer, struct stream *stream,
                               enum fault (*move)(struct transfer *, struct stream *,
                                                  struct buffers *))
{
    struct buffers buffers = {memory_new(BUFFER_BYTES), memory_new(WIRE_BYTES)};
    enum fault f = FAULT_NO_MEMORY;
    if (buffers.plain && buffers.wire)
        f = move(transfer, stream, &buffers);
    memory_free(buffers.plain);
    memory_free(buffers.wire);
    return f;
}

enum fault transfer_send(struct transfer *transfer, struct stream *stream)
{
    enum fault f = FAULT_UNSUPPORTED;
    /* The kernel sends the file without its bytes ever coming here. */
    if (parameters_are_transparent(&transfer->parameters) && stream->fd >= 0)
        f = send_by_kernel(transfer, stream);
    if (f == FAULT_UNSUPPORTED)
        f = with_buffers(transfer, stream, send_by_buffer);
    if (!f && !is_cancelled(transfer))
        f = channel_finish(transfer->channel);
    return or_cancelled(transfer, f);
}

enum fault transfer_receive(struct transfer *transfer, struct stream *stream)
{
    return or_cancelled(transfer, with_buffers(transfer, stream, receive_by_buffer));
}

void transfer_cancel(struct transfer_progress *progress, struct channel *channel)
{
    atomic_store_explicit(&progress->cancelled, true, memory_order_release);
    channel_interrupt(channel);
}
