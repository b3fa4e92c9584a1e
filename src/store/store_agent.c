/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_agent.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/store_agent_objects.h"
#include "store/store_local_file.h"

enum { IDLE_MAX = 4 };

/* The store or its straight view, both of one agent. */
struct agent_view {
    struct store base;
    struct store_agent *agent; /* borrowed: what it is part of */
    bool is_straight;
};

struct store_agent {
    struct agent_view usual;
    struct agent_view straight;
    int door; /* owned */
    pthread_mutex_t lock;
    struct agent_link *idle[IDLE_MAX]; /* owned; guarded: connections that nobody uses just now */
    unsigned idle_count;               /* guarded */
};

static struct store_agent *agent_of(struct store *store)
{
    return ((struct agent_view *)store)->agent;
}

/* ---- Connections ------------------------------------------------------------------ */

static struct agent_link *take_idle(struct store_agent *agent)
{
    struct agent_link *link = NULL;
    pthread_mutex_lock(&agent->lock);
    if (agent->idle_count)
        link = agent->idle[--agent->idle_count];
    pthread_mutex_unlock(&agent->lock);
    return link;
}

/* Through the door: the one place where a connection does not come of another. */
static enum fault connect_anew(struct store_agent *agent, struct agent_link **ret_link)
{
    int ends[2];
    struct agent_link *link = NULL;
    enum fault f = message_connect(ends);
    if (f)
        return f;
    f = agent_link_new(ends[0], &link);
    if (f) {
        close(ends[1]);
        return f;
    }
    message_begin(link->message);
    message_put_number(link->message, 0); /* a message is never empty */
    message_put_fd(link->message, ends[1]);
    if (message_send(agent->door, link->message)) {
        agent_link_free(link);
        return FAULT_IO;
    }
    *ret_link = link;
    return FAULT_NONE;
}

static void give_back(struct store_agent *agent, struct agent_link *link)
{
    pthread_mutex_lock(&agent->lock);
    bool has_room = !link->is_broken && agent->idle_count < IDLE_MAX;
    if (has_room)
        agent->idle[agent->idle_count++] = link;
    pthread_mutex_unlock(&agent->lock);
    if (!has_room)
        agent_link_free(link);
}

/* A question about a path, on a connection that is the caller's until `done`. */
static enum fault begin(struct store *store, enum agent_request request, const char *path,
                        struct agent_link **ret_link)
{
    struct agent_link *link = take_idle(agent_of(store));
    enum fault f = link ? FAULT_NONE : connect_anew(agent_of(store), &link);
    if (f)
        return f;
    message_put_number(agent_link_begin(link, request), ((struct agent_view *)store)->is_straight);
    message_put_text(link->message, text_of(path));
    *ret_link = link;
    return FAULT_NONE;
}

static enum fault done(struct store *store, struct agent_link *link, enum fault f)
{
    f = agent_link_end(link, f);
    give_back(agent_of(store), link);
    return f;
}

/* ---- Files ----------------------------------------------------------------------------- */

static enum fault agent_stat(struct store *store, const char *path, bool follow,
                             struct store_info *ret_info)
{
    struct agent_link *link;
    struct store_info info = {.kind = STORE_UNKNOWN};
    enum fault f = begin(store, AGENT_STAT, path, &link);
    if (f)
        return f;
    message_put_number(link->message, follow);
    f = agent_link_ask(link, AGENT_WAIT_MS);
    if (!f)
        agent_take_info(link->message, &info);
    f = done(store, link, f);
    if (!f)
        *ret_info = info;
    return f;
}

static enum fault agent_real_path(struct store *store, const char *path, bool follow,
                                  struct builder *real)
{
    struct agent_link *link;
    const char *found = "";
    enum fault f = begin(store, AGENT_REAL_PATH, path, &link);
    if (f)
        return f;
    message_put_number(link->message, follow);
    f = agent_link_ask(link, AGENT_WAIT_MS);
    if (!f)
        found = message_take_string(link->message, AGENT_PATH_SIZE);
    if (!f && found[0] != '/')
        link->message->is_wrong = true;
    else if (!f)
        builder_put_string(real, found);
    return done(store, link, f);
}

