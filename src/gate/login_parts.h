/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login_parts: what a login is made of, for login.c, which makes it, and login_inside.c,
 * by which others have it.
 */
#ifndef FERRY_GATE_LOGIN_PARTS_H
#define FERRY_GATE_LOGIN_PARTS_H

#include <assert.h>
#include <stdatomic.h>

#include "gate/login.h"

enum {
    /* Of its own a login has the budgets of its address, of the user there, and of the server. */
    OWN_BUDGETS_MAX = 3,
    BUDGETS_MAX = POLICY_SOURCES_MAX + OWN_BUDGETS_MAX,
};

/* A rate that found no place would be no rate. */
static_assert((int)BUDGETS_MAX <= (int)THROTTLES_MAX, "each budget has its throttles");

struct login {
    atomic_uint references;
    struct standing *standing; /* owned reference */
    char *host;                /* owned; NULL: the default one */
    char *detail;              /* owned; NULL unless anonymous */
    struct tree **folders;     /* owned array of owned references: the realm's, for SMNT */
    size_t folder_count;
    struct upload_manner upload;
    struct budget *own[OWN_BUDGETS_MAX]; /* owned references */
    size_t own_count;
    struct system_session *session; /* owned reference; NULL: no user of the system */
    bool is_inside;                 /* counted as a session in all its budgets */
    enum audit_proof proof;         /* how they proved who they are */
    int64_t ends_at;
};

/* All that it is counted in; their count. */
size_t login_budgets(const struct login *login, struct budget *set[BUDGETS_MAX]);

#endif
