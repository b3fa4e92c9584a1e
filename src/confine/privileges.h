/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privileges: who a process is and what it may besides: from root to somebody
 * else, for good, and from many capabilities to few. There is no way back.
 * Before any thread.
 */
#ifndef FERRY_CONFINE_PRIVILEGES_H
#define FERRY_CONFINE_PRIVILEGES_H

#include <stdint.h>
#include <sys/types.h>

#include "base/fault.h"

enum {
    PRIVILEGES_GROUPS_MAX = 1024,
    PRIVILEGES_NAME_SIZE = 256, /* with its NUL */
};

/* Somebody to be: an account of the system, or a number that has none. */
struct privileges_user {
    uid_t uid;
    gid_t gid;
    gid_t groups[PRIVILEGES_GROUPS_MAX]; /* supplementary ones, as the system's database says */
    size_t group_count;
    char name[PRIVILEGES_NAME_SIZE]; /* the number where there is no account */
};

/* A capability (linux/capability.h) as a bit of a set. */
#define PRIVILEGE(capability) (UINT64_C(1) << (capability))

/* FAULT_NOT_FOUND: there is no such account. FAULT_TOO_MANY groups. */
enum fault privileges_find(const char *name, struct privileges_user *ret_user);
/* Of a number; without an account it has this group and no others. */
enum fault privileges_find_number(uid_t uid, gid_t gid, struct privileges_user *ret_user);

/*
 * Becomes that user with these groups, and keeps of the capabilities it had only
 * those of the set `kept`; no program it starts gets any more, and others cannot
 * look into its memory. Looked at afterwards. Who is that user already stays it.
 * FAULT_DENIED; then end the process.
 */
enum fault privileges_become(const struct privileges_user *user, uint64_t kept);

/* Likewise, somebody who is not root, and keeps none. */
enum fault privileges_give_up(uid_t uid, gid_t gid, const gid_t *groups, size_t group_count);

/*
 * Keeps of the capabilities only those of the set, also in what is started from
 * here. FAULT_DENIED.
 */
enum fault privileges_limit(uint64_t kept);

/* The capabilities that this process could use now. */
uint64_t privileges_left(void);

#endif
