/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shim: preloaded into ferryd by fault tests to make the system misbehave.
 * FERRY_SHIM=no-tmpfile   a file system without O_TMPFILE
 * FERRY_SHIM=die-in-copy  copy_file_range copies half and kills the process
 * FERRY_SHIM=die-in-rename  the next rename kills the process, if FERRY_SHIM_FILE has a number
 * FERRY_SHIM=clock        the date is ahead by the seconds that FERRY_SHIM_FILE names
 * FERRY_SHIM=names        whoever asks for a host's name or address, or connects to port 53, is
 *                         told on standard error
 * FERRY_SHIM=memory       there is no memory for one request of as many as FERRY_SHIM_FILE names
 * FERRY_SHIM=threads      the thread with the number that FERRY_SHIM_FILE names cannot be had
 * FERRY_SHIM_FILE is there when the server starts; its number may change while it runs, 0 is none.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { NUMBER_SIZE = 24 };

static const char *wanted = "";
static int number_file = -1; /* stays open: later the server may be kept from opening it */

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("FERRY_SHIM_FILE");
    if (getenv("FERRY_SHIM"))
        wanted = getenv("FERRY_SHIM");
    if (name)
        number_file = open(name, O_RDONLY | O_CLOEXEC);
}

static int is_on(const char *what)
{
    return strcmp(wanted, what) == 0;
}

/* The number in FERRY_SHIM_FILE; 0 when there is none. Asks for no memory. */
static long number_in_file(void)
{
    char digits[NUMBER_SIZE] = "";
    int error = errno;
    ssize_t len = pread(number_file, digits, sizeof(digits) - 1, 0);
    errno = error;
    return len > 0 ? strtol(digits, NULL, 10) : 0;
}

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* ---- Files --------------------------------------------------------------------------- */

static int open_or_refuse(const char *name, int directory, const char *path, int flags, mode_t mode)
{
    int (*real_open)(int, const char *, int, ...);
    *(void **)&real_open = real(name);
    if ((flags & O_TMPFILE) == O_TMPFILE && is_on("no-tmpfile")) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return real_open(directory, path, flags, mode);
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
    ssize_t (*real_copy)(int, off64_t *, int, off64_t *, size_t, unsigned);
    *(void **)&real_copy = real("copy_file_range");
    if (!is_on("die-in-copy"))
        return real_copy(in, in_at, out, out_at, len, flags);
    real_copy(in, in_at, out, out_at, len / 2, flags);
    kill(getpid(), SIGKILL);
    return -1;
}

int renameat2(int from_directory, const char *from, int to_directory, const char *to,
              unsigned flags)
{
    int (*real_rename)(int, const char *, int, const char *, unsigned);
    *(void **)&real_rename = real("renameat2");
    if (is_on("die-in-rename") && number_in_file())
        kill(getpid(), SIGKILL);
    return real_rename(from_directory, from, to_directory, to, flags);
}

/* ---- Threads ------------------------------------------------------------------------- */

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument)
{
    static atomic_long count;
    int (*real_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    *(void **)&real_create = real("pthread_create");
    if (is_on("threads") && atomic_fetch_add(&count, 1) + 1 == number_in_file())
        return EAGAIN;
    return real_create(thread, attributes, run, argument);
}

/* ---- The date ------------------------------------------------------------------------ */

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    int (*real_gettime)(clockid_t, struct timespec *);
    *(void **)&real_gettime = real("clock_gettime");
    int result = real_gettime(clock, ret);
    if (clock == CLOCK_REALTIME && is_on("clock"))
        ret->tv_sec += number_in_file();
    return result;
}

time_t time(time_t *ret)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret)
        *ret = now.tv_sec;
    return now.tv_sec;
}

/* ---- Names of hosts ------------------------------------------------------------------- */

static void tell(const char *what)
{
    char line[128] = "shim: ";
    if (!is_on("names"))
        return;
    strncat(line, what, sizeof(line) - strlen(line) - 2);
    strcat(line, "\n");
    (void)!write(STDERR_FILENO, line, strlen(line));
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret)
{
    int (*real_get)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real_get = real("getaddrinfo");
    tell("getaddrinfo");
    return real_get(host, service, hints, ret);
}

int getnameinfo(const struct sockaddr *address, socklen_t len, char *host, socklen_t host_size,
                char *service, socklen_t service_size, int flags)
{
    int (*real_get)(const struct sockaddr *, socklen_t, char *, socklen_t, char *, socklen_t, int);
    *(void **)&real_get = real("getnameinfo");
    tell("getnameinfo");
    return real_get(address, len, host, host_size, service, service_size, flags);
}

struct hostent *gethostbyname(const char *host)
{
    struct hostent *(*real_get)(const char *);
    *(void **)&real_get = real("gethostbyname");
    tell("gethostbyname");
    return real_get(host);
}

struct hostent *gethostbyaddr(const void *address, socklen_t len, int family)
{
    struct hostent *(*real_get)(const void *, socklen_t, int);
    *(void **)&real_get = real("gethostbyaddr");
    tell("gethostbyaddr");
    return real_get(address, len, family);
}

int connect(int socket, const struct sockaddr *address, socklen_t len)
{
    enum { PORT_OF_DNS = 53 };
    int (*real_connect)(int, const struct sockaddr *, socklen_t);
    *(void **)&real_connect = real("connect");
    /* The port is at the same place in both families. */
    const struct sockaddr_in *to = (const struct sockaddr_in *)address;
    int is_internet = address->sa_family == AF_INET || address->sa_family == AF_INET6;
    if (is_internet && ntohs(to->sin_port) == PORT_OF_DNS)
        tell("connect");
    return real_connect(socket, address, len);
}

/* ---- Memory --------------------------------------------------------------------------- */

/* dlsym asks for memory itself: these are glibc's own names for what it provides. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

static int is_refused(void)
{
    static atomic_ulong requests;
    long one_of = is_on("memory") ? number_in_file() : 0;
    if (!one_of || atomic_fetch_add(&requests, 1) % (unsigned long)one_of)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return is_refused() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return is_refused() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return is_refused() ? NULL : __libc_realloc(block, size);
}

void *reallocarray(void *block, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, bytes);
}
