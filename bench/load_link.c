/* SPDX-License-Identifier: Apache-2.0 */
#include "load_link.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load_tls.h"

enum { DISCARD_BYTES = 1 << 30 };

static bool bind_from(int fd, const struct in_addr *from)
{
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr = *from};
    int on = 1; /* the port is chosen by connect, which knows that others may share it */
    return !setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) &&
           !bind(fd, (struct sockaddr *)&local, sizeof(local));
}

bool link_open(struct link *link, const struct sockaddr_in *to, const struct in_addr *from)
{
    link->is_watched = false;
    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0)
        return false;
    if (from && !bind_from(link->fd, from))
        return false;
    return !connect(link->fd, (const struct sockaddr *)to, sizeof(*to)) || errno == EINPROGRESS;
}

void link_watch(struct link *link, int epoll, uint32_t events)
{
    struct epoll_event event = {.events = events | EPOLLET, .data.ptr = link};
    if (!link->is_watched)
        (void)epoll_ctl(epoll, EPOLL_CTL_ADD, link->fd, &event);
    link->is_watched = true;
}

static ssize_t outcome(ssize_t count)
{
    if (count >= 0)
        return count;
    return errno == EAGAIN || errno == EINTR ? LINK_WAIT : LINK_LOST;
}

ssize_t link_send(struct link *link, const void *bytes, size_t len)
{
    if (link->tls)
        return tls_send(link, bytes, len);
    return outcome(send(link->fd, bytes, len, MSG_NOSIGNAL));
}

ssize_t link_receive(struct link *link, void *buffer, size_t size)
{
    if (link->tls)
        return tls_receive(link, buffer, size);
    return outcome(recv(link->fd, buffer, size, 0));
}

ssize_t link_discard(struct link *link, void *buffer, size_t size)
{
    if (link->tls)
        return tls_receive(link, buffer, size);
    return outcome(recv(link->fd, NULL, DISCARD_BYTES, MSG_TRUNC));
}

void link_end_sending(struct link *link)
{
    if (!link->tls) {
        link_close(link); /* nothing comes back: what was sent goes out before the end */
        return;
    }
    /* Tickets may lie unread: closing now would reset what was sent. */
    tls_end_sending(link);
    (void)shutdown(link->fd, SHUT_WR);
}

void link_close(struct link *link)
{
    if (link->tls)
        tls_free(link);
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
    link->is_watched = link->is_shaking = false;
}
