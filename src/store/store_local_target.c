/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_target.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum {
    /* How often the file that was locked is not the one of that name any more. */
    TARGET_TRIES_MAX = 50,
    /* Between two tries; the first ones come sooner, for locks that are held for a moment. */
    PAUSE_MAX_MS = 100,
};

enum fault local_stat_target(const struct local_identity *identity, const struct local_place *place,
                             struct stat *ret_info)
{
    enum fault f = local_stat_place(place, ret_info);
    return f ? f : local_check_target(identity, place, ret_info);
}

enum fault local_check_target(const struct local_identity *identity,
                              const struct local_place *place, const struct stat *info)
{
    if (S_ISDIR(info->st_mode))
        return FAULT_IS_DIRECTORY;
    if (!S_ISREG(info->st_mode))
        return FAULT_NOT_PLAIN_FILE;
    /* What its mode gives its owner no access list takes away (acl(5)): a call less, 0.5 us. */
    if (info->st_uid == identity->user && info->st_mode & S_IWUSR)
        return FAULT_NONE;
    /* Replacing needs no right to the old file, but its owner expects it to. */
    if (faccessat(place->parent, place->name, W_OK, AT_EACCESS))
        return fault_from_errno(errno);
    return FAULT_NONE;
}

enum fault local_open_target(const struct local_place *place, int flags, int *ret_fd)
{
    struct stat info;
    int path_fd = openat(place->parent, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (path_fd < 0)
        return fault_from_errno(errno);
    enum fault f = FAULT_NONE;
    if (fstat(path_fd, &info))
        f = fault_from_errno(errno);
    else if (!S_ISREG(info.st_mode))
        f = FAULT_NOT_PLAIN_FILE;
    if (!f)
        f = local_reopen(path_fd, flags, ret_fd);
    close(path_fd);
    /*
     * What runs as its owner is not whatever somebody sends. The system sees to it where we are
     * not root, and also where the file is another's, so that this cannot be done.
     */
    if (!f && (flags & O_ACCMODE) != O_RDONLY && info.st_mode & (S_ISUID | S_ISGID))
        (void)fchmod(*ret_fd, info.st_mode & 01777);
    return f;
}

bool local_is_target(const struct local_place *place, int fd)
{
    struct stat named;
    struct stat open;
    return !local_stat_place(place, &named) && fstat(fd, &open) == 0 &&
           named.st_ino == open.st_ino && named.st_dev == open.st_dev;
}

enum fault local_lock(int fd, int operation, enum local_wait wait)
{
    unsigned waited_ms = 0;
    unsigned pause_ms = 1;
    while (flock(fd, operation | LOCK_NB)) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fault_from_errno(errno);
        if (waited_ms >= wait)
            return FAULT_BUSY;
        const struct timespec pause = {.tv_nsec = pause_ms * 1000000L};
        nanosleep(&pause, NULL);
        waited_ms += pause_ms;
        pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
    }
    return FAULT_NONE;
}

bool local_is_locked(int fd)
{
    if (flock(fd, LOCK_SH | LOCK_NB))
        return errno == EWOULDBLOCK;
    (void)flock(fd, LOCK_UN);
    return false;
}

enum fault local_lock_target(const struct local_place *place, int *ret_fd, struct stat *ret_info)
{
    for (int i = 0; i < TARGET_TRIES_MAX; i++) {
        struct stat locked;
        int fd = -1;
        enum fault f = local_open_target(place, O_WRONLY, &fd);
        if (f)
            return f;
        f = local_lock(fd, LOCK_EX, LOCAL_WAIT_MS);
        if (!f && fstat(fd, &locked))
            f = fault_from_errno(errno);
        if (!f && local_is_target(place, fd)) {
            *ret_fd = fd;
            *ret_info = locked;
            return FAULT_NONE;
        }
        close(fd);
        if (f)
            return f;
    }
    return FAULT_BUSY;
}

enum fault local_lock_partial(int fd, bool *ret_is_partial)
{
    *ret_is_partial = false;
    if (!local_has_mark(fd))
        return FAULT_NONE;
    /* Who looks holds it for a moment, an upload as long as it lives. */
    enum fault f = local_lock(fd, LOCK_EX, LOCAL_WAIT_MOMENT_MS);
    if (f)
        return f == FAULT_BUSY ? FAULT_BUSY : FAULT_NONE;
    /* Whoever had it may have completed it just now. */
    *ret_is_partial = local_has_mark(fd);
    if (!*ret_is_partial)
        (void)flock(fd, LOCK_UN);
    return FAULT_NONE;
}

bool local_has_mark(int fd)
{
    return fgetxattr(fd, LOCAL_PARTIAL_MARK, NULL, 0) >= 0;
}

void local_set_mark(int fd)
{
    /* Without extended attributes the partial is resumed like any other file. */
    (void)fsetxattr(fd, LOCAL_PARTIAL_MARK, "1", 1, 0);
}

enum fault local_clear_mark(int fd, bool sync)
{
    if (fremovexattr(fd, LOCAL_PARTIAL_MARK) || (sync && fsync(fd)))
        return fault_from_errno(errno);
    return FAULT_NONE;
}

enum fault local_reserve(int fd, uint64_t offset, uint64_t bytes)
{
    if (!bytes || fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)bytes) == 0 ||
        errno == EOPNOTSUPP)
        return FAULT_NONE;
    return fault_from_errno(errno);
}

enum fault local_settle(int fd, bool sync)
{
    /* A file system over a network may refuse bytes (for want of room or quota) only when a
     * descriptor of the file is closed. */
    int copy = sync ? -1 : dup(fd);
    if ((sync && fsync(fd)) || (copy >= 0 && close(copy)))
        return fault_from_errno(errno);
    return FAULT_NONE;
}

enum fault local_sync_directory(int parent)
{
    enum fault f = FAULT_NONE;
    int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd))
        f = fault_from_errno(errno);
    if (fd >= 0)
        close(fd);
    return f;
}
