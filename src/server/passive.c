/* SPDX-License-Identifier: Apache-2.0 */
#include "server/passive.h"

#include <unistd.h>

#include "net/socket.h"
#include "server/job.h"
#include "server/loop.h"
#include "server/session.h"

enum {
    /* A session that lists or moves one file after the other keeps its listener so long. */
    RESTING_MS = 2000,
    /* From fewer ports no session keeps one that others may be waiting for. */
    RESTING_PORTS_MIN = 4096,
    /*
     * A client that closes first has one port less for this one of ours, for minutes: of some
     * thousands it has, so many go to each of ours.
     */
    RESTS_MAX = 100,
    PRIVILEGED_END = 1024,
};

void passive_init(struct passive *passive)
{
    *passive = (struct passive){.watch = NULL, .connection = -1};
}

static void stop_watching(struct passive *passive)
{
    watch_stop(passive->watch);
    passive->watch = NULL;
}

static bool takes_any_host(const struct session *session)
{
    return session->config->allow_fxp && session->login && !login_is_anonymous(session->login);
}

static enum fault accept_it(struct session *session)
{
    return data_port_accept(&session->data_port, &session->control.peer, takes_any_host(session),
                            &session->passive.connection);
}

/* Nobody is awaited. Whoever comes may not be there first, too, when somebody is. */
static void close_if_known(struct session *session)
{
    if (!data_port_is_known(&session->data_port))
        return;
    if (session->data_port.kind == DATA_PORT_PASSIVE) /* of a connection that waits */
        stop_watching(&session->passive);
    else
        passive_close(session);
}

static void on_arrival(void *owner, unsigned events)
{
    struct session *session = owner;
    struct passive *passive = &session->passive;
    (void)events;
    if (!passive->is_awaited) {
        if (passive->taken_in != loop_round(session->loop)) /* else it is told of that one */
            close_if_known(session);
        return;
    }
    enum fault f = accept_it(session);
    if (f == FAULT_BUSY)
        return;
    if (f) /* for want of descriptors: not to be woken for it without end */
        stop_watching(passive);
    passive->is_awaited = false;
    if (session->job)
        job_on_data_connection(session->job);
    session_settle(session);
}

/* Who comes from a port of its own, as another server does from 20, cannot come to one port twice.
 */
static bool came_from_its_own_port(const struct session *session)
{
    return session->data_port.accepted_from < PRIVILEGED_END;
}

static bool may_rest(const struct session *session)
{
    struct port_range range = session->config->passive_ports;
    return session->passive.watch && session->passive.rests < RESTS_MAX &&
           !takes_any_host(session) && !came_from_its_own_port(session) &&
           (!range.first || range.last - range.first >= RESTING_PORTS_MIN);
}

/*
 * A listener, its port and its watch cost 20 us to make and to close, and with thousands of
 * connections in TIME_WAIT the kernel's search for a port far more: a session at work keeps
 * its own. Not where any host may be the one that comes: whoever finds the port would be.
 */
static bool take_up(struct session *session, union endpoint *ret_local)
{
    struct passive *passive = &session->passive;
    if (!passive->watch ||
        !data_port_take_up(&session->data_port, &session->control.local, ret_local))
        return false;
    passive->is_awaited = true;
    passive->rests++;
    return true;
}

enum fault passive_listen(struct session *session, union endpoint *ret_local)
{
    session_close_data(session); /* RFC 959 3.2: a new port is specified */
    if (take_up(session, ret_local))
        return FAULT_NONE;
    passive_close(session);
    enum fault f = data_port_listen(&session->data_port, &session->control.local,
                                    session->config->passive_ports, ret_local);
    if (f)
        return f;
    session->passive.watch = watch_start(session->loop, session->data_port.listener, WATCH_READ,
                                         on_arrival, session);
    session->passive.is_awaited = session->passive.watch != NULL;
    if (session->passive.watch)
        return FAULT_NONE;
    passive_close(session);
    return FAULT_NO_MEMORY;
}

bool passive_is_awaited(const struct session *session)
{
    return session->passive.is_awaited;
}

int passive_take(struct session *session)
{
    struct passive *passive = &session->passive;
    /* Who has come by now need not be told of by the loop: 5 us less for a small file. */
    if (passive->is_awaited && !accept_it(session)) {
        passive->is_awaited = false;
        passive->taken_in = loop_round(session->loop);
    }
    int fd = passive->connection;
    passive->connection = -1;
    if (fd >= 0 && may_rest(session))
        data_port_rest(&session->data_port);
    else if (fd >= 0)
        passive_close(session);
    return fd;
}

void passive_close(struct session *session)
{
    struct passive *passive = &session->passive;
    watch_stop(passive->watch); /* before its descriptor is closed */
    if (passive->connection >= 0)
        close(passive->connection);
    passive_init(passive);
    data_port_reset(&session->data_port);
}

void passive_on_tick(struct session *session, uint64_t now_ms)
{
    const struct data_port *port = &session->data_port;
    bool rests = port->listener >= 0 && port->kind != DATA_PORT_PASSIVE;
    if (rests && now_ms - session->active_ms >= RESTING_MS)
        passive_close(session);
}
