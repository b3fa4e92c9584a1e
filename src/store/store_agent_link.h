/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_agent_link: the server's end of a connection with the user's process:
 * one question, one answer. Internal to store_agent*.
 */
#ifndef FERRY_STORE_STORE_AGENT_LINK_H
#define FERRY_STORE_STORE_AGENT_LINK_H

#include "store/store_agent_form.h"

/* How long an answer may take. */
enum agent_wait {
    /* What is done in an instant, unless the file system hangs. */
    AGENT_WAIT_MS = 30 * 1000,
    /* What copies a file or awaits a disk. */
    AGENT_WAIT_FOREVER = MESSAGE_WAIT_FOREVER,
};

struct agent_link {
    int socket;              /* owned */
    struct message *message; /* owned: the question, then the answer */
    bool is_broken; /* no more questions: what comes next may be the answer to an old one */
};

/* Takes over the socket, also on a fault. */
enum fault agent_link_new(int socket, struct agent_link **ret_link);
/* Accepts NULL. */
void agent_link_free(struct agent_link *link);

/* The question, for its arguments to be put behind. */
struct message *agent_link_begin(struct agent_link *link, enum agent_request request);
/* Asks, and takes the fault out of the answer; the results come next. */
enum fault agent_link_ask(struct agent_link *link, enum agent_wait wait);
/* `f`, or FAULT_IO when the answer was not understood to its end. */
enum fault agent_link_end(struct agent_link *link, enum fault f);
/* Both of a question without results. */
enum fault agent_link_tell(struct agent_link *link, enum agent_wait wait);

/* A connection for what the question is to make: its other end goes along. */
enum fault agent_link_attach(struct agent_link *link, int *ret_socket);

#endif
