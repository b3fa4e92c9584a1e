/* SPDX-License-Identifier: Apache-2.0 */
/* One file's bytes: the part of the gate through which they go. */
#include "base/clock.h"
#include "base/memory.h"
#include "gate/place.h"
#include "gate/quota.h"

static struct gate_file *file_new(const struct caller *caller, enum action action, const char *path)
{
    struct gate_file *file = memory_new(sizeof(*file));
    if (!file)
        return NULL;
    file->path = memory_copy(path, strlen(path));
    if (!file->path) {
        memory_free(file);
        return NULL;
    }
    file->caller = caller;
    file->action = action;
    file->begun_ms = clock_running_ms();
    return file;
}

static void file_free(struct gate_file *file)
{
    if (!file)
        return;
    memory_free(file->path);
    memory_free(file);
}

enum fault gate_open_read(const struct caller *caller, enum action action, const char *path,
                          struct gate_file **ret_file)
{
    struct place place;
    enum fault f = place_find(caller, action, path, PLACE_FOLLOW, &place);
    if (f)
        return f;
    struct gate_file *file = file_new(caller, action, path);
    f = file ? place.store->type->open_read(place.store, place.path, &file->stream, &file->info)
             : FAULT_NO_MEMORY;
    place_done(&place);
    if (f) {
        file_free(file);
        return place_audit(caller, action, path, NULL, f);
    }
    *ret_file = file;
    return FAULT_NONE;
}

enum fault gate_begin_download(struct gate_file *file)
{
    uint64_t bytes = (uint64_t)(file->stream->file_end - file->stream->file_offset);
    struct builder rule = builder_on(file->rule, sizeof(file->rule));
    enum fault f = quota_take_download(file->caller, bytes, &rule);
    if (f)
        return f;
    file->download_bytes = bytes;
    file->download_from = file->stream->file_offset;
    return FAULT_NONE;
}

/* What came of a download that was begun. */
static void end_download(struct gate_file *file)
{
    uint64_t sent = (uint64_t)(file->stream->file_offset - file->download_from);
    if (file->download_bytes > sent)
        quota_return_download(file->caller, file->download_bytes - sent);
}

enum fault gate_open_annex(const struct caller *caller, enum action action, const char *path,
                           const struct stream *file, struct stream **ret_annex)
{
    struct place place;
    enum fault f = place_find(caller, action, path, PLACE_FOLLOW, &place);
    if (f)
        return f;
    f = place.store->type->open_annex(place.store, place.path, file, ret_annex);
    place_done(&place);
    return f;
}

/*
 * What is there behind the place where an upload goes on is overwritten (RFC 3659 5.4). Who may
 * only append goes on at the end, even if somebody was faster meanwhile.
 */
static enum fault allow_resume(const struct caller *caller, const struct place *place,
                               struct store_upload_request *request, uint64_t size)
{
    if (request->kind != STORE_RESUME || place_may(caller, ACTION_OVERWRITE, place))
        return FAULT_NONE;
    if (request->offset < size)
        return place_allow(caller, ACTION_OVERWRITE, place);
    if (request->offset > size)
        return place_audit(caller, ACTION_APPEND, place->shown, NULL, FAULT_OUT_OF_RANGE);
    request->kind = STORE_APPEND;
    return FAULT_NONE;
}

/*
 * At once only a file that is there is opened: who may replace it needs no look at it, where
 * nobody counts what it has.
 */
static bool replaces_for_sure(const struct caller *caller, const struct place *place,
                              const struct store_upload_request *request)
{
    return caller->at_once && request->kind == STORE_REPLACE && !request->goes_on && !place->way &&
           !quota_is_needed(caller, place->tree) && place_may(caller, ACTION_OVERWRITE, place);
}

/*
 * Asks for the right that the upload needs: that depends on what is there. Who may
 * only make files makes one, even if somebody was faster meanwhile.
 */
static enum fault allow_upload(const struct caller *caller, const struct place *place,
                               struct store_upload_request *request, enum action *ret_action,
                               struct quota_target *ret_target)
{
    struct store_info info = {.kind = STORE_SPECIAL};
    if (replaces_for_sure(caller, place, request)) {
        *ret_target = (struct quota_target){.exists = true};
        *ret_action = ACTION_OVERWRITE;
        return FAULT_NONE;
    }
    bool continues = request->kind == STORE_APPEND || request->kind == STORE_RESUME;
    enum action over_file = continues ? ACTION_APPEND : ACTION_OVERWRITE;
    enum fault f = place->way ? FAULT_NOT_FOUND
                              : place->store->type->stat(place->store, place->path, true, &info);
    if (caller->at_once && f == FAULT_BUSY)
        return f; /* which right it needs is not known */
    *ret_target = (struct quota_target){!f && info.kind == STORE_FILE, info.size};
    *ret_action = f == FAULT_NOT_FOUND ? ACTION_WRITE : over_file;
    if (*ret_action == ACTION_WRITE && !request->goes_on && !place_may(caller, over_file, place))
        request->kind = STORE_UNIQUE;
    f = place_allow(caller, *ret_action, place);
    return f || *ret_action == ACTION_WRITE ? f : allow_resume(caller, place, request, info.size);
}

