/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole session, again and again while the server's first, second, third …
 * system call fails: descriptors run out, disks are full or broken, peers are
 * gone, threads cannot be made. As server_session_memory_test.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static atomic_uint failing; /* which call fails; 0: none */
static atomic_uint made;
static const char *volatile failed; /* the function; NULL: none has */
static _Thread_local bool is_spared;

#define PROMISE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("call %u, %s: %s", failing, failed ? failed : "none", #condition);            \
    } while (0)

#include "tests/unit/player.h"
#include "tests/unit/whole_session.h"

static bool fails(const char *function, int error)
{
    if (!failing || is_spared || ++made != failing)
        return false;
    failed = function;
    errno = error;
    return true;
}

/* A function of the C library, that says -1 and `error` when it is its turn. */
#define FAILING(type, name, error, parameters, arguments)                                          \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails(#name, error) ? -1 : __real_##name arguments;                                 \
    }

FAILING(int, accept4, EMFILE, (int fd, struct sockaddr *from, socklen_t *len, int flags),
        (fd, from, len, flags))
FAILING(int, socket, EMFILE, (int family, int type, int protocol), (family, type, protocol))
FAILING(int, bind, EADDRINUSE, (int fd, const struct sockaddr *at, socklen_t len), (fd, at, len))
FAILING(int, listen, EADDRINUSE, (int fd, int backlog), (fd, backlog))
FAILING(int, connect, ECONNREFUSED, (int fd, const struct sockaddr *to, socklen_t len),
        (fd, to, len))
FAILING(ssize_t, recv, ECONNRESET, (int fd, void *bytes, size_t len, int flags),
        (fd, bytes, len, flags))
FAILING(ssize_t, send, ECONNRESET, (int fd, const void *bytes, size_t len, int flags),
        (fd, bytes, len, flags))
FAILING(ssize_t, sendfile64, EIO, (int to, int from, off_t *at, size_t len), (to, from, at, len))
FAILING(ssize_t, pread64, EIO, (int fd, void *bytes, size_t len, off_t at), (fd, bytes, len, at))
FAILING(ssize_t, preadv64v2, EAGAIN,
        (int fd, const struct iovec *pieces, int count, off_t at, int flags),
        (fd, pieces, count, at, flags))
FAILING(int, shutdown, ENOTCONN, (int fd, int how), (fd, how))
FAILING(int, faccessat, EIO, (int fd, const char *path, int mode, int flags),
        (fd, path, mode, flags))
FAILING(ssize_t, pwrite64, ENOSPC, (int fd, const void *bytes, size_t len, off_t at),
        (fd, bytes, len, at))
FAILING(int, fstat64, EIO, (int fd, struct stat *info), (fd, info))
FAILING(int, fstatat64, EIO, (int fd, const char *path, struct stat *info, int flags),
        (fd, path, info, flags))
FAILING(int, linkat, EIO, (int from, const char *path, int to, const char *name, int flags),
        (from, path, to, name, flags))
FAILING(int, renameat, EIO, (int from, const char *path, int to, const char *name),
        (from, path, to, name))
FAILING(int, renameat2, EIO, (int from, const char *path, int to, const char *name, unsigned flags),
        (from, path, to, name, flags))
FAILING(int, mkdirat, ENOSPC, (int fd, const char *name, mode_t mode), (fd, name, mode))
FAILING(int, unlinkat, EIO, (int fd, const char *name, int flags), (fd, name, flags))
FAILING(int, symlinkat, ENOSPC, (const char *target, int fd, const char *name), (target, fd, name))
FAILING(int, ftruncate64, EIO, (int fd, off_t len), (fd, len))
FAILING(int, fchmod, EIO, (int fd, mode_t mode), (fd, mode))
FAILING(int, utimensat, EIO, (int fd, const char *path, const struct timespec *times, int flags),
        (fd, path, times, flags))
FAILING(int, dup, EMFILE, (int fd), (fd))
FAILING(off_t, lseek64, EIO, (int fd, off_t at, int whence), (fd, at, whence))

int __real_openat64(int directory, const char *path, int flags, ...);
int __wrap_openat64(int directory, const char *path, int flags, ...);

int __wrap_openat64(int directory, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    bool has_mode = (flags & O_TMPFILE) == O_TMPFILE || flags & O_CREAT;
    mode_t mode = has_mode ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return fails("openat64", EMFILE) ? -1 : __real_openat64(directory, path, flags, mode);
}

/* openat2 and others that the C library has no function for. */
long __real_syscall(long number, long a, long b, long c, long d);
long __wrap_syscall(long number, long a, long b, long c, long d);

long __wrap_syscall(long number, long a, long b, long c, long d)
{
    return fails("syscall", EMFILE) ? -1 : __real_syscall(number, a, b, c, d);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *kind, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *kind, void *(*run)(void *),
                          void *argument);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *kind, void *(*run)(void *),
                          void *argument)
{
    return fails("pthread_create", EAGAIN) ? EAGAIN
                                           : __real_pthread_create(thread, kind, run, argument);
}

DIR *__real_fdopendir(int fd);
DIR *__wrap_fdopendir(int fd);

DIR *__wrap_fdopendir(int fd)
{
    return fails("fdopendir", ENOMEM) ? NULL : __real_fdopendir(fd);
}

/* Only what is new takes memory. */
int __real_epoll_ctl(int set, int how, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int set, int how, int fd, struct epoll_event *event);

int __wrap_epoll_ctl(int set, int how, int fd, struct epoll_event *event)
{
    bool is_new = how == EPOLL_CTL_ADD;
    return is_new && fails("epoll_ctl", ENOSPC) ? -1 : __real_epoll_ctl(set, how, fd, event);
}

/* The log, whose lines would be thousands here. */
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    if (fd == STDERR_FILENO && !is_spared)
        return (ssize_t)len;
    return fails("write", ENOSPC) ? -1 : __real_write(fd, bytes, len);
}

/* ---- The session ---------------------------------------------------------------------------- */

TEST(a_session_survives_any_system_call_that_fails)
{
    enum { WITHOUT_EVERY = 16 };
    unsigned nth = 0;
    do {
        made = 0;
        failed = NULL;
        failing = ++nth;
        whole_session_play();
        whole_session_check_tree();
        failing = 0;
        if (nth % WITHOUT_EVERY && failed)
            continue;
        whole_session_play();
        whole_session_check_replies();
    } while (failed);
    assert_true(nth > 100); /* a lot did fail */
}

int main(void)
{
    const struct CMUnitTest tests[] = {RUN(a_session_survives_any_system_call_that_fails)};
    is_spared = true;
    return cmocka_run_group_tests(tests, whole_session_set_up, whole_session_tear_down);
}
