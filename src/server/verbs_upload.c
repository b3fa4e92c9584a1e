/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs_upload: what comes over a data connection (RFC 959 4.1.3).
 * STOR STOU APPE
 */
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "codec/digest.h"
#include "codec/type_local.h"
#include "net/socket.h"
#include "protocol/pathname.h"
#include "server/job.h"
#include "server/verbs.h"

/* How long the loop may take to read what a client sent before it closed the control connection. */
enum { LAST_WORDS_WAIT_MS = 2000 };

/*
 * What a file of this form has beside it must find room in its name: better
 * known before the data come. Of records only those that are no lines have any.
 */
static enum fault check_annex(struct job *job)
{
    const struct parameters *p = &job->parameters;
    bool has_form = parameters_are_text(p) && p->form == FORM_CARRIAGE;
    if (p->structure != STRUCTURE_PAGE && !has_form)
        return FAULT_NONE;
    enum fault f = gate_annex(job->file, TEXT(""));
    return f ? job_refuse_file(job, f) : FAULT_NONE;
}

static enum fault open_upload(struct job *job, enum store_upload_kind kind, uint64_t offset)
{
    struct store_upload_request request = {
        .kind = kind,
        .offset = offset,
        .reserve_bytes = job->reserve_bytes,
        .mode = 0666 & ~job->umask,
    };
    if (job->marker) {
        request.goes_on = true;
        request.kept = (struct store_kept){job->kept.bytes, job->kept.annex_bytes, job->kept.id};
    }
    enum fault f = gate_open_upload(&job->caller, job->path, &request, &job->file);
    return f ? f : check_annex(job);
}

/*
 * Over a marker without its id, and what it was made under: one that was cut or
 * altered, or is used under other parameters, is of no upload at all.
 */
static uint64_t seal(const struct job *job, struct text marker)
{
    const struct parameters *p = &job->parameters;
    const char under[] = {p->type, (char)parameters_bits(p), p->structure, p->form};
    char bytes[DIGEST_HEX_SIZE];
    struct builder hex = builder_on(bytes, sizeof(bytes));
    struct digest *digest = digest_new(DIGEST_CRC32);
    if (!digest)
        return 0;
    digest_update(digest, under, sizeof(under));
    digest_update(digest, marker.at, text_find(marker, '@'));
    (void)digest_finish(digest, &hex);
    digest_free(digest);
    return strtoull(builder_end(&hex), NULL, 16) << 16;
}

/* A 110's marker: the upload that it is of goes on (RFC 959 3.5). */
static enum fault take_marker(struct job *job, bool appends)
{
    if (!job->marker)
        return FAULT_NONE;
    struct text marker = text_of(job->marker);
    bool fits = marker_parse_kept(marker, &job->kept) && job->kept.appends == appends;
    job->kept.id ^= seal(job, marker);
    return fits ? FAULT_NONE : job_refuse_marker(job);
}

/* Pages have their places in the file: one that has others already is not continued with them. */
static enum fault check_structure(struct job *job, bool continues)
{
    const struct parameters *p = &job->parameters;
    bool has_room = parameters_bits(p) >= PAGE_BITS_MIN;
    if (p->structure != STRUCTURE_PAGE || (has_room && !continues))
        return FAULT_NONE;
    job_reply(job, REPLY_NOT_WITH_PARAMETER, TEXT(""), TEXT(""));
    return FAULT_ARGUMENT;
}

/* Where in the file a restart of the text's transfer is. */
static enum fault find_text_offset(struct job *job, uint64_t *ret_offset)
{
    struct stream *stream = NULL;
    enum fault f = gate_inspect(&job->caller, ACTION_APPEND, job->path, &stream);
    if (f)
        return f == FAULT_NOT_FOUND ? FAULT_OUT_OF_RANGE : f;
    f = job_seek_in_text(job, stream);
    *ret_offset = (uint64_t)stream->file_offset;
    stream_close(&stream);
    return f;
}

