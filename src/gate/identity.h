/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity: who somebody is, wherever that is kept: the configuration's accounts
 * come first, then the database's, then the users of the system. What they may
 * is not looked at here (standing.h). Worker threads; everything may block.
 */
#ifndef FERRY_GATE_IDENTITY_H
#define FERRY_GATE_IDENTITY_H

#include "gate/login.h"

/* What the system keeps open for one of its users while they are inside. Counted. */
struct system_session;

struct identity {
    struct account *account;           /* owned */
    const struct account_store *store; /* borrowed: the realm's, where it was found; NULL: none */
    struct tree *home;                 /* owned reference; NULL: the account says */
    struct system_session *session;    /* owned reference; NULL: no user of the system */
    uint64_t generation;               /* of the records, before this one was read */
    enum audit_proof proof;
    bool anonymous;
};

/* Anybody, by the names of RFC 1635. */
enum fault identity_anonymous(const struct realm *realm, struct identity *ret_identity);
/*
 * Who the password proves them to be. FAULT_LOGIN_REFUSED also for a user that
 * does not exist, in the time that a wrong password takes.
 */
enum fault identity_prove(const struct login_attempt *attempt, struct text password,
                          struct identity *ret_identity);
/* By name alone, of the configuration and the database. FAULT_NOT_FOUND. */
enum fault identity_find(const struct realm *realm, struct text name,
                         struct identity *ret_identity);
void identity_done(struct identity *identity);

struct system_session *system_session_ref(struct system_session *session);
/* After the trees that are theirs. Accepts NULL. */
void system_session_unref(struct system_session *session);

#endif
