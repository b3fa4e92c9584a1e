/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_agent_served.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/store_local_file.h"
#include "store/store_local_upload.h"

/* ---- Answers --------------------------------------------------------------------- */

static struct message *begin_answer(struct served *served, enum fault f)
{
    message_begin(served->message);
    message_put_number(served->message, f);
    return served->message;
}

enum fault agent_answer(struct served *served, enum fault f)
{
    (void)begin_answer(served, f);
    return f;
}

static const char *take_path(struct served *served)
{
    return message_take_string(served->message, AGENT_PATH_SIZE);
}

/* The view of the store that the request is to. */
static struct store *take_store(struct served *served)
{
    struct store *store = served->agent->store;
    return message_take_flag(served->message) ? store->straight : store;
}

/* Was the request what it has to be? */
static bool is_understood(const struct served *served)
{
    return message_is_read(served->message);
}

/* A copy of a descriptor that stays ours; a message gives its own away. */
static void put_copy(struct message *message, int fd)
{
    message_put_fd(message, fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

/* ---- A store ------------------------------------------------------------------------ */

static enum fault serve_stat(struct served *served)
{
    struct store *store = take_store(served);
    struct store_info info;
    const char *path = take_path(served);
    bool follow = message_take_flag(served->message);
    if (!is_understood(served))
        return FAULT_BUG;
    enum fault f = store->type->stat(store, path, follow, &info);
    if (!f)
        agent_put_info(begin_answer(served, FAULT_NONE), &info);
    return f;
}

static enum fault serve_real_path(struct served *served)
{
    char bytes[AGENT_PATH_SIZE];
    struct builder real = builder_on(bytes, sizeof(bytes));
    struct store *store = take_store(served);
    const char *path = take_path(served);
    bool follow = message_take_flag(served->message);
    if (!is_understood(served))
        return FAULT_BUG;
    enum fault f = store->type->real_path(store, path, follow, &real);
    if (!f)
        message_put_text(begin_answer(served, FAULT_NONE), builder_text(&real));
    return f;
}

static enum fault serve_open_read(struct served *served)
{
    struct store *store = take_store(served);
    struct stream *stream = NULL;
    struct store_info info;
    const char *path = take_path(served);
    if (!is_understood(served))
        return FAULT_BUG;
    enum fault f = store->type->open_read(store, path, &stream, &info);
    if (f)
        return f;
    struct message *message = begin_answer(served, FAULT_NONE);
    agent_put_info(message, &info);
    put_copy(message, stream->fd);
    stream_close(&stream);
    return FAULT_NONE;
}

static enum fault serve_open_annex(struct served *served)
{
    struct store *store = take_store(served);
    struct stream *file = NULL;
    struct stream *annex = NULL;
    struct message *message = served->message;
    const char *path = take_path(served);
    struct annex_version version = {.size = message_take_number(message, INT64_MAX)};
    version.modified = agent_take_time(message);
    int fd = message_take_fd(message);
    if (!is_understood(served)) {
        if (fd >= 0)
            close(fd);
        return FAULT_BUG;
    }
    enum fault f = local_adopt_file(fd, 0, 0, &version, &file);
    if (!f)
        f = store->type->open_annex(store, path, file, &annex);
    stream_close(&file);
    if (f)
        return f;
    message = begin_answer(served, FAULT_NONE);
    message_put_number(message, (uint64_t)annex->file_offset);
    message_put_number(message, (uint64_t)annex->file_end);
    put_copy(message, annex->fd);
    stream_close(&annex);
    return FAULT_NONE;
}

static enum fault begin_upload(struct served *served, struct store *store,
                               struct store_info *sources, int socket)
{
    struct store_upload_request request;
    struct served object = {.kind = OBJECT_UPLOAD};
    const char *path = take_path(served);
    agent_take_upload_request(served->message, sources, &request);
    enum fault f = is_understood(served)
                       ? store->type->open_upload(store, path, &request, &object.upload)
                       : FAULT_BUG;
    if (f) {
        close(socket);
        return f;
    }
    bool existed = object.upload->existed;
    f = agent_serve_on(served->agent, socket, &object);
    if (!f)
        message_put_number(begin_answer(served, FAULT_NONE), existed);
    return f;
}

static enum fault serve_open_upload(struct served *served)
{
    struct store *store = take_store(served);
    int socket = message_take_fd(served->message);
    if (socket < 0)
        return FAULT_BUG;
    struct store_info *sources = memory_new_array(AGENT_SOURCES_MAX, sizeof(*sources));
    if (!sources) {
        close(socket);
        return FAULT_NO_MEMORY;
    }
    enum fault f = begin_upload(served, store, sources, socket);
    memory_free(sources);
    return f;
}

/* `directory` gets the connection that came with the request. */
static enum fault begin_directory(struct served *served, int socket, enum fault f,
                                  struct store_directory *directory)
{
    const struct served object = {.kind = OBJECT_DIRECTORY, .directory = directory};
    if (!f)
        return agent_answer(served, agent_serve_on(served->agent, socket, &object));
    close(socket);
    return f;
}

static enum fault serve_open_directory(struct served *served)
{
    struct store *store = take_store(served);
    struct store_directory *directory = NULL;
    int socket = message_take_fd(served->message);
    const char *path = take_path(served);
    bool follow = message_take_flag(served->message);
    if (socket < 0)
        return FAULT_BUG;
    enum fault f = is_understood(served)
                       ? store->type->open_directory(store, path, follow, &directory)
                       : FAULT_BUG;
    return begin_directory(served, socket, f, directory);
}

static enum fault serve_remove(struct served *served)
{
    struct store *store = take_store(served);
    const char *path = take_path(served);
    return agent_answer(served,
                        is_understood(served) ? store->type->remove(store, path) : FAULT_BUG);
}

static enum fault serve_remove_directory(struct served *served)
{
    struct store *store = take_store(served);
    const char *path = take_path(served);
    return agent_answer(served, is_understood(served) ? store->type->remove_directory(store, path)
                                                      : FAULT_BUG);
}

static enum fault serve_make_directory(struct served *served)
{
    struct store *store = take_store(served);
    const char *path = take_path(served);
    unsigned mode = (unsigned)message_take_number(served->message, 07777);
    return agent_answer(
        served, is_understood(served) ? store->type->make_directory(store, path, mode) : FAULT_BUG);
}

static enum fault serve_rename(struct served *served)
{
    struct store *store = take_store(served);
    const char *from = take_path(served);
    const char *to = take_path(served);
    return agent_answer(served,
                        is_understood(served) ? store->type->rename(store, from, to) : FAULT_BUG);
}

static enum fault serve_change(struct served *served)
{
    struct store *store = take_store(served);
    struct store_changes changes;
    const char *path = take_path(served);
    agent_take_changes(served->message, &changes);
    return agent_answer(served, is_understood(served) ? store->type->change(store, path, &changes)
                                                      : FAULT_BUG);
}

static enum fault serve_make_link(struct served *served)
{
    struct store *store = take_store(served);
    const char *target = take_path(served);
    const char *path = take_path(served);
    return agent_answer(served, is_understood(served) ? store->type->make_link(store, target, path)
                                                      : FAULT_BUG);
}

static enum fault serve_space(struct served *served)
{
    struct store *store = take_store(served);
    struct store_space space;
    const char *path = take_path(served);
    if (!is_understood(served))
        return FAULT_BUG;
    enum fault f = store->type->space(store, path, &space);
    if (f)
        return f;
    struct message *message = begin_answer(served, FAULT_NONE);
    message_put_number(message, space.free_bytes);
    message_put_number(message, space.total_bytes);
    return FAULT_NONE;
}

/* ---- An upload ------------------------------------------------------------------------ */

/* What the server wrote by itself, which this side has not seen. */
static void take_progress(struct served *served)
{
    struct message *message = served->message;
    bool was_lent = message_take_flag(message);
    uint64_t position = message_take_number(message, INT64_MAX);
    uint64_t written = message_take_number(message, INT64_MAX);
    if (was_lent && !message->is_wrong)
        local_take_back(served->upload, position, written);
}

/* From the first write on that leaves nothing else to do the server writes by itself. */
static enum fault serve_upload_write(struct served *served)
{
    uint64_t position;
    uint64_t written;
    struct text bytes = message_take_text(served->message, AGENT_BYTES_MAX);
    if (!is_understood(served))
        return FAULT_BUG;
    enum fault f = stream_write(&served->upload->stream, bytes.at, bytes.len);
    if (f)
        return f;
    struct message *message = begin_answer(served, FAULT_NONE);
    local_progress(served->upload, &position, &written);
    message_put_number(message, position);
    message_put_number(message, written);
    int fd = local_lend(served->upload);
    if (fd >= 0)
        put_copy(message, fd);
    return FAULT_NONE;
}

static enum fault serve_upload_seek(struct served *served)
{
    take_progress(served);
    uint64_t offset = message_take_number(served->message, UINT64_MAX);
    return agent_answer(served, is_understood(served) ? stream_seek(&served->upload->stream, offset)
                                                      : FAULT_BUG);
}

static enum fault serve_upload_publish(struct served *served)
{
    struct store_upload *upload = served->upload;
    take_progress(served);
    if (!is_understood(served))
        return FAULT_BUG;
    served->upload = NULL;
    return agent_answer(served, upload->type->publish(upload));
}

static enum fault serve_upload_abandon(struct served *served)
{
    struct store_upload *upload = served->upload;
    take_progress(served);
    bool keep = message_take_flag(served->message);
    if (!is_understood(served))
        return FAULT_BUG;
    served->upload = NULL;
    enum store_remains remains = upload->type->abandon(upload, keep);
    message_put_number(begin_answer(served, FAULT_NONE), remains);
    return FAULT_NONE;
}

static enum fault serve_upload_keep(struct served *served)
{
    struct store_kept kept;
    take_progress(served);
    if (!is_understood(served))
        return FAULT_BUG;
    enum fault f = served->upload->type->keep(served->upload, &kept);
    if (!f)
        agent_put_kept(begin_answer(served, FAULT_NONE), &kept);
    return f;
}

static enum fault serve_upload_annex(struct served *served)
{
    take_progress(served);
    struct text bytes = message_take_text(served->message, AGENT_BYTES_MAX);
    return agent_answer(served, is_understood(served)
                                    ? served->upload->type->annex(served->upload, bytes)
                                    : FAULT_BUG);
}

static enum fault serve_upload_set_size(struct served *served)
{
    take_progress(served);
    uint64_t size = message_take_number(served->message, UINT64_MAX);
    return agent_answer(served, is_understood(served)
                                    ? served->upload->type->set_size(served->upload, size)
                                    : FAULT_BUG);
}

static enum fault serve_upload_change(struct served *served)
{
    struct store_changes changes;
    take_progress(served);
    agent_take_changes(served->message, &changes);
    return agent_answer(served, is_understood(served)
                                    ? served->upload->type->change(served->upload, &changes)
                                    : FAULT_BUG);
}

/* ---- A directory ------------------------------------------------------------------------ */

static enum fault put_entry(struct served *served, struct text name, enum store_kind kind,
                            enum agent_detail detail)
{
    char bytes[AGENT_NAME_SIZE];
    struct store_info info;
    struct builder b = builder_on(bytes, sizeof(bytes));
    message_put_text(served->message, name);
    message_put_number(served->message, kind);
    if (detail == AGENT_NAMES)
        return FAULT_NONE;
    builder_put(&b, name);
    enum fault f = served->directory->type->info(served->directory, builder_end(&b),
                                                 detail == AGENT_INFO_AND_CREATED, &info);
    message_put_number(served->message, f);
    if (!f)
        agent_put_info(served->message, &info);
    return FAULT_NONE;
}

/* The next entries; an empty name behind the last. */
static enum fault serve_directory_next(struct served *served)
{
    struct text name = {NULL, 0};
    enum store_kind kind = STORE_UNKNOWN;
    uint64_t count = message_take_number(served->message, AGENT_ENTRIES_MAX);
    enum agent_detail detail = (enum agent_detail)message_take_number(served->message,
                                                                      AGENT_DETAIL_COUNT - 1);
    if (!is_understood(served))
        return FAULT_BUG;
    (void)begin_answer(served, FAULT_NONE);
    for (uint64_t i = 0; i < count; i++) {
        enum fault f = served->directory->type->next(served->directory, &name, &kind);
        if (!f)
            f = put_entry(served, name, kind, name.len ? detail : AGENT_NAMES);
        if (f || !name.len)
            return f;
    }
    return FAULT_NONE;
}

static enum fault serve_directory_info(struct served *served)
{
    struct store_info info;
    const char *name = message_take_string(served->message, AGENT_NAME_SIZE);
    bool created = message_take_flag(served->message);
    if (!is_understood(served))
        return FAULT_BUG;
    enum fault f = served->directory->type->info(served->directory, name, created, &info);
    if (!f)
        agent_put_info(begin_answer(served, FAULT_NONE), &info);
    return f;
}

static enum fault serve_directory_link(struct served *served)
{
    char bytes[AGENT_PATH_SIZE];
    struct builder target = builder_on(bytes, sizeof(bytes));
    const char *name = message_take_string(served->message, AGENT_NAME_SIZE);
    if (!is_understood(served))
        return FAULT_BUG;
    enum fault f = served->directory->type->link(served->directory, name, &target);
    if (!f)
        message_put_text(begin_answer(served, FAULT_NONE), builder_text(&target));
    return f;
}

static enum fault serve_directory_open_below(struct served *served)
{
    struct store_directory *below = NULL;
    int socket = message_take_fd(served->message);
    const char *path = take_path(served);
    if (socket < 0)
        return FAULT_BUG;
    enum fault f = is_understood(served)
                       ? served->directory->type->open_below(served->directory, path, &below)
                       : FAULT_BUG;
    return begin_directory(served, socket, f, below);
}

static enum fault serve_directory_remove_below(struct served *served)
{
    const char *path = take_path(served);
    bool is_directory = message_take_flag(served->message);
    return agent_answer(served, is_understood(served) ? served->directory->type->remove_below(
                                                            served->directory, path, is_directory)
                                                      : FAULT_BUG);
}

/* ---- A connection ------------------------------------------------------------------------- */

/* Whose request it is, and how it is done. */
struct handler {
    enum object_kind kind;
    enum fault (*serve)(struct served *served);
};

static const struct handler handlers[AGENT_REQUEST_COUNT] = {
    [AGENT_STAT] = {OBJECT_STORE, serve_stat},
    [AGENT_REAL_PATH] = {OBJECT_STORE, serve_real_path},
    [AGENT_OPEN_READ] = {OBJECT_STORE, serve_open_read},
    [AGENT_OPEN_ANNEX] = {OBJECT_STORE, serve_open_annex},
    [AGENT_OPEN_UPLOAD] = {OBJECT_STORE, serve_open_upload},
    [AGENT_OPEN_DIRECTORY] = {OBJECT_STORE, serve_open_directory},
    [AGENT_REMOVE] = {OBJECT_STORE, serve_remove},
    [AGENT_REMOVE_DIRECTORY] = {OBJECT_STORE, serve_remove_directory},
    [AGENT_MAKE_DIRECTORY] = {OBJECT_STORE, serve_make_directory},
    [AGENT_RENAME] = {OBJECT_STORE, serve_rename},
    [AGENT_CHANGE] = {OBJECT_STORE, serve_change},
    [AGENT_MAKE_LINK] = {OBJECT_STORE, serve_make_link},
    [AGENT_SPACE] = {OBJECT_STORE, serve_space},
    [AGENT_UPLOAD_WRITE] = {OBJECT_UPLOAD, serve_upload_write},
    [AGENT_UPLOAD_SEEK] = {OBJECT_UPLOAD, serve_upload_seek},
    [AGENT_UPLOAD_PUBLISH] = {OBJECT_UPLOAD, serve_upload_publish},
    [AGENT_UPLOAD_ABANDON] = {OBJECT_UPLOAD, serve_upload_abandon},
    [AGENT_UPLOAD_KEEP] = {OBJECT_UPLOAD, serve_upload_keep},
    [AGENT_UPLOAD_ANNEX] = {OBJECT_UPLOAD, serve_upload_annex},
    [AGENT_UPLOAD_SET_SIZE] = {OBJECT_UPLOAD, serve_upload_set_size},
    [AGENT_UPLOAD_CHANGE] = {OBJECT_UPLOAD, serve_upload_change},
    [AGENT_DIRECTORY_NEXT] = {OBJECT_DIRECTORY, serve_directory_next},
    [AGENT_DIRECTORY_INFO] = {OBJECT_DIRECTORY, serve_directory_info},
    [AGENT_DIRECTORY_LINK] = {OBJECT_DIRECTORY, serve_directory_link},
    [AGENT_DIRECTORY_OPEN_BELOW] = {OBJECT_DIRECTORY, serve_directory_open_below},
    [AGENT_DIRECTORY_REMOVE_BELOW] = {OBJECT_DIRECTORY, serve_directory_remove_below},
};

enum fault agent_handle(struct served *served)
{
    size_t request = (size_t)message_take_number(served->message, AGENT_REQUEST_COUNT - 1);
    const struct handler *handler = &handlers[request];
    bool has_ended = served->kind == OBJECT_UPLOAD && !served->upload;
    if (served->message->is_wrong || handler->kind != served->kind || has_ended)
        return FAULT_BUG;
    if (!served->agent->store)
        return served->agent->why_not;
    return handler->serve(served);
}
