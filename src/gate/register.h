/* SPDX-License-Identifier: Apache-2.0 */
/*
 * register: who is connected: counts by which limits are exact whatever loop
 * accepts the connection. Any thread; never blocks for long.
 */
#ifndef FERRY_GATE_REGISTER_H
#define FERRY_GATE_REGISTER_H

#include "base/endpoint.h"
#include "base/fault.h"

struct session_register;

/* 0 means no limit. A host is an IPv4 address or an IPv6 network (/64). */
struct register_limits {
    unsigned sessions;
    unsigned sessions_per_host;
};

struct session_register *register_new(void);
void register_free(struct session_register *reg);

/*
 * Counts a connection from `peer` in, or FAULT_TOO_MANY (or FAULT_NO_MEMORY)
 * and it is not counted. What was counted in must leave once.
 */
enum fault register_enter(struct session_register *reg, const union endpoint *peer,
                          const struct register_limits *limits);
void register_leave(struct session_register *reg, const union endpoint *peer);

unsigned register_count(struct session_register *reg);

#endif
