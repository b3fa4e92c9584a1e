/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/gate.h"

#include <time.h>

#include "base/memory.h"

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct store *store_of(const struct caller *caller)
{
    return tree_store(caller->tree);
}

static struct audit_event event_of(const struct caller *caller, enum action action,
                                   const char *path)
{
    return (struct audit_event){
        .action = action,
        .session = caller->session,
        .host = login_host(caller->login),
        .user = login_name(caller->login),
        .detail = login_detail(caller->login),
        .anonymous = login_policy(caller->login)->anonymous,
        .peer = caller->peer,
        .folder = text_of(tree_name(caller->tree)),
        .path = text_of(path),
    };
}

/* Asks the policy; a refusal is audited here and nowhere else. */
static enum fault permit(const struct caller *caller, enum action action, const char *path)
{
    struct verdict verdict = policy_decide(login_policy(caller->login), action);
    if (verdict.allowed)
        return FAULT_NONE;
    struct audit_event event = event_of(caller, action, path);
    event.fault = FAULT_DENIED;
    event.rule = verdict.rule;
    audit_record(caller->audit, &event);
    return FAULT_DENIED;
}

/* The end of an operation that is not a transfer. */
static enum fault done(const struct caller *caller, enum action action, const char *path,
                       const char *other_path, enum fault f)
{
    struct audit_event event = event_of(caller, action, path);
    event.fault = f;
    event.other_path = text_of(other_path);
    audit_record(caller->audit, &event);
    return f;
}

bool gate_may(const struct caller *caller, enum action action)
{
    return policy_decide(login_policy(caller->login), action).allowed;
}

enum fault gate_stat(const struct caller *caller, enum action action, const char *path, bool follow,
                     struct store_info *ret_info)
{
    enum fault f = permit(caller, action, path);
    if (f)
        return f;
    return store_of(caller)->type->stat(store_of(caller), path, follow, ret_info);
}

enum fault gate_inspect(const struct caller *caller, enum action action, const char *path,
                        struct stream **ret_stream)
{
    struct store_info info;
    enum fault f = permit(caller, action, path);
    if (f)
        return f;
    return store_of(caller)->type->open_read(store_of(caller), path, ret_stream, &info);
}

/* ---- One file's bytes ------------------------------------------------------ */

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
    file->begun_ms = now_ms();
    return file;
}

static void file_free(struct gate_file *file)
{
    memory_free(file->path);
    memory_free(file);
}

enum fault gate_open_read(const struct caller *caller, enum action action, const char *path,
                          struct gate_file **ret_file)
{
    enum fault f = permit(caller, action, path);
    if (f)
        return f;
    struct gate_file *file = file_new(caller, action, path);
    if (!file)
        return done(caller, action, path, NULL, FAULT_NO_MEMORY);
    struct store *store = store_of(caller);
    f = store->type->open_read(store, path, &file->stream, &file->info);
    if (f) {
        file_free(file);
        return done(caller, action, path, NULL, f);
    }
    *ret_file = file;
    return FAULT_NONE;
}

enum fault gate_open_annex(const struct caller *caller, const char *path, const struct stream *file,
                           struct stream **ret_annex)
{
    struct store *store = store_of(caller);
    return store->type->open_annex(store, path, file, ret_annex);
}

/* Which right an upload needs: that depends on what is there. */
static enum action upload_action(const struct caller *caller, const char *path,
                                 const struct store_upload_request *request)
{
    struct store_info info;
    enum fault f = store_of(caller)->type->stat(store_of(caller), path, true, &info);
    if (f == FAULT_NOT_FOUND)
        return ACTION_WRITE;
    return request->kind == STORE_APPEND || request->kind == STORE_RESUME ? ACTION_APPEND
                                                                          : ACTION_OVERWRITE;
}

enum fault gate_open_upload(const struct caller *caller, const char *path,
                            struct store_upload_request *request, struct gate_file **ret_file)
{
    const struct upload_manner *manner = login_upload_manner(caller->login);
    enum action action = upload_action(caller, path, request);
    enum fault f = permit(caller, action, path);
    if (f)
        return f;
    struct gate_file *file = file_new(caller, action, path);
    if (!file)
        return done(caller, action, path, NULL, FAULT_NO_MEMORY);
    request->direct = manner->direct;
    request->sync = manner->sync;
    struct store *store = store_of(caller);
    f = store->type->open_upload(store, path, request, &file->upload);
    if (f) {
        file_free(file);
        return done(caller, action, path, NULL, f);
    }
    file->stream = &file->upload->stream;
    file->existed = file->upload->existed;
    *ret_file = file;
    return FAULT_NONE;
}

enum fault gate_annex(struct gate_file *file, struct text bytes)
{
    return file->upload->type->annex(file->upload, bytes);
}

enum fault gate_keep(struct gate_file *file, struct store_kept *ret_kept)
{
    return file->upload->type->keep(file->upload, ret_kept);
}

enum fault gate_set_size(struct gate_file *file, uint64_t size)
{
    return file->upload->type->set_size(file->upload, size);
}

enum fault gate_change_upload(struct gate_file *file, const struct store_changes *changes)
{
    if (!gate_may(file->caller, ACTION_ATTRIBUTES))
        return FAULT_DENIED;
    return file->upload->type->change(file->upload, changes);
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
        /* What the disk or a limit refused is not kept: it would hold the room that is missing. */
        bool keep = outcome->keep_partial && fault_is_of_the_way(f);
        remains = file->upload->type->abandon(file->upload, keep);
    }
    if (ret_remains)
        *ret_remains = remains;
    return f;
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
    if (inbound)
        f = end_upload(file, outcome, ret_remains);
    else
        stream_close(&file->stream);
    struct audit_event event = event_of(file->caller, file->action, file->path);
    event.fault = f;
    event.is_transfer = inbound || file->action == ACTION_READ;
    event.inbound = inbound;
    event.is_text = outcome->is_text;
    event.bytes = outcome->bytes;
    event.duration_ms = now_ms() - file->begun_ms;
    audit_record(file->caller->audit, &event);
    file_free(file);
    return f;
}

