/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standing: what holds for everybody who is inside by one account: the policy
 * made of the user's terms and the groups', the root and the virtual folders,
 * the budgets and quotas they share. Immutable, counted, and shared by all
 * sessions of the account as long as no record changes; made anew when one has.
 */
#ifndef FERRY_GATE_STANDING_H
#define FERRY_GATE_STANDING_H

#include <stdatomic.h>
#include <stddef.h>

#include "account/account.h"
#include "base/fault.h"
#include "gate/budget.h"
#include "gate/ledger.h"
#include "gate/tree.h"
#include "policy/policy.h"

struct identity;
struct realm;

/* A virtual folder in a user's tree. */
struct login_mount {
    char *at;          /* owned: where the user sees it: "/pub" */
    char *name;        /* owned: the folder's */
    struct tree *tree; /* owned reference */
    bool read_only;
};

/* What uploads into one tree are held to. */
struct standing_quota {
    struct tree *tree;              /* borrowed: the standing's home or a mount's */
    struct ledger_account *account; /* owned: of that tree */
    struct ledger_limit *limits;    /* owned array */
    size_t limit_count;
};

/* So long it is believed that a root is in its place, where no worker is to look. */
enum { STANDING_SEEN_MS = 1000 };

struct standing {
    atomic_uint references;
    const struct account_store *store; /* borrowed: outlives all logins; NULL: it never changes */
    struct standings *standings;       /* borrowed: outlives it */
    struct standing *next_kept;        /* owned by the table, which keeps them; under its lock */
    bool is_kept;                      /* likewise */
    atomic_int_fast64_t seen_ms;       /* when its root was last seen in its place */
    uint64_t realm;                    /* realm.serial; with name and anonymous its key there */
    char *name;                        /* owned: what they are called inside */
    char *charge;                      /* owned; NULL: ACCT is not asked */
    bool anonymous;
    uint64_t generation;        /* of the records it was made of */
    struct policy *policy;      /* owned */
    struct tree *home;          /* owned reference */
    struct login_mount *mounts; /* owned array */
    size_t mount_count;
    uint64_t version;        /* of the user's limits, for the budgets */
    struct budget **budgets; /* owned array of owned references, as policy_budget counts them */
    size_t budget_count;
    struct standing_quota *quotas; /* owned array: the trees that are counted */
    size_t quota_count;
    struct ledger_account **groups; /* owned array: the groups' that the quotas speak of */
    size_t group_count;
    struct ledger_account *ratio; /* owned; NULL: there is none */
};

/*
 * Of who somebody is in that realm. Worker thread: opens trees,
 * may count them. FAULT_ARGUMENT when what is laid down makes no sense, FAULT_NOT_FOUND when a
 * group, folder or root is missing: both are logged, and nobody gets in by it.
 */
enum fault standing_take(const struct realm *realm, const struct identity *identity,
                         struct standing **ret_standing);
/*
 * The one that there is, of an account of the settings where there is no database, if its
 * root was in its place a moment ago; else NULL, and a worker has to take it. Any thread,
 * never blocks.
 */
struct standing *standing_recall(const struct realm *realm, const struct account *account,
                                 bool anonymous);
/*
 * Was it made of records that have changed since? Never blocks: a loop asks
 * before each command.
 */
bool standing_is_stale(const struct standing *standing);
struct standing *standing_ref(struct standing *standing);
/* Accepts NULL. May block. */
void standing_unref(struct standing *standing);
/* Likewise, but never blocks: false when it was the last reference, which is still the caller's. */
bool standing_let_go(struct standing *standing);

/*
 * ---- Those that somebody has, so that sessions of one account share one ----------------
 *
 * Those of accounts of the settings, where there is no database, are kept as long as the
 * realm: nothing but their root can change, and the settings keep that open anyway.
 */

struct standings;

struct standings *standings_new(void);
/* The realm (NULL: each) is no more. May block. */
void standings_forget(struct standings *standings, const struct realm *realm);
/* When nobody has any. Accepts NULL. */
void standings_free(struct standings *standings);

#endif
