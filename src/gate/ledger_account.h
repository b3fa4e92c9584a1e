/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger_account: what is in a ledger; between the files of the ledger.
 *
 * Two locks. `lock` is held for some arithmetic and guards all of it. `saving` is
 * held while a record is read or written, so that what memory and the records say
 * of each other is true; it is taken before `lock`, and neither before the turn of
 * a directory (store.h).
 */
#ifndef FERRY_GATE_LEDGER_ACCOUNT_H
#define FERRY_GATE_LEDGER_ACCOUNT_H

#include <pthread.h>
#include <stdbool.h>

#include "base/text.h"
#include "gate/ledger.h"

enum {
    /* Of one kind; those that nobody has go first when there are more. */
    LEDGER_ACCOUNTS_MAX = 1 << 17,
    LEDGER_KEY_SIZE = 4096 + 8,
};

enum ledger_kind { LEDGER_TREE, LEDGER_GROUP, LEDGER_USER, LEDGER_KINDS };

struct recount;

struct ledger_account {
    struct ledger *ledger; /* borrowed: outlives it */
    enum ledger_kind kind;
    char *name;          /* owned: of a tree the real path of its root */
    unsigned references; /* 0: idle, but its numbers go on */
    unsigned pins;       /* it is in use for a moment, whoever has it */
    bool is_busy;        /* somebody reads its record or counts it */
    bool is_loaded;
    bool is_dirty; /* the record says that it is to be counted anew */

    /* of a tree */
    struct tree *tree;            /* owned reference; NULL while idle */
    struct ledger_account *outer; /* borrowed: the next tree that has this one in it, or NULL */
    struct ledger_amount used;
    struct ledger_amount reserved; /* also by those inside */
    struct recount *recount;       /* borrowed: while one is running */
    bool needs_count;

    /* of a group: those that are in no other one */
    struct ledger_account **members; /* owned array of references */
    size_t member_count;

    /* of a user */
    uint64_t uploaded_bytes;
    uint64_t downloaded_bytes;
};

/* Sorted by name. */
struct ledger_table {
    struct ledger_account **accounts; /* owned array of owned */
    size_t count;
    size_t room;
};

struct ledger {
    struct store_watch watch;
    struct records *records; /* borrowed: outlives it; or NULL */
    pthread_mutex_t lock;
    pthread_mutex_t saving;
    pthread_cond_t is_done; /* some account is not busy any more */
    struct ledger_table tables[LEDGER_KINDS];
};

/* ---- With `lock` held ---------------------------------------------------------- */

struct ledger_account *ledger_find(struct ledger *ledger, enum ledger_kind kind, struct text name);
/* The innermost tree that has the directory; the others are its outer ones. */
struct ledger_account *ledger_innermost(struct ledger *ledger, struct text directory);
/* Makes one, which nobody has yet; NULL when out of memory. */
struct ledger_account *ledger_add_account(struct ledger *ledger, enum ledger_kind kind,
                                          struct text name);

/* ---- Without ---------------------------------------------------------------------- */

/* The records are to say that the trees with the directory are to be counted anew. */
void ledger_mark_trees(struct ledger *ledger, struct text directory);

/* ---- Counting ------------------------------------------------------------------- */

/* With `lock` held, in the directory's turn: it has changed so while somebody counts. */
void recount_note(struct recount *recount, struct text directory, struct ledger_amount amount);
/* With `lock` held: directories changed their places. */
void recount_spoil(struct recount *recount);
/* Of a tree that is busy for this; sets what it uses. */
enum fault recount_run(struct ledger_account *tree);

#endif