/* ---- Names in a directory --------------------------------------------------- */

enum fault gate_open_directory(const struct caller *caller, const char *path,
                               struct gate_directory *ret_directory)
{
    enum fault f = permit(caller, ACTION_LIST, path);
    if (f)
        return f;
    struct store *store = store_of(caller);
    f = store->type->open_directory(store, path, true, &ret_directory->directory);
    return done(caller, ACTION_LIST, path, NULL, f);
}

enum fault gate_next(struct gate_directory *directory, struct text *ret_name,
                     enum store_kind *ret_kind)
{
    return directory->directory->type->next(directory->directory, ret_name, ret_kind);
}

enum fault gate_entry_info(struct gate_directory *directory, const char *name, bool created,
                           struct store_info *ret_info)
{
    return directory->directory->type->info(directory->directory, name, created, ret_info);
}

enum fault gate_entry_link(struct gate_directory *directory, const char *name,
                           struct builder *target)
{
    return directory->directory->type->link(directory->directory, name, target);
}

void gate_close_directory(struct gate_directory *directory)
{
    if (directory->directory)
        directory->directory->type->close(directory->directory);
    directory->directory = NULL;
}

/* ---- A directory that is to go with all that is in it ---------------------------- */

enum fault gate_open_tree(const struct caller *caller, const char *path,
                          struct gate_directory *ret_tree)
{
    enum fault f = permit(caller, ACTION_LIST, path);
    if (f)
        return f;
    struct store *store = store_of(caller);
    f = store->type->open_directory(store, path, false, &ret_tree->directory);
    ret_tree->path_len = strlen(path);
    return f ? done(caller, ACTION_LIST, path, NULL, f) : FAULT_NONE;
}

/* What of the path is below the tree. */
static const char *below(const struct gate_directory *tree, const char *path)
{
    const char *rest = path + tree->path_len;
    return *rest == '/' ? rest + 1 : rest;
}

enum fault gate_open_below(const struct caller *caller, const struct gate_directory *tree,
                           const char *path, struct gate_directory *ret_directory)
{
    enum fault f = permit(caller, ACTION_LIST, path);
    if (f)
        return f;
    f = tree->directory->type->open_below(tree->directory, below(tree, path),
                                          &ret_directory->directory);
    return done(caller, ACTION_LIST, path, NULL, f);
}

enum fault gate_remove_below(const struct caller *caller, const struct gate_directory *tree,
                             const char *path, enum action action)
{
    enum fault f = permit(caller, action, path);
    if (f)
        return f;
    f = tree->directory->type->remove_below(tree->directory, below(tree, path),
                                            action == ACTION_REMOVE_DIRECTORY);
    return done(caller, action, path, NULL, f);
}

/* ---- Changing the tree -------------------------------------------------------- */

enum fault gate_remove(const struct caller *caller, const char *path)
{
    enum fault f = permit(caller, ACTION_DELETE, path);
    if (f)
        return f;
    f = store_of(caller)->type->remove(store_of(caller), path);
    return done(caller, ACTION_DELETE, path, NULL, f);
}

enum fault gate_remove_directory(const struct caller *caller, const char *path)
{
    enum fault f = permit(caller, ACTION_REMOVE_DIRECTORY, path);
    if (f)
        return f;
    f = store_of(caller)->type->remove_directory(store_of(caller), path);
    return done(caller, ACTION_REMOVE_DIRECTORY, path, NULL, f);
}

enum fault gate_make_directory(const struct caller *caller, const char *path, unsigned mode)
{
    enum fault f = permit(caller, ACTION_MAKE_DIRECTORY, path);
    if (f)
        return f;
    f = store_of(caller)->type->make_directory(store_of(caller), path, mode);
    return done(caller, ACTION_MAKE_DIRECTORY, path, NULL, f);
}

enum fault gate_rename(const struct caller *caller, const char *from, const char *to)
{
    struct store_info info;
    struct store *store = store_of(caller);
    enum fault f = permit(caller, ACTION_RENAME, from);
    /* A rename over a file destroys it: that right is needed as well. */
    if (!f && store->type->stat(store, to, false, &info) == FAULT_NONE)
        f = permit(caller, ACTION_OVERWRITE, to);
    if (f)
        return f;
    f = store->type->rename(store, from, to);
    return done(caller, ACTION_RENAME, from, to, f);
}

enum fault gate_change(const struct caller *caller, const char *path,
                       const struct store_changes *changes)
{
    enum fault f = permit(caller, ACTION_ATTRIBUTES, path);
    if (f)
        return f;
    f = store_of(caller)->type->change(store_of(caller), path, changes);
    return done(caller, ACTION_ATTRIBUTES, path, NULL, f);
}

enum fault gate_make_link(const struct caller *caller, const char *target, const char *path)
{
    enum fault f = permit(caller, ACTION_LINK, path);
    if (f)
        return f;
    f = store_of(caller)->type->make_link(store_of(caller), target, path);
    return done(caller, ACTION_LINK, path, target, f);
}

enum fault gate_space(const struct caller *caller, const char *path, struct store_space *ret_space)
{
    enum fault f = permit(caller, ACTION_LIST, path);
    if (f)
        return f;
    return store_of(caller)->type->space(store_of(caller), path, ret_space);
}
