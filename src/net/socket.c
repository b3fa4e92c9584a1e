/* SPDX-License-Identifier: Apache-2.0 */
#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* Sets an option whose failure changes speed or comfort, not what is correct. */
static void set_option(int fd, int level, int name, int value)
{
    (void)setsockopt(fd, level, name, &value, sizeof(value));
}

/* Closes without losing the errno that tells why. */
static int fail_closing(int fd)
{
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int socket_bind(const union endpoint *local)
{
    int fd = socket(local->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (local->any.sa_family == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    return bind(fd, &local->any, endpoint_len(local)) ? fail_closing(fd) : fd;
}

int socket_listen(const union endpoint *local, int backlog)
{
    int fd = socket_bind(local);
    if (fd < 0)
        return -1;
    return listen(fd, backlog) ? fail_closing(fd) : fd;
}

int socket_accept(int listener, bool blocking, union endpoint *ret_peer)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    int flags = SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK);
    int fd;
    do {
        fd = accept4(listener, (struct sockaddr *)&peer, &len, flags);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd >= 0 && ret_peer)
        *ret_peer = endpoint_from((const struct sockaddr *)&peer);
    return fd;
}

int socket_connect(const union endpoint *local, const union endpoint *remote)
{
    int fd = socket(remote->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    /* Many connections may leave from one address without a port each until connect. */
    if (endpoint_port(local) == 0)
        set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    if (bind(fd, &local->any, endpoint_len(local)))
        return fail_closing(fd);
    if (connect(fd, &remote->any, endpoint_len(remote)) && errno != EINPROGRESS)
        return fail_closing(fd);
    return fd;
}

int socket_connect_error(int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
        return errno;
    return error;
}

union endpoint socket_local(int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof(address);
    (void)getsockname(fd, (struct sockaddr *)&address, &len);
    return endpoint_from((const struct sockaddr *)&address);
}

union endpoint socket_peer(int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof(address);
    (void)getpeername(fd, (struct sockaddr *)&address, &len);
    return endpoint_from((const struct sockaddr *)&address);
}

void socket_set_blocking(int fd, bool blocking)
{
    int flags = fcntl(fd, F_GETFL);
    (void)fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

void socket_set_stall_timeout(int fd, unsigned seconds)
{
    struct timeval timeout = {.tv_sec = (time_t)seconds};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

/*
 * A host that is gone is noticed although nothing is sent, and what translates
 * addresses on the way does not forget a connection that is silent as long as
 * a transfer lasts.
 */
enum { KEEPALIVE_AFTER_S = 120, KEEPALIVE_INTERVAL_S = 30, KEEPALIVE_PROBES = 4 };

void socket_tune_control(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_AFTER_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, SOL_SOCKET, SO_OOBINLINE, 1);
}

/* The kernel takes no more than 32767 (tcp(7)). */
void socket_set_keep_alive(int fd, unsigned seconds)
{
    int interval = seconds < INT16_MAX ? (int)seconds : INT16_MAX;
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, interval);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, interval);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

bool socket_is_tuned(int fd)
{
    int on = 0;
    socklen_t len = sizeof(on);
    return getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0 && on;
}

void socket_acknowledge_at_once(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
}

void socket_send_full_segments(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_CORK, 1);
}

size_t socket_unacknowledged(int fd, bool has_ended)
{
    int bytes = 0;
    int end = has_ended ? 1 : 0; /* it is the last */
    return ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > end ? (size_t)(bytes - end) : 0;
}

bool socket_peer_has_ended(int fd)
{
    struct pollfd looked_at = {.fd = fd, .events = POLLRDHUP};
    return poll(&looked_at, 1, 0) == 1;
}

/* A host that has more is no worse off. */
enum { ADDRESSES_MAX = 16 };

/* Count of the addresses of a host, in the order in which they are to be tried. */
static size_t resolve(const char *host, int family, uint16_t port,
                      union endpoint found[ADDRESSES_MAX])
{
    struct addrinfo hints = {
        .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *all = NULL;
    size_t count = 0;
    if (endpoint_parse_host(text_of(host), port, &found[0]))
        return family == AF_UNSPEC || found[0].any.sa_family == family;
    if (getaddrinfo(host, NULL, &hints, &all))
        return 0;
    for (const struct addrinfo *next = all; next && count < ADDRESSES_MAX; next = next->ai_next) {
        found[count] = endpoint_from(next->ai_addr);
        if (found[count].any.sa_family != AF_UNSPEC)
            endpoint_set_port(&found[count++], port);
    }
    freeaddrinfo(all);
    return count;
}

bool socket_resolve(const char *host, int family, uint16_t port, union endpoint *ret_endpoint)
{
    union endpoint found[ADDRESSES_MAX];
    if (!resolve(host, family, port, found))
        return false;
    *ret_endpoint = found[0];
    return true;
}

enum fault socket_await(int fd, short events, int64_t until_ms, const atomic_bool *given_up)
{
    enum { LOOK_MS = 50 }; /* how often it is looked whether somebody gave up */
    struct pollfd ready = {.fd = fd, .events = events};
    for (;;) {
        int64_t left_ms = until_ms - clock_running_ms();
        if (given_up && atomic_load(given_up))
            return FAULT_CANCELLED;
        if (left_ms <= 0)
            return FAULT_TIMED_OUT;
        int count = poll(&ready, 1, given_up && left_ms > LOOK_MS ? LOOK_MS : (int)left_ms);
        if (count > 0)
            return FAULT_NONE;
        if (count < 0 && errno != EINTR)
            return fault_from_errno(errno);
    }
}

enum fault socket_connect_within(const union endpoint *local, const union endpoint *remote,
                                 struct patience patience, int *ret_fd)
{
    char bytes[ENDPOINT_TEXT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    int64_t until_ms = clock_running_ms() + patience.timeout_ms;
    int fd = socket_connect(local, remote);
    int error = fd < 0 ? errno : 0;
    enum fault f = error ? FAULT_CONNECTION_LOST
                         : socket_await(fd, POLLOUT, until_ms, patience.given_up);
    if (!f)
        error = socket_connect_error(fd);
    if (!f && !error) {
        socket_set_blocking(fd, true);
        *ret_fd = fd;
        return FAULT_NONE;
    }
    if (fd >= 0)
        close(fd);
    endpoint_put(remote, &b);
    log_debug("connect-failed", LOG_TEXT("peer", builder_text(&b)),
              LOG_ERRNO(f == FAULT_TIMED_OUT   ? ETIMEDOUT
                        : f == FAULT_CANCELLED ? ECANCELED
                                               : error));
    if (f == FAULT_CANCELLED)
        return f;
    return f == FAULT_TIMED_OUT || error == ETIMEDOUT ? FAULT_TIMED_OUT : FAULT_CONNECTION_LOST;
}

/* Leaves those that are of this family, in their order. Returns their count. */
static size_t keep_family(union endpoint *all, size_t count, int family)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (family == AF_UNSPEC || all[i].any.sa_family == family)
            all[kept++] = all[i];
    return kept;
}

enum fault socket_connect_any(const char *host, uint16_t port, int family,
                              const union endpoint *local, struct patience patience, int *ret_fd,
                              union endpoint *ret_peer)
{
    enum { SILENCE_MS = 4000 }; /* three SYNs have been lost by then (RFC 6298 2) */
    union endpoint found[ADDRESSES_MAX];
    size_t count = resolve(host, family, port, found);
    enum fault f = FAULT_NOT_FOUND;
    count = keep_family(found, count, local ? local->any.sa_family : AF_UNSPEC);
    int64_t until_ms = clock_running_ms() + patience.timeout_ms;
    for (size_t i = 0; i < count; i++) {
        union endpoint any = endpoint_any(found[i].any.sa_family, 0);
        int64_t wait_ms = until_ms - clock_running_ms();
        if (wait_ms <= 0)
            return FAULT_TIMED_OUT;
        if (i + 1 < count && wait_ms > SILENCE_MS)
            wait_ms = SILENCE_MS;
        const struct patience turn = {(int)wait_ms, patience.given_up};
        f = socket_connect_within(local ? local : &any, &found[i], turn, ret_fd);
        if (!f)
            *ret_peer = found[i];
        if (!f || f == FAULT_CANCELLED)
            return f;
    }
    return f;
}
