/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desk: where people come in: what is kept there for the whole server, whichever
 * realm and front somebody comes by. Made once, outlives every login.
 */
#ifndef FERRY_GATE_DESK_H
#define FERRY_GATE_DESK_H

#include "account/records.h"
#include "account/verified.h"
#include "gate/budget.h"
#include "gate/guard.h"
#include "gate/ledger.h"
#include "gate/tree.h"

struct standings;

struct desk {
    struct trees *trees; /* owned, as all below */
    struct budgets *budgets;
    struct guard *guard;
    struct verified *verified;
    struct ledger *ledger;
    struct standings *standings;
};

/*
 * `records` (borrowed: outlives the desk) may be NULL: then neither usage nor
 * bans survive.
 */
enum fault desk_new(struct records *records, const struct tree_opener *opener,
                    struct desk **ret_desk);
/* When the last login has gone. Accepts NULL. */
void desk_free(struct desk *desk);

#endif
