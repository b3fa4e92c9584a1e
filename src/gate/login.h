/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login: from a name and a password to an immutable snapshot of who is inside
 * and what is theirs. Counted: the session and its job hold it. What changes
 * (directory, parameters) is the session's, not here.
 */
#ifndef FERRY_GATE_LOGIN_H
#define FERRY_GATE_LOGIN_H

#include <stddef.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/endpoint.h"
#include "base/fault.h"
#include "base/text.h"
#include "gate/tree.h"
#include "policy/policy.h"

/* How uploads are written; the same for everybody who logs in to a realm. */
struct upload_manner {
    bool direct; /* uploads = direct */
    bool sync;   /* durability = sync */
};

/*
 * What one (virtual) host serves, and to whom. Part of the configuration
 * snapshot: immutable, alive as long as that.
 */
struct realm {
    const char *host;               /* borrowed: the configuration's; NULL: the default host */
    struct account_store *accounts; /* owned */
    struct tree *home;              /* owned reference: root of accounts without their own */
    struct tree *anonymous;         /* owned reference; NULL: no anonymous login */
    struct tree **folders;          /* owned array of owned references: for SMNT */
    size_t folder_count;
    struct upload_manner upload;
    /* Opens an account's own root; wired by who knows the kinds of store. */
    enum fault (*open_tree)(void *context, const char *directory, struct tree **ret_tree);
    void *context; /* borrowed: open_tree's, alive as long as the realm */
};

struct login;

/* RFC 1635: the names that log in without an account. */
bool login_name_is_anonymous(struct text name);

/* Who wants in, from where. */
struct login_attempt {
    const struct realm *realm; /* borrowed for the call */
    struct audit *audit;       /* borrowed for the call; may be NULL */
    uint64_t session;
    union endpoint peer;
    struct text name;
};

/*
 * Worker thread; takes the time of a password hash whoever asks, and audits
 * the outcome. FAULT_NONE, FAULT_LOGIN_REFUSED (unknown user and wrong password
 * look alike), or FAULT_ACCOUNT_NEEDED: right so far, but *ret_login is not in
 * force until login_charge agrees.
 */
enum fault login_authenticate(const struct login_attempt *attempt, struct text password,
                              struct login **ret_login);

/* Any thread. What ACCT says (RFC 959 4.1.1); audits the outcome. */
enum fault login_charge(const struct login_attempt *attempt, const struct login *login,
                        struct text charge);

bool login_needs_charge(const struct login *login);

struct login *login_ref(struct login *login);
/* Accepts NULL. */
void login_unref(struct login *login);

bool login_is_anonymous(const struct login *login);
struct text login_name(const struct login *login);
/* The virtual host; empty for the default one. */
struct text login_host(const struct login *login);
/* What an anonymous user gave as password, by custom an e-mail address (RFC 1635). */
struct text login_detail(const struct login *login);
const struct policy *login_policy(const struct login *login);
const struct upload_manner *login_upload_manner(const struct login *login);
/* The root, borrowed: as long as the login. */
struct tree *login_home(const struct login *login);
/* A virtual folder by name, NULL when there is none. Borrowed: as long as the login. */
struct tree *login_folder(const struct login *login, struct text name);

#endif
