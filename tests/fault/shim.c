/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shim: preloaded into ferryd by fault tests to make the system misbehave.
 * FERRY_SHIM=no-tmpfile   a file system without O_TMPFILE
 * FERRY_SHIM=die-in-copy  copy_file_range copies half and kills the process
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_on(const char *what)
{
    const char *wanted = getenv("FERRY_SHIM");
    return wanted && strcmp(wanted, what) == 0;
}

static int open_or_refuse(const char *name, int directory, const char *path, int flags, mode_t mode)
{
    int (*real)(int, const char *, int, ...);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    if ((flags & O_TMPFILE) == O_TMPFILE && is_on("no-tmpfile")) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return real(directory, path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = va_arg(arguments, mode_t);
    va_end(arguments);
    return open_or_refuse("openat", directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = va_arg(arguments, mode_t);
    va_end(arguments);
    return open_or_refuse("openat64", directory, path, flags, mode);
}

ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t len,
                        unsigned flags)
{
    ssize_t (*real)(int, off64_t *, int, off64_t *, size_t, unsigned);
    *(void **)&real = dlsym(RTLD_NEXT, "copy_file_range");
    if (!is_on("die-in-copy"))
        return real(in, in_at, out, out_at, len, flags);
    real(in, in_at, out, out_at, len / 2, flags);
    kill(getpid(), SIGKILL);
    return -1;
}