/* A refusal, with the rule of the limit that it goes by, if any. */
static enum fault refuse_upload(struct gate_file *file, enum fault f)
{
    const char *rule = file->quota ? quota_rule(file->quota) : NULL;
    (void)place_refuse(file->caller, file->action, file->path, rule, f);
    quota_end(file->quota, false);
    file_free(file);
    return f;
}

enum fault gate_open_upload(const struct caller *caller, const char *path,
                            struct store_upload_request *request, struct gate_file **ret_file)
{
    const struct upload_manner *manner = login_upload_manner(caller->login);
    struct quota_target target;
    enum action action;
    struct place place;
    enum fault f = place_locate(caller, path, PLACE_FOLLOW, &place);
    if (f)
        return f;
    f = allow_upload(caller, &place, request, &action, &target);
    if (f) {
        place_done(&place);
        return f;
    }
    request->direct = manner->direct;
    request->sync = manner->sync;
    struct gate_file *file = file_new(caller, action, path);
    if (!file) {
        place_done(&place);
        return place_audit(caller, action, path, NULL, FAULT_NO_MEMORY);
    }
    f = quota_new(caller, place.tree, &target, request, &file->quota);
    if (!f)
        f = place.store->type->open_upload(place.store, place.path, request, &file->upload);
    file->may_go_on = place_may(caller, ACTION_APPEND, &place);
    place_done(&place);
    if (f)
        return refuse_upload(file, f);
    file->stream = &file->upload->stream;
    if (file->quota)
        f = quota_begin(file->quota, &file->upload->stream, &file->stream);
    if (f) {
        (void)file->upload->type->abandon(file->upload, request->goes_on);
        return refuse_upload(file, f);
    }
    file->existed = file->upload->existed;
    *ret_file = file;
    return FAULT_NONE;
}

enum fault gate_annex(struct gate_file *file, struct text bytes)
{
    enum fault f = file->quota ? quota_add_annex(file->quota, bytes.len) : FAULT_NONE;
    return f ? f : file->upload->type->annex(file->upload, bytes);
}

enum fault gate_keep(struct gate_file *file, struct store_kept *ret_kept)
{
    enum fault f = file->quota ? quota_keep(file->quota) : FAULT_NONE;
    return f ? f : file->upload->type->keep(file->upload, ret_kept);
}

enum fault gate_set_size(struct gate_file *file, uint64_t size)
{
    enum fault f = file->upload->type->set_size(file->upload, size);
    return !f && file->quota ? quota_set_size(file->quota, size) : f;
}

enum fault gate_change_upload(struct gate_file *file, const struct store_changes *changes)
{
    if (!(gate_rights(file->caller, file->path, true) & 1U << ACTION_ATTRIBUTES))
        return FAULT_DENIED;
    return file->upload->type->change(file->upload, changes);
}

bool gate_is_brief(const struct gate_file *file)
{
    struct store_upload *upload = file->upload;
    return upload && !file->quota && upload->type->is_brief && upload->type->is_brief(upload);
}

static enum fault end_upload(struct gate_file *file, const struct gate_outcome *outcome,
                             enum store_remains *ret_remains)
{
    enum fault f = outcome->fault;
    enum store_remains remains = STORE_LEFT_OLD;
    if (!f) {
        f = file->upload->type->publish(file->upload);
        if (!file->existed)
            remains = STORE_LEFT_NOTHING;
    } else {
        /* What the disk or a limit refused is not kept: it would hold the room that is missing.
         * Nor is what nobody could go on with: in a drop box it would only be in the way. */
        bool keep = outcome->keep_partial && file->may_go_on && fault_is_of_the_way(f);
        remains = file->upload->type->abandon(file->upload, keep);
    }
    if (ret_remains)
        *ret_remains = remains;
    return f;
}

/* Whose limit it was that ended it. */
static const char *rule_of(const struct gate_file *file, enum fault f)
{
    if (f == FAULT_DENIED && file->rule[0])
        return file->rule;
    return f == FAULT_TOO_LARGE && file->quota ? quota_rule(file->quota) : NULL;
}

enum fault gate_close(struct gate_file **file_pointer, const struct gate_outcome *outcome,
                      enum store_remains *ret_remains)
{
    struct gate_file *file = *file_pointer;
    enum fault f = outcome->fault;
    if (!file)
        return f;
    *file_pointer = NULL;
    bool inbound = file->upload != NULL;
    if (inbound) {
        f = end_upload(file, outcome, ret_remains);
    } else {
        end_download(file);
        stream_close(&file->stream);
    }
    struct audit_event event = place_event(file->caller, file->action, file->path);
    event.fault = f;
    event.rule = rule_of(file, f);
    event.is_transfer = inbound || file->action == ACTION_READ;
    event.inbound = inbound;
    event.is_text = outcome->is_text;
    event.bytes = outcome->bytes;
    event.duration_ms = (uint64_t)(clock_running_ms() - file->begun_ms);
    event.algorithm = text_of(f ? NULL : outcome->algorithm);
    event.digest = f ? TEXT("") : outcome->digest;
    if (file->caller->tally)
        audit_tally_add(file->caller->tally, &event);
    audit_record(file->caller->audit, &event);
    quota_end(file->quota, !f && !file->is_copy);
    file_free(file);
    return f;
}
