/* SPDX-License-Identifier: Apache-2.0 */
/*
 * system_users: the users of this machine, who log in with what it knows of
 * them, and whose files are opened as theirs. The gate asks by this interface;
 * who answers is wired by the server.
 */
#ifndef FERRY_GATE_SYSTEM_USERS_H
#define FERRY_GATE_SYSTEM_USERS_H

#include "account/account.h"
#include "base/endpoint.h"
#include "gate/tree.h"

struct system_users {
    void *context; /* borrowed: log_in's, alive as long as any login */
    /*
     * Worker thread. An account without password or root, the tree that is
     * theirs, and what ends with log_out. FAULT_LOGIN_REFUSED whatever the reason.
     */
    enum fault (*log_in)(void *context, struct text name, struct text password,
                         const union endpoint *peer, struct account **ret_account,
                         struct tree **ret_home, void **ret_session);
    /* After the last reference to the tree was given back. Any thread. Accepts NULL. */
    void (*log_out)(void *session);
};

#endif
