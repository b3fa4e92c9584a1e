/* SPDX-License-Identifier: Apache-2.0 */
#include "client/local_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

enum { TRIES_MAX = 100 }; /* of names, until one is free */

struct local_file {
    struct stream stream;
    int fd;          /* owned unless a standard stream; -1: closed */
    char *path;      /* owned: what it is to be called; NULL unless written */
    char *temporary; /* owned: what it is called until then */
};

static struct local_file *of(struct stream *stream)
{
    return (struct local_file *)stream;
}

static enum fault file_read(struct stream *stream, void *buffer, size_t size, size_t *ret_len)
{
    ssize_t n;
    do {
        n = read(of(stream)->fd, buffer, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return fault_from_errno(errno);
    *ret_len = (size_t)n;
    return FAULT_NONE;
}

static enum fault file_write(struct stream *stream, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len) {
        ssize_t n = write(of(stream)->fd, at, len);
        if (n < 0 && errno != EINTR)
            return fault_from_errno(errno);
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return FAULT_NONE;
}

static void file_close(struct stream *stream)
{
    struct local_file *file = of(stream);
    if (file->fd > STDERR_FILENO)
        close(file->fd);
    if (file->temporary)
        unlink(file->temporary);
    memory_free(file->temporary);
    memory_free(file->path);
    memory_free(file);
}

static struct local_file *file_new(int fd)
{
    static const struct stream_type type = {
        .read = file_read, .write = file_write, .close = file_close};
    struct local_file *file = memory_new(sizeof(*file));
    if (!file)
        return NULL;
    file->stream = (struct stream){.type = &type, .fd = -1};
    file->fd = fd;
    return file;
}

static bool is_standard(const char *path)
{
    return text_equal(text_of(path), TEXT("-"));
}

enum fault local_file_open(const char *path, struct stream **ret_stream)
{
    struct stat info;
    int fd = is_standard(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fault_from_errno(errno);
    enum fault f = FAULT_NONE;
    if (fstat(fd, &info))
        f = fault_from_errno(errno);
    else if (S_ISDIR(info.st_mode))
        f = FAULT_IS_DIRECTORY;
    struct local_file *file = f ? NULL : file_new(fd);
    if (!file) {
        if (fd > STDERR_FILENO)
            close(fd);
        return f ? f : FAULT_NO_MEMORY;
    }
    /* The kernel may send it by itself; but those of /proc say 0 and have more. */
    if (S_ISREG(info.st_mode) && info.st_size > 0) {
        file->stream.fd = fd;
        file->stream.file_end = info.st_size;
    }
    *ret_stream = &file->stream;
    return FAULT_NONE;
}

/* "path.part-" and six digits that nobody foresees. */
static enum fault name_temporary(struct local_file *file, const char *path)
{
    char bytes[4096];
    unsigned char random[3];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        return FAULT_IO;
    builder_put_string(&b, path);
    builder_put(&b, TEXT(".part-"));
    for (size_t i = 0; i < sizeof(random); i++)
        builder_put_hex_byte(&b, random[i]);
    builder_end(&b);
    if (b.full)
        return FAULT_NAME_INVALID;
    memory_free(file->temporary);
    file->temporary = memory_copy(bytes, b.len);
    return file->temporary ? FAULT_NONE : FAULT_NO_MEMORY;
}

/*
 * Not by mkostemp, which makes it private: the umask, which it is to have in the end, belongs to
 * the process, and there is no way to read it that other threads would not notice.
 */
static enum fault create_temporary(struct local_file *file, const char *path)
{
    enum fault f = FAULT_EXISTS;
    for (int tries = 0; f == FAULT_EXISTS && tries < TRIES_MAX; tries++) {
        f = name_temporary(file, path);
        if (f)
            break;
        file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        f = file->fd < 0 ? fault_from_errno(errno) : FAULT_NONE;
    }
    if (f) { /* there is no such file to remove */
        memory_free(file->temporary);
        file->temporary = NULL;
    }
    return f;
}

/* A device or a FIFO is written to, not replaced. */
static bool is_written_in_place(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

static enum fault open_for_writing(struct local_file *file, const char *path)
{
    if (is_standard(path)) {
        file->fd = STDOUT_FILENO;
        return FAULT_NONE;
    }
    if (is_written_in_place(path)) {
        file->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return file->fd < 0 ? fault_from_errno(errno) : FAULT_NONE;
    }
    file->path = memory_copy(path, strlen(path));
    return file->path ? create_temporary(file, path) : FAULT_NO_MEMORY;
}

enum fault local_file_create(const char *path, struct stream **ret_stream)
{
    struct local_file *file = file_new(-1);
    enum fault f = file ? open_for_writing(file, path) : FAULT_NO_MEMORY;
    if (!f)
        *ret_stream = &file->stream;
    else if (file)
        file_close(&file->stream);
    return f;
}

/* What is behind `offset` now would stay behind a shorter file: it goes. */
static enum fault open_at(struct local_file *file, const char *path, uint64_t offset)
{
    struct stat info;
    file->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (file->fd < 0 || fstat(file->fd, &info))
        return fault_from_errno(errno);
    if (!S_ISREG(info.st_mode))
        return FAULT_NOT_PLAIN_FILE;
    if (offset > (uint64_t)info.st_size)
        return FAULT_OUT_OF_RANGE;
    bool is_there = ftruncate(file->fd, (off_t)offset) == 0 &&
                    lseek(file->fd, (off_t)offset, SEEK_SET) == (off_t)offset;
    return is_there ? FAULT_NONE : fault_from_errno(errno);
}

enum fault local_file_continue(const char *path, uint64_t offset, struct stream **ret_stream)
{
    struct local_file *file = file_new(-1);
    enum fault f = file ? open_at(file, path, offset) : FAULT_NO_MEMORY;
    if (!f)
        *ret_stream = &file->stream;
    else if (file)
        file_close(&file->stream);
    return f;
}

/* A file system may tell only now that it had no room for what was written (NFS, quotas). */
static enum fault close_written(struct local_file *file)
{
    int fd = file->fd;
    if (fd <= STDERR_FILENO)
        return FAULT_NONE; /* its owner closes it */
    file->fd = -1;
    return close(fd) ? fault_from_errno(errno) : FAULT_NONE;
}

enum fault local_file_publish(struct stream **stream)
{
    struct local_file *file = of(*stream);
    enum fault f = close_written(file);
    if (!f && file->temporary && rename(file->temporary, file->path))
        f = fault_from_errno(errno);
    if (!f) { /* it is no longer called so */
        memory_free(file->temporary);
        file->temporary = NULL;
    }
    stream_close(stream);
    return f;
}
