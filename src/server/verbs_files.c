/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs_files: names and facts of files (RFC 959 4.1.3, RFC 3659,
 * draft-somers-ftp-mfxx).
 * CWD CDUP MKD RMD RMDA DELE RNFR RNTO SIZE MDTM MLST MFMT MFCT MFF AVBL COMB
 * and STAT of a path
 */
#include <time.h>

#include "base/memory.h"
#include "codec/type_ascii.h"
#include "gate/gate_tree.h"
#include "protocol/command.h"
#include "protocol/pathname.h"
#include "protocol/reply.h"
#include "server/directory_entry.h"
#include "server/directory_stream.h"
#include "server/job.h"
#include "server/session.h"
#include "server/verbs.h"

enum {
    QUOTED_SIZE = 2 * PATHNAME_MAX + 2,
    COMB_PARTS_MAX = 256,
    /* STAT of a directory goes over the control connection: LIST is for large ones. */
    STAT_LISTING_MAX = 1024 * 1024,
};

static struct text quoted(const char *path, char bytes[QUOTED_SIZE])
{
    struct builder b = builder_on(bytes, QUOTED_SIZE);
    pathname_put_quoted(&b, text_of(path));
    return builder_text(&b);
}

/* ---- Directories ------------------------------------------------------------------ */

static enum fault change_directory(struct job *job, const char *path, enum reply_id reply)
{
    char bytes[QUOTED_SIZE];
    enum fault f = gate_enter(&job->caller, path);
    if (f)
        return f;
    job->new_path = memory_copy(path, strlen(path));
    if (!job->new_path)
        return FAULT_NO_MEMORY;
    job_reply(job, reply, quoted(path, bytes), TEXT(""));
    return FAULT_NONE;
}

enum fault work_cwd(struct job *job)
{
    return change_directory(job, job->path, REPLY_DIRECTORY_CHANGED);
}

/* CDUP, RFC 959 5.4: 200, where CWD has 250. */
enum fault work_cdup(struct job *job)
{
    struct text parent = pathname_parent(text_of(job->directory));
    job->directory[parent.len] = '\0';
    return change_directory(job, job->directory, REPLY_WENT_UP);
}

void done_cwd(struct session *session, struct job *job)
{
    if (job->fault)
        return;
    memory_free(session->directory);
    session->directory = job->new_path;
    job->new_path = NULL;
}

enum fault work_mkd(struct job *job)
{
    char bytes[QUOTED_SIZE];
    enum fault f = gate_make_directory(&job->caller, job->path, 0777 & ~job->umask);
    if (!f)
        job_reply(job, REPLY_DIRECTORY_MADE, quoted(job->path, bytes), TEXT(""));
    return f;
}

enum fault work_rmd(struct job *job)
{
    enum fault f = gate_remove_directory(&job->caller, job->path);
    if (!f)
        job_reply(job, REPLY_DIRECTORY_REMOVED, TEXT(""), TEXT(""));
    return f;
}

enum fault work_rmda(struct job *job)
{
    enum fault f = gate_remove_tree(&job->caller, job->path, &job->progress.cancelled);
    if (!f)
        job_reply(job, REPLY_TREE_REMOVED, TEXT(""), TEXT(""));
    return f;
}

/* ---- Files --------------------------------------------------------------------------- */

enum fault work_dele(struct job *job)
{
    enum fault f = gate_remove(&job->caller, job->path);
    if (!f)
        job_reply(job, REPLY_DELETED, TEXT(""), TEXT(""));
    return f;
}

enum fault work_rnfr(struct job *job)
{
    struct store_info info;
    enum fault f = gate_stat(&job->caller, ACTION_RENAME, job->path, false, &info);
    if (!f)
        job_reply(job, REPLY_RENAME_PENDING, TEXT(""), TEXT(""));
    return f;
}

void done_rnfr(struct session *session, struct job *job)
{
    job_keep_path(job, &session->pending.rename_from);
}

/* RNTO, RFC 959 4.1.3: immediately after RNFR. */
void verb_rnto(struct session *session, struct text argument)
{
    char *from = session->pending.rename_from;
    if (!from) {
        session_reply_with(session, REPLY_BAD_SEQUENCE, TEXT("RNFR"), TEXT(""));
        return;
    }
    session->pending.rename_from = NULL;
    job_start(session, verb_find(TEXT("RNTO")), argument, from);
}

