/* SPDX-License-Identifier: Apache-2.0 */
#include "dtp/data_port.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "net/socket.h"

enum {
    /* Only one connection is ever wanted; room for a few strangers before it. */
    BACKLOG = 8,
    /* Without a range: ports tried in the dynamic range (RFC 6335 6) before port 0. */
    DYNAMIC_FIRST = 49152,
    DYNAMIC_LAST = 65535,
    DYNAMIC_TRIES = 16,
    /* Strangers dropped in one go, so that a flood cannot hold the loop. */
    STRANGERS_MAX = 64,
};

void data_port_init(struct data_port *port)
{
    *port = (struct data_port){.kind = DATA_PORT_DEFAULT, .listener = -1};
}

void data_port_reset(struct data_port *port)
{
    if (port->listener >= 0)
        close(port->listener);
    data_port_init(port);
}

void data_port_rest(struct data_port *port)
{
    port->kind = DATA_PORT_DEFAULT;
}

bool data_port_is_known(const struct data_port *port)
{
    int fd = socket_accept(port->listener, false, NULL);
    if (fd < 0)
        return errno != EAGAIN;
    close(fd);
    return true;
}

bool data_port_take_up(struct data_port *port, const union endpoint *local,
                       union endpoint *ret_local)
{
    bool rests = port->listener >= 0 && port->kind == DATA_PORT_DEFAULT;
    if (!rests || !endpoint_same_host(&port->local, local) || data_port_is_known(port))
        return false;
    port->kind = DATA_PORT_PASSIVE;
    *ret_local = port->local;
    return true;
}

void data_port_set_target(struct data_port *port, const union endpoint *target)
{
    data_port_reset(port);
    port->kind = DATA_PORT_ACTIVE;
    port->target = *target;
}

/*
 * A listener on some port of the range, tried from a random one on. Asking for
 * a given port is what keeps this fast: with thousands of connections in
 * TIME_WAIT the kernel's own search for a free port takes most of a
 * millisecond.
 */
static int listen_in_range(union endpoint local, struct port_range range, unsigned tries)
{
    unsigned count = (unsigned)range.last - range.first + 1;
    unsigned start = arc4random_uniform(count);
    if (tries > count)
        tries = count;
    for (unsigned i = 0; i < tries; i++) {
        endpoint_set_port(&local, (uint16_t)(range.first + (start + i) % count));
        int fd = socket_listen(&local, BACKLOG);
        if (fd >= 0 || (errno != EADDRINUSE && errno != EACCES))
            return fd;
    }
    return -1;
}

static int listen_anywhere(union endpoint local, struct port_range range)
{
    if (range.first)
        return listen_in_range(local, range, UINT16_MAX);
    const struct port_range dynamic = {DYNAMIC_FIRST, DYNAMIC_LAST};
    int fd = listen_in_range(local, dynamic, DYNAMIC_TRIES);
    if (fd >= 0)
        return fd;
    endpoint_set_port(&local, 0);
    return socket_listen(&local, BACKLOG);
}

enum fault data_port_listen(struct data_port *port, const union endpoint *local,
                            struct port_range range, union endpoint *ret_local)
{
    data_port_reset(port);
    int fd = listen_anywhere(*local, range);
    if (fd < 0) {
        log_warning("passive-port-refused", LOG_NUMBER("first", range.first),
                    LOG_NUMBER("last", range.last), LOG_ERRNO(errno));
        return FAULT_NO_DATA_CONNECTION;
    }
    port->kind = DATA_PORT_PASSIVE;
    port->listener = fd;
    port->local = socket_local(fd);
    *ret_local = port->local;
    return FAULT_NONE;
}

enum fault data_port_accept(struct data_port *port, const union endpoint *peer, bool any_host,
                            int *ret_fd)
{
    for (int i = 0; i < STRANGERS_MAX; i++) {
        union endpoint from;
        int fd = socket_accept(port->listener, false, &from);
        if (fd < 0 && (errno == ECONNABORTED || errno == EINTR || errno == EPROTO))
            continue; /* that one is gone again */
        if (fd < 0)
            return errno == EAGAIN ? FAULT_BUSY : FAULT_NO_DATA_CONNECTION;
        if (any_host || endpoint_same_host(&from, peer)) {
            port->accepted_from = endpoint_port(&from);
            *ret_fd = fd;
            return FAULT_NONE;
        }
        /* RFC 2577 "Port Stealing": not the host of the control connection. */
        close(fd);
    }
    return FAULT_BUSY;
}

enum fault data_port_connect(const struct data_port *port, const union endpoint *control_local,
                             const union endpoint *control_remote, int *ret_fd)
{
    const union endpoint *target = port->kind == DATA_PORT_ACTIVE ? &port->target : control_remote;
    union endpoint local = *control_local;
    if (target->any.sa_family != local.any.sa_family)
        local = endpoint_any(target->any.sa_family, 0); /* server-to-server, other family */
    /* RFC 959 3.2: the server's default data port is the one next to its control port. */
    endpoint_set_port(&local, (uint16_t)(endpoint_port(control_local) - 1));
    int fd = socket_connect(&local, target);
    if (fd < 0 && (errno == EACCES || errno == EADDRINUSE || errno == EADDRNOTAVAIL)) {
        /* Not ours to bind, or the same pair of ports is still in TIME_WAIT. */
        endpoint_set_port(&local, 0);
        fd = socket_connect(&local, target);
    }
    if (fd < 0)
        return FAULT_NO_DATA_CONNECTION;
    *ret_fd = fd;
    return FAULT_NONE;
}