static enum fault agent_open_read(struct store *store, const char *path, struct stream **ret_stream,
                                  struct store_info *ret_info)
{
    struct agent_link *link;
    struct store_info info = {.kind = STORE_UNKNOWN};
    int fd = -1;
    enum fault f = begin(store, AGENT_OPEN_READ, path, &link);
    if (f)
        return f;
    f = agent_link_ask(link, AGENT_WAIT_MS);
    if (!f) {
        agent_take_info(link->message, &info);
        fd = message_take_fd(link->message);
    }
    f = done(store, link, f);
    if (f) {
        if (fd >= 0)
            close(fd);
        return f;
    }
    const struct annex_version version = {info.size, info.modified};
    f = local_adopt_file(fd, 0, (int64_t)info.size, &version, ret_stream);
    if (!f)
        *ret_info = info;
    return f;
}

static enum fault agent_open_annex(struct store *store, const char *path, const struct stream *file,
                                   struct stream **ret_annex)
{
    struct agent_link *link;
    struct annex_version version = local_file_version(file);
    uint64_t offset = 0;
    uint64_t end = 0;
    int fd = -1;
    enum fault f = begin(store, AGENT_OPEN_ANNEX, path, &link);
    if (f)
        return f;
    message_put_number(link->message, version.size);
    agent_put_time(link->message, &version.modified);
    message_put_fd(link->message, fcntl(file->fd, F_DUPFD_CLOEXEC, 0));
    f = agent_link_ask(link, AGENT_WAIT_MS);
    if (!f) {
        offset = message_take_number(link->message, INT64_MAX);
        end = message_take_number(link->message, INT64_MAX);
        fd = message_take_fd(link->message);
    }
    f = done(store, link, f);
    if (!f)
        return local_adopt_file(fd, (int64_t)offset, (int64_t)end, &version, ret_annex);
    if (fd >= 0)
        close(fd);
    return f;
}

static enum fault agent_open_upload(struct store *store, const char *path,
                                    const struct store_upload_request *request,
                                    struct store_upload **ret_upload)
{
    struct agent_link *link;
    struct agent_link *own = NULL;
    int socket = -1;
    bool existed = false;
    enum fault f = begin(store, AGENT_OPEN_UPLOAD, path, &link);
    if (f)
        return f;
    agent_put_upload_request(link->message, request);
    f = agent_link_attach(link, &socket);
    if (!f)
        f = agent_link_new(socket, &own);
    if (!f)
        f = agent_link_ask(link, AGENT_WAIT_FOREVER);
    if (!f)
        existed = message_take_flag(link->message);
    f = done(store, link, f);
    if (!f)
        return agent_new_upload(own, existed, ret_upload);
    agent_link_free(own);
    return f;
}

static enum fault agent_open_directory(struct store *store, const char *path, bool follow,
                                       struct store_directory **ret_directory)
{
    struct agent_link *link;
    struct agent_link *own = NULL;
    int socket = -1;
    enum fault f = begin(store, AGENT_OPEN_DIRECTORY, path, &link);
    if (f)
        return f;
    message_put_number(link->message, follow);
    f = agent_link_attach(link, &socket);
    if (!f)
        f = agent_link_new(socket, &own);
    if (!f)
        f = agent_link_ask(link, AGENT_WAIT_MS);
    f = done(store, link, f);
    if (!f)
        return agent_new_directory(own, ret_directory);
    agent_link_free(own);
    return f;
}

/* ---- Names -------------------------------------------------------------------------------- */

static enum fault agent_remove(struct store *store, const char *path)
{
    struct agent_link *link;
    enum fault f = begin(store, AGENT_REMOVE, path, &link);
    return f ? f : done(store, link, agent_link_ask(link, AGENT_WAIT_MS));
}

static enum fault agent_remove_directory(struct store *store, const char *path)
{
    struct agent_link *link;
    enum fault f = begin(store, AGENT_REMOVE_DIRECTORY, path, &link);
    return f ? f : done(store, link, agent_link_ask(link, AGENT_WAIT_MS));
}