enum fault work_rnto(struct job *job)
{
    enum fault f = gate_rename(&job->caller, job->source, job->path);
    if (!f)
        job_reply(job, REPLY_RENAMED, TEXT(""), TEXT(""));
    return f;
}

/* COMB: the target, then its parts; names with spaces in quotes. */
enum fault work_comb(struct job *job)
{
    char *paths[COMB_PARTS_MAX + 1] = {NULL};
    size_t count = 0;
    bool of_part = false;
    struct text rest = job_argument(job);
    enum fault f = FAULT_NONE;
    while (!f && rest.len) {
        char bytes[PATHNAME_MAX + 1];
        struct builder b = builder_on(bytes, sizeof(bytes));
        struct text name;
        if (count > COMB_PARTS_MAX || !command_take_argument(&rest, &b, &name))
            f = FAULT_ARGUMENT;
        else
            f = job_resolve(job, name, &paths[count]);
        if (!f)
            count++;
    }
    if (!f && count < 2)
        f = FAULT_ARGUMENT;
    if (!f)
        f = gate_combine(&job->caller, paths[0], paths + 1, count - 1, 0666 & ~job->umask,
                         &job->progress.cancelled, &of_part);
    if (of_part)
        job_reply(job, reply_of_fault(f, REPLY_COLUMN_FILE), TEXT(""), TEXT(""));
    if (!f)
        job_reply(job, REPLY_COMBINED, pathname_last(text_of(paths[0])), TEXT(""));
    for (size_t i = 0; i < count; i++)
        memory_free(paths[i]);
    return f;
}

/* ---- Facts ------------------------------------------------------------------------------ */

/* Bytes that the file's transfer takes in the present TYPE, STRU and MODE (RFC 3659 4.1). */
static enum fault measure(struct job *job, struct store_info *info)
{
    struct stream *file = NULL;
    struct transfer transfer = job_transfer(job);
    bool is_plain = chain_is_transparent(&transfer.plan);
    if (is_plain && !parameters_are_text(&job->parameters))
        return FAULT_NONE;
    enum fault f = gate_inspect(&job->caller, ACTION_LIST, job->path, &file);
    if (f)
        return f;
    f = gate_open_annex(&job->caller, ACTION_LIST, job->path, file, &job->annex);
    if (f == FAULT_NOT_FOUND)
        f = FAULT_NONE;
    if (!f && (!is_plain || job->annex)) {
        transfer.channel = NULL;
        transfer.shape = job->annex;
        transfer.facts = job_page_facts(info);
        f = transfer_measure(&transfer, file, &info->size);
    }
    stream_close(&job->annex);
    stream_close(&file);
    return f;
}

/* SIZE, RFC 3659 4: as the file would be transferred now, in the present TYPE. */
enum fault work_size(struct job *job)
{
    char digits[24];
    struct builder b = builder_on(digits, sizeof(digits));
    struct store_info info;
    enum fault f = gate_stat(&job->caller, ACTION_LIST, job->path, true, &info);
    if (!f && info.kind == STORE_DIRECTORY)
        f = FAULT_IS_DIRECTORY;
    else if (!f && info.kind != STORE_FILE)
        f = FAULT_NOT_PLAIN_FILE;
    if (!f)
        f = measure(job, &info);
    if (f)
        return f;
    builder_put_number(&b, info.size);
    job_reply(job, REPLY_FILE_SIZE, builder_text(&b), TEXT(""));
    return FAULT_NONE;
}

enum fault work_mdtm(struct job *job)
{
    char bytes[24];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct store_info info;
    enum fault f = gate_stat(&job->caller, ACTION_LIST, job->path, true, &info);
    if (f)
        return f;
    facts_put_time(&b, info.modified.seconds);
    job_reply(job, REPLY_FILE_TIME, builder_text(&b), TEXT(""));
    return FAULT_NONE;
}

