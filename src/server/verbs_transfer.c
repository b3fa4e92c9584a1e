/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs_transfer: what goes over a data connection (RFC 959 4.1.3, RFC 3659).
 * RETR STOR STOU APPE LIST NLST MLSD
 *
 * work_* opens, before the data connection; move_* is the transfer.
 */
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "net/socket.h"
#include "protocol/pathname.h"
#include "server/directory_stream.h"
#include "server/job.h"
#include "server/verbs.h"

static struct transfer transfer_of(struct job *job)
{
    struct transfer transfer = {
        .channel = &job->channel,
        .parameters = job->parameters,
        .ascii = job->ascii,
        .progress = &job->progress,
    };
    /* Switched off, TYPE A is sent as the bytes are: for clients that never set TYPE. */
    if (!job_is_text(job))
        transfer.parameters.type = TYPE_IMAGE;
    return transfer;
}

static uint64_t bytes_moved(struct job *job)
{
    return atomic_load_explicit(&job->progress.bytes, memory_order_relaxed);
}

/* Something is wrong with a file that is open already. */
static enum fault refuse(struct job *job, enum fault f)
{
    const struct gate_outcome outcome = {.fault = f};
    return gate_close(&job->file, &outcome, NULL);
}

/*
 * Moves a file's stream to where the transfer of its text would be after
 * job->restart bytes (RFC 3659 5.3). FAULT_OUT_OF_RANGE when it is shorter.
 */
static enum fault seek_in_text(struct job *job, struct stream *stream)
{
    enum { PIECE_BYTES = 64 * 1024 };
    uint64_t left = job->restart;
    enum fault f = FAULT_NONE;
    char *piece = memory_new(PIECE_BYTES);
    if (!piece)
        return FAULT_NO_MEMORY;
    while (!f && left) {
        int64_t before = stream->file_offset;
        size_t len = 0;
        f = job_is_cancelled(job) ? FAULT_CANCELLED : stream_read(stream, piece, PIECE_BYTES, &len);
        if (f)
            break;
        if (!len)
            f = FAULT_OUT_OF_RANGE;
        const struct text read = {piece, len};
        stream->file_offset = before + (int64_t)type_ascii_measure(&job->ascii, read, &left);
    }
    memory_free(piece);
    return f;
}

/* ---- RETR ------------------------------------------------------------------------- */

static enum fault seek_file(struct job *job)
{
    struct stream *stream = job->file->stream;
    uint64_t size = job->file->info.size;
    if (job->restart && job_is_text(job))
        return seek_in_text(job, stream);
    uint64_t first = job->has_range ? job->range_first : job->restart;
    if (job->has_range && job_is_text(job)) {
        job_reply(job, REPLY_RANGE_IN_TEXT, TEXT(""), TEXT(""));
        return FAULT_OUT_OF_RANGE;
    }
    if (first > size)
        return FAULT_OUT_OF_RANGE;
    stream->file_offset = (int64_t)first;
    if (job->has_range && job->range_last < size)
        stream->file_end = (int64_t)job->range_last + 1;
    return FAULT_NONE;
}

/* RETR, RFC 959 4.1.3. */
enum fault work_retr(struct job *job)
{
    char digits[24];
    struct builder b = builder_on(digits, sizeof(digits));
    enum fault f = gate_open_read(&job->caller, ACTION_READ, job->path, &job->file);
    if (f)
        return f;
    f = seek_file(job);
    if (f)
        return refuse(job, f);
    const struct stream *stream = job->file->stream;
    /* Clients draw their progress from the count: none is better than one that is not what will
     * come, and only reading a text to its end would tell. */
    if (job_is_text(job))
        job_set_opening(job, REPLY_OPENING_FILE, pathname_last(text_of(job->path)), TEXT(""));
    else
        job_set_opening(job, REPLY_OPENING_SIZED, pathname_last(text_of(job->path)),
                        builder_number(&b, (uint64_t)(stream->file_end - stream->file_offset)));
    return FAULT_NONE;
}

enum fault move_retr(struct job *job)
{
    struct transfer transfer = transfer_of(job);
    struct gate_outcome outcome = {.is_text = job_is_text(job)};
    outcome.fault = transfer_send(&transfer, job->file->stream);
    outcome.bytes = bytes_moved(job);
    return gate_close(&job->file, &outcome, NULL);
}

/* ---- STOR, STOU, APPE ----------------------------------------------------------------- */

static enum fault open_upload(struct job *job, enum store_upload_kind kind, uint64_t offset)
{
    struct store_upload_request request = {
        .kind = kind,
        .offset = offset,
        .reserve_bytes = job->reserve_bytes,
        .mode = 0666 & ~job->umask,
    };
    return gate_open_upload(&job->caller, job->path, &request, &job->file);
}

/* Where in the file a restart of the text's transfer is. */
static enum fault find_text_offset(struct job *job, uint64_t *ret_offset)
{
    struct stream *stream = NULL;
    enum fault f = gate_inspect(&job->caller, ACTION_APPEND, job->path, &stream);
    if (f)
        return f == FAULT_NOT_FOUND ? FAULT_OUT_OF_RANGE : f;
    f = seek_in_text(job, stream);
    *ret_offset = (uint64_t)stream->file_offset;
    stream_close(&stream);
    return f;
}

