/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard: against guessing passwords. Each failure scores against the address
 * (an IPv6 one: its /64) and the user name, whether there is such a user or not;
 * the next reply to a failure comes later and later; who reaches the limit is
 * banned for a time, and the ban survives a restart. Networks that are safe are
 * delayed but never banned. The table of scores is bounded: the oldest go first.
 * Any thread; guard_is_banned and the scores never block, bans are kept by the
 * caller's thread (a worker's).
 */
#ifndef FERRY_GATE_GUARD_H
#define FERRY_GATE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/records.h"
#include "base/endpoint.h"
#include "base/fault.h"
#include "base/text.h"

struct guard;

/* Networks that may be called safe. */
enum { GUARD_SAFE_MAX = 64 };

struct guard_rules {
    uint64_t delay_ms; /* of the second failure in a row; doubled by each one more */
    uint64_t delay_max_ms;
    uint64_t ban_after;      /* failures of one address within the window; 0: no bans */
    uint64_t ban_user_after; /* likewise of one user name, from whatever address */
    uint64_t window_s;
    uint64_t ban_s;
    char **safe; /* borrowed: for the call; networks, as endpoint_parse_network reads them */
    size_t safe_count;
};

/* Reads the bans that were kept; `records` (borrowed) may be NULL: nothing survives. */
enum fault guard_new(struct records *records, struct guard **ret_guard);
/* Accepts NULL. */
void guard_free(struct guard *guard);
/* False when a safe network makes no sense, or is one too many: ret_wrong is its index. */
bool guard_set_rules(struct guard *guard, const struct guard_rules *rules, size_t *ret_wrong);

/* May not even connect? */
bool guard_is_banned(struct guard *guard, const union endpoint *peer);
bool guard_user_is_banned(struct guard *guard, struct text user, const union endpoint *peer);

/* A login failed: how long its reply is to wait, in ms. Logs a ban ("banned"). */
uint64_t guard_fail(struct guard *guard, const union endpoint *peer, struct text user);
/*
 * A login was right: what the address and the user had scored is forgotten. Not
 * for an anonymous one, which proves nothing.
 */
void guard_succeed(struct guard *guard, const union endpoint *peer, struct text user);

/* ---- For administration -------------------------------------------------------------- */

/* Calls with each that has not ended, with the guard's lock held: the callback does not use it. */
void guard_each_ban(struct guard *guard,
                    void (*on_ban)(void *context, const struct ban_record *ban), void *context);
/* An address, a network or "user NAME"; seconds, 0: for ever. FAULT_ARGUMENT. */
enum fault guard_ban(struct guard *guard, struct text subject, uint64_t seconds,
                     struct text reason);
/* FAULT_NOT_FOUND */
enum fault guard_unban(struct guard *guard, struct text subject);

#endif
