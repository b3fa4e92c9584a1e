/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs_transfer: what goes out over a data connection (RFC 959 4.1.3, RFC 3659).
 * RETR LIST NLST MLSD
 *
 * work_* opens, before the data connection; move_* is the transfer.
 */
#include <time.h>

#include "protocol/pathname.h"
#include "server/directory_stream.h"
#include "server/job.h"
#include "server/verbs.h"

/* ---- RETR ------------------------------------------------------------------------- */

/* What is kept beside a file says something about it when it is text or has a structure. */
static enum fault open_annex(struct job *job)
{
    bool is_wanted = parameters_are_text(&job->parameters) ||
                     job->parameters.structure != STRUCTURE_FILE;
    if (!is_wanted)
        return FAULT_NONE;
    enum fault f = gate_open_annex(&job->caller, ACTION_READ, job->path, job->file->stream,
                                   &job->annex);
    return f == FAULT_NOT_FOUND ? FAULT_NONE : f;
}

static enum fault seek_range(struct job *job)
{
    struct stream *stream = job->file->stream;
    uint64_t size = job->file->info.size;
    if (!job_is_byte_for_byte(job) || job_is_text(job)) {
        job_reply(job, REPLY_RANGE_IN_TEXT, TEXT(""), TEXT(""));
        return FAULT_OUT_OF_RANGE;
    }
    if (job->range_first > size)
        return FAULT_OUT_OF_RANGE;
    job->from.bytes = job->first.bytes =
        job->range_first; /* markers count from the file's beginning */
    stream->file_offset = (int64_t)job->range_first;
    if (job->range_last < size)
        stream->file_end = (int64_t)job->range_last + 1;
    return FAULT_NONE;
}

/* A number of REST, or a marker in what we sent (RFC 959 3.5): where sending is to begin. */
static enum fault take_position(struct job *job)
{
    job->first.bytes = job->restart;
    bool has_place = !job->marker || marker_parse_position(text_of(job->marker), &job->first);
    bool has_records = job->parameters.structure == STRUCTURE_RECORD;
    if (!has_place || (!has_records && job->first.records))
        return job_refuse_marker(job);
    /* A count of bytes alone says nothing of records, but as a marker before the first one's end.
     */
    bool is_marker = parameters_keep_connection(&job->parameters);
    return has_records && job->restart && !is_marker ? FAULT_OUT_OF_RANGE : FAULT_NONE;
}

/* Where sending begins: job->first; and if it can be reached at once, the stream is there. */
static enum fault seek_file(struct job *job)
{
    struct stream *stream = job->file->stream;
    if (job->has_range)
        return seek_range(job);
    enum fault f = take_position(job);
    if (f)
        return f;
    if (!job_is_byte_for_byte(job) || !job->first.bytes)
        return FAULT_NONE;
    job->from = job->first;
    job->restart = job->first.bytes;
    if (job_is_text(job))
        return job_seek_in_text(job, stream);
    if (job->restart > job->file->info.size)
        return FAULT_OUT_OF_RANGE;
    stream->file_offset = (int64_t)job->restart;
    return FAULT_NONE;
}

/* RFC 959 3.1.2.3: can the file's pages be counted in logical bytes of this TYPE? */
static enum fault check_pages(struct job *job)
{
    const struct parameters *p = &job->parameters;
    struct page_layout layout;
    if (p->structure != STRUCTURE_PAGE ||
        page_layout_of(parameters_bits(p), job->file->info.size, &layout))
        return FAULT_NONE;
    job_reply(job, REPLY_NOT_WITH_PARAMETER, TEXT(""), TEXT(""));
    return FAULT_ARGUMENT;
}

/* RETR, RFC 959 4.1.3. */
enum fault work_retr(struct job *job)
{
    char digits[24];
    struct builder b = builder_on(digits, sizeof(digits));
    enum fault f = gate_open_read(&job->caller, ACTION_READ, job->path, &job->file);
    if (f)
        return f;
    f = open_annex(job);
    if (!f)
        f = seek_file(job);
    if (!f)
        f = check_pages(job);
    if (!f)
        f = gate_begin_download(job->file);
    if (f)
        return job_refuse_file(job, f);
    const struct stream *stream = job->file->stream;
    /* Clients draw their progress from the count: none is better than one that is not what will
     * come, and only reading a file to its end would tell where it is not sent as it is. */
    if (job->parameters.mode != MODE_STREAM || !job_is_byte_for_byte(job) || job_is_text(job))
        job_set_opening(job, REPLY_OPENING_FILE, pathname_last(text_of(job->path)), TEXT(""));
    else
        job_set_opening(job, REPLY_OPENING_SIZED, pathname_last(text_of(job->path)),
                        builder_number(&b, (uint64_t)(stream->file_end - stream->file_offset)));
    return FAULT_NONE;
}

static enum fault end_retr(struct job *job, enum fault transferred)
{
    const struct gate_outcome outcome = {
        .fault = transferred,
        .bytes = job_bytes_moved(job),
        .is_text = job_is_sent_as_text(job),
    };
    stream_close(&job->annex);
    enum fault f = gate_close(&job->file, &outcome, NULL);
    if (!f)
        job_reply_complete(job, REPLY_TRANSFER_COMPLETE);
    return f;
}

enum fault move_retr(struct job *job)
{
    struct transfer transfer = job_transfer(job);
    transfer.facts = job_page_facts(&job->file->info);
    transfer.plan.from = job->from;
    transfer.plan.first = job->first;
    transfer.plan.after_cr = job->ascii.after_cr;
    return end_retr(job, transfer_send(&transfer, job->file->stream));
}

enum fault move_retr_at_once(struct job *job, bool is_late)
{
    struct transfer transfer = job_transfer(job);
    enum fault f = transfer_send_at_once(&transfer, job->file->stream, is_late);
    return f == FAULT_BUSY || f == FAULT_UNSUPPORTED ? f : end_retr(job, f);
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
    /* RFC 959 3.5 restarts listings, too; a number alone is for files (RFC 3659 5). */
    enum fault f = parameters_keep_connection(&job->parameters) ? take_position(job) : FAULT_NONE;
    if (!f)
        f = directory_stream_open(&request, &job->listing);
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

/*
 * A listing is text, in EBCDIC if TYPE says so (RFC 959 4.1.3), of records if
 * STRU does. MLSD's is always the same but for MODE (RFC 3659 7.1).
 */
enum fault move_list(struct job *job)
{
    struct transfer transfer = job_transfer(job);
    struct parameters *p = &transfer.plan.parameters;
    bool has_facts = job->verb->work == work_mlsd;
    p->form = FORM_NON_PRINT;
    if (has_facts || p->type != TYPE_EBCDIC)
        p->type = TYPE_ASCII;
    if (has_facts || p->structure != STRUCTURE_RECORD)
        p->structure = STRUCTURE_FILE;
    transfer.plan.keeps_line_ends = false;
    transfer.plan.first = job->first;
    enum fault f = transfer_send(&transfer, job->listing);
    stream_close(&job->listing);
    if (!f)
        job_reply_complete(job, REPLY_LISTING_COMPLETE);
    return f;
}
