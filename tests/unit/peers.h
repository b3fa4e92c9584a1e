/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peers: the two ends of one TCP connection over the loopback address, for
 * tests of what talks to a peer.
 */
#ifndef FERRY_TESTS_PEERS_H
#define FERRY_TESTS_PEERS_H

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/socket.h"
#include "tests/unit/unit.h"

static inline union endpoint peers_host(const char *address, uint16_t port)
{
    union endpoint e;
    assert_true(endpoint_parse_host(text_of(address), port, &e));
    return e;
}

/* Waits, with an end to it, for what must come. */
static inline void peers_await(int fd, short events)
{
    struct pollfd ready = {.fd = fd, .events = events};
    assert_int_equal(poll(&ready, 1, 10000), 1);
}

/* Both block. */
static inline void peers_connect(int *ret_ours, int *ret_theirs)
{
    union endpoint local = peers_host("127.0.0.1", 0);
    union endpoint from;
    int listener = socket_listen(&local, 1);
    assert_true(listener >= 0);
    union endpoint target = socket_local(listener);
    *ret_theirs = socket_connect(&local, &target);
    assert_true(*ret_theirs >= 0);
    peers_await(listener, POLLIN);
    *ret_ours = socket_accept(listener, true, &from);
    assert_true(*ret_ours >= 0);
    socket_set_blocking(*ret_theirs, true);
    close(listener);
}

/* Closes with a reset instead of an orderly end. */
static inline void peers_reset(int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    close(fd);
}

/* Writes until neither end's buffers take more. Returns the count of bytes. */
static inline size_t peers_fill(int fd)
{
    static const char bytes[65536];
    size_t total = 0;
    ssize_t n;
    while ((n = send(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
        total += (size_t)n;
    return total;
}

#endif
