/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_local_change.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/text.h"
#include "store/store_local_info.h"
#include "store/store_local_path.h"

enum { CREATED_SIZE = 32 };

/* How it was before the change. */
struct former {
    struct stat info;
    char created[CREATED_SIZE];
    ssize_t created_len; /* -1: it had none */
};

static enum fault remember(const char *path, struct former *ret_former)
{
    struct former former;
    if (stat(path, &former.info))
        return fault_from_errno(errno);
    if (!S_ISREG(former.info.st_mode) && !S_ISDIR(former.info.st_mode))
        return FAULT_NOT_PLAIN_FILE;
    former.created_len = getxattr(path, LOCAL_CREATED_ATTRIBUTE, former.created,
                                  sizeof(former.created));
    *ret_former = former;
    return FAULT_NONE;
}

static enum fault set_mode(const char *path, mode_t mode)
{
    return chmod(path, mode) ? fault_from_errno(errno) : FAULT_NONE;
}

static enum fault set_created(const char *path, const char *value, size_t len)
{
    if (setxattr(path, LOCAL_CREATED_ATTRIBUTE, value, len, 0))
        return fault_from_errno(errno);
    return FAULT_NONE;
}

static enum fault set_modified(const char *path, struct timespec modified)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, modified};
    return utimensat(AT_FDCWD, path, times, 0) ? fault_from_errno(errno) : FAULT_NONE;
}

/* Most file systems silently take the nearest time they can hold. */
static enum fault set_exactly(const char *path, const struct store_time *modified)
{
    struct stat info;
    enum fault f = set_modified(
        path, (struct timespec){.tv_sec = modified->seconds, .tv_nsec = modified->nanoseconds});
    if (!f && stat(path, &info))
        f = fault_from_errno(errno);
    if (!f && info.st_mtim.tv_sec != modified->seconds)
        f = FAULT_UNSUPPORTED;
    return f;
}

static enum fault apply(const char *path, const struct store_changes *changes)
{
    enum fault f = FAULT_NONE;
    mode_t mode = changes->mode & 0777;
    char value[CREATED_SIZE];
    struct builder b = builder_on(value, sizeof(value));
    builder_put_number(&b, (uint64_t)changes->created.seconds);
    /* Attributes need the right to write: it is given before and taken after them. */
    bool is_writable = mode & S_IWUSR;
    if (changes->mask & STORE_CHANGE_MODE && is_writable)
        f = set_mode(path, mode);
    if (!f && changes->mask & STORE_CHANGE_CREATED)
        f = set_created(path, value, b.len);
    if (!f && changes->mask & STORE_CHANGE_MODIFIED)
        f = set_exactly(path, &changes->modified);
    if (!f && changes->mask & STORE_CHANGE_MODE && !is_writable)
        f = set_mode(path, mode);
    return f;
}

static void restore(const char *path, const struct former *former, unsigned mask)
{
    if (mask & STORE_CHANGE_CREATED) {
        if (former->created_len < 0)
            (void)removexattr(path, LOCAL_CREATED_ATTRIBUTE);
        else
            (void)set_created(path, former->created, (size_t)former->created_len);
    }
    if (mask & STORE_CHANGE_MODE)
        (void)set_mode(path, former->info.st_mode & 07777);
    if (mask & STORE_CHANGE_MODIFIED)
        (void)set_modified(path, former->info.st_mtim);
}

enum fault local_change_file(int path_fd, const struct store_changes *changes)
{
    char path[LOCAL_PROC_PATH_SIZE];
    struct former former = {0};
    local_proc_path(path_fd, path);
    enum fault f = remember(path, &former);
    if (!f && changes->mask & STORE_CHANGE_CREATED && changes->created.seconds < 0)
        f = FAULT_UNSUPPORTED;
    if (f)
        return f;
    f = apply(path, changes);
    if (f)
        restore(path, &former, changes->mask);
    return f;
}
