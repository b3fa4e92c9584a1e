/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

static bool changes_something(enum action action)
{
    switch (action) {
    case ACTION_WRITE:
    case ACTION_OVERWRITE:
    case ACTION_APPEND:
    case ACTION_RENAME:
    case ACTION_DELETE:
    case ACTION_MAKE_DIRECTORY:
    case ACTION_REMOVE_DIRECTORY:
    case ACTION_ATTRIBUTES:
    case ACTION_LINK:
        return true;
    case ACTION_NONE:
    case ACTION_LOGIN:
    case ACTION_LIST:
    case ACTION_READ:
    case ACTION_HASH:
    case ACTION_SITE:
        return false;
    case ACTION_COUNT:
        break;
    }
    return true; /* what is not known here is not allowed to the restricted */
}

struct verdict policy_decide(const struct policy *policy, enum action action)
{
    if (!changes_something(action))
        return (struct verdict){true, "reading is open to every login"};
    if (policy->anonymous)
        return (struct verdict){false, "anonymous is read-only"};
    if (policy->read_only)
        return (struct verdict){false, "account is read-only"};
    return (struct verdict){true, "account may write"};
}
