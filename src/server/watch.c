/* SPDX-License-Identifier: Apache-2.0 */
#include "server/watch.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "server/loop.h"

struct watch {
    struct loop *loop;        /* borrowed: outlives it */
    struct watch *next;       /* owned by the list of those that are stopped */
    int fd;                   /* borrowed: the owner's */
    uint32_t awaited;         /* of EPOLLIN and its kind; 0: it rests */
    watch_callback *on_event; /* borrowed: a function; NULL once stopped */
    void *owner;              /* borrowed: it stops the watch before it ends */
};

/* ---- One watch ---------------------------------------------------------------------- */

static uint32_t awaited_of(unsigned events)
{
    return (events & WATCH_READ ? (uint32_t)EPOLLIN : 0) |
           (events & WATCH_WRITE ? (uint32_t)EPOLLOUT : 0) |
           (events & WATCH_URGENT ? (uint32_t)EPOLLPRI : 0);
}

struct watch *watch_start(struct loop *loop, int fd, unsigned events, watch_callback *on_event,
                          void *owner)
{
    struct watch *watch = memory_new(sizeof(*watch));
    if (!watch)
        return NULL;
    *watch = (struct watch){.loop = loop,
                            .fd = fd,
                            .awaited = awaited_of(events),
                            .on_event = on_event,
                            .owner = owner};
    struct epoll_event event = {.events = watch->awaited, .data = {.ptr = watch}};
    if (epoll_ctl(loop_watches(loop)->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
        return watch;
    memory_free(watch);
    return NULL;
}

/*
 * An error or a hang-up is told whatever is awaited: but to a watch that rests once at most,
 * which is not passed on. It is not taken out, since to put it in again could fail.
 */
void watch_change(struct watch *watch, unsigned events)
{
    watch->awaited = awaited_of(events);
    struct epoll_event event = {.events = watch->awaited ? watch->awaited : EPOLLONESHOT,
                                .data = {.ptr = watch}};
    if (epoll_ctl(loop_watches(watch->loop)->epoll, EPOLL_CTL_MOD, watch->fd, &event))
        log_error("watch-unchanged", LOG_ERRNO(errno));
}

void watch_stop(struct watch *watch)
{
    if (!watch)
        return;
    struct watches *watches = loop_watches(watch->loop);
    (void)epoll_ctl(watches->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->on_event = NULL;
    watch->owner = NULL;
    watch->next = watches->stopped;
    watches->stopped = watch;
}

void watch_redirect(struct watch *watch, watch_callback *on_event)
{
    watch->on_event = on_event;
}

static void tell(struct watch *watch, uint32_t events)
{
    unsigned mask = 0;
    if (!watch->on_event || !watch->awaited)
        return;
    loop_begin_turn(watch->loop);
    if (events & EPOLLERR && !(events & EPOLLPRI)) {
        watch_change(watch, 0);
        mask = WATCH_READ | WATCH_WRITE | WATCH_FAILED;
    } else {
        if (!(events & watch->awaited)) /* a hang-up alone: reading and writing tell of it */
            events = watch->awaited & (uint32_t)~EPOLLPRI;
        events &= watch->awaited;
        mask |= events & EPOLLIN ? WATCH_READ : 0;
        mask |= events & EPOLLOUT ? WATCH_WRITE : 0;
        mask |= events & EPOLLPRI ? WATCH_URGENT : 0;
    }
    watch->on_event(watch->owner, mask);
}

/* ---- All of them ---------------------------------------------------------------------- */

bool watches_open(struct watches *watches)
{
    /* Edges only: nobody has to read it. It has no watch. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    watches->epoll = epoll_create1(EPOLL_CLOEXEC);
    watches->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    watches->stopped = NULL;
    watches->event_count = 0;
    atomic_init(&watches->is_awake, false);
    if (watches->epoll >= 0 && watches->wake >= 0 &&
        epoll_ctl(watches->epoll, EPOLL_CTL_ADD, watches->wake, &event) == 0)
        return true;
    watches_close(watches);
    return false;
}

static void free_stopped(struct watches *watches)
{
    struct watch *watch;
    while ((watch = watches->stopped)) {
        watches->stopped = watch->next;
        memory_free(watch);
    }
}

void watches_close(struct watches *watches)
{
    free_stopped(watches);
    if (watches->wake >= 0)
        close(watches->wake);
    if (watches->epoll >= 0)
        close(watches->epoll);
}

void watches_await(struct watches *watches, int timeout_ms)
{
    int n = epoll_wait(watches->epoll, watches->events, WATCH_EVENTS_MAX, timeout_ms);
    watches->event_count = n;
    atomic_store(&watches->is_awake, true);
}

void watches_tell(struct watches *watches)
{
    for (int i = 0; i < watches->event_count; i++) {
        struct watch *watch = watches->events[i].data.ptr;
        if (watch)
            tell(watch, watches->events[i].events);
    }
    free_stopped(watches);
    atomic_store(&watches->is_awake, false);
}

void watches_wake(struct watches *watches)
{
    /* It could fail only if there was no room for an edge. */
    if (!atomic_exchange(&watches->is_awake, true))
        (void)eventfd_write(watches->wake, 1);
}
