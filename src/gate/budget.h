/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget: what all sessions of one user, group, the anonymous class or one
 * address use together: sessions, transfers, bytes in a second. Counted by one
 * table under one lock, so that limits are exact whoever asks when.
 * Any thread; never blocks for long. Waiting for bytes is base/throttle's.
 */
#ifndef FERRY_GATE_BUDGET_H
#define FERRY_GATE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/throttle.h"

#define BUDGET_NO_LIMIT UINT64_MAX

struct budget_limits {
    uint64_t sessions;
    uint64_t transfers;
    uint64_t download_rate; /* bytes in a second; not 0, as upload_rate */
    uint64_t upload_rate;
    uint64_t version; /* of what says so: what is older changes nothing any more */
};

struct budgets;
struct budget;

struct budgets *budgets_new(void);
/* When no budget of it is held any more. Accepts NULL. */
void budgets_free(struct budgets *budgets);

/*
 * The budget of that key ("user alice", "group staff", "address 192.0.2.1"), made when
 * nobody has it; its limits from now on, for all who have it, unless they had
 * newer ones. NULL when out of memory. Each is given back with budget_release (accepts NULL).
 */
struct budget *budgets_take(struct budgets *budgets, const char *key,
                            const struct budget_limits *limits);
void budget_release(struct budget *budget);

const char *budget_key(const struct budget *budget);
/* Never NULL; as long as the budget is held. */
struct throttle *budget_downloads(struct budget *budget);
struct throttle *budget_uploads(struct budget *budget);

/* What is counted. */
enum budget_use { BUDGET_SESSION, BUDGET_TRANSFER, BUDGET_USES };

/*
 * Counts one more in each of them, or in none: FAULT_TOO_MANY, and *ret_full is
 * the index of the first that is full. `over`: whether there is room or not.
 */
enum fault budgets_enter(struct budget *const *set, size_t count, enum budget_use use, bool over,
                         size_t *ret_full);
void budgets_leave(struct budget *const *set, size_t count, enum budget_use use);

/* How many there are now. */
uint64_t budget_count(const struct budget *budget, enum budget_use use);

#endif