/* MLST, RFC 3659 7.3: three lines, the facts in the middle. */
enum fault work_mlst(struct job *job)
{
    char letters[FACT_PERM_SIZE];
    char line_bytes[REPLY_SIZE];
    char bytes[3 * REPLY_SIZE];
    struct builder line = builder_on(line_bytes, sizeof(line_bytes));
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct store_info info;
    const struct text path[] = {text_of(job->path)};
    enum fault f = gate_stat(&job->caller, ACTION_LIST, job->path, true, &info);
    if (f)
        return f;
    reply_put_translated(&line, job->language, REPLY_FACTS_BEGIN, path);
    reply_put_first(&b, reply_code(REPLY_FACTS_BEGIN), builder_text(&line));
    line = builder_on(line_bytes, sizeof(line_bytes));
    const struct facts facts = facts_of_info(&job->caller, job->path, &info, letters);
    facts_put(&line, &facts, job->facts);
    reply_put_text(&line, path[0]);
    reply_put_inner(&b, builder_text(&line));
    reply_put(&b, job->language, REPLY_FACTS_END, path);
    char *reply = memory_copy(b.at, b.len);
    if (!reply)
        return FAULT_NO_MEMORY;
    job_take_reply(job, reply, b.len);
    return FAULT_NONE;
}

/* "time path" of MFMT and MFCT. */
static enum fault change_time(struct job *job, enum store_change change, enum reply_id reply)
{
    char bytes[24];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct fact_time when;
    struct text name = job_argument(job);
    struct text time_text = text_take_until(&name, ' ');
    struct store_changes changes = {.mask = change};
    if (!name.len || !facts_parse_time(time_text, &when))
        return FAULT_ARGUMENT;
    changes.modified = (struct store_time){when.seconds, when.nanoseconds};
    changes.created = changes.modified;
    enum fault f = job_resolve(job, name, &job->path);
    if (!f)
        f = gate_change(&job->caller, job->path, &changes);
    if (f)
        return f;
    facts_put_time(&b, when.seconds);
    job_reply(job, reply, builder_text(&b), name);
    return FAULT_NONE;
}

enum fault work_mfmt(struct job *job)
{
    return change_time(job, STORE_CHANGE_MODIFIED, REPLY_FILE_MODIFY);
}

enum fault work_mfct(struct job *job)
{
    return change_time(job, STORE_CHANGE_CREATED, REPLY_FILE_CREATE);
}

/* MFF: all facts are read before any is changed; one that cannot be is a 504. */
enum fault work_mff(struct job *job)
{
    struct fact_changes wanted;
    struct text name = job_argument(job);
    struct text facts = text_take_until(&name, ' ');
    struct store_changes changes = {0};
    enum fact_change_result result = facts_parse_changes(facts, &wanted);
    if (!name.len || result == FACT_CHANGE_MALFORMED)
        return FAULT_ARGUMENT;
    if (result == FACT_CHANGE_UNSUPPORTED) {
        job_reply(job, REPLY_NOT_WITH_PARAMETER, TEXT(""), TEXT(""));
        return FAULT_ARGUMENT;
    }
    if (wanted.present & FACT_MODIFY)
        changes.mask |= STORE_CHANGE_MODIFIED;
    if (wanted.present & FACT_CREATE)
        changes.mask |= STORE_CHANGE_CREATED;
    if (wanted.present & FACT_UNIX_MODE)
        changes.mask |= STORE_CHANGE_MODE;
    changes.modified = (struct store_time){wanted.modify.seconds, wanted.modify.nanoseconds};
    changes.created = (struct store_time){wanted.create.seconds, wanted.create.nanoseconds};
    changes.mode = wanted.mode;
    enum fault f = job_resolve(job, name, &job->path);
    if (!f)
        f = gate_change(&job->caller, job->path, &changes);
    if (!f)
        job_reply(job, REPLY_FACTS_SET, facts, name);
    return f;
}

/* AVBL: bytes a non-privileged user can still store. */
enum fault work_avbl(struct job *job)
{
    char digits[24];
    struct builder b = builder_on(digits, sizeof(digits));
    struct store_space space;
    struct store_info info;
    enum fault f = gate_stat(&job->caller, ACTION_LIST, job->path, true, &info);
    if (!f && info.kind != STORE_DIRECTORY)
        f = FAULT_NOT_DIRECTORY;
    if (!f)
        f = gate_space(&job->caller, job->path, &space);
    if (f)
        return f;
    builder_put_number(&b, space.free_bytes);
    job_reply(job, REPLY_SPACE_IS, builder_text(&b), TEXT(""));
    return FAULT_NONE;
}

