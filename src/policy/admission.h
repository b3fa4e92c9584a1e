/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admission: whether, from where and when somebody may be inside, as all sources
 * together say. Pure; immutable once made.
 */
#ifndef FERRY_POLICY_ADMISSION_H
#define FERRY_POLICY_ADMISSION_H

#include "policy/policy.h"

struct admission_clause;

/* Zeroed: everybody, always. */
struct admission {
    struct admission_clause *clauses; /* owned array */
    size_t count;
};

/* FAULT_ARGUMENT with a message, FAULT_NO_MEMORY. */
enum fault admission_make(const struct policy_source *sources, size_t count,
                          struct admission *ret_admission, char message[TERMS_MESSAGE_SIZE]);
void admission_done(struct admission *admission);

/* As policy_admit and policy_ends_at. */
struct verdict admission_decide(const struct admission *admission,
                                const struct policy_moment *moment);
int64_t admission_ends_at(const struct admission *admission, int64_t now);

#endif
