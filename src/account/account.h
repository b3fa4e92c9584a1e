/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account: who someone is: the records and the interface to where they are
 * kept. What is laid down about them is carried along (base/terms.h); what it
 * means is the policy's.
 * Worker threads: a lookup may block. A store may be used by many at once.
 */
#ifndef FERRY_ACCOUNT_ACCOUNT_H
#define FERRY_ACCOUNT_ACCOUNT_H

#include <stdbool.h>

#include "base/fault.h"
#include "base/terms.h"
#include "base/text.h"

enum {
    ACCOUNT_NAME_MAX = 128, /* bytes of a user's, group's or folder's name */
    ACCOUNT_GROUPS_MAX = 64,
    ACCOUNT_MOUNTS_MAX = 64,
};

/* A virtual folder in the tree of a user, or of all members of a group. */
struct account_mount {
    char *folder; /* owned: its name */
    char *at;     /* owned: path in the user's tree, "/pub" */
};

struct account {
    char *name;     /* owned */
    char *password; /* owned: as password.h reads it; NULL: cannot log in with one */
    char *root;     /* owned: directory; NULL: the realm's */
    char *charge;   /* owned: what ACCT must say (RFC 959 4.1.1); NULL: nothing is asked */
    struct terms terms;
    char **groups; /* owned array of owned names, in the order of membership */
    size_t group_count;
    struct account_mount *mounts; /* owned array */
    size_t mount_count;
};

struct account_group {
    char *name; /* owned */
    struct terms terms;
    struct account_mount *mounts; /* owned array */
    size_t mount_count;
};

struct account_folder {
    char *name; /* owned */
    char *path; /* owned: the directory */
    struct terms terms;
};

struct account_store;

/* Where a method is NULL, there is nothing of the kind. */
struct account_store_type {
    /*
     * A copy of the record. FAULT_NOT_FOUND when there is none of that name;
     * FAULT_ARGUMENT when what is kept makes no sense: it is logged with the
     * field's name, and nobody gets in by it.
     */
    enum fault (*find)(struct account_store *store, struct text name, struct account **ret_account);
    /*
     * The record itself, where nothing changes and nothing has to be waited for: borrowed as
     * long as the store. NULL: there is none of that name. Any thread, a loop's too.
     */
    const struct account *(*look)(const struct account_store *store, struct text name);
    enum fault (*find_group)(struct account_store *store, struct text name,
                             struct account_group **ret_group);
    enum fault (*find_folder)(struct account_store *store, struct text name,
                              struct account_folder **ret_folder);
    /* Calls with the root of each member of a group (NULL: they have none of their own), until it
     * returns false. */
    enum fault (*each_member)(struct account_store *store, struct text group,
                              bool (*on_member)(void *context, const char *root), void *context);
    /* The user's new password, hashed; and the term must-change-password says nothing any more. */
    enum fault (*set_password)(struct account_store *store, struct text name, const char *hash);
    /*
     * A number that is another one whenever any record may have changed since.
     * Never blocks: a loop asks before each command.
     */
    uint64_t (*generation)(const struct account_store *store);
    void (*free)(struct account_store *store);
};

struct account_store {
    const struct account_store_type *type; /* borrowed: static table */
};

/* A name that may be given to a user, group or folder: UTF-8 without control characters,
 * slashes, or spaces at either end, 1 to ACCOUNT_NAME_MAX bytes. */
bool account_name_is_valid(struct text name);

/* A copy of everything, or NULL when out of memory. */
struct account *account_copy(const struct account *account);
/* Wipes the secrets. Accepts NULL, as do all. */
void account_free(struct account *account);
void account_group_free(struct account_group *group);
void account_folder_free(struct account_folder *folder);

#endif