static enum fault agent_make_directory(struct store *store, const char *path, unsigned mode)
{
    struct agent_link *link;
    enum fault f = begin(store, AGENT_MAKE_DIRECTORY, path, &link);
    if (f)
        return f;
    message_put_number(link->message, mode);
    return done(store, link, agent_link_ask(link, AGENT_WAIT_MS));
}

static enum fault agent_rename(struct store *store, const char *from, const char *to)
{
    struct agent_link *link;
    enum fault f = begin(store, AGENT_RENAME, from, &link);
    if (f)
        return f;
    message_put_text(link->message, text_of(to));
    return done(store, link, agent_link_ask(link, AGENT_WAIT_MS));
}

static enum fault agent_change(struct store *store, const char *path,
                               const struct store_changes *changes)
{
    struct agent_link *link;
    enum fault f = begin(store, AGENT_CHANGE, path, &link);
    if (f)
        return f;
    agent_put_changes(link->message, changes);
    return done(store, link, agent_link_ask(link, AGENT_WAIT_MS));
}

static enum fault agent_make_link(struct store *store, const char *target, const char *path)
{
    struct agent_link *link;
    enum fault f = begin(store, AGENT_MAKE_LINK, target, &link);
    if (f)
        return f;
    message_put_text(link->message, text_of(path));
    return done(store, link, agent_link_ask(link, AGENT_WAIT_MS));
}

static enum fault agent_space(struct store *store, const char *path, struct store_space *ret_space)
{
    struct agent_link *link;
    struct store_space space = {0};
    enum fault f = begin(store, AGENT_SPACE, path, &link);
    if (f)
        return f;
    f = agent_link_ask(link, AGENT_WAIT_MS);
    if (!f) {
        space.free_bytes = message_take_number(link->message, UINT64_MAX);
        space.total_bytes = message_take_number(link->message, UINT64_MAX);
    }
    f = done(store, link, f);
    if (!f)
        *ret_space = space;
    return f;
}

/* A turn (store_local_turn.h) is of one process: what agents do cannot be counted. */
static enum fault agent_locate(struct store *store, struct builder *path)
{
    (void)store;
    (void)path;
    return FAULT_UNSUPPORTED;
}

static enum fault agent_count(struct store *store, const char *path, struct store_census *census)
{
    (void)store;
    (void)path;
    (void)census;
    return FAULT_UNSUPPORTED;
}

/* ---- Life --------------------------------------------------------------------------------- */

static void agent_free(struct store *store)
{
    struct store_agent *agent = agent_of(store);
    for (unsigned i = 0; i < agent->idle_count; i++)
        agent_link_free(agent->idle[i]);
    close(agent->door);
    pthread_mutex_destroy(&agent->lock);
    memory_free(agent);
}

enum fault store_agent_open(int door, struct store **ret_store)
{
    static const struct store_type type = {
        .stat = agent_stat,
        .real_path = agent_real_path,
        .open_read = agent_open_read,
        .open_annex = agent_open_annex,
        .open_upload = agent_open_upload,
        .open_directory = agent_open_directory,
        .remove = agent_remove,
        .remove_directory = agent_remove_directory,
        .make_directory = agent_make_directory,
        .rename = agent_rename,
        .change = agent_change,
        .make_link = agent_make_link,
        .space = agent_space,
        .locate = agent_locate,
        .count = agent_count,
        .free = agent_free,
    };
    struct store_info root;
    struct store_agent *agent = memory_new(sizeof(*agent));
    if (!agent) {
        close(door);
        return FAULT_NO_MEMORY;
    }
    agent->straight = (struct agent_view){{&type, &agent->straight.base}, agent, true};
    agent->usual = (struct agent_view){{&type, &agent->straight.base}, agent, false};
    agent->door = door;
    pthread_mutex_init(&agent->lock, NULL);
    /* Better no login than one that refuses every file. */
    enum fault f = agent_stat(&agent->usual.base, "/", true, &root);
    if (f) {
        agent_free(&agent->usual.base);
        return f;
    }
    *ret_store = &agent->usual.base;
    return FAULT_NONE;
}
