/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources: a user and their groups as the policy takes them, and what comes out:
 * which terms are in force and who says so.
 */
#ifndef FERRY_ADMIN_SOURCES_H
#define FERRY_ADMIN_SOURCES_H

#include "account/account.h"
#include "admin/answer.h"
#include "policy/policy.h"

struct sources {
    struct account_group *groups[ACCOUNT_GROUPS_MAX]; /* owned */
    size_t group_count;
    struct policy_source sources[ACCOUNT_GROUPS_MAX + 1];
    size_t count;
    struct policy *policy; /* owned */
};

/* The user (borrowed: as long as the sources) with the groups as they are kept now. */
bool sources_load(struct account_store *store, const struct account *user,
                  struct sources **ret_sources, struct refusal *refusal);
/* Accepts NULL. */
void sources_free(struct sources *sources);

/* Array of {"term", "value", "from"}. */
json_t *sources_in_force(const struct sources *sources);

#endif
