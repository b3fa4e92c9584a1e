/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server: what all loops share: the current configuration, the worker pools,
 * the register of sessions, the audit. Made and freed by main.c; any thread
 * may call what is here.
 */
#ifndef FERRY_SERVER_SERVER_H
#define FERRY_SERVER_SERVER_H

#include <stdint.h>

#include "audit/audit.h"
#include "base/workers.h"
#include "gate/register.h"
#include "server/config.h"

struct server;

/* A reference to the configuration that new sessions get. */
struct config *server_config_ref(struct server *server);

struct session_register *server_register(struct server *server);
struct audit *server_audit(struct server *server);
uint64_t server_next_session(struct server *server);

enum pool {
    POOL_QUICK,    /* short file operations */
    POOL_LOGIN,    /* password hashes */
    POOL_TRANSFER, /* from start to end of a transfer */
    POOL_COUNT
};

/* False when no worker is free and no more may wait. */
bool server_submit(struct server *server, enum pool pool, struct work *work);

#endif
