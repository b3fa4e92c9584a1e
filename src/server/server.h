/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server: what all loops share: the current configuration, the worker pools,
 * the register of sessions, budgets, the guard, the audit; and its life, which main.c leads.
 */
#ifndef FERRY_SERVER_SERVER_H
#define FERRY_SERVER_SERVER_H

#include <stdint.h>

#include "base/workers.h"
#include "gate/budget.h"
#include "gate/guard.h"
#include "gate/register.h"
#include "server/config.h"

struct audit;
struct desk;
struct listener_set;
struct login;
struct loop;
struct server;

/* ---- For the loops: any thread --------------------------------------------- */

/* A reference to the configuration that new sessions get. */
struct config *server_config_ref(struct server *server);

struct session_register *server_register(struct server *server);
struct guard *server_guard(struct server *server);
struct audit *server_audit(struct server *server);
uint64_t server_next_session(struct server *server);
/* The loop that is to serve the client that `here` has let in: another where it has fewer. */
struct loop *server_loop_for_next(struct server *server, struct loop *here);

struct session;

/*
 * Calls for each session, on its loop's thread, and returns when that is done.
 * Not from a loop's thread.
 */
void server_visit(struct server *server, void (*on_session)(void *context, struct session *session),
                  void *context);
uint64_t server_uptime_s(const struct server *server);

enum pool {
    POOL_QUICK,    /* short file operations */
    POOL_LOGIN,    /* password hashes */
    POOL_LONG,     /* what reads whole files or trees but is no transfer */
    POOL_TRANSFER, /* from start to end of a transfer */
    POOL_COUNT
};

/* False when no worker is free and no more may wait. */
bool server_submit(struct server *server, enum pool pool, struct work *work);
/* workers_keep_place and its kin, for a transfer that has begun without a thread. */
bool server_keep_place(struct server *server);
void server_give_up_place(struct server *server);
bool server_submit_kept(struct server *server, struct work *work);

/* login_unref for a loop's thread: what may block of it goes to a worker. Accepts NULL. */
void server_let_go(struct server *server, struct login *login);

/* ---- For main.c: its thread --------------------------------------------------- */

/* NULL when out of memory. Takes a reference to the configuration; `desk` (borrowed) outlives it.
 */
struct server *server_new(struct config *config, struct desk *desk);
/* Audit and xferlog, before it is started; false with a message. */
bool server_open_logs(struct server *server, char message[CONFIG_MESSAGE_SIZE]);
/* Takes over the sockets where it listens. Before it is started. */
void server_take_sockets(struct server *server, struct listener_set *sockets);
/* Starts the loops and pools; false with a message. */
bool server_start(struct server *server, char message[CONFIG_MESSAGE_SIZE]);
/* Where it listens: "127.0.0.1:2121 [::1]:2121". */
void server_put_addresses(const struct server *server, struct builder *b);
/* New sessions get these settings; those that run keep theirs. */
void server_reconfigure(struct server *server, struct config *config);
/* After rotation. */
void server_reopen_logs(struct server *server);
/* No new logins; the loops end when the last transfer has. */
void server_drain(struct server *server);
/* Ends the transfers too, as broken ones. */
void server_stop(struct server *server);
/* One of them was asked for. Any thread, from then on: before the loops hear of it. */
bool server_is_draining(const struct server *server);
bool server_is_running(struct server *server);
/* Stops it first. Accepts NULL. */
void server_free(struct server *server);

#endif
