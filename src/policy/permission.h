/* SPDX-License-Identifier: Apache-2.0 */
/*
 * permission: what may be done with which paths: rules, names and read-only of
 * all sources as one list of clauses, the first that fits decides. Pure;
 * immutable once made.
 */
#ifndef FERRY_POLICY_PERMISSION_H
#define FERRY_POLICY_PERMISSION_H

#include "policy/policy.h"

struct permission_clause;

/* Zeroed: everything is allowed. */
struct permission {
    struct permission_clause *clauses; /* owned array */
    size_t count;
    bool depends_on_path;
    bool hides;
};

/* FAULT_ARGUMENT with a message, FAULT_NO_MEMORY. */
enum fault permission_make(const struct policy_source *sources, size_t count,
                           struct permission *ret_permission, char message[TERMS_MESSAGE_SIZE]);
void permission_done(struct permission *permission);

/* As policy_tells_names_apart, policy_rights, policy_decide and policy_explain. */
bool permission_tells_names_apart(const struct permission *permission, const char *directory);
unsigned permission_rights(const struct permission *permission, const char *path);
struct verdict permission_decide(const struct permission *permission, enum action action,
                                 const char *path);
size_t permission_explain(const struct permission *permission, enum action action, const char *path,
                          struct policy_step *steps, size_t size);

#endif