/* STOR, RFC 959 4.1.3; after REST what is there up to the marker stays (RFC 3659 5.4). */
enum fault work_stor(struct job *job)
{
    uint64_t offset = job->restart;
    enum fault f = check_structure(job, job->restart > 0);
    if (!f)
        f = take_marker(job, false);
    if (!f && job->restart && !job_is_byte_for_byte(job))
        f = FAULT_OUT_OF_RANGE; /* a count of bytes says nothing of records */
    if (!f && job->restart && job_is_text(job))
        f = find_text_offset(job, &offset);
    if (!f)
        f = open_upload(job, job->restart ? STORE_RESUME : STORE_REPLACE, offset);
    if (!f)
        job_set_opening(job, REPLY_OPENING_FILE, pathname_last(text_of(job->path)), TEXT(""));
    return f;
}

/*
 * Behind bits that make no whole logical byte (type_local.h) no others can be
 * put that the same parameters would give back.
 */
static enum fault check_last_word(struct job *job)
{
    const struct parameters *p = &job->parameters;
    char word[LOCAL_WORD_MAX];
    struct stream *file = NULL;
    size_t len = 0;
    if (p->type != TYPE_LOCAL || type_local_is_plain(p->byte_size))
        return FAULT_NONE;
    enum fault f = gate_inspect(&job->caller, ACTION_APPEND, job->path, &file);
    if (f)
        return f == FAULT_NOT_FOUND ? FAULT_NONE : f;
    int64_t bytes = (int64_t)type_local_word_bytes(p->byte_size);
    bool is_whole = file->file_end % bytes == 0;
    file->file_offset = is_whole && file->file_end ? file->file_end - bytes : file->file_end;
    f = stream_read(file, word, (size_t)bytes, &len);
    stream_close(&file);
    if (f || (is_whole && !(len && word[0] & 0x80)))
        return f;
    job_reply(job, REPLY_NOT_WITH_PARAMETER, TEXT(""), TEXT(""));
    return FAULT_ARGUMENT;
}

enum fault work_appe(struct job *job)
{
    enum fault f = check_structure(job, true);
    if (!f)
        f = check_last_word(job);
    if (!f)
        f = take_marker(job, true);
    if (!f)
        f = open_upload(job, STORE_APPEND, 0);
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
    enum fault f = check_structure(job, false);
    if (!f && job->marker)
        f = job_refuse_marker(job); /* the name of what it is of is not known any more */
    if (!f)
        f = open_upload(job, STORE_UNIQUE, 0);
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
        [STORE_LEFT_NOTHING] = REPLY_BROKEN_NOTHING, [STORE_LEFT_PARTIAL] = REPLY_BROKEN_PARTIAL,
        [STORE_LEFT_OLD] = REPLY_BROKEN_OLD,         [STORE_LEFT_CHANGED] = REPLY_BROKEN_CHANGED,
        [STORE_LEFT_KEPT] = REPLY_BROKEN_KEPT,
    };
    job_reply(job, replies[remains], TEXT(""), TEXT(""));
}

/*
 * In MODE S the end of the data connection is the end of the file, whether the
 * client meant it or died. Its kernel closes both connections when it dies, so
 * a control connection that ended without QUIT tells (RFC 959 4.1.1). What came
 * before that end is read, and judged, by the loop: QUIT, or the job is cancelled.
 */
static bool client_has_vanished(struct job *job)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    if (job->is_brief || !socket_peer_has_ended(job->control_fd)) /* it was looked just now */
        return false;
    for (int waited_ms = 0; waited_ms < LAST_WORDS_WAIT_MS; waited_ms++) {
        if (atomic_load_explicit(&job->may_hang_up, memory_order_acquire))
            return false;
        if (job_is_cancelled(job))
            break;
        nanosleep(&pause, NULL);
    }
    return true;
}

/* ---- What an upload is besides its bytes ---- */

static struct job *job_of(struct transfer_keeper *keeper)
{
    return (struct job *)((char *)keeper - offsetof(struct job, keeper));
}

static enum fault keep_shape(struct transfer_keeper *keeper, struct text lines)
{
    return gate_annex(job_of(keeper)->file, lines);
}

