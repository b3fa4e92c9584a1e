/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: how much is in each tree, exactly, while many change it at once; and
 * what may still be added. The usage of a tree is the length of all its plain
 * files and how many there are, whoever put them there; a user's quota limits
 * their root's tree, a group's the trees of all its members together, a folder's
 * its own. An upload reserves before each write what it adds beyond what it will
 * replace; what really changed is what the store says, in the directory's turn.
 *
 * A tree is where it is on the machine: what changes in a directory counts in
 * every tree that has the directory, so trees inside each other are both right.
 *
 * Memory is the truth while the server runs. The records have it when the last one
 * has left, and say so from the first change on that they do not; a crash in
 * between has the tree counted anew when it is opened. Any thread; opening and
 * counting block, reserving does not.
 */
#ifndef FERRY_GATE_LEDGER_H
#define FERRY_GATE_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "account/records.h"
#include "base/fault.h"
#include "gate/tree.h"

#define LEDGER_NO_LIMIT UINT64_MAX

struct ledger;
struct ledger_account; /* counted: of a tree, of a group, or a user's ratio */

struct ledger_amount {
    int64_t bytes;
    int64_t files;
};

static inline void ledger_add(struct ledger_amount *to, struct ledger_amount amount)
{
    to->bytes += amount.bytes;
    to->files += amount.files;
}

static inline void ledger_subtract(struct ledger_amount *from, struct ledger_amount amount)
{
    from->bytes -= amount.bytes;
    from->files -= amount.files;
}

/* `records` (borrowed) may be NULL: nothing survives, each tree is counted when it is opened. */
struct ledger *ledger_new(struct records *records);
/* Every account was closed by now, and no store is in use. Accepts NULL. */
void ledger_free(struct ledger *ledger);

/* What each store has to tell (store.h), also one that nobody limits: others may be in it. */
struct store_watch *ledger_watch(struct ledger *ledger);

/*
 * The account of a tree, counted now if nobody has it and the records do not
 * know. FAULT_NO_MEMORY or what the store says; FAULT_UNSUPPORTED of one that
 * cannot be counted.
 */
enum fault ledger_open_tree(struct ledger *ledger, struct tree *tree,
                            struct ledger_account **ret_account);
/*
 * The account of a group: the sum of its members' trees (references are taken), of
 * those inside each other only the outer one. Who has it already goes by the
 * members given last.
 */
enum fault ledger_open_group(struct ledger *ledger, const char *name,
                             struct ledger_account *const *trees, size_t count,
                             struct ledger_account **ret_account);
/* What a user has up- and downloaded, for the ratio. */
enum fault ledger_open_user(struct ledger *ledger, const char *key,
                            struct ledger_account **ret_account);
/* Accepts NULL. */
void ledger_close(struct ledger_account *account);

/* One limit that holds: the account's usage may not go over it. */
struct ledger_limit {
    struct ledger_account *account; /* borrowed: the login's */
    uint64_t bytes;
    uint64_t files;
    const char *rule; /* borrowed: the login's: "user alice: quota" */
};

/* ---- Uploads ---------------------------------------------------------------- */

/* One upload's: what it may add, and what it has reserved of that. Of one thread. */
struct store_claim {
    struct ledger_account *tree;       /* borrowed: the login's; NULL: nobody counts the tree */
    const struct ledger_limit *limits; /* borrowed: the login's */
    size_t limit_count;
    uint64_t file_bytes;           /* so long may the file be, or LEDGER_NO_LIMIT */
    const char *file_rule;         /* borrowed: static text, for when it is not */
    struct ledger_amount reserved; /* and not yet in the tree */
    struct ledger_amount settled;  /* in the tree by now */
    const char *rule;              /* borrowed: of the limit that refused last, or NULL */
};

/*
 * All in all the upload adds so much, and the file is `size` long then: reserves
 * what is missing, in all trees that have this one. FAULT_TOO_LARGE, with the
 * rule, and nothing changed, when a limit does not allow it; what adds nothing
 * always goes.
 */
enum fault ledger_extend(struct store_claim *claim, struct ledger_amount amount, uint64_t size);
/* What is still reserved is given back. */
void ledger_release(struct store_claim *claim);

/* What is used, without what is reserved; and with it. Of a tree or a group. */
struct ledger_amount ledger_used(const struct ledger_account *account);
struct ledger_amount ledger_taken(const struct ledger_account *account);

/*
 * Counts the tree anew while it may be changing. One directory after the other is
 * counted in its turn; what changes meanwhile counts where that was already, and
 * is seen later where not. So it is exact, unless directories keep changing their
 * places all the time.
 */
enum fault ledger_recount(struct ledger_account *tree);

/* ---- Ratios -------------------------------------------------------------------- */

/* FAULT_DENIED when that is more than `down` for each `up` that they have uploaded. */
enum fault ledger_take_download(struct ledger_account *user, uint64_t up, uint64_t down,
                                uint64_t bytes);
/* So much of it was not sent. */
void ledger_return_download(struct ledger_account *user, uint64_t bytes);
void ledger_add_upload(struct ledger_account *user, uint64_t bytes);

#endif
