/* SPDX-License-Identifier: Apache-2.0 */
#include "client/way.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/socket.h"

static enum fault reach(const struct way *way, const char *host, uint16_t port, int family,
                        int timeout_ms, int *ret_fd, char message[WAY_MESSAGE_SIZE])
{
    union endpoint peer;
    const union endpoint *source = way->source.any.sa_family ? &way->source : NULL;
    enum fault f = socket_connect_any(host, port, family, source, timeout_ms, ret_fd, &peer);
    const char *why = f == FAULT_NOT_FOUND   ? "no such host"
                      : f == FAULT_TIMED_OUT ? "does not answer"
                                             : "cannot be reached";
    if (f && way->proxy) /* else it is told of whom we meant */
        (void)snprintf(message, WAY_MESSAGE_SIZE, "%.200s: %s", host, why);
    else if (f)
        (void)snprintf(message, WAY_MESSAGE_SIZE, "%s", why);
    return f;
}

enum fault way_connect(const struct way *way, const char *host, uint16_t port, int timeout_ms,
                       int *ret_fd, char message[WAY_MESSAGE_SIZE])
{
    int fd = -1;
    int64_t until_ms = clock_running_ms() + timeout_ms;
    if (!way->proxy)
        return reach(way, host, port, way->family, timeout_ms, ret_fd, message);
    enum fault f = reach(way, way->proxy_host, way->proxy_port, AF_UNSPEC, timeout_ms, &fd,
                         message);
    if (f)
        return f;
    int64_t left_ms = until_ms - clock_running_ms();
    f = proxy_connect(fd, way->proxy, text_of(host), port, left_ms > 1 ? (int)left_ms : 1, message);
    if (f)
        close(fd);
    else
        *ret_fd = fd;
    return f;
}