/* RFC 959 3.5 and 4.2: what came before the marker is on the disk, and so says the 110. */
static enum fault keep_marker(struct transfer_keeper *keeper, struct text marker, struct text state)
{
    struct job *job = job_of(keeper);
    char bytes[MARKER_MAX];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct store_kept kept;
    enum fault f = gate_keep(job->file, &kept);
    if (f == FAULT_UNSUPPORTED || f == FAULT_BUSY)
        return FAULT_NONE; /* it goes on without restarts */
    if (f)
        return f;
    job->is_kept = true;
    struct marker_kept ours = {
        .appends = job->verb->work == work_appe,
        .bytes = kept.bytes,
        .annex_bytes = kept.annex_bytes,
        .state = state,
    };
    marker_put_kept(&b, &ours);
    ours.id = kept.id ^ seal(job, builder_text(&b));
    b = builder_on(bytes, sizeof(bytes));
    marker_put_kept(&b, &ours);
    if (!b.full)
        job_reply_interim(job, REPLY_RESTART_MARK, marker, builder_text(&b));
    return FAULT_NONE;
}

/* What the descriptor page said the file has; who may not change attributes has the usual ones. */
static enum fault keep_page_facts(struct transfer_keeper *keeper, uint64_t size,
                                  const struct page_facts *facts)
{
    struct job *job = job_of(keeper);
    struct store_changes changes = {
        .mask = (facts->has_mode ? STORE_CHANGE_MODE : 0U) |
                (facts->has_modified ? STORE_CHANGE_MODIFIED : 0U),
        .mode = facts->mode,
        .modified = {facts->modified.seconds, facts->modified.nanoseconds},
    };
    enum fault f = gate_set_size(job->file, size);
    if (f || !changes.mask)
        return f;
    f = gate_change_upload(job->file, &changes);
    return f == FAULT_DENIED ? FAULT_NONE : f;
}

static void reply_stored(struct job *job, uint64_t suspect_bytes)
{
    char digits[24];
    struct builder b = builder_on(digits, sizeof(digits));
    bool stays = parameters_keep_connection(&job->parameters);
    if (suspect_bytes)
        job_reply(job, stays ? REPLY_UPLOAD_SUSPECT_OPEN : REPLY_UPLOAD_SUSPECT,
                  builder_number(&b, suspect_bytes), TEXT(""));
    else
        job_reply_complete(job, REPLY_UPLOAD_COMPLETE);
}

/* The end of the connection alone tells the file's. */
static bool ends_with_connection(const struct job *job)
{
    return job->parameters.mode == MODE_STREAM && job->parameters.structure == STRUCTURE_FILE;
}

/*
 * Is what arrived worth keeping, to be resumed, when the transfer breaks? Where
 * the data tell the end what broke off is no file; where not, nobody knows until
 * REST. Under TLS somebody on the way can break the connection, but not say its
 * end (RFC 8446 6.1): a client that is still there has to send it once more.
 */
static bool is_worth_keeping(struct job *job, enum fault f)
{
    if (job->is_kept || !ends_with_connection(job))
        return job->is_kept;
    return job->parameters.protection == PROTECTION_CLEAR || f == FAULT_CANCELLED ||
           client_has_vanished(job);
}

enum fault move_stor(struct job *job)
{
    struct transfer transfer = job_transfer(job);
    struct gate_outcome outcome = {.is_text = job_is_sent_as_text(job)};
    enum store_remains remains = STORE_LEFT_NOTHING;
    job->keeper = (struct transfer_keeper){keep_shape, keep_marker, keep_page_facts};
    transfer.keeper = &job->keeper;
    transfer.plan.appends = job->verb->work == work_appe;
    transfer.goes_on = job->is_kept = job->marker != NULL;
    transfer.state = job->kept.state;
    outcome.fault = transfer_receive(&transfer, job->file->stream);
    outcome.bytes = job_bytes_moved(job);
    if (!outcome.fault && ends_with_connection(job) && client_has_vanished(job))
        outcome.fault = FAULT_CONNECTION_LOST;
    outcome.keep_partial = is_worth_keeping(job, outcome.fault);
    enum fault f = gate_close(&job->file, &outcome, &remains);
    if (fault_is_of_the_way(outcome.fault))
        reply_broken(job, remains);
    else if (!f)
        reply_stored(job, transfer.suspect_bytes);
    return f;
}
