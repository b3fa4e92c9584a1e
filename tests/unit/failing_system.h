/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failing_system: the system calls of the store, made to fail. The linker sends
 * them here (tests/meson.build). For one test program; include it once.
 */
#ifndef FERRY_TESTS_FAILING_SYSTEM_H
#define FERRY_TESTS_FAILING_SYSTEM_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum call {
    CALL_WRITE,
    CALL_PWRITE,
    CALL_COPY,
    CALL_RESERVE,
    CALL_OPEN,
    CALL_LINK,
    CALL_RENAME,
    CALL_MAKE,
    CALL_SYNC,
    CALL_CUT,
    CALL_UNLINK,
    CALL_MODE,
    CALL_UNMARK,
    CALL_CLOSE,
    CALL_COUNT,
};

/* What fails, and how. */
struct trouble {
    unsigned nth; /* 0: nothing */
    int error;
    bool lasts; /* the first failing call does half its work, and no other works either */
    unsigned made;
    bool met;
};

static struct trouble trouble;
static int no_tmpfile;         /* what a file system without O_TMPFILE says; 0: it has it */
static int no_rename_flags;    /* likewise renameat2's */
static bool is_lossy_on_close; /* written bytes are refused when they are sent: NFS */
static unsigned failed[CALL_COUNT];
static uid_t user;            /* who we are; 0: who we are in truth */
static unsigned groups_given; /* that a file got though its owner could not be given */
static char synced[4096];     /* what of the journal is on the disk */
static size_t synced_len;

static bool is_full(void)
{
    return trouble.error == ENOSPC || trouble.error == EDQUOT;
}

static bool fails(enum call call, bool takes_room)
{
    if (!trouble.nth || (is_full() && !takes_room))
        return false;
    trouble.made++;
    if (trouble.made < trouble.nth || (trouble.made > trouble.nth && !trouble.lasts))
        return false;
    trouble.met = true;
    failed[call]++;
    errno = trouble.error;
    return true;
}

static bool does_half(size_t len)
{
    return trouble.lasts && trouble.made == trouble.nth && len > 1;
}

#define WRAPPED(type, name, ...)                                                                   \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

WRAPPED(ssize_t, write, int fd, const void *bytes, size_t len)
{
    if (fd == STDERR_FILENO)
        return (ssize_t)len; /* the log: thousands of lines here */
    if (!fails(CALL_WRITE, true))
        return __real_write(fd, bytes, len);
    return does_half(len) ? __real_write(fd, bytes, len / 2) : -1;
}

WRAPPED(ssize_t, pwrite64, int fd, const void *bytes, size_t len, off_t at)
{
    struct stat info;
    bool grows = fstat(fd, &info) == 0 && at + (off_t)len > info.st_size;
    if (!fails(CALL_PWRITE, grows))
        return __real_pwrite64(fd, bytes, len, at);
    return does_half(len) ? __real_pwrite64(fd, bytes, len / 2, at) : -1;
}

WRAPPED(ssize_t, copy_file_range, int in, off_t *in_at, int out, off_t *out_at, size_t len,
        unsigned flags)
{
    if (fails(CALL_COPY, true)) {
        if (!does_half(len))
            return -1;
        len /= 2;
    }
    return __real_copy_file_range(in, in_at, out, out_at, len, flags);
}

WRAPPED(int, fallocate64, int fd, int mode, off_t at, off_t len)
{
    return fails(CALL_RESERVE, true) ? -1 : __real_fallocate64(fd, mode, at, len);
}

int __real_openat64(int directory, const char *path, int flags, ...);
int __wrap_openat64(int directory, const char *path, int flags, ...);

int __wrap_openat64(int directory, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    bool is_tmpfile = (flags & O_TMPFILE) == O_TMPFILE;
    mode_t mode = is_tmpfile || flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (is_tmpfile && no_tmpfile) {
        errno = no_tmpfile;
        return -1;
    }
    if (fails(CALL_OPEN, is_tmpfile || flags & O_CREAT))
        return -1;
    return __real_openat64(directory, path, flags, mode);
}

WRAPPED(int, linkat, int from, const char *path, int to, const char *name, int flags)
{
    return fails(CALL_LINK, true) ? -1 : __real_linkat(from, path, to, name, flags);
}

WRAPPED(int, renameat2, int from, const char *path, int to, const char *name, unsigned flags)
{
    if (flags && no_rename_flags) {
        errno = no_rename_flags;
        return -1;
    }
    return fails(CALL_RENAME, true) ? -1 : __real_renameat2(from, path, to, name, flags);
}

WRAPPED(int, renameat, int from, const char *path, int to, const char *name)
{
    return fails(CALL_RENAME, true) ? -1 : __real_renameat(from, path, to, name);
}

WRAPPED(int, mkdirat, int directory, const char *name, mode_t mode)
{
    return fails(CALL_MAKE, true) ? -1 : __real_mkdirat(directory, name, mode);
}

WRAPPED(int, fsync, int fd)
{
    (void)fd;
    return fails(CALL_SYNC, true) ? -1 : 0;
}

/* Only the journal's. */
WRAPPED(int, fdatasync, int fd)
{
    if (fails(CALL_SYNC, true))
        return -1;
    ssize_t len = pread(fd, synced, sizeof(synced), 0);
    assert_true(len >= 0 && len < (ssize_t)sizeof(synced));
    synced_len = (size_t)len;
    return 0;
}

WRAPPED(int, ftruncate64, int fd, off_t len)
{
    return fails(CALL_CUT, false) ? -1 : __real_ftruncate64(fd, len);
}

WRAPPED(int, unlinkat, int directory, const char *name, int flags)
{
    return fails(CALL_UNLINK, false) ? -1 : __real_unlinkat(directory, name, flags);
}

WRAPPED(int, fchmod, int fd, mode_t mode)
{
    return fails(CALL_MODE, false) ? -1 : __real_fchmod(fd, mode);
}

WRAPPED(uid_t, geteuid, void)
{
    return user ? user : __real_geteuid();
}

/* An owner is root's to give, a group its members'. */
WRAPPED(int, fchown, int fd, uid_t owner, gid_t group)
{
    if (!user)
        return __real_fchown(fd, owner, group);
    if (owner != (uid_t)-1) {
        errno = EPERM;
        return -1;
    }
    groups_given++;
    return __real_fchown(fd, owner, group);
}

WRAPPED(int, fremovexattr, int fd, const char *name)
{
    return fails(CALL_UNMARK, false) ? -1 : __real_fremovexattr(fd, name);
}

WRAPPED(int, close, int fd)
{
    int result = __real_close(fd);
    if (!is_lossy_on_close)
        return result;
    failed[CALL_CLOSE]++;
    errno = EDQUOT;
    return -1;
}

#endif
