/* SPDX-License-Identifier: Apache-2.0 */
#include "server/passive.h"

#include <unistd.h>

#include "server/job.h"
#include "server/loop.h"
#include "server/session.h"

void passive_init(struct passive *passive)
{
    *passive = (struct passive){.watch = NULL, .connection = -1};
}

static void on_arrival(void *owner, unsigned events)
{
    struct session *session = owner;
    struct passive *passive = &session->passive;
    (void)events;
    bool any_host = session->config->allow_fxp && session->login &&
                    !login_is_anonymous(session->login);
    if (data_port_accept(&session->data_port, &session->control.peer, any_host,
                         &passive->connection) == FAULT_BUSY)
        return;
    /* One has come; or none can, for want of descriptors: not to be woken for it without end. */
    watch_stop(passive->watch);
    passive->watch = NULL;
    if (session->job)
        job_on_data_connection(session->job);
    session_settle(session);
}

enum fault passive_listen(struct session *session, union endpoint *ret_local)
{
    session_close_data(session); /* RFC 959 3.2: a new port is specified */
    passive_close(session);
    enum fault f = data_port_listen(&session->data_port, &session->control.local,
                                    session->config->passive_ports, ret_local);
    if (f)
        return f;
    session->passive.watch = watch_start(session->loop, session->data_port.listener, WATCH_READ,
                                         on_arrival, session);
    if (session->passive.watch)
        return FAULT_NONE;
    passive_close(session);
    return FAULT_NO_MEMORY;
}

bool passive_is_awaited(const struct session *session)
{
    return session->passive.watch != NULL;
}

int passive_take(struct session *session)
{
    int fd = session->passive.connection;
    session->passive.connection = -1;
    if (fd >= 0)
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
