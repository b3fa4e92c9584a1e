/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs_hash: digests of files without fetching them
 * (draft-bryan-ftpext-hash, and the older XCRC family).
 * HASH XCRC XMD5 XSHA1 XSHA256 XSHA512
 */
#include "base/memory.h"
#include "protocol/command.h"
#include "protocol/pathname.h"
#include "server/job.h"
#include "server/verbs.h"

/* Bytes first up to, not including, end; `all` for the whole file. */
struct extent {
    bool all;
    uint64_t first;
    uint64_t end;
};

static enum fault feed(struct job *job, struct stream *stream, struct digest *digest,
                       uint64_t *bytes)
{
    enum { PIECE_BYTES = 128 * 1024 };
    char *piece = memory_new(PIECE_BYTES);
    enum fault f = piece ? FAULT_NONE : FAULT_NO_MEMORY;
    size_t len = 1;
    while (!f && len) {
        f = job_is_cancelled(job) ? FAULT_CANCELLED : stream_read(stream, piece, PIECE_BYTES, &len);
        if (!f)
            digest_update(digest, piece, len);
        if (!f)
            *bytes += len;
    }
    memory_free(piece);
    return f;
}

/* The digest of an extent of job->path, as hexadecimal text in b; the extent made concrete. */
static enum fault digest_file(struct job *job, enum digest_kind kind, struct extent *extent,
                              struct builder *b)
{
    struct gate_outcome outcome = {.fault = FAULT_NONE};
    enum fault f = gate_open_read(&job->caller, ACTION_HASH, job->path, &job->file);
    if (f)
        return f;
    struct stream *stream = job->file->stream;
    uint64_t size = job->file->info.size;
    if (extent->all)
        *extent = (struct extent){true, 0, size};
    struct digest *digest = digest_new(kind);
    if (extent->first > size || extent->end < extent->first)
        outcome.fault = FAULT_OUT_OF_RANGE;
    else if (!digest)
        outcome.fault = FAULT_NO_MEMORY;
    if (!outcome.fault) {
        stream->file_offset = (int64_t)extent->first;
        if (extent->end < size)
            stream->file_end = (int64_t)extent->end;
        outcome.fault = feed(job, stream, digest, &outcome.bytes);
    }
    if (!outcome.fault)
        outcome.fault = digest_finish(digest, b);
    digest_free(digest);
    outcome.algorithm = digest_kind_name(kind);
    outcome.digest = builder_text(b);
    return gate_close(&job->file, &outcome, NULL);
}

/* HASH: "SHA-256 first-last digest name" of the file or of RANG's range. */
enum fault work_hash(struct job *job)
{
    char hex[DIGEST_HEX_SIZE];
    char bytes[REPLY_SIZE];
    struct builder digest = builder_on(hex, sizeof(hex));
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct extent extent = {!job->has_range, job->range_first, job->range_last + 1};
    enum fault f = digest_file(job, job->digest, &extent, &digest);
    if (f)
        return f;
    builder_put_string(&b, digest_kind_name(job->digest));
    builder_put_byte(&b, ' ');
    builder_put_number(&b, extent.first);
    builder_put_byte(&b, '-');
    builder_put_number(&b, extent.all ? extent.end : job->range_last);
    builder_put_byte(&b, ' ');
    builder_put(&b, builder_text(&digest));
    job_reply(job, REPLY_HASH_IS, builder_text(&b), job_argument(job));
    return FAULT_NONE;
}

static enum digest_kind kind_of_verb(const struct verb *verb)
{
    static const struct {
        struct text name;
        enum digest_kind kind;
    } kinds[] = {
        {TEXT("XCRC"), DIGEST_CRC32},     {TEXT("XMD5"), DIGEST_MD5},
        {TEXT("XSHA1"), DIGEST_SHA1},     {TEXT("XSHA256"), DIGEST_SHA256},
        {TEXT("XSHA512"), DIGEST_SHA512},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (text_equal(kinds[i].name, text_of(verb->name)))
            return kinds[i].kind;
    return DIGEST_SHA256;
}

/* Cuts a number off the end, with its space; false when there is none. */
static bool take_last_number(struct text *rest, uint64_t *ret_number)
{
    size_t space = text_find_last(*rest, ' ');
    if (space == rest->len || !text_to_number(text_after(*rest, space + 1), INT64_MAX, ret_number))
        return false;
    rest->len = space;
    return true;
}

/* Up to two numbers behind a name: first, or first and end. */
static void take_extent(struct text *rest, struct extent *ret_extent)
{
    uint64_t last;
    uint64_t first;
    if (!take_last_number(rest, &last))
        return;
    *ret_extent = (struct extent){false, last, INT64_MAX};
    if (take_last_number(rest, &first))
        *ret_extent = (struct extent){false, first, last};
}

/*
 * "path", "path first" or "path first end", the path in quotes or not. Without
 * quotes the whole argument is a name if there is such a file; else the
 * numbers at its end are the range.
 */
static enum fault parse_xdigest(struct job *job, struct extent *ret_extent)
{
    char bytes[PATHNAME_MAX + 1];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text argument = job_argument(job);
    struct text name = argument;
    struct store_info info;
    if (argument.at[0] == '"') {
        struct text rest = argument;
        if (!command_take_argument(&rest, &b, &name))
            return FAULT_ARGUMENT;
        /* take_extent looks for a space before each number. */
        struct text numbers = {argument.at, argument.len};
        if (rest.len)
            take_extent(&numbers, ret_extent);
        bool is_more = text_trim(numbers).len > argument.len - rest.len;
        if (rest.len && (ret_extent->all || is_more))
            return FAULT_ARGUMENT;
        return job_resolve(job, name, &job->path);
    }
    enum fault f = job_resolve(job, name, &job->path);
    if (f || !gate_stat(&job->caller, ACTION_HASH, job->path, true, &info))
        return f;
    take_extent(&name, ret_extent);
    memory_free(job->path);
    job->path = NULL;
    return job_resolve(job, name, &job->path);
}

enum fault work_xdigest(struct job *job)
{
    char hex[DIGEST_HEX_SIZE];
    struct builder digest = builder_on(hex, sizeof(hex));
    struct extent extent = {.all = true};
    enum fault f = parse_xdigest(job, &extent);
    if (!f)
        f = digest_file(job, kind_of_verb(job->verb), &extent, &digest);
    if (!f)
        job_reply(job, REPLY_DIGEST_IS, builder_text(&digest), TEXT(""));
    return f;
}
