/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account: who someone is: the record and the interface to where records are
 * kept. What the account may do is the policy's (policy/policy.h).
 * Worker threads: a lookup may block. A store may be used by many at once.
 */
#ifndef FERRY_ACCOUNT_ACCOUNT_H
#define FERRY_ACCOUNT_ACCOUNT_H

#include <stdbool.h>

#include "base/fault.h"
#include "base/text.h"

struct account {
    char *name;     /* owned */
    char *password; /* owned: as crypt(5) writes it */
    char *root;     /* owned: directory; NULL: the realm's */
    char *charge;   /* owned: what ACCT must say (RFC 959 4.1.1); NULL: nothing is asked */
    bool read_only;
};

struct account_store;

struct account_store_type {
    /* A copy of the record. FAULT_NOT_FOUND when there is none of that name. */
    enum fault (*find)(struct account_store *store, struct text name, struct account **ret_account);
    void (*free)(struct account_store *store);
};

struct account_store {
    const struct account_store_type *type; /* borrowed: static table */
};

/* A copy of everything, or NULL when out of memory. */
struct account *account_copy(const struct account *account);
/* Wipes the secrets. Accepts NULL. */
void account_free(struct account *account);

#endif
