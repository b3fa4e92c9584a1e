/* SPDX-License-Identifier: Apache-2.0 */
#include "server/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "monitor/monitor.h"
#include "net/socket.h"
#include "server/limits.h"
#include "server/loop.h"
#include "server/replies.h"
#include "server/server.h"
#include "server/session.h"

enum {
    BACKLOG = 4096,
    /* Connections taken in one go, so that a storm leaves time for the sessions. */
    ACCEPTS_MAX = 64,
    /* The log hears of want of descriptors this often, not once for each client. */
    TELL_MS = 10 * 1000,
    /* Without the spare one there is nothing to be done: so that a loop does that seldom. */
    BREATH_MS = 2,
};

struct spare {
    int fd;          /* owned; -1: lost to a worker that opened a file */
    int64_t told_ms; /* when the log last heard of it; 0: never */
};

struct listener {
    struct loop *loop; /* borrowed: outlives the listener */
    bool is_implicit;  /* TLS from the first byte on */
    bool is_tuned;     /* and so is what it accepts: the kernel copies that, six calls less each */
    struct watch *watch; /* owned */
    int fd;              /* borrowed: the set's */
    struct spare *spare; /* borrowed: outlives the listener */
};

/* ---- Opening -------------------------------------------------------------------- */

/* By the monitor, which is root in our place; -1 with errno. */
static int bind_by_monitor(struct monitor *monitor, const union endpoint *local)
{
    int fd = -1;
    enum fault f = monitor_bind(monitor, local, &fd);
    if (f)
        errno = f == FAULT_BUSY ? EADDRINUSE : EACCES;
    return fd;
}

/* The sockets of one port being opened. */
struct opening {
    const struct config *config; /* borrowed for the call, as all here */
    struct monitor *monitor;     /* borrowed; NULL: none */
    struct listener_set *set;    /* borrowed */
    uint16_t port;
    bool is_implicit;
};

static bool add(const struct opening *opening, const union endpoint *local)
{
    struct listener_set *set = opening->set;
    uint16_t port = endpoint_port(local);
    bool is_privileged = port && port < IPPORT_RESERVED;
    int fd = opening->monitor && is_privileged ? bind_by_monitor(opening->monitor, local)
                                               : socket_bind(local);
    if (fd < 0)
        return false;
    socket_tune_control(fd); /* before the first connection, which inherits it */
    if (listen(fd, BACKLOG)) {
        int error = errno;
        close(fd);
        errno = error;
        return false;
    }
    set->is_implicit[set->count] = opening->is_implicit;
    set->fds[set->count++] = fd;
    return true;
}

