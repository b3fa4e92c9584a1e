/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: may they? One entry, pure: what it needs to know are its arguments,
 * and the answer names the rule that decided, for the audit and for people who
 * ask why.
 */
#ifndef FERRY_POLICY_POLICY_H
#define FERRY_POLICY_POLICY_H

#include <stdbool.h>

#include "base/action.h"

/* What one login may do; part of its immutable snapshot. */
struct policy {
    bool read_only;
    bool anonymous;
};

struct verdict {
    bool allowed;
    const char *rule; /* borrowed: static text */
};

struct verdict policy_decide(const struct policy *policy, enum action action);

#endif
