/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_pipe: what the kernel moves a long file through (splice), to a socket or from one. sendfile
 * has one of its own, which holds 64 KiB: with a MiB 8 downloads take a tenth less of the
 * processor. What comes is copied once, into the file, not twice.
 *
 * One thread at a time.
 */
#ifndef FERRY_NET_FILE_PIPE_H
#define FERRY_NET_FILE_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { FILE_PIPE_BYTES = 1024 * 1024 };

/* Zeroed: none yet. */
struct file_pipe {
    int ends[2]; /* owned: to be read, to be written */
    bool is_open;
    bool is_refused; /* out of descriptors, or the user has too much in pipes (pipe(7)) */
};

/* Once it was refused it is not tried again. False: sendfile has to do. */
bool file_pipe_open(struct file_pipe *pipe);
void file_pipe_close(struct file_pipe *pipe);

/*
 * As sendfile(2), of FILE_PIPE_BYTES at most. *offset is always behind what the socket took: of an
 * error nothing is left in the pipe, which is closed.
 */
ssize_t file_pipe_send(struct file_pipe *pipe, int socket, int fd, off_t *offset, size_t len);
/*
 * Of what comes over a socket `len` bytes at most, FILE_PIPE_BYTES at most, as soon as there is
 * one: they are in the pipe, which was empty, then. 0 at the end; -1 with errno, as recv(2).
 */
ssize_t file_pipe_fill(struct file_pipe *pipe, int socket, size_t len);

#endif
