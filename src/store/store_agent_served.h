/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_agent_served: one connection of store_agent_serve: what is behind it,
 * and how each request to that is answered. Internal to store_agent*.
 */
#ifndef FERRY_STORE_STORE_AGENT_SERVED_H
#define FERRY_STORE_STORE_AGENT_SERVED_H

#include <pthread.h>

#include "store/store_agent_form.h"

struct agent {
    struct store *store; /* borrowed: the caller's; NULL: there is none */
    enum fault why_not;
    pthread_mutex_t lock;
    pthread_cond_t gone; /* a connection ended */
    unsigned connections;
};

enum object_kind { OBJECT_DOOR, OBJECT_STORE, OBJECT_UPLOAD, OBJECT_DIRECTORY };

/* One end of a connection, and what is behind it. */
struct served {
    struct agent *agent; /* borrowed: waits for us */
    int socket;          /* owned */
    enum object_kind kind;
    struct store_upload *upload;       /* owned; of OBJECT_UPLOAD; NULL once it has ended */
    struct store_directory *directory; /* owned; of OBJECT_DIRECTORY */
    struct message *message;           /* owned: the request, then the answer */
};

/* Answers with a fault, or a success without results; returns it. */
enum fault agent_answer(struct served *served, enum fault f);
/* Does what the message asks for and writes the answer over it, but for a fault, which it returns.
 */
enum fault agent_handle(struct served *served);

/* Takes over the socket and what is in `object`, and serves them; ends both on a fault. */
enum fault agent_serve_on(struct agent *agent, int socket, const struct served *object);

#endif
