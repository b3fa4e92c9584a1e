/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener: the sockets that clients connect to. Opened once by the main
 * thread (or inherited from systemd); one loop watches all of them, takes
 * who comes, and passes on whom another loop has more room for.
 */
#ifndef FERRY_SERVER_LISTENER_H
#define FERRY_SERVER_LISTENER_H

#include "server/config.h"

struct loop;
struct listener;
struct monitor;
struct spare;

enum { LISTENERS_MAX = 64 };

struct listener_set {
    int fds[LISTENERS_MAX];          /* owned */
    bool is_implicit[LISTENERS_MAX]; /* TLS from the first byte on */
    size_t count;
};

/*
 * Opens what the configuration says; without addresses every IPv4 and IPv6
 * one. What only root may have is asked of the monitor, if it is not NULL. False with
 * a message when one cannot be had.
 */
bool listener_open_all(const struct config *config, struct monitor *monitor,
                       struct listener_set *ret_set, char message[CONFIG_MESSAGE_SIZE]);
void listener_close_all(struct listener_set *set);
/* "127.0.0.1:2121 [::1]:2121 ftps://127.0.0.1:990" */
void listener_put_all(const struct listener_set *set, struct builder *b);

/*
 * The descriptor that is kept for the moment when there is no other: one for all
 * listeners of a loop. NULL when out of memory.
 */
struct spare *spare_new(void);
/* After all listeners. Accepts NULL. */
void spare_free(struct spare *spare);

/*
 * Lets a loop accept from a socket. Before the loop runs; `fd` and `spare` (borrowed) outlive
 * the listener. NULL when out of memory, or it cannot be waited for.
 */
struct listener *listener_start(struct loop *loop, int fd, bool is_implicit, struct spare *spare);
/* After the loop ran. Accepts NULL. */
void listener_stop(struct listener *listener);

#endif
