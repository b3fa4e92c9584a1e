/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_agent_serve: the user's side of store_agent: serves a store to another
 * process, with a thread for each connection, so that nothing waits for a slow
 * directory but who asked for it.
 */
#ifndef FERRY_STORE_STORE_AGENT_SERVE_H
#define FERRY_STORE_STORE_AGENT_SERVE_H

#include "store/store.h"

/*
 * Each message that arrives on `socket` (borrowed) brings a connection, the door
 * of one store_agent_open. Returns when the socket is at its end and so is
 * every connection. `store` (borrowed) may be NULL: then all is answered with
 * `why_not`.
 */
void store_agent_serve(int socket, struct store *store, enum fault why_not);

#endif
