/* SPDX-License-Identifier: Apache-2.0 */
#include "confine/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"

/* ---- Capabilities ----------------------------------------------------------------- */

/* As the kernel takes and gives them: two words of 32 bits each. */
struct capability_sets {
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3];
};

static bool get_sets(struct capability_sets *sets)
{
    *sets = (struct capability_sets){.header = {_LINUX_CAPABILITY_VERSION_3, 0}};
    return syscall(SYS_capget, &sets->header, sets->words) == 0;
}

static uint64_t permitted(const struct capability_sets *sets)
{
    return sets->words[0].permitted | (uint64_t)sets->words[1].permitted << 32;
}

uint64_t privileges_left(void)
{
    struct capability_sets sets;
    return get_sets(&sets) ? permitted(&sets) : 0;
}

static bool set_only(uint64_t kept)
{
    struct capability_sets sets;
    if (!get_sets(&sets))
        return false;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        uint32_t word = (uint32_t)(kept >> 32 * i);
        sets.words[i] = (struct __user_cap_data_struct){.effective = word, .permitted = word};
    }
    return syscall(SYS_capset, &sets.header, sets.words) == 0;
}

/* Who may not cut its bounding set has nothing that the set could be for: no_new_privs. */
static bool cut_bounding_set(uint64_t kept)
{
    if (!(privileges_left() & PRIVILEGE(CAP_SETPCAP)))
        return true;
    int has;
    for (int capability = 0; (has = prctl(PR_CAPBSET_READ, capability, 0, 0, 0)) >= 0; capability++)
        if (has && !(kept & PRIVILEGE(capability)) && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
            return false;
    return true;
}

enum fault privileges_limit(uint64_t kept)
{
    kept &= privileges_left();
    bool done = cut_bounding_set(kept) && !prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return done && set_only(kept) && privileges_left() == kept ? FAULT_NONE : FAULT_DENIED;
}

/* ---- Users -------------------------------------------------------------------------- */

static enum fault take_account(const struct passwd *entry, struct privileges_user *ret_user)
{
    struct builder name = builder_on(ret_user->name, sizeof(ret_user->name));
    int count = PRIVILEGES_GROUPS_MAX;
    builder_put_string(&name, entry->pw_name);
    builder_end(&name);
    if (name.full)
        return FAULT_ARGUMENT;
    if (getgrouplist(entry->pw_name, entry->pw_gid, ret_user->groups, &count) < 0)
        return FAULT_TOO_MANY;
    ret_user->group_count = (size_t)count;
    ret_user->uid = entry->pw_uid;
    ret_user->gid = entry->pw_gid;
    return FAULT_NONE;
}

enum fault privileges_find(const char *name, struct privileges_user *ret_user)
{
    const struct passwd *entry = getpwnam(name);
    return entry ? take_account(entry, ret_user) : FAULT_NOT_FOUND;
}

enum fault privileges_find_number(uid_t uid, gid_t gid, struct privileges_user *ret_user)
{
    const struct passwd *entry = getpwuid(uid);
    if (entry)
        return take_account(entry, ret_user);
    struct builder name = builder_on(ret_user->name, sizeof(ret_user->name));
    builder_put_number(&name, uid);
    builder_end(&name);
    ret_user->uid = uid;
    ret_user->gid = gid;
    ret_user->group_count = 0;
    return FAULT_NONE;
}

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
    return !uid || (setuid(0) && seteuid(0) && (!gid || setegid(0)));
}

/* Who stays the user that they are keeps their groups, too, where they cannot be changed. */
static bool take_identity(uid_t uid, gid_t gid, const gid_t *groups, size_t group_count)
{
    if (setgroups(group_count, groups))
        return geteuid() == uid && errno == EPERM;
    return !setresgid(gid, gid, gid) && !setresuid(uid, uid, uid) &&
           getgroups(0, NULL) == (int)group_count;
}

static enum fault become(uid_t uid, gid_t gid, const gid_t *groups, size_t group_count,
                         uint64_t kept)
{
    /* The bounding set first: afterwards there is no right left to cut it. */
    bool done = cut_bounding_set(kept) && !prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) &&
                take_identity(uid, gid, groups, group_count) &&
                !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !privileges_limit(kept) &&
                !prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    return done && is_only(uid, getegid()) ? FAULT_NONE : FAULT_DENIED;
}

enum fault privileges_become(const struct privileges_user *user, uint64_t kept)
{
    return become(user->uid, user->gid, user->groups, user->group_count, kept);
}

enum fault privileges_give_up(uid_t uid, gid_t gid, const gid_t *groups, size_t group_count)
{
    return uid ? become(uid, gid, groups, group_count, 0) : FAULT_DENIED;
}