/* STOR, RFC 959 4.1.3; after REST what is there up to the marker stays (RFC 3659 5.4). */
enum fault work_stor(struct job *job)
{
    uint64_t offset = job->restart;
    enum fault f = FAULT_NONE;
    if (job->restart && job_is_text(job))
        f = find_text_offset(job, &offset);
    if (!f)
        f = open_upload(job, job->restart ? STORE_RESUME : STORE_REPLACE, offset);
    if (!f)
        job_set_opening(job, REPLY_OPENING_FILE, pathname_last(text_of(job->path)), TEXT(""));
    return f;
}

enum fault work_appe(struct job *job)
{
    enum fault f = open_upload(job, STORE_APPEND, 0);
    if (!f)
        job_set_opening(job, REPLY_OPENING_FILE, pathname_last(text_of(job->path)), TEXT(""));
    return f;
}

/*
 * STOU, RFC 959 4.1.3; the 150 names the file as RFC 1123 4.1.2.9 prescribes.
 * What some clients send as argument begins the name.
 */
enum fault work_stou(struct job *job)
{
    char unique[16];
    char path[PATHNAME_MAX + 1];
    struct builder suffix = builder_on(unique, sizeof(unique));
    struct builder b = builder_on(path, sizeof(path));
    struct text argument = job_argument(job);
    builder_put(&suffix, argument.len ? TEXT(".") : TEXT("/ferry."));
    builder_put_hex(&suffix, 0x10000000U | arc4random() >> 4);
    if (argument.len || !text_equal(text_of(job->path), TEXT("/")))
        builder_put_string(&b, job->path);
    builder_put(&b, builder_text(&suffix));
    if (b.full)
        return FAULT_NAME_INVALID;
    memory_free(job->path);
    job->path = memory_copy(b.at, b.len);
    if (!job->path)
        return FAULT_NO_MEMORY;
    enum fault f = open_upload(job, STORE_UNIQUE, 0);
    bool elsewhere = text_find(argument, '/') != argument.len;
    struct text whole = text_of(job->path);
    if (!f)
        job_set_opening(job, REPLY_OPENING_UNIQUE, elsewhere ? whole : pathname_last(whole),
                        TEXT(""));
    return f;
}

/* What became of an upload that broke: the client decides by it how to go on. */
static void reply_broken(struct job *job, enum store_remains remains)
{
    static const enum reply_id replies[] = {
        [STORE_LEFT_NOTHING] = REPLY_BROKEN_NOTHING,
        [STORE_LEFT_PARTIAL] = REPLY_BROKEN_PARTIAL,
        [STORE_LEFT_OLD] = REPLY_BROKEN_OLD,
        [STORE_LEFT_CHANGED] = REPLY_BROKEN_CHANGED,
    };
    job_reply(job, replies[remains], TEXT(""), TEXT(""));
}

/*
 * In MODE S the end of the data connection is the end of the file, whether the
 * client meant it or died. Its kernel closes both connections when it dies, so
 * a control connection that ended without QUIT tells (RFC 959 4.1.1).
 */
static bool client_has_vanished(struct job *job)
{
    return !atomic_load_explicit(&job->may_hang_up, memory_order_acquire) &&
           socket_is_at_end(job->control_fd);
}

enum fault move_stor(struct job *job)
{
    struct transfer transfer = transfer_of(job);
    struct gate_outcome outcome = {.is_text = job_is_text(job), .keep_partial = true};
    enum store_remains remains = STORE_LEFT_NOTHING;
    outcome.fault = transfer_receive(&transfer, job->file->stream);
    outcome.bytes = bytes_moved(job);
    if (!outcome.fault && client_has_vanished(job))
        outcome.fault = FAULT_CONNECTION_LOST;
    enum fault f = gate_close(&job->file, &outcome, &remains);
    if (fault_is_of_the_way(outcome.fault))
        reply_broken(job, remains);
    else if (!f)
        job_reply(job, REPLY_UPLOAD_COMPLETE, TEXT(""), TEXT(""));
    return f;
}

/* ---- LIST, NLST, MLSD ------------------------------------------------------------------- */

static enum fault open_listing(struct job *job, enum directory_form form)
{
    struct directory_request request = {
        .caller = &job->caller,
        .form = form,
        .facts = job->facts,
        .directory = text_of(job->directory),
        .name = job_argument(job),
        .now = time(NULL),
        .cancelled = &job->progress.cancelled,
    };
    if (form != DIRECTORY_FACTS)
        directory_take_options(&request);
    enum fault f = directory_stream_open(&request, &job->listing);
    if (!f)
        job_set_opening(job, REPLY_OPENING_LISTING, TEXT(""), TEXT(""));
    return f;
}

enum fault work_list(struct job *job)
{
    return open_listing(job, DIRECTORY_LONG);
}

enum fault work_nlst(struct job *job)
{
    return open_listing(job, DIRECTORY_NAMES);
}

/* MLSD, RFC 3659 7: of what is no directory it is a 501, of what is not there a 550. */
enum fault work_mlsd(struct job *job)
{
    enum fault f = open_listing(job, DIRECTORY_FACTS);
    return f == FAULT_NOT_DIRECTORY ? FAULT_ARGUMENT : f;
}

/* A listing is text, whatever TYPE says of files (RFC 959 4.1.3, RFC 3659 7.1). */
enum fault move_list(struct job *job)
{
    struct transfer transfer = {
        .channel = &job->channel,
        .parameters = PARAMETERS_DEFAULT,
        .progress = &job->progress,
    };
    enum fault f = transfer_send(&transfer, job->listing);
    stream_close(&job->listing);
    if (!f)
        job_reply(job, REPLY_LISTING_COMPLETE, TEXT(""), TEXT(""));
    return f;
}
