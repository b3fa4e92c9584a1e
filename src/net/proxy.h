/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proxy: a connection to a host through a proxy, over a socket that is
 * connected to that proxy. The proxy looks names up. Blocks; any thread.
 * proxy_form has what is said.
 */
#ifndef FERRY_NET_PROXY_H
#define FERRY_NET_PROXY_H

#include "base/text.h"
#include "net/socket.h"

enum {
    PROXY_MESSAGE_SIZE = 256,
    PROXY_HOST_MAX = 255,  /* RFC 1928 5: one byte of length, as RFC 1929 2 has for these: */
    PROXY_NAME_MAX = 255,  /* user */
    PROXY_SECRET_MAX = 255 /* password */
};

enum proxy_kind {
    PROXY_SOCKS5,
    PROXY_HTTP, /* CONNECT */
};

struct proxy {
    enum proxy_kind kind;
    struct text user; /* borrowed: outlives the calls, as the password; empty: none is told */
    struct text password;
};

/*
 * Afterwards the socket is as good as one that is connected to the host, name or address: not
 * a byte of the host's is lost. Leaves the socket open on a
 * fault; it is good for nothing then. Each fault has a message for people:
 * FAULT_ARGUMENT         host, user or password are none, or what answers is no such proxy
 * FAULT_LOGIN_REFUSED    it wants a user, or another one
 * FAULT_DENIED           it does not connect there
 * FAULT_UNSUPPORTED      it cannot connect, or not to this kind of address
 * FAULT_CONNECTION_LOST  the host did not answer it, or it closed
 * FAULT_TIMED_OUT, FAULT_CANCELLED
 */
enum fault proxy_connect(int fd, const struct proxy *proxy, struct text host, uint16_t port,
                         struct patience patience, char message[PROXY_MESSAGE_SIZE]);

#endif
