/* SPDX-License-Identifier: Apache-2.0 */
/* How the data of a job travel: what the verbs that move data have in common. */
#include "base/memory.h"
#include "codec/type_local.h"
#include "server/job.h"

struct transfer job_transfer(struct job *job)
{
    return (struct transfer){
        .channel = &job->channel,
        .plan =
            {
                .parameters = job->parameters,
                .code_page = &job->config->ebcdic,
                /* Switched off, TYPE A is sent as the bytes are: for clients that never set TYPE.
                 */
                .keeps_line_ends = !job->config->ascii_conversion,
                .deflate_level = job->deflate_level,
                .marker_interval = job->config->marker_interval_bytes,
            },
        .shape = job->annex,
        .progress = &job->progress,
        .throttles = &job->throttles,
    };
}

bool job_is_text(const struct job *job)
{
    return job->parameters.type == TYPE_ASCII && job->parameters.structure == STRUCTURE_FILE &&
           job->config->ascii_conversion;
}

bool job_counts_out(struct job *job)
{
    struct transfer transfer = job_transfer(job);
    return parameters_are_text(&job->parameters) || !chain_is_transparent(&transfer.plan);
}

/* For the logs: is what travels text, and not just called so? */
bool job_is_sent_as_text(const struct job *job)
{
    return job->parameters.type == TYPE_EBCDIC ||
           (job->parameters.type == TYPE_ASCII && job->config->ascii_conversion);
}

void job_reply_complete(struct job *job, enum reply_id id)
{
    bool stays = parameters_keep_connection(&job->parameters);
    if (stays && id == REPLY_TRANSFER_COMPLETE)
        id = REPLY_TRANSFER_COMPLETE_OPEN;
    else if (stays && id == REPLY_UPLOAD_COMPLETE)
        id = REPLY_UPLOAD_COMPLETE_OPEN;
    else if (stays && id == REPLY_LISTING_COMPLETE)
        id = REPLY_LISTING_COMPLETE_OPEN;
    job_reply(job, id, TEXT(""), TEXT(""));
}

uint64_t job_bytes_moved(struct job *job)
{
    return atomic_load_explicit(&job->progress.bytes, memory_order_relaxed);
}

/* Something is wrong with a file that is open already. */
enum fault job_refuse_file(struct job *job, enum fault f)
{
    const struct gate_outcome outcome = {.fault = f};
    stream_close(&job->annex);
    return gate_close(&job->file, &outcome, NULL);
}

/*
 * Moves a file's stream to where the transfer of its text would be after
 * job->restart bytes (RFC 3659 5.3). FAULT_OUT_OF_RANGE when it is shorter.
 */
enum fault job_seek_in_text(struct job *job, struct stream *stream)
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

/* Is a byte of the transfer one of the file, so that a restart needs no more than to go there? */
bool job_is_byte_for_byte(const struct job *job)
{
    const struct parameters *p = &job->parameters;
    return p->structure == STRUCTURE_FILE && !job->annex &&
           (p->type != TYPE_LOCAL || type_local_is_plain(p->byte_size));
}

struct page_facts job_page_facts(const struct store_info *info)
{
    return (struct page_facts){
        .has_size = true,
        .has_modified = true,
        .has_mode = true,
        .size = info->size,
        .modified = {info->modified.seconds, info->modified.nanoseconds},
        .mode = info->mode & 0777,
    };
}

enum fault job_refuse_marker(struct job *job)
{
    job_reply(job, REPLY_MARKER_INVALID, TEXT(""), TEXT(""));
    return FAULT_OUT_OF_RANGE;
}
