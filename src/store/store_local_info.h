/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_info: what the file system knows about a file, and what this
 * process may do with it. Internal to store_local*.
 */
#ifndef FERRY_STORE_STORE_LOCAL_INFO_H
#define FERRY_STORE_STORE_LOCAL_INFO_H

#include <stdbool.h>
#include <sys/stat.h>

#include "store/store.h"

/* Linux keeps no creation time that a program may set; MFCT's lives beside the file. */
#define LOCAL_CREATED_ATTRIBUTE "user.ferry.created"

enum { LOCAL_GROUPS_MAX = 1024 };

/* Who this process is to the file system; read once, it does not change while serving. */
struct local_identity {
    uid_t user;
    gid_t group;
    gid_t groups[LOCAL_GROUPS_MAX];
    int group_count;
};

/* What a directory lets this process do with its names. */
struct local_parent {
    bool may_change; /* make, remove and rename them */
    bool is_sticky;  /* only those of its own files */
};

void local_identify(struct local_identity *ret_identity);

/*
 * About a name in a directory, not following a link; "" is what the descriptor stands for.
 * When it was made only if `created`.
 */
enum fault local_info(const struct local_identity *identity, int directory, const char *name,
                      bool created, struct store_info *ret_info);
/* What MFCT said, if it said anything. Links have no such attribute and are not asked. */
void local_fill_created(const char *path, struct store_info *info);

struct local_parent local_look_at_parent(const struct local_identity *identity, int directory);
/* STORE_MAY_ADD and STORE_MAY_REMOVE for a name in it of a file with this owner. */
unsigned local_parent_access(const struct local_identity *identity,
                             const struct local_parent *parent, unsigned owner);

#endif