/* ---- STAT of a path ------------------------------------------------------------------------ */

/* A reply of any number of lines, growing up to a limit. */
struct pages {
    char *bytes; /* owned */
    size_t len;
    size_t size;
};

static enum fault put_line(struct pages *pages, struct text line)
{
    if (!line.len)
        return FAULT_NONE;
    if (line.len > pages->size - pages->len) {
        size_t size = pages->size * 2 + line.len;
        if (pages->len + line.len > STAT_LISTING_MAX)
            return FAULT_LISTING_TOO_LARGE;
        char *bytes = memory_resize(pages->bytes, size, 1);
        if (!bytes)
            return FAULT_NO_MEMORY;
        pages->bytes = bytes;
        pages->size = size;
    }
    memcpy(pages->bytes + pages->len, line.at, line.len);
    pages->len += line.len;
    return FAULT_NONE;
}

/* The listing's lines as inner lines of a reply. */
static enum fault put_listing(struct pages *pages, struct stream *listing)
{
    enum { PIECE_BYTES = 2 * DIRECTORY_LINE_MAX };
    char *piece = memory_new(PIECE_BYTES);
    enum fault f = piece ? FAULT_NONE : FAULT_NO_MEMORY;
    while (!f) {
        size_t len;
        f = stream_read(listing, piece, PIECE_BYTES, &len);
        struct text rest = {piece, f ? 0 : len};
        if (!rest.len)
            break;
        while (!f && rest.len) {
            char bytes[2 * DIRECTORY_LINE_MAX];
            char line_bytes[2 * DIRECTORY_LINE_MAX];
            struct builder line = builder_on(line_bytes, sizeof(line_bytes));
            struct builder b = builder_on(bytes, sizeof(bytes));
            reply_put_text(&line, text_take_until(&rest, '\n'));
            reply_put_inner(&b, builder_text(&line));
            f = put_line(pages, builder_text(&b));
        }
    }
    memory_free(piece);
    return f;
}

static enum fault put_edge(struct job *job, struct pages *pages, enum reply_id id, bool last)
{
    char line_bytes[REPLY_SIZE];
    char bytes[REPLY_SIZE + 8];
    struct builder line = builder_on(line_bytes, sizeof(line_bytes));
    struct builder b = builder_on(bytes, sizeof(bytes));
    const struct text arguments[] = {job_argument(job)};
    reply_put_translated(&line, job->language, id, arguments);
    if (last)
        reply_put_line(&b, reply_code(id), builder_text(&line));
    else
        reply_put_first(&b, reply_code(id), builder_text(&line));
    return put_line(pages, builder_text(&b));
}

/* STAT path, RFC 959 4.1.3: 212 for a directory, 213 for a file. */
enum fault work_stat(struct job *job)
{
    struct directory_request request = {
        .caller = &job->caller,
        .form = DIRECTORY_LONG,
        .directory = text_of(job->directory),
        .name = job_argument(job),
        .now = time(NULL),
        .cancelled = &job->progress.cancelled,
    };
    struct pages pages = {NULL, 0, 0};
    struct store_info info;
    directory_take_options(&request);
    enum fault f = job_resolve(job, request.name, &job->path);
    if (f)
        return f;
    bool is_file = !gate_stat(&job->caller, ACTION_LIST, job->path, true, &info) &&
                   info.kind != STORE_DIRECTORY;
    f = directory_stream_open(&request, &job->listing);
    if (!f)
        f = put_edge(job, &pages, is_file ? REPLY_FILE_BEGIN : REPLY_LIST_BEGIN, false);
    if (!f)
        f = put_listing(&pages, job->listing);
    if (!f)
        f = put_edge(job, &pages, is_file ? REPLY_FILE_END : REPLY_LIST_END, true);
    stream_close(&job->listing);
    if (f)
        memory_free(pages.bytes);
    else
        job_take_reply(job, pages.bytes, pages.len);
    return f;
}
