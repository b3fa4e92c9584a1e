/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { GROUPS_MAX = 1024 };

/* All three of each, and no way back. */
static bool is_only(uid_t uid, gid_t gid)
{
    uid_t uids[3];
    gid_t gids[3];
    if (getresuid(&uids[0], &uids[1], &uids[2]) || getresgid(&gids[0], &gids[1], &gids[2]))
        return false;
    for (int i = 0; i < 3; i++)
        if (uids[i] != uid || gids[i] != gid)
            return false;
    return setuid(0) != 0 && seteuid(0) != 0 && (gid == 0 || setegid(0) != 0);
}

enum fault privileges_give_up(uid_t uid, gid_t gid, const gid_t *groups, size_t group_count)
{
    if (!uid || setgroups(group_count, groups) || setresgid(gid, gid, gid) ||
        setresuid(uid, uid, uid) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return FAULT_DENIED;
    return is_only(uid, gid) && getgroups(0, NULL) == (int)group_count ? FAULT_NONE : FAULT_DENIED;
}

enum fault privileges_become(const char *name)
{
    gid_t groups[GROUPS_MAX];
    int count = GROUPS_MAX;
    const struct passwd *entry = getpwnam(name);
    if (!entry)
        return FAULT_NOT_FOUND;
    if (!entry->pw_uid)
        return FAULT_ARGUMENT;
    if (getgrouplist(name, entry->pw_gid, groups, &count) < 0)
        return FAULT_TOO_MANY;
    return privileges_give_up(entry->pw_uid, entry->pw_gid, groups, (size_t)count);
}
