/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin/admin_socket.h"
#include "admin/line.h"
#include "base/memory.h"

enum { ANSWER_MAX = 256 * 1024 * 1024, READ_SIZE = 64 * 1024 };

static enum fault fault_of_connecting(int error)
{
    if (error == ENOENT || error == ECONNREFUSED)
        return FAULT_NOT_FOUND;
    return error == EACCES || error == EPERM ? FAULT_DENIED : FAULT_CONNECTION_LOST;
}

static enum fault send_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t count = send(fd, bytes, len, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return FAULT_CONNECTION_LOST;
        bytes += count;
        len -= (size_t)count;
    }
    return FAULT_NONE;
}

/* Until the line has ended; the other end sends one and waits. */
static enum fault receive_line(int fd, struct line_buffer *line)
{
    while (!line->len || line->bytes[line->len - 1] != '\n') {
        char *room = line_room(line, READ_SIZE, ANSWER_MAX);
        if (!room)
            return FAULT_NO_MEMORY;
        ssize_t count = recv(fd, room, READ_SIZE, 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return FAULT_CONNECTION_LOST;
        line->len += (size_t)count;
    }
    return FAULT_NONE;
}

static enum fault exchange(int fd, const json_t *request, json_t **ret_answer)
{
    struct line_buffer sent = {0};
    struct line_buffer received = {0};
    enum fault f = line_write(&sent, request);
    if (!f)
        f = send_all(fd, sent.bytes, sent.len);
    if (!f)
        f = receive_line(fd, &received);
    if (!f) {
        json_t *answer = json_loadb(received.bytes, received.len, 0, NULL);
        f = json_is_object(answer) ? FAULT_NONE : FAULT_MALFORMED;
        if (f)
            json_decref(answer);
        else
            *ret_answer = answer;
    }
    line_free(&sent);
    line_free(&received);
    return f;
}

enum fault admin_call(const char *path, const json_t *request, json_t **ret_answer)
{
    struct sockaddr_un address;
    if (!line_address(path, &address))
        return FAULT_NAME_INVALID;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fault_from_errno(errno);
    enum fault f = connect(fd, (const struct sockaddr *)&address, sizeof(address))
                       ? fault_of_connecting(errno)
                       : FAULT_NONE;
    if (!f)
        f = exchange(fd, request, ret_answer);
    close(fd);
    return f;
}