static bool complain(const union endpoint *local, char message[CONFIG_MESSAGE_SIZE])
{
    char bytes[ENDPOINT_TEXT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    endpoint_put(local, &b);
    return config_complain(message, "cannot listen on %.*s: %s", TEXT_ARGS(builder_text(&b)),
                           strerrordesc_np(errno));
}

/* Every address, both families on one port; a machine may have only one family. */
static bool open_any(const struct opening *opening, char message[CONFIG_MESSAGE_SIZE])
{
    union endpoint v4 = endpoint_any(AF_INET, opening->port);
    union endpoint v6 = endpoint_any(AF_INET6, opening->port);
    bool has_v4 = add(opening, &v4);
    int error = errno;
    if (has_v4) {
        union endpoint bound = socket_local(opening->set->fds[opening->set->count - 1]);
        endpoint_set_port(&v6, endpoint_port(&bound));
    }
    bool has_v6 = add(opening, &v6);
    bool is_missing = errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL;
    if (!has_v6 && !(has_v4 && is_missing))
        return complain(&v6, message);
    errno = error;
    if (!has_v4 && error != EAFNOSUPPORT)
        return complain(&v4, message);
    return true;
}

static bool open_port(struct opening *opening, char message[CONFIG_MESSAGE_SIZE])
{
    const struct config_list *addresses = &opening->config->addresses;
    struct listener_set *set = opening->set;
    if (!addresses->count)
        return open_any(opening, message);
    for (size_t i = 0; i < addresses->count; i++) {
        union endpoint local;
        if (set->count == LISTENERS_MAX)
            return config_complain(message, "address: at most %d can be served", LISTENERS_MAX);
        if (!endpoint_parse_host(text_of(addresses->items[i]), opening->port, &local))
            return config_complain(message, "address: \"%s\" is no address", addresses->items[i]);
        if (!add(opening, &local))
            return complain(&local, message);
        /* With port 0 all addresses get the port that the first one got. */
        local = socket_local(set->fds[set->count - 1]);
        opening->port = endpoint_port(&local);
    }
    return true;
}

bool listener_open_all(const struct config *config, struct monitor *monitor,
                       struct listener_set *ret_set, char message[CONFIG_MESSAGE_SIZE])
{
    struct opening opening = {config, monitor, ret_set, (uint16_t)config->port, false};
    struct opening implicit = {config, monitor, ret_set, (uint16_t)config->implicit_port, true};
    ret_set->count = 0;
    return open_port(&opening, message) && (!implicit.port || open_port(&implicit, message));
}

void listener_close_all(struct listener_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        close(set->fds[i]);
    set->count = 0;
}

void listener_put_all(const struct listener_set *set, struct builder *b)
{
    for (size_t i = 0; i < set->count; i++) {
        union endpoint local = socket_local(set->fds[i]);
        if (i)
            builder_put_byte(b, ' ');
        if (set->is_implicit[i])
            builder_put(b, TEXT("ftps://"));
        endpoint_put(&local, b);
    }
}

/* ---- Accepting -------------------------------------------------------------------- */

/*
 * Says why and closes. The line is short: it fits any socket buffer. A client
 * that waits for TLS could not read it.
 */
static void refuse(int fd, bool is_implicit, enum reply_id id)
{
    char bytes[REPLY_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    reply_put(&b, LANGUAGE_ENGLISH, id, NULL);
    if (!is_implicit)
        (void)send(fd, b.at, b.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

static void take(struct loop *loop, int fd, const union endpoint *peer, bool is_implicit)
{
    struct server *server = loop_server(loop);
    const struct register_limits limits = limits_of_connections(loop_config(loop));
    if (server_is_draining(server)) {
        refuse(fd, is_implicit, REPLY_CLOSING_SHUTDOWN);
    } else if (guard_is_banned(server_guard(server), peer)) {
        refuse(fd, is_implicit, REPLY_CLOSING_BANNED);
    } else if (register_enter(server_register(server), peer, &limits) ||
               !session_start(loop, fd, peer, is_implicit)) {
        refuse(fd, is_implicit, REPLY_CLOSING_TOO_MANY);
    }
}

/* A client on its way to another loop. */
struct arrival {
    struct errand errand; /* first: the loop gives it back */
    int fd;               /* owned */
    bool is_implicit;
    union endpoint peer;
};

static void on_arrival(struct errand *errand, struct loop *loop)
{
    struct arrival *arrival = (struct arrival *)errand;
    take(loop, arrival->fd, &arrival->peer, arrival->is_implicit);
    memory_free(arrival);
}

/* False when it cannot: then the client is still the caller's. */
static bool bring(struct loop *loop, int fd, const union endpoint *peer, bool is_implicit)
{
    struct arrival *arrival = memory_new(sizeof(*arrival));
    if (!arrival)
        return false;
    *arrival = (struct arrival){{.on_errand = on_arrival}, fd, is_implicit, *peer};
    if (loop_bring(loop, &arrival->errand))
        return true;
    memory_free(arrival);
    return false;
}

static int open_spare(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

struct spare *spare_new(void)
{
    struct spare *spare = memory_new(sizeof(*spare));
    if (!spare)
        return NULL;
    spare->fd = open_spare();
    return spare;
}

void spare_free(struct spare *spare)
{
    if (!spare)
        return;
    if (spare->fd >= 0)
        close(spare->fd);
    memory_free(spare);
}

/*
 * Out of descriptors: the spare one makes room to tell the next client so,
 * instead of leaving it in the queue and the loop spinning. True when it was lost over that.
 */
static bool refuse_one(const struct listener *listener)
{
    struct spare *spare = listener->spare;
    union endpoint peer;
    int64_t now_ms = clock_running_ms();
    if (!spare->told_ms || now_ms - spare->told_ms > TELL_MS) {
        log_warning("descriptors-exhausted", LOG_NUMBER("listener", listener->fd));
        spare->told_ms = now_ms;
    }
    if (spare->fd >= 0)
        close(spare->fd);
    int fd = socket_accept(listener->fd, false, &peer);
    if (fd >= 0)
        refuse(fd, listener->is_implicit, REPLY_CLOSING_TOO_MANY);
    spare->fd = open_spare();
    return spare->fd < 0;
}

/* The next client; -1 when there is none that can be served. */
static int accept_next(const struct listener *listener, union endpoint *ret_peer)
{
    const struct timespec breath = {.tv_nsec = BREATH_MS * 1000000L};
    int fd = socket_accept(listener->fd, false, ret_peer);
    bool is_out = fd < 0 &&
                  (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS);
    if (is_out && refuse_one(listener))
        nanosleep(&breath, NULL);
    return fd;
}

static void on_connection(void *owner, unsigned events)
{
    const struct listener *listener = owner;
    (void)events;
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        union endpoint peer;
        int fd = accept_next(listener, &peer);
        if (fd < 0)
            return;
        if (!listener->is_tuned) /* systemd's: nobody knows when the first one came */
            socket_tune_control(fd);
        struct loop *loop = server_loop_for_next(loop_server(listener->loop), listener->loop);
        if (loop == listener->loop || !bring(loop, fd, &peer, listener->is_implicit))
            take(listener->loop, fd, &peer, listener->is_implicit);
    }
}

struct listener *listener_start(struct loop *loop, int fd, bool is_implicit, struct spare *spare)
{
    struct listener *listener = memory_new(sizeof(*listener));
    if (!listener)
        return NULL;
    listener->loop = loop;
    listener->is_implicit = is_implicit;
    listener->fd = fd;
    listener->spare = spare;
    listener->is_tuned = socket_is_tuned(fd);
    listener->watch = watch_start(loop, fd, WATCH_READ, on_connection, listener);
    if (listener->watch)
        return listener;
    listener_stop(listener);
    return NULL;
}

void listener_stop(struct listener *listener)
{
    if (!listener)
        return;
    watch_stop(listener->watch);
    memory_free(listener);
}
