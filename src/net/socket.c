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
    if (fd >= 0)
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

void socket_acknowledge_at_once(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
}

size_t socket_unacknowledged(int fd)
{
    int bytes = 0;
    return ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? (size_t)bytes : 0;
}

bool socket_peer_has_ended(int fd)
{
    struct pollfd looked_at = {.fd = fd, .events = POLLRDHUP};
    return poll(&looked_at, 1, 0) == 1;
}

bool socket_resolve(const char *host, int family, uint16_t port, union endpoint *ret_endpoint)
{
    struct addrinfo hints = {
        .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    if (endpoint_parse_host(text_of(host), port, ret_endpoint))
        return family == AF_UNSPEC || ret_endpoint->any.sa_family == family;
    if (getaddrinfo(host, NULL, &hints, &found))
        return false;
    *ret_endpoint = endpoint_from(found->ai_addr);
    endpoint_set_port(ret_endpoint, port);
    freeaddrinfo(found);
    return ret_endpoint->any.sa_family != AF_UNSPEC;
}
