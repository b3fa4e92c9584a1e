/* SPDX-License-Identifier: Apache-2.0 */
#include "dtp/transfer.h"

#include "base/memory.h"
#include "dtp/page_driver.h"
#include "dtp/shape_reader.h"

enum {
    BUFFER_BYTES = 256 * 1024,
    /* Pieces at least so long go to the peer or the stream as they are, not gathered first. */
    GATHERED_MAX = 32 * 1024,
    SHAPE_GATHERED = 2 * SHAPE_LINE_MAX,
    /* One sendfile call: large enough to cost nothing, small enough for STAT to tell progress. */
    SEND_FILE_BYTES = 1024 * 1024,
    /* So much of an upload passes through us: a small file is not worth a pipe. */
    PLAIN_BYTES = 1024 * 1024,
    /* What follows an escape sequence of MODE C comes with it; so long may it take at most. */
    LAST_STRING_WAIT_MS = 3000,
    /* Most peers close at once when they told the end. */
    CLOSE_WAIT_MS = 500,
};

/* The end of a chain: gathers small pieces to large ones. */
struct outlet {
    struct stage stage;
    struct transfer *transfer; /* borrowed: the caller's */
    struct chain *chain;       /* borrowed: the caller's; receiving */
    struct stream *stream;     /* borrowed: the caller's; NULL: sending */
    char *bytes;               /* owned: BUFFER_BYTES */
    size_t len;
    struct page_sink pages;
    struct shape_sink shape;
    char lines[SHAPE_GATHERED]; /* of the shape, not kept yet */
    size_t lines_len;
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

/* ---- Rates --------------------------------------------------------------- */

/* How many bytes of so many may cross the data connection now; waits for the first. 0: cancelled.
 */
static size_t await_rate(const struct transfer *transfer, size_t bytes)
{
    if (!transfer->throttles)
        return bytes;
    return throttles_take(transfer->throttles, bytes, &transfer->progress->cancelled);
}

static void give_back_rate(const struct transfer *transfer, size_t bytes)
{
    if (transfer->throttles)
        throttles_give_back(transfer->throttles, bytes);
}

/* One read, of no more than the rates allow: into `bytes`, or into the channel's pipe if NULL. */
static enum fault read_wire(struct transfer *transfer, char *bytes, size_t *ret_len)
{
    size_t len = 0;
    size_t size = await_rate(transfer, bytes ? BUFFER_BYTES : FILE_PIPE_BYTES);
    if (!size)
        return FAULT_CANCELLED;
    enum fault f = bytes ? channel_read(transfer->channel, bytes, size, &len)
                         : channel_read_to_pipe(transfer->channel, size, &len);
    give_back_rate(transfer, size - len);
    if (f)
        return f;
    if (is_cancelled(transfer))
        return FAULT_CANCELLED;
    count(transfer, len);
    *ret_len = len;
    return FAULT_NONE;
}

static enum fault write_wire(struct transfer *transfer, struct text bytes)
{
    while (bytes.len) {
        size_t len = await_rate(transfer, bytes.len);
        if (!len)
            return FAULT_CANCELLED;
        enum fault f = channel_write(transfer->channel, bytes.at, len);
        if (f)
            return f;
        count(transfer, len);
        bytes = text_after(bytes, len);
    }
    return FAULT_NONE;
}

/* ---- Outlets ------------------------------------------------------------- */

static enum fault write_out(struct outlet *outlet, struct text bytes)
{
    if (is_cancelled(outlet->transfer)) /* what a few bytes unfold to may be long */
        return FAULT_CANCELLED;
    if (outlet->stream)
        return stream_write(outlet->stream, bytes.at, bytes.len);
    if (outlet->transfer->channel)
        return write_wire(outlet->transfer, bytes);
    count(outlet->transfer, bytes.len);
    return FAULT_NONE;
}

static enum fault flush(struct outlet *outlet)
{
    struct text gathered = {outlet->bytes, outlet->len};
    enum fault f = gathered.len ? write_out(outlet, gathered) : FAULT_NONE;
    if (f != FAULT_CANCELLED)
        outlet->len = 0;
    return f;
}

static enum fault gather(struct outlet *outlet, struct text bytes)
{
    enum fault f = FAULT_NONE;
    if (outlet->len + bytes.len > BUFFER_BYTES || bytes.len >= GATHERED_MAX)
        f = flush(outlet);
    if (f)
        return f;
    if (bytes.len >= GATHERED_MAX)
        return write_out(outlet, bytes);
    memcpy(outlet->bytes + outlet->len, bytes.at, bytes.len);
    outlet->len += bytes.len;
    return FAULT_NONE;
}

static enum fault wire_take(struct stage *stage, struct text bytes, unsigned marks)
{
    struct outlet *outlet = (struct outlet *)stage;
    enum fault f = bytes.len ? gather(outlet, bytes) : FAULT_NONE;
    return f || !(marks & MARK_FILE) ? f : flush(outlet);
}

static enum fault flush_shape(struct outlet *outlet)
{
    struct transfer_keeper *keeper = outlet->transfer->keeper;
    const struct text lines = {outlet->lines, outlet->lines_len};
    outlet->lines_len = 0;
    return lines.len && keeper && keeper->shape ? keeper->shape(keeper, lines) : FAULT_NONE;
}

static enum fault take_marker(struct outlet *outlet, struct text marker)
{
    char bytes[MARKER_STATE_MAX];
    struct builder state = builder_on(bytes, sizeof(bytes));
    struct transfer_keeper *keeper = outlet->transfer->keeper;
    if (!keeper || !keeper->marker)
        return FAULT_NONE;
    enum fault f = flush(outlet);
    if (!f)
        f = chain_put_state(outlet->chain, &state);
    if (!f)
        f = flush_shape(outlet);
    if (f == FAULT_UNSUPPORTED) /* no restart from here: no 110 */
        return FAULT_NONE;
    return f ? f : keeper->marker(keeper, marker, builder_text(&state));
}

static enum fault file_take(struct stage *stage, struct text bytes, unsigned marks)
{
    struct outlet *outlet = (struct outlet *)stage;
    if (marks & MARK_RESTART)
        return take_marker(outlet, bytes);
    enum fault f = bytes.len ? gather(outlet, bytes) : FAULT_NONE;
    return f || !(marks & MARK_FILE) ? f : flush(outlet);
}

static struct outlet *of_pages(struct page_sink *sink)
{
    return (struct outlet *)((char *)sink - offsetof(struct outlet, pages));
}

static enum fault pages_seek(struct page_sink *sink, uint64_t offset)
{
    struct outlet *outlet = of_pages(sink);
    enum fault f = flush(outlet);
    return f ? f : stream_seek(outlet->stream, offset);
}

static enum fault pages_write(struct page_sink *sink, struct text bytes)
{
    return gather(of_pages(sink), bytes);
}

static enum fault pages_end(struct page_sink *sink, uint64_t size, const struct page_facts *facts)
{
    struct outlet *outlet = of_pages(sink);
    struct transfer_keeper *keeper = outlet->transfer->keeper;
    enum fault f = flush(outlet);
    return f || !keeper || !keeper->pages_end ? f : keeper->pages_end(keeper, size, facts);
}

static enum fault put_shape(struct shape_sink *sink, struct text lines)
{
    struct outlet *outlet = (struct outlet *)((char *)sink - offsetof(struct outlet, shape));
    enum fault f = FAULT_NONE;
    if (lines.len > SHAPE_GATHERED)
        return FAULT_BUG;
    if (outlet->lines_len + lines.len > SHAPE_GATHERED)
        f = flush_shape(outlet);
    memcpy(outlet->lines + outlet->lines_len, lines.at, lines.len);
    outlet->lines_len += lines.len;
    return f;
}

static bool outlet_init(struct outlet *outlet, struct transfer *transfer, struct stream *stream)
{
    *outlet = (struct outlet){
        .stage = {stream ? file_take : wire_take, NULL},
        .transfer = transfer,
        .stream = stream,
        .bytes = memory_buffer(BUFFER_BYTES),
        .pages = {pages_seek, pages_write, pages_end},
        .shape = {put_shape},
    };
    return outlet->bytes != NULL;
}

/* ---- Sending ------------------------------------------------------------- */

/* The kernel moves the file by itself; FAULT_UNSUPPORTED when it cannot. */
static enum fault send_by_kernel(struct transfer *transfer, struct stream *stream)
{
    while (stream->file_offset < stream->file_end && !is_cancelled(transfer)) {
        int64_t left = stream->file_end - stream->file_offset;
        size_t len = left < SEND_FILE_BYTES ? (size_t)left : SEND_FILE_BYTES;
        size_t sent = 0;
        len = await_rate(transfer, len);
        if (!len)
            return FAULT_CANCELLED;
        enum fault f = channel_send_file(transfer->channel, stream->fd, &stream->file_offset, len,
                                         &sent);
        give_back_rate(transfer, len - sent);
        if (f)
            return f;
        if (!sent)
            return FAULT_IO; /* the file became shorter while it was sent */
        count(transfer, sent);
    }
    return FAULT_NONE;
}

/*
 * The whole stream, in pieces, and MARK_FILE. What came of one piece is sent before the next is
 * read, which may take the stream its time: the first lines of a listing do not wait for others.
 */
static enum fault put_stream(struct outlet *outlet, struct stream *stream, struct stage *first)
{
    struct transfer *transfer = outlet->transfer;
    char *bytes = memory_buffer(BUFFER_BYTES);
    enum fault f = bytes ? FAULT_NONE : FAULT_NO_MEMORY;
    size_t len = 1;
    while (!f && len) {
        f = is_cancelled(transfer) ? FAULT_CANCELLED
                                   : stream_read(stream, bytes, BUFFER_BYTES, &len);
        if (!f)
            f = stage_take(first, (struct text){bytes, len}, len ? 0 : MARK_FILE);
        if (!f && stream->fd < 0) /* a file's end comes at once: that is one piece with it */
            f = flush(outlet);
    }
    memory_free(bytes);
    return f;
}

static enum fault send_by_chain(struct transfer *transfer, struct stream *stream,
                                struct shape_reader *shape)
{
    struct outlet outlet;
    struct chain *chain = NULL;
    const struct parameters *parameters = &transfer->plan.parameters;
    enum fault f = FAULT_NO_MEMORY;
    if (outlet_init(&outlet, transfer, NULL))
        f = chain_new_send(&transfer->plan, &outlet.stage, &chain);
    if (!f && parameters->structure == STRUCTURE_PAGE)
        f = page_driver_send(stream, shape, parameters_bits(parameters), &transfer->facts,
                             &transfer->progress->cancelled, chain_first(chain));
    else if (!f)
        f = put_stream(&outlet, stream, chain_first(chain));
    chain_free(chain);
    memory_free(outlet.bytes);
    return f;
}

static enum fault send_shaped(struct transfer *transfer, struct stream *stream,
                              struct shape_reader *shape)
{
    struct shape_entry form;
    shape_reader_init(shape, transfer->shape);
    bool is_needed = transfer->plan.parameters.structure != STRUCTURE_FILE;
    enum fault f = shape_reader_take(shape, SHAPE_FORM, &form, &transfer->plan.is_carriage);
    if (f && is_needed) /* bytes alone can be sent whatever is beside them */
        return f;
    transfer->plan.source = transfer->shape ? &shape->source : NULL;
    f = FAULT_UNSUPPORTED;
    /* The kernel sends the file without its bytes ever coming here. */
    if (transfer->channel && chain_is_transparent(&transfer->plan) && stream->fd >= 0)
        f = send_by_kernel(transfer, stream);
    return f == FAULT_UNSUPPORTED ? send_by_chain(transfer, stream, shape) : f;
}

enum fault transfer_send(struct transfer *transfer, struct stream *stream)
{
    struct shape_reader *shape = memory_new(sizeof(*shape));
    enum fault f = shape ? send_shaped(transfer, stream, shape) : FAULT_NO_MEMORY;
    memory_free(shape);
    /* Where the data tell the end the peer needs no close to know it, and none costs it the rest.
     */
    const struct parameters *parameters = &transfer->plan.parameters;
    if (!f && !is_cancelled(transfer) && !parameters_keep_connection(parameters))
        f = parameters->mode == MODE_DEFLATE ? channel_finish_told(transfer->channel)
                                             : channel_finish(transfer->channel);
    return or_cancelled(transfer, f);
}

enum fault transfer_send_at_once(struct transfer *transfer, struct stream *stream, bool is_late)
{
    int64_t left = stream->file_end - stream->file_offset;
    size_t sent = 0;
    bool is_limited = transfer->throttles && throttles_limit(transfer->throttles);
    if (left > CHANNEL_AT_ONCE_BYTES || stream->fd < 0 || is_limited || transfer->shape ||
        !chain_is_transparent(&transfer->plan))
        return FAULT_UNSUPPORTED;
    if (left && channel_send_file_at_once(transfer->channel, stream->fd, stream->in_memory,
                                          &stream->file_offset, (size_t)left, &sent))
        return FAULT_UNSUPPORTED; /* transfer_send hears of it, too */
    count(transfer, sent);
    return stream->file_offset == stream->file_end
               ? channel_finish_at_once(transfer->channel, is_late)
               : FAULT_UNSUPPORTED;
}

enum fault transfer_measure(struct transfer *transfer, struct stream *stream, uint64_t *ret_bytes)
{
    struct shape_reader *shape = memory_new(sizeof(*shape));
    if (!shape)
        return FAULT_NO_MEMORY;
    if (transfer->plan.parameters.mode == MODE_DEFLATE)
        transfer->plan.parameters.mode = MODE_STREAM;
    enum fault f = send_shaped(transfer, stream, shape);
    memory_free(shape);
    if (!f)
        *ret_bytes = atomic_load_explicit(&transfer->progress->bytes, memory_order_relaxed);
    return f;
}

/* ---- Receiving ----------------------------------------------------------- */

/*
 * What came before the transfer had a thread is worth what it had been if there had been one, also
 * when it is cancelled by now. Where rates hold nothing was gathered.
 */
static enum fault receive_gathered(struct transfer *transfer, struct stream *stream)
{
    struct text gathered = channel_gathered(transfer->channel);
    if (!gathered.len || (transfer->throttles && throttles_limit(transfer->throttles)))
        return FAULT_NONE;
    count(transfer, gathered.len);
    enum fault f = stream_write(stream, gathered.at, gathered.len);
    channel_drop_gathered(transfer->channel);
    return f;
}

/* The pipe that the kernel can move the bytes through; -1: somebody has to see them. */
static int pipe_for(const struct transfer *transfer, const struct stream *stream)
{
    bool is_limited = transfer->throttles && throttles_limit(transfer->throttles);
    return stream->type->write_pipe && !is_limited ? channel_pipe(transfer->channel) : -1;
}

/* By a pipe a long one into tmpfs takes 0.38 s of CPU a GiB instead of 0.43. */
static enum fault receive_piece_plain(struct transfer *transfer, struct stream *stream, int pipe,
                                      char *bytes, size_t *ret_len)
{
    enum fault f = read_wire(transfer, pipe < 0 ? bytes : NULL, ret_len);
    if (f || !*ret_len)
        return f;
    return pipe < 0 ? stream_write(stream, bytes, *ret_len)
                    : stream->type->write_pipe(stream, pipe, *ret_len);
}

static enum fault receive_rest(struct transfer *transfer, struct stream *stream, char *bytes)
{
    enum fault f = FAULT_NONE;
    uint64_t received = 0;
    size_t len = 1;
    int pipe = -1;
    while (!f && len) {
        if (pipe < 0 && received >= PLAIN_BYTES)
            pipe = pipe_for(transfer, stream);
        f = receive_piece_plain(transfer, stream, pipe, bytes, &len);
        received += len;
    }
    return f;
}

/* The wire's bytes are the file's, up to the end of the connection. */
static enum fault receive_plain(struct transfer *transfer, struct stream *stream)
{
    enum fault f = receive_gathered(transfer, stream);
    if (f || channel_has_ended(transfer->channel))
        return f; /* a small file needs no buffer: 0.5 us */
    char *bytes = memory_buffer(BUFFER_BYTES);
    f = bytes ? receive_rest(transfer, stream, bytes) : FAULT_NO_MEMORY;
    memory_free(bytes);
    return f;
}

/* What is behind the end of the file is the next one's. */
static enum fault give_back(struct transfer *transfer, struct chain *chain)
{
    struct text beyond = chain_beyond(chain);
    atomic_fetch_sub_explicit(&transfer->progress->bytes, beyond.len, memory_order_relaxed);
    give_back_rate(transfer, beyond.len);
    return channel_unread(transfer->channel, beyond.at, beyond.len);
}

/* Behind the end of the only file of this connection nothing may come, however it is split. */
static enum fault await_close(struct transfer *transfer)
{
    char byte;
    size_t len = 0;
    if (!channel_await(transfer->channel, CLOSE_WAIT_MS))
        return FAULT_NONE; /* the peer leaves it to us */
    enum fault f = channel_read(transfer->channel, &byte, 1, &len);
    return f || !len ? f : FAULT_MALFORMED;
}

/* One read's bytes; *ret_len is 0 when the connection ended. */
static enum fault receive_piece(struct transfer *transfer, struct chain *chain, char *bytes,
                                size_t *ret_len)
{
    enum fault f = read_wire(transfer, bytes, ret_len);
    if (f)
        return f;
    f = stage_take(chain_first(chain), (struct text){bytes, *ret_len}, *ret_len ? 0 : MARK_FILE);
    /* An end was told before another one that had to come: the connection itself is there. */
    return f == FAULT_CONNECTION_LOST && *ret_len ? FAULT_MALFORMED : f;
}

static bool is_silent_at_last_string(const struct transfer *transfer, const struct chain *chain)
{
    return chain_awaits_last_string(chain) &&
           !channel_await(transfer->channel, LAST_STRING_WAIT_MS);
}

static enum fault receive_until_end(struct transfer *transfer, struct chain *chain, char *bytes)
{
    enum fault f = FAULT_NONE;
    while (!chain_has_ended(chain) && !is_silent_at_last_string(transfer, chain)) {
        size_t len = 0;
        f = receive_piece(transfer, chain, bytes, &len);
        if (f || !len)
            return f;
    }
    f = parameters_keep_connection(&transfer->plan.parameters) ? give_back(transfer, chain)
                                                               : await_close(transfer);
    return f ? f : stage_take(chain_first(chain), TEXT(""), MARK_FILE);
}

/* What a shape begins with: carriage control (RFC 959 3.1.1.5.3) is the whole file's. */
static enum fault begin_shape(struct outlet *outlet)
{
    const struct parameters *parameters = &outlet->transfer->plan.parameters;
    char line[SHAPE_LINE_MAX];
    struct builder b = builder_on(line, sizeof(line));
    if (!parameters_are_text(parameters) || parameters->form != FORM_CARRIAGE ||
        parameters->structure == STRUCTURE_PAGE || outlet->transfer->goes_on)
        return FAULT_NONE;
    shape_put(&b, &(struct shape_entry){.kind = SHAPE_FORM});
    return put_shape(&outlet->shape, builder_text(&b));
}

static enum fault receive_chained(struct transfer *transfer, struct stream *stream, char *bytes)
{
    struct outlet outlet;
    struct chain *chain = NULL;
    if (!outlet_init(&outlet, transfer, stream))
        return FAULT_NO_MEMORY;
    transfer->plan.shape = &outlet.shape;
    transfer->plan.pages = &outlet.pages;
    enum fault f = chain_new_receive(&transfer->plan, &outlet.stage, &chain);
    outlet.chain = chain;
    if (!f && transfer->goes_on && !chain_take_state(chain, transfer->state))
        f = FAULT_OUT_OF_RANGE;
    if (!f)
        f = begin_shape(&outlet);
    if (!f)
        f = receive_until_end(transfer, chain, bytes);
    if (!f)
        f = flush_shape(&outlet);
    if (!f)
        transfer->suspect_bytes = chain_suspect_bytes(chain);
    /* What arrived is worth keeping when the way breaks. */
    if (fault_is_of_the_way(f) && outlet.len) {
        enum fault writing = stream_write(stream, outlet.bytes, outlet.len);
        f = writing ? writing : f;
    }
    chain_free(chain);
    memory_free(outlet.bytes);
    return f;
}

static enum fault receive_by_chain(struct transfer *transfer, struct stream *stream)
{
    char *bytes = memory_buffer(BUFFER_BYTES);
    enum fault f = bytes ? receive_chained(transfer, stream, bytes) : FAULT_NO_MEMORY;
    memory_free(bytes);
    return f;
}

enum fault transfer_receive(struct transfer *transfer, struct stream *stream)
{
    enum fault f = chain_is_transparent(&transfer->plan) ? receive_plain(transfer, stream)
                                                         : receive_by_chain(transfer, stream);
    return or_cancelled(transfer, f);
}

void transfer_cancel(struct transfer_progress *progress, struct channel *channel)
{
    atomic_store_explicit(&progress->cancelled, true, memory_order_release);
    channel_interrupt(channel);
}

void transfer_cancel_sending(struct transfer_progress *progress, struct channel *channel)
{
    atomic_store_explicit(&progress->cancelled, true, memory_order_release);
    channel_interrupt_reset(channel);
}
