/* SPDX-License-Identifier: Apache-2.0 */
#include "client/way.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/socket.h"

static enum fault reach(const struct way *way, const char *host, uint16_t port, int family,
                        struct patience patience, int *ret_fd, char message[WAY_MESSAGE_SIZE])
{
    union endpoint peer;
    const union endpoint *source = way->source.any.sa_family ? &way->source : NULL;
    enum fault f = socket_connect_any(host, port, family, source, patience, ret_fd, &peer);
    const char *why = f == FAULT_NOT_FOUND   ? "no such host"
                      : f == FAULT_TIMED_OUT ? "does not answer"
                      : f == FAULT_CANCELLED ? fault_text(f)
                                             : "cannot be reached";
    if (f && way->proxy) /* else it is told of whom we meant */
        (void)snprintf(message, WAY_MESSAGE_SIZE, "%.200s: %s", host, why);
    else if (f)
        (void)snprintf(message, WAY_MESSAGE_SIZE, "%s", why);
    return f;
}

enum fault way_connect(const struct way *way, const char *host, uint16_t port,
                       struct patience patience, int *ret_fd, char message[WAY_MESSAGE_SIZE])
{
    int fd = -1;
    int64_t until_ms = clock_running_ms() + patience.timeout_ms;
    if (!way->proxy)
        return reach(way, host, port, way->family, patience, ret_fd, message);
    enum fault f = reach(way, way->proxy_host, way->proxy_port, AF_UNSPEC, patience, &fd, message);
    if (f)
        return f;
    patience.timeout_ms = (int)(until_ms - clock_running_ms());
    f = proxy_connect(fd, way->proxy, text_of(host), port, patience, message);
    if (f)
        close(fd);
    else
        *ret_fd = fd;
    return f;
}
