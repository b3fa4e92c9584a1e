/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/memory.h"

enum {
    COPY_BYTES = 128 * 1024,
    COPY_RANGE_BYTES = 64 * 1024 * 1024,
};

enum fault local_write_all(int fd, const char *at, size_t len, uint64_t *written)
{
    while (len) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fault_from_errno(errno);
        at += n;
        len -= (size_t)n;
        *written += (size_t)n;
    }
    return FAULT_NONE;
}

enum fault local_write_pipe(int fd, int pipe, size_t len, uint64_t *written)
{
    while (len) {
        ssize_t n = splice(pipe, NULL, fd, NULL, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? fault_from_errno(errno) : FAULT_IO;
        len -= (size_t)n;
        *written += (size_t)n;
    }
    return FAULT_NONE;
}

static enum fault copy_by_buffer(int from, off_t from_at, int to, off_t to_at, uint64_t len)
{
    char *buffer = memory_new(COPY_BYTES);
    enum fault f = buffer ? FAULT_NONE : FAULT_NO_MEMORY;
    while (!f && len) {
        ssize_t n = pread(from, buffer, len < COPY_BYTES ? (size_t)len : COPY_BYTES, from_at);
        ssize_t m = n > 0 ? pwrite(to, buffer, (size_t)n, to_at) : n;
        if (n == 0)
            f = FAULT_IO; /* the file became shorter meanwhile */
        else if (m < 0)
            f = fault_from_errno(errno);
        if (f)
            break;
        from_at += m;
        to_at += m;
        len -= (uint64_t)m;
    }
    memory_free(buffer);
    return f;
}

enum fault local_copy_range(int from, uint64_t from_offset, int to, uint64_t to_offset,
                            uint64_t len)
{
    off_t from_at = (off_t)from_offset;
    off_t to_at = (off_t)to_offset;
    while (len) {
        size_t piece = len < COPY_RANGE_BYTES ? (size_t)len : COPY_RANGE_BYTES;
        ssize_t n = copy_file_range(from, &from_at, to, &to_at, piece, 0);
        if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG))
            return fault_from_errno(errno);
        if (n <= 0)
            return copy_by_buffer(from, from_at, to, to_at, len);
        len -= (uint64_t)n;
    }
    return FAULT_NONE;
}
