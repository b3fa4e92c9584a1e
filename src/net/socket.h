/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket: TCP sockets by system call, IPv4 and IPv6. Every descriptor is
 * close-on-exec. Functions that return a descriptor give -1 with errno set on
 * failure. Any thread. Only socket_resolve, socket_await, socket_connect_within
 * and socket_connect_any may block.
 */
#ifndef FERRY_NET_SOCKET_H
#define FERRY_NET_SOCKET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/fault.h"
#include "base/text.h"

/* A non-blocking TCP socket with an address, to listen on. */
int socket_bind(const union endpoint *local);
/*
 * A non-blocking listener. An IPv6 one serves IPv6 only, so that a program
 * listening on both families gets one listener for each.
 */
int socket_listen(const union endpoint *local, int backlog);

/*
 * The next connection that waits on a listener, blocking or not as asked;
 * EAGAIN when there is none. `ret_peer` may be NULL.
 */
int socket_accept(int listener, bool blocking, union endpoint *ret_peer);

/*
 * Begins to connect to `remote` from the address and port of `local` (port 0:
 * any). The socket is non-blocking; it becomes writable when the outcome is
 * known, which socket_connect_error tells (0: connected).
 */
int socket_connect(const union endpoint *local, const union endpoint *remote);
int socket_connect_error(int fd);

/* How long is waited, and what ends the wait before: whoever sets it, from any thread. */
struct patience {
    int timeout_ms;
    const atomic_bool *given_up; /* borrowed: outlives the call; NULL: nothing does */
};

/*
 * Until the socket has one of poll's `events`, or an error, or clock_running_ms is `until_ms`.
 * FAULT_TIMED_OUT; FAULT_CANCELLED soon after `given_up` (may be NULL) is set.
 */
enum fault socket_await(int fd, short events, int64_t until_ms, const atomic_bool *given_up);

/*
 * Connects as socket_connect does and waits for the outcome; the socket blocks. FAULT_TIMED_OUT,
 * FAULT_CANCELLED, FAULT_CONNECTION_LOST (refused, unreachable, `local` is not ours); the log has
 * the reason (debug).
 */
enum fault socket_connect_within(const union endpoint *local, const union endpoint *remote,
                                 struct patience patience, int *ret_fd);
/*
 * Connects to a host, name or address, of one family or of any (AF_UNSPEC), from `local`
 * (its port 0: any; NULL: any). Tries its addresses in the system's order (RFC 6724), the next
 * one when one fails or says nothing for some seconds (RFC 8305, one after another); the last
 * has the rest of the time. FAULT_NOT_FOUND: the host has no such address; else of the last.
 * The name service's own time comes on top, and it hears nobody who gives up.
 */
enum fault socket_connect_any(const char *host, uint16_t port, int family,
                              const union endpoint *local, struct patience patience, int *ret_fd,
                              union endpoint *ret_peer);

/* Which end is ours, which the peer's; AF_UNSPEC when the socket is not connected. */
union endpoint socket_local(int fd);
union endpoint socket_peer(int fd);

void socket_set_blocking(int fd, bool blocking);
/* A blocking read or write gives up after this long without a byte moved. */
void socket_set_stall_timeout(int fd, unsigned seconds);
/*
 * For a control connection: small writes leave at once, a peer whose host is
 * gone is noticed within minutes, urgent bytes stay in the stream (RFC 854
 * Synch). Of a listener it holds for all connections that it accepts from then on.
 */
void socket_tune_control(int fd);
/* Has it been? */
bool socket_is_tuned(int fd);
/*
 * Whether the peer's host is still there is asked after this long without a word, and as often
 * again; what is on the way (NAT) then does not forget the connection. Not 0.
 */
void socket_set_keep_alive(int fd, unsigned seconds);
/*
 * What comes next is acknowledged at once, not with our answer or after 40 ms. For a handshake, in
 * which peers write two small pieces (GnuTLS, so lftp and FileZilla) of which theirs keeps the
 * second back until we have acknowledged the first.
 */
void socket_acknowledge_at_once(int fd);
/*
 * From here on a TCP connection sends full segments only; what is less leaves with its end, or
 * after 200 ms (TCP_CORK, tcp(7)).
 */
void socket_send_full_segments(int fd);
/*
 * Bytes sent that the peer's host has not acknowledged yet; 0 if unknown. The end counts as one
 * once it was said (`has_ended`), and is none: hosts may acknowledge it 40 ms late.
 */
size_t socket_unacknowledged(int fd, bool has_ended);
/* Has the peer closed its side, whatever is left to read of it? Never blocks. */
bool socket_peer_has_ended(int fd);

/*
 * The first address of a host name or numeric address, of one family or of
 * any (AF_UNSPEC). May block on DNS.
 */
bool socket_resolve(const char *host, int family, uint16_t port, union endpoint *ret_endpoint);

#endif
