/* SPDX-License-Identifier: Apache-2.0 */
/*
 * way: how connections to servers are made: straight, or through a proxy that
 * looks the names up. Control and data connections go the same way.
 */
#ifndef FERRY_CLIENT_WAY_H
#define FERRY_CLIENT_WAY_H

#include "base/endpoint.h"
#include "net/proxy.h"
#include "net/socket.h"

struct way {
    const struct proxy *proxy; /* borrowed, as all below: outlives the way; NULL: straight */
    const char *proxy_host;
    uint16_t proxy_port;
    int family;            /* AF_INET, AF_INET6, AF_UNSPEC */
    union endpoint source; /* where they come from, with port 0; AF_UNSPEC: the system's choice */
};

enum { WAY_MESSAGE_SIZE = PROXY_MESSAGE_SIZE };

/*
 * A blocking socket that leads to the host, name or address. FAULT_NOT_FOUND,
 * _CONNECTION_LOST, _TIMED_OUT, _CANCELLED, or the proxy's; with a message for people.
 */
enum fault way_connect(const struct way *way, const char *host, uint16_t port,
                       struct patience patience, int *ret_fd, char message[WAY_MESSAGE_SIZE]);

#endif
