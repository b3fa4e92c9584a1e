/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: the descriptors that a loop waits for (loop.h says what a watch is to who has it), by
 * epoll (docs/adr/0025).
 *
 * The loop's thread only, but for watches_wake.
 */
#ifndef FERRY_SERVER_WATCH_H
#define FERRY_SERVER_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>

struct loop;
struct watch;

enum { WATCH_EVENTS_MAX = 256 };

struct watches {
    int epoll;             /* owned */
    int wake;              /* owned: an eventfd */
    atomic_bool is_awake;  /* it does not wait, or will not: the eventfd has been written to */
    struct watch *stopped; /* owned: the list of those that events may still name */
    struct epoll_event events[WATCH_EVENTS_MAX];
    int event_count;
};

/* False when out of memory or descriptors. */
bool watches_open(struct watches *watches);
/* Those that are not stopped are lost. */
void watches_close(struct watches *watches);
/* Waits so long at most (-1: for ever) for something to happen. */
void watches_await(struct watches *watches, int timeout_ms);
/*
 * Tells who watches what has happened. What other threads left before they called watches_wake is
 * to be looked for after that: until then they are not heard, and it costs them nothing.
 */
void watches_tell(struct watches *watches);
/* Ends a wait, the one that is or the next one. Any thread. */
void watches_wake(struct watches *watches);

/* The loop's. */
struct watches *loop_watches(struct loop *loop);
/* What is done from here on is for another session (loop_has_time). */
void loop_begin_turn(struct loop *loop);

#endif
