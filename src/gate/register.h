/* SPDX-License-Identifier: Apache-2.0 */
/*
 * register: who is connected: counts by which limits are exact whatever loop
 * accepts the connection. Connections that are not logged in and sessions that
 * are have budgets of their own, so that neither can exhaust the other's.
 * Any thread; never blocks for long.
 */
#ifndef FERRY_GATE_REGISTER_H
#define FERRY_GATE_REGISTER_H

#include <stdbool.h>

#include "base/endpoint.h"
#include "base/fault.h"

struct session_register;

/* 0 means no limit. A host is an IPv4 address or an IPv6 network (/64). */
struct register_limits {
    unsigned sessions;        /* that are logged in */
    unsigned unauthenticated; /* connections that are not; one host gets half of them at most */
    unsigned unauthenticated_per_host;
    unsigned per_host; /* of either kind */
};

struct session_register *register_new(void);
void register_free(struct session_register *reg);

/*
 * Counts a connection from `peer` in as one that is not logged in, or
 * FAULT_TOO_MANY (or FAULT_NO_MEMORY) and it is not counted. What was counted in
 * must leave once.
 */
enum fault register_enter(struct session_register *reg, const union endpoint *peer,
                          const struct register_limits *limits);
/* It logged in. FAULT_TOO_MANY: it still counts as one that is not. */
enum fault register_log_in(struct session_register *reg, const union endpoint *peer,
                           const struct register_limits *limits);
/*
 * It is not logged in any more, and counts as before it was, over the limits if
 * need be: to refuse what frees a session would keep the place it frees, and its
 * client could come again as anybody can.
 */
void register_log_out(struct session_register *reg, const union endpoint *peer);
void register_leave(struct session_register *reg, const union endpoint *peer, bool is_logged_in);

/* How many there are, logged in or not. */
unsigned register_count(struct session_register *reg);
/* How many are logged in. */
unsigned register_count_sessions(struct session_register *reg);

#endif
