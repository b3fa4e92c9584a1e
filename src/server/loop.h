/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop: one event loop, one thread, its sessions and what they share. Nothing
 * on a loop blocks: no file, no hash, no DNS. Other threads reach it only
 * through loop_post (a finished piece of a job), loop_bring (a client that another
 * loop has let in) and loop_tell (a wish of the main thread). watch.c is the only
 * file that knows epoll.
 */
#ifndef FERRY_SERVER_LOOP_H
#define FERRY_SERVER_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "base/workers.h"

struct config;
struct job;
struct server;
struct session;
struct loop;

enum {
    /* What one read of a control connection may bring. */
    LOOP_READ_BYTES = 64 * 1024,
    /* Replies to it that go out in one write. */
    LOOP_REPLY_BYTES = 16 * 1024,
    /* Sessions look at their deadlines this often. */
    LOOP_TICK_MS = 250,
    LOOP_MOMENT_MS = 10,
};

/* NULL when out of memory. `server` (borrowed) outlives the loop. */
struct loop *loop_new(struct server *server, struct config *config);
/*
 * Runs until loop_tell(LOOP_DRAIN or LOOP_STOP), and the last session has gone and it has been let
 * go as often as it was kept.
 */
void loop_run(struct loop *loop);
/* Before it runs: another one needs it. */
void loop_keep(struct loop *loop);
/* On its thread, or when it never ran. */
void loop_let_go(struct loop *loop);
void loop_free(struct loop *loop);

struct server *loop_server(const struct loop *loop);
/* The settings new sessions get. Borrowed: take a reference to keep it. */
struct config *loop_config(const struct loop *loop);
uint64_t loop_now_ms(const struct loop *loop);
/* Between two waits; what is told of in it can have been seen to by then. */
uint64_t loop_round(const struct loop *loop);
/*
 * May one more piece of work be done on the loop for the session whose turn it is? Of what a client
 * has sent in one go others are not to wait for all of it.
 */
bool loop_has_time(struct loop *loop);

/* Buffers that whoever runs on the loop may use until it returns to it. */
char *loop_read_buffer(struct loop *loop);
char *loop_line_buffer(struct loop *loop);
char *loop_reply_buffer(struct loop *loop);

/* ---- Sessions of this loop ------------------------------------------------ */

void loop_add_session(struct loop *loop, struct session *session);
void loop_remove_session(struct loop *loop, struct session *session);

/* ---- Waiting for a descriptor ---------------------------------------------- */

struct watch;

enum watch_events {
    WATCH_READ = 1,
    WATCH_WRITE = 2,
    WATCH_URGENT = 4,
    WATCH_FAILED = 8,
};

/*
 * Calls `on_event` with what happened, a mask of watch_events. An error of the
 * socket is READ, WRITE and FAILED, told once; watch_change makes it go on.
 */
typedef void watch_callback(void *owner, unsigned events);

/* NULL when out of memory. The descriptor stays the owner's. */
struct watch *watch_start(struct loop *loop, int fd, unsigned events, watch_callback *on_event,
                          void *owner);
void watch_change(struct watch *watch, unsigned events);
/* No event comes any more; the descriptor may be closed. Accepts NULL. */
void watch_stop(struct watch *watch);

/* Another function is called from now on, with the same owner. */
void watch_redirect(struct watch *watch, watch_callback *on_event);

/* ---- Waiting a moment --------------------------------------------------------- */

/* What is to be done LOOP_MOMENT_MS later, if it is not put off before. Embedded in whose it is. */
struct moment {
    struct moment *next;     /* borrowed: the loop's list */
    struct moment *previous; /* borrowed: likewise */
    uint64_t at_ms;          /* 0: not in the list */
    void (*on_moment)(struct moment *moment);
};

/* Once for each call that is not put off: `moment` (borrowed) lives until then. */
void moment_begin(struct loop *loop, struct moment *moment,
                  void (*on_moment)(struct moment *moment));
/* It comes no more; nothing if it was not begun. */
void moment_put_off(struct loop *loop, struct moment *moment);

/* ---- From other threads ------------------------------------------------------ */

enum wish {
    LOOP_RECONFIGURE, /* take the server's new configuration */
    LOOP_DRAIN,       /* no new logins; end when the transfers have */
    LOOP_STOP,        /* end the transfers too */
};

void loop_tell(struct loop *loop, enum wish wish);
/*
 * Calls for each session on the loop's thread, and waits for that; false when
 * the loop has ended. One caller at a time.
 */
bool loop_visit(struct loop *loop, void (*on_session)(void *context, struct session *session),
                void *context);
/*
 * Sends a job's client a reply before the last one (110), in the order of
 * calls, before what loop_post does. Not if too many wait to be sent: then, or
 * out of memory, it returns false.
 */
bool loop_post_reply(struct loop *loop, struct job *job, struct text reply);
/* Hands a job back; job_on_posted is called on the loop. */
void loop_post(struct loop *loop, struct job *job);

/* Something to be done on a loop's thread. Embedded in what it is about. */
struct errand {
    struct errand *next; /* borrowed: the loop's list */
    void (*on_errand)(struct errand *errand, struct loop *loop);
};

/*
 * Somebody else's client is to be served here: `errand` is called on the loop, or by whoever frees
 * it. It counts as a session until then. False when the loop has ended.
 */
bool loop_bring(struct loop *loop, struct errand *errand);
/* How many sessions it has, or will have in a moment. */
unsigned loop_load(const struct loop *loop);

#endif
