/* SPDX-License-Identifier: Apache-2.0 */
#include "client/kept_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

/* realpath fills a buffer of this size. */
static_assert(KEPT_PATH_SIZE >= PATH_MAX, "a path that the kernel takes fits");

enum { LOCK_PAUSE_NS = 20 * 1000 * 1000, NEW_DIRECTORY = 0700, NEW_FILE = 0600 };

/* ---- Where they are ----------------------------------------------------------- */

/* NULL: the variable is not set, or no absolute path. */
static const char *directory_of(const char *variable)
{
    const char *value = getenv(variable);
    return value && value[0] == '/' ? value : NULL;
}

static const char *home(void)
{
    const char *named = directory_of("HOME");
    const struct passwd *entry = named ? NULL : getpwuid(geteuid());
    return entry ? entry->pw_dir : named;
}

static enum fault join(const char *directory, const char *between, const char *name,
                       char path[KEPT_PATH_SIZE])
{
    char joined[KEPT_PATH_SIZE];
    struct builder b = builder_on(joined, sizeof(joined));
    if (!directory)
        return FAULT_NOT_FOUND;
    builder_put_string(&b, directory);
    builder_put_string(&b, between);
    builder_put_string(&b, name);
    builder_end(&b);
    if (b.full)
        return FAULT_NAME_INVALID;
    memcpy(path, joined, b.len + 1);
    return FAULT_NONE;
}

enum fault kept_file_path(const char *name, char path[KEPT_PATH_SIZE])
{
    const char *configured = directory_of("XDG_CONFIG_HOME");
    return configured ? join(configured, "/ferry/", name, path)
                      : join(home(), "/.config/ferry/", name, path);
}

enum fault kept_file_state_path(const char *name, char path[KEPT_PATH_SIZE])
{
    const char *configured = directory_of("XDG_STATE_HOME");
    return configured ? join(configured, "/ferry/", name, path)
                      : join(home(), "/.local/state/ferry/", name, path);
}

enum fault kept_file_home_path(const char *name, char path[KEPT_PATH_SIZE])
{
    return join(home(), "/", name, path);
}

/* ---- Reading -------------------------------------------------------------------- */

/* One byte more than it may have shows that it has more. */
static enum fault read_all(int fd, struct kept_file *file)
{
    while (file->len <= KEPT_FILE_MAX) {
        ssize_t n = read(fd, file->bytes + file->len, KEPT_FILE_MAX + 1 - file->len);
        if (n < 0 && errno != EINTR)
            return fault_from_errno(errno);
        if (n == 0)
            return FAULT_NONE;
        file->len += n > 0 ? (size_t)n : 0;
    }
    return FAULT_TOO_LARGE;
}

static enum fault read_open(int fd, struct kept_file *file)
{
    struct stat info;
    if (fstat(fd, &info))
        return fault_from_errno(errno);
    if (!S_ISREG(info.st_mode))
        return FAULT_NOT_PLAIN_FILE;
    bool is_ours = info.st_uid == geteuid();
    file->is_private = is_ours && !(info.st_mode & (S_IRWXG | S_IRWXO));
    file->is_trusted = (is_ours || info.st_uid == 0) && !(info.st_mode & (S_IWGRP | S_IWOTH));
    file->bytes = memory_new(KEPT_FILE_MAX + 1);
    return file->bytes ? read_all(fd, file) : FAULT_NO_MEMORY;
}

enum fault kept_file_read(const char *path, struct kept_file *ret_file)
{
    struct kept_file file = {.bytes = NULL};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return fault_from_errno(errno);
    enum fault f = read_open(fd, &file);
    close(fd);
    if (f)
        kept_file_done(&file);
    else
        *ret_file = file;
    return f;
}

void kept_file_done(struct kept_file *file)
{
    if (file->bytes)
        memory_free_secret(file->bytes, KEPT_FILE_MAX + 1);
    *file = (struct kept_file){.bytes = NULL};
}

