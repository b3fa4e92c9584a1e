/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_bare PORT --root DIR [--threads T] [--cert FILE --key FILE]
 * Says "ready PORT" (0: any) and serves until it is killed. See bare.h.
 */
#include "bare.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

enum {
    EVENTS_AT_ONCE = 256,
    BACKLOG = 4096, /* 1,000 come at once */
    THREADS_MAX = 64,
};

struct options {
    uint16_t port;
    unsigned threads;
    const char *root;        /* borrowed: the arguments */
    const char *certificate; /* borrowed: likewise */
    const char *key;         /* borrowed: likewise */
};

void must(bool is_done, const char *what)
{
    if (is_done)
        return;
    (void)fprintf(stderr, "bench_bare: %s: %s\n", what, strerror(errno));
    exit(1);
}

void loop_watch(struct session *s, int fd, enum role role, int operation, uint32_t events)
{
    struct epoll_event event = {events, {.ptr = (char *)s + role}};
    (void)epoll_ctl(s->loop->epoll, operation, fd, &event);
}

static void close_session(struct session *s)
{
    data_drop(s);
    tls_free(s->control_tls);
    s->control_tls = NULL;
    if (s->listener >= 0)
        close(s->listener);
    close(s->control);
    s->control = s->listener = -1;
    s->next_dead = s->loop->dead;
    s->loop->dead = s;
}

static void free_dead(struct loop *loop)
{
    while (loop->dead) {
        struct session *s = loop->dead;
        loop->dead = s->next_dead;
        memory_free(s->directory);
        memory_free(s->partial);
        memory_free(s);
    }
}

/* Behind all that one event brought about. */
static void settle(struct session *s)
{
    control_flush(s);
    if (s->is_ending && s->control >= 0)
        close_session(s);
}

static void greet(struct loop *loop, int fd)
{
    struct session *s = memory_new(sizeof(*s));
    if (!s) {
        close(fd);
        return;
    }
    s->loop = loop;
    s->control = fd;
    s->listener = s->data = s->file = -1;
    control_reply(s, TEXT("220 bare\r\n"));
    settle(s);
    if (s->control >= 0)
        loop_watch(s, fd, ROLE_CONTROL, EPOLL_CTL_ADD, EPOLLIN);
}

static void on_event(struct loop *loop, const struct epoll_event *event)
{
    if (!event->data.ptr) {
        /* One: epoll tells again of the next, and no call has to say that there is none. */
        int fd = accept4(loop->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            greet(loop, fd);
        return;
    }
    enum role role = (uintptr_t)event->data.ptr & ROLE_MASK;
    struct session *s = (void *)((char *)event->data.ptr - role);
    if (s->control < 0)
        return; /* closed by an earlier event of this turn */
    if (role == ROLE_CONTROL)
        control_on_event(s);
    else if (role == ROLE_LISTENER)
        data_on_listener(s);
    else
        data_on_event(s);
    settle(s);
}

static void *run(void *argument)
{
    struct loop *loop = argument;
    struct epoll_event events[EVENTS_AT_ONCE];
    for (;;) {
        int count = epoll_wait(loop->epoll, events, EVENTS_AT_ONCE, -1);
        for (int i = 0; i < count; i++)
            on_event(loop, &events[i]);
        free_dead(loop);
    }
    return NULL;
}

/* Each loop has its own, and the kernel shares the clients out. */
static int listen_on(uint16_t *port)
{
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t len = sizeof(local);
    int on = 1;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    must(fd >= 0, "socket");
    must(!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), "SO_REUSEADDR");
    must(!setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), "SO_REUSEPORT");
    /* What is accepted inherits it: no 226 waits for the 150 to be acknowledged. */
    must(!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), "TCP_NODELAY");
    must(!bind(fd, (struct sockaddr *)&local, sizeof(local)), "bind");
    must(!listen(fd, BACKLOG), "listen");
    must(!getsockname(fd, (struct sockaddr *)&local, &len), "getsockname");
    *port = ntohs(local.sin_port);
    return fd;
}

static struct loop *new_loop(struct options *options, int root)
{
    struct loop *loop = memory_new(sizeof(*loop));
    must(loop, "memory");
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    must(loop->epoll >= 0, "epoll");
    loop->root = root;
    loop->tls = tls_new_side(options->certificate, options->key);
    loop->listener = listen_on(&options->port);
    struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
    must(!epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->listener, &event), "epoll_ctl");
    return loop;
}

static void read_arguments(int count, char **words, struct options *options)
{
    uint64_t number = 0;
    options->threads = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    errno = EINVAL;
    must(count >= 2 && text_to_number(text_of(words[1]), UINT16_MAX, &number), "PORT");
    options->port = (uint16_t)number;
    for (int i = 2; i < count; i += 2) {
        struct text name = text_of(words[i]);
        must(i + 1 < count, words[i]);
        if (text_equal(name, TEXT("--root"))) {
            options->root = words[i + 1];
        } else if (text_equal(name, TEXT("--cert"))) {
            options->certificate = words[i + 1];
        } else if (text_equal(name, TEXT("--key"))) {
            options->key = words[i + 1];
        } else if (text_equal(name, TEXT("--threads"))) {
            must(text_to_number(text_of(words[i + 1]), THREADS_MAX, &number) && number,
                 "--threads");
            options->threads = (unsigned)number;
        } else {
            must(false, words[i]);
        }
    }
    must(options->root, "--root DIR");
}

/* As many sessions as the system lets us have. */
static void raise_limit(void)
{
    struct rlimit limit;
    must(!getrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
    limit.rlim_cur = limit.rlim_max;
    must(!setrlimit(RLIMIT_NOFILE, &limit), "RLIMIT_NOFILE");
}

int main(int count, char **words)
{
    struct options options = {0};
    read_arguments(count, words, &options);
    (void)signal(SIGPIPE, SIG_IGN);
    raise_limit();
    int root = open(options.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    must(root >= 0, options.root);
    struct loop *first = new_loop(&options, root);
    for (unsigned i = 1; i < options.threads; i++) {
        pthread_t thread;
        must(!pthread_create(&thread, NULL, run, new_loop(&options, root)), "thread");
    }
    printf("ready %u\n", options.port);
    (void)fflush(stdout);
    run(first);
    return 0;
}
