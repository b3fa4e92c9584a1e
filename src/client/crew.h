/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crew: some threads that do pieces of work with a server, each over a
 * connection of its own, made when its first piece comes. Pieces may bring more pieces.
 * What is urgent is done before what is not, so that the queue stays short: files before the
 * directories that bring more of them.
 */
#ifndef FERRY_CLIENT_CREW_H
#define FERRY_CLIENT_CREW_H

#include "client/remote.h"

enum { CREW_HANDS_MAX = 64 };

struct crew;
struct crew_hand;

/* Embedded in what is to be done; freed by `run`, which is also called with `hand` NULL to be
 * freed undone, when the crew stops before its turn comes. */
struct crew_task {
    void (*run)(struct crew_task *task, struct crew_hand *hand);
    struct crew_task *next; /* borrowed: the queue's own link */
};

/* Threads are made when work comes. `settings` outlive the crew. NULL: no memory. */
struct crew *crew_new(const struct remote_settings *settings, unsigned hands);
/* A connection that is there for the first hand; owned by the crew from now on. Before any work. */
void crew_give(struct crew *crew, struct remote *remote);
/*
 * A connection of ours is there beside the crew's: a server that has no room for one more is not
 * waited for. When it lets nobody in, crew_wait gives FAULT_TOO_MANY. Before any work.
 */
void crew_accompany(struct crew *crew);
/* Waits for what goes on; what has not begun is freed undone. Accepts NULL. */
void crew_free(struct crew *crew);

/* Any thread, hands too. */
void crew_add(struct crew *crew, struct crew_task *task, bool is_urgent);
/*
 * Until everything is done, or the crew was stopped. Not by a hand. FAULT_NO_MEMORY: there was none
 * for a single thread, and nothing is done. FAULT_TOO_MANY: all hands have left, and not all is.
 * FAULT_CONNECTION_LOST: the last connection was given up, which stops the crew: what is left would
 * wait in vain, piece by piece, for a server that is gone.
 */
enum fault crew_wait(struct crew *crew);
/* What goes on is interrupted, what waits is not begun. Any thread. */
void crew_stop(struct crew *crew);
bool crew_is_stopped(struct crew *crew);

/*
 * The hand's connection, logged in; made now if it has none. After a fault
 * (remote_open's) why is in *ret_remote's reason. A failure to connect counts only when nobody
 * else is in or may yet be: a server may allow fewer connections than there are hands, which then
 * leave their pieces to the others (FAULT_TOO_MANY: put the task back with crew_leave).
 * FAULT_BUSY: it is full, and nobody of ours is in.
 */
enum fault crew_hand_remote(struct crew_hand *hand, struct remote **ret_remote);
/* The task is not done here: another hand has it, and this one goes. */
void crew_leave(struct crew_hand *hand, struct crew_task *task);
struct crew *crew_of(const struct crew_hand *hand);

#endif