/* ---- Changing ------------------------------------------------------------------- */

/* Those that are there already say so; what is wrong with the last one shows at the file. */
static void make_directories(const char *path)
{
    char part[KEPT_PATH_SIZE];
    struct text whole = text_of(path);
    for (size_t at = 1; at < whole.len && at < sizeof(part); at++) {
        if (whole.at[at] != '/')
            continue;
        memcpy(part, whole.at, at);
        part[at] = '\0';
        (void)mkdir(part, NEW_DIRECTORY);
    }
}

static enum fault take_lock(int fd)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
    int64_t end_ms = clock_running_ms() + KEPT_LOCK_WAIT_MS;
    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fault_from_errno(errno);
        if (clock_running_ms() >= end_ms)
            return FAULT_BUSY;
        (void)nanosleep(&pause, NULL);
    }
    return FAULT_NONE;
}

/* Another one may have put a new file there while we waited for the lock of the old one. */
static bool is_still_there(int fd, const char *path)
{
    struct stat ours;
    struct stat named;
    return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_dev == named.st_dev &&
           ours.st_ino == named.st_ino;
}

/* A descriptor that has it until it is closed. */
static enum fault lock(const char *path, int *ret_fd)
{
    enum { TRIES = 100 };
    for (int i = 0; i < TRIES; i++) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, NEW_FILE);
        if (fd < 0)
            return fault_from_errno(errno);
        enum fault f = take_lock(fd);
        if (!f && is_still_there(fd, path)) {
            *ret_fd = fd;
            return FAULT_NONE;
        }
        close(fd);
        if (f)
            return f;
    }
    return FAULT_BUSY;
}

static enum fault write_all(int fd, struct text bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.at, bytes.len);
        if (n < 0 && errno != EINTR)
            return fault_from_errno(errno);
        bytes = text_after(bytes, n > 0 ? (size_t)n : 0);
    }
    return fsync(fd) ? fault_from_errno(errno) : FAULT_NONE;
}

/* `place` is what is to be replaced, `temporary` ends with six X. */
static enum fault write_beside(const char *place, char *temporary, struct text bytes)
{
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return fault_from_errno(errno);
    enum fault f = write_all(fd, bytes);
    if (close(fd) && !f)
        f = fault_from_errno(errno);
    if (!f && rename(temporary, place))
        f = fault_from_errno(errno);
    if (f)
        (void)unlink(temporary);
    return f;
}

static enum fault write_anew(const char *path, struct text bytes)
{
    char real[KEPT_PATH_SIZE];
    char temporary[KEPT_PATH_SIZE];
    const char *place = realpath(path, real) ? real : path;
    struct builder b = builder_on(temporary, sizeof(temporary));
    builder_put_string(&b, place);
    builder_put(&b, TEXT(".XXXXXX"));
    builder_end(&b);
    return b.full ? FAULT_NAME_INVALID : write_beside(place, temporary, bytes);
}

enum fault kept_file_change(const char *path,
                            enum fault (*rewrite)(void *context, const struct kept_file *file,
                                                  struct builder *b),
                            void *context)
{
    int fd = -1;
    struct kept_file file = {.bytes = NULL};
    make_directories(path);
    enum fault f = lock(path, &fd);
    if (f)
        return f;
    char *bytes = memory_new(KEPT_FILE_MAX);
    struct builder b = builder_on(bytes, bytes ? KEPT_FILE_MAX : 0);
    f = bytes ? kept_file_read(path, &file) : FAULT_NO_MEMORY;
    if (!f)
        f = rewrite(context, &file, &b);
    if (!f)
        f = b.full ? FAULT_TOO_LARGE : write_anew(path, builder_text(&b));
    kept_file_done(&file);
    if (bytes)
        memory_free_secret(bytes, KEPT_FILE_MAX);
    close(fd);
    return f;
}
