/* SPDX-License-Identifier: Apache-2.0 */
#include "net/file_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool file_pipe_open(struct file_pipe *pipe)
{
    if (pipe->is_open || pipe->is_refused)
        return pipe->is_open;
    pipe->is_open = pipe2(pipe->ends, O_CLOEXEC) == 0;
    pipe->is_refused = !pipe->is_open ||
                       fcntl(pipe->ends[1], F_SETPIPE_SZ, FILE_PIPE_BYTES) < FILE_PIPE_BYTES;
    if (pipe->is_refused)
        file_pipe_close(pipe);
    return pipe->is_open;
}

void file_pipe_close(struct file_pipe *pipe)
{
    if (!pipe->is_open)
        return;
    close(pipe->ends[0]);
    close(pipe->ends[1]);
    pipe->is_open = false;
}

static ssize_t move(int from, off_t *offset, int to, size_t len)
{
    ssize_t n;
    do {
        n = splice(from, offset, to, NULL, len, SPLICE_F_MORE);
    } while (n < 0 && errno == EINTR);
    return n;
}

ssize_t file_pipe_fill(struct file_pipe *pipe, int socket, size_t len)
{
    return move(socket, NULL, pipe->ends[1], len < FILE_PIPE_BYTES ? len : FILE_PIPE_BYTES);
}

ssize_t file_pipe_send(struct file_pipe *pipe, int socket, int fd, off_t *offset, size_t len)
{
    ssize_t filled = move(fd, offset, pipe->ends[1], len < FILE_PIPE_BYTES ? len : FILE_PIPE_BYTES);
    ssize_t sent = 0;
    ssize_t n = 1;
    while (sent < filled && n > 0) {
        n = move(pipe->ends[0], NULL, socket, (size_t)(filled - sent));
        if (n > 0)
            sent += n;
    }
    if (filled <= 0 || sent == filled)
        return filled;
    int error = errno;
    file_pipe_close(pipe);
    *offset -= filled - sent;
    errno = error;
    return sent ? sent : -1;
}
