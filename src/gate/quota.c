/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/quota.h"

#include "base/memory.h"

struct quota {
    struct stream stream;
    struct stream *upload;       /* borrowed: the upload's */
    struct ledger_account *user; /* borrowed: the login's; NULL: no ratio */
    struct store_claim claim;
    struct quota_target target;
    uint64_t start;    /* where our bytes begin in the file */
    uint64_t position; /* in the file: where the next one goes */
    uint64_t end;      /* in the file: how far they reach, or are to reach */
    uint64_t annex_bytes;
    uint64_t written; /* that were uploaded */
    bool appends;
    bool goes_on; /* with what was kept */
};

static struct quota *quota_of(struct stream *stream)
{
    return (struct quota *)stream;
}

/* What the file and its annex add to the tree by now, beyond what they replace. */
static enum fault extend(struct quota *quota, uint64_t end, uint64_t annex_bytes)
{
    struct ledger_amount amount = {.files = 1};
    if (__builtin_add_overflow(end, annex_bytes, &amount.bytes))
        return FAULT_TOO_LARGE;
    if (quota->target.exists)
        ledger_subtract(&amount, (struct ledger_amount){(int64_t)quota->target.size, 1});
    return ledger_extend(&quota->claim, amount, end);
}

static uint64_t farther(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static enum fault quota_write(struct stream *stream, const void *bytes, size_t len)
{
    struct quota *quota = quota_of(stream);
    uint64_t end = farther(quota->end, quota->position + len);
    enum fault f = extend(quota, end, quota->annex_bytes);
    if (!f)
        f = stream_write(quota->upload, bytes, len);
    if (f)
        return f;
    quota->position += len;
    quota->written += len;
    quota->end = end;
    return FAULT_NONE;
}

static enum fault quota_seek(struct stream *stream, uint64_t offset)
{
    struct quota *quota = quota_of(stream);
    enum fault f = stream_seek(quota->upload, offset);
    if (!f)
        quota->position = quota->start + offset;
    return f;
}

static void quota_close(struct stream *stream)
{
    memory_free(stream);
}

enum fault quota_set_size(struct quota *quota, uint64_t size)
{
    enum fault f = size > INT64_MAX ? FAULT_OUT_OF_RANGE
                                    : extend(quota, farther(quota->end, size), quota->annex_bytes);
    if (!f)
        quota->end = farther(quota->end, size);
    return f;
}

enum fault quota_add_annex(struct quota *quota, uint64_t bytes)
{
    enum fault f = extend(quota, quota->end, quota->annex_bytes + bytes);
    if (!f)
        quota->annex_bytes += bytes;
    return f;
}

static uint64_t start_of(const struct store_upload_request *request,
                         const struct quota_target *target)
{
    if (request->kind == STORE_APPEND)
        return target->exists ? target->size : 0;
    return request->kind == STORE_RESUME ? request->offset : 0;
}

bool quota_is_needed(const struct caller *caller, const struct tree *where)
{
    return login_ledger_account(caller->login, where) || login_ratio(caller->login) ||
           policy_limits(login_policy(caller->login))->file_bytes != POLICY_NO_LIMIT;
}

enum fault quota_new(const struct caller *caller, const struct tree *where,
                     const struct quota_target *target, struct store_upload_request *request,
                     struct quota **ret_quota)
{
    static const struct stream_type type = {
        .write = quota_write, .seek = quota_seek, .close = quota_close};
    uint64_t file_bytes = policy_limits(login_policy(caller->login))->file_bytes;
    struct ledger_account *tree = login_ledger_account(caller->login, where);
    struct ledger_account *user = login_ratio(caller->login);
    if (!quota_is_needed(caller, where))
        return FAULT_NONE;
    struct quota *quota = memory_new(sizeof(*quota));
    if (!quota)
        return FAULT_NO_MEMORY;
    quota->stream = (struct stream){.type = &type, .fd = -1};
    quota->user = user;
    quota->target = *target;
    quota->claim = (struct store_claim){
        .tree = tree,
        .file_bytes = file_bytes == POLICY_NO_LIMIT ? LEDGER_NO_LIMIT : file_bytes,
        .file_rule = "max-file-size",
    };
    quota->claim.limits = login_quota(caller->login, where, &quota->claim.limit_count);
    quota->goes_on = request->goes_on;
    quota->appends = request->kind == STORE_APPEND;
    quota->start = start_of(request, target);
    /* Of what is gone on with, its first bytes were uploaded before. */
    quota->position = quota->start + (request->goes_on ? request->kept.bytes : 0);
    quota->end = quota->position;
    quota->annex_bytes = request->goes_on ? request->kept.annex_bytes : 0;
    request->claim = &quota->claim;
    *ret_quota = quota;
    return FAULT_NONE;
}

enum fault quota_begin(struct quota *quota, struct stream *upload, struct stream **ret_stream)
{
    /* What is gone on with was in the tree, and is reserved now. */
    if (quota->goes_on)
        quota->claim.settled = (struct ledger_amount){0, 0};
    enum fault f = extend(quota, quota->end, quota->annex_bytes);
    if (f)
        return f;
    quota->upload = upload;
    *ret_stream = &quota->stream;
    return FAULT_NONE;
}

enum fault quota_keep(struct quota *quota)
{
    uint64_t credit = quota->target.size;
    if (quota->appends)
        return FAULT_NONE;
    quota->target.size = 0;
    if (!extend(quota, quota->end, quota->annex_bytes))
        return FAULT_NONE;
    quota->target.size = credit;
    return FAULT_UNSUPPORTED;
}

const char *quota_rule(const struct quota *quota)
{
    return quota->claim.rule;
}

void quota_end(struct quota *quota, bool counts)
{
    if (!quota)
        return;
    ledger_release(&quota->claim);
    if (counts && quota->user)
        ledger_add_upload(quota->user, quota->written);
    memory_free(quota);
}

uint64_t quota_room(const struct caller *caller, const struct tree *where, uint64_t free_bytes)
{
    size_t count = 0;
    const struct ledger_limit *limits = login_quota(caller->login, where, &count);
    for (size_t i = 0; i < count; i++) {
        int64_t taken = ledger_taken(limits[i].account).bytes;
        uint64_t used = taken > 0 ? (uint64_t)taken : 0;
        uint64_t left = limits[i].bytes > used ? limits[i].bytes - used : 0;
        if (left < free_bytes)
            free_bytes = left;
    }
    return free_bytes;
}

enum fault quota_take_download(const struct caller *caller, uint64_t bytes, struct builder *rule)
{
    const struct policy_limits *limits = policy_limits(login_policy(caller->login));
    struct ledger_account *user = login_ratio(caller->login);
    if (!user || limits->ratio_up == POLICY_NO_LIMIT)
        return FAULT_NONE;
    enum fault f = ledger_take_download(user, limits->ratio_up, limits->ratio_down, bytes);
    if (!f)
        return f;
    builder_put(rule, TEXT("user "));
    builder_put(rule, login_name(caller->login));
    builder_put(rule, TEXT(": ratio "));
    builder_put_number(rule, limits->ratio_up);
    builder_put_byte(rule, ':');
    builder_put_number(rule, limits->ratio_down);
    builder_end(rule);
    return f;
}

void quota_return_download(const struct caller *caller, uint64_t bytes)
{
    struct ledger_account *user = login_ratio(caller->login);
    if (user)
        ledger_return_download(user, bytes);
}
