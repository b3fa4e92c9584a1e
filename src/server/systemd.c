/* SPDX-License-Identifier: Apache-2.0 */
#include "server/systemd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "net/socket.h"

enum { FIRST_FD = 3 };

void systemd_take_sockets(uint16_t implicit_port, struct listener_set *ret_set)
{
    uint64_t pid;
    uint64_t count;
    ret_set->count = 0;
    if (!text_to_number(text_of(getenv("LISTEN_PID")), INT64_MAX, &pid) ||
        pid != (uint64_t)getpid() ||
        !text_to_number(text_of(getenv("LISTEN_FDS")), LISTENERS_MAX, &count))
        return;
    for (int fd = FIRST_FD; fd < FIRST_FD + (int)count; fd++) {
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
        socket_set_blocking(fd, false);
        const union endpoint local = socket_local(fd);
        ret_set->is_implicit[ret_set->count] = implicit_port &&
                                               endpoint_port(&local) == implicit_port;
        ret_set->fds[ret_set->count++] = fd;
    }
    /* Ours alone: a program we might start has no use for them. */
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
}

void systemd_notify(const char *state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    struct text name = text_of(path);
    if (!name.len || name.len >= sizeof(address.sun_path))
        return;
    memcpy(address.sun_path, name.at, name.len);
    if (address.sun_path[0] == '@')
        address.sun_path[0] = '\0'; /* the abstract namespace */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.len);
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, len) < 0)
        log_warning("systemd-deaf", LOG_TEXT("state", text_of(state)));
    close(fd);
}
