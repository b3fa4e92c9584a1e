/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_link: one connection, plain or TLS, that never blocks. It is one of the two that a session
 * has; epoll tells its events with the link itself.
 */
#ifndef FERRY_BENCH_LOAD_LINK_H
#define FERRY_BENCH_LOAD_LINK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <openssl/ssl.h>

struct session;

struct link {
    struct session *session; /* borrowed: the link is in it */
    SSL *tls;                /* owned; NULL: plain */
    int fd;                  /* -1: closed */
    bool is_watched;         /* epoll knows it */
    bool is_shaking;         /* the handshake is under way */
};

/* What a link_… returns where it cannot return a count; 0 is the end of what is received. */
enum { LINK_WAIT = -1, LINK_LOST = -2 };

/* Starts to connect, from an address of ours (NULL: whichever). False, and errno says why. */
bool link_open(struct link *link, const struct sockaddr_in *to, const struct in_addr *from);

/* Has epoll tell once of each change of these events. Again: does nothing. */
void link_watch(struct link *link, int epoll, uint32_t events);

ssize_t link_send(struct link *link, const void *bytes, size_t len);
ssize_t link_receive(struct link *link, void *buffer, size_t size);

/* Receives without looking: a plain link's bytes do not even leave the kernel. */
ssize_t link_discard(struct link *link, void *buffer, size_t size);

/* The other end gets everything that was sent, and the end behind it. */
void link_end_sending(struct link *link);

/* Of one that is closed does nothing. */
void link_close(struct link *link);

#endif
