/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workers: a pool of threads that run blocking code from start to end.
 *
 * Threads are made when work arrives and no thread is free, up to a maximum,
 * with small stacks, and leave after a while without work: a server at rest
 * has none (but the stack of the last one). What waits for a thread waits in a
 * queue with a named limit; when that is full workers_submit refuses at once
 * and the caller tells the user.
 *
 * Any thread may submit. A worker runs with every signal blocked.
 */
#ifndef FERRY_BASE_WORKERS_H
#define FERRY_BASE_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded in what is to be done; the submitter keeps it alive until run. */
struct work {
    void (*run)(struct work *work); /* on a worker; work may be freed inside */
    struct work *next;              /* borrowed: the queue's own link */
};

struct workers;

/*
 * A pool of at most `threads_max` threads with at most `queue_max` pieces of
 * work waiting (0: work is refused unless a thread is free or can be made).
 * So long work that is queued waits for threads that are at work already, before one that
 * sleeps is woken for it (0: not at all): for pieces that take no time, as a rule.
 * `name` (borrowed: static text, at most 15 bytes) is what `top -H` shows.
 * NULL when out of memory.
 */
struct workers *workers_new(const char *name, unsigned threads_max, unsigned queue_max,
                            int64_t patience_ns);

/* Waits until everything submitted has run, then frees. Accepts NULL. */
void workers_free(struct workers *workers);

/* False when every thread is taken and the queue is full: nothing happened. */
bool workers_submit(struct workers *workers, struct work *work);

/*
 * Keeps a thread, there or to be made, for a piece of work that is to come. False when there
 * is none. It is given up, or used by workers_submit_kept.
 */
bool workers_keep_place(struct workers *workers);
void workers_give_up_place(struct workers *workers);
/* False when no thread can be made: the place is given up. */
bool workers_submit_kept(struct workers *workers, struct work *work);

#endif
