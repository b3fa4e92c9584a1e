/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login: from a name and a password to an immutable snapshot of who is inside
 * and what is theirs. Counted: the session and its job hold it. What changes
 * (directory, parameters) is the session's, not here.
 */
#ifndef FERRY_GATE_LOGIN_H
#define FERRY_GATE_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "account/account.h"
#include "audit/audit.h"
#include "base/endpoint.h"
#include "base/fault.h"
#include "base/text.h"
#include "base/throttle.h"
#include "gate/desk.h"
#include "gate/standing.h"
#include "gate/system_users.h"
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
    uint64_t serial;                /* no other realm of this process had it */
    const char *host;               /* borrowed: the configuration's; NULL: the default host */
    struct desk *desk;              /* borrowed: outlives every configuration */
    struct account_store *accounts; /* owned: the configuration's own */
    struct account_store *database; /* borrowed: outlives every configuration; NULL: none */
    char *root;                     /* owned: of accounts without their own; NULL: there is none */
    struct tree *home;              /* owned reference: the same */
    struct account *anonymous;      /* owned; NULL: no anonymous login */
    struct tree **folders;          /* owned array of owned references: for SMNT */
    size_t folder_count;
    struct upload_manner upload;
    struct budget_limits server_limits; /* rates of everybody together */
    struct budget_limits host_limits;   /* of each address, an IPv6 one's /64 */
    /* borrowed: alive as long as any login; NULL: users of the system are nobody here */
    const struct system_users *system_users;
};

/* The key of the budget that everybody shares. */
#define LOGIN_SERVER_BUDGET "server"

struct login;

/* RFC 1635: the names that log in without an account. */
bool login_name_is_anonymous(struct text name);

/* What the certificate that the client has shown says of the name. */
enum login_certificate {
    LOGIN_CERTIFICATE_SILENT, /* nothing: there is none, or it names no users */
    LOGIN_CERTIFICATE_AGREES,
    LOGIN_CERTIFICATE_DENIES, /* it is another user's */
};

/* Who wants in, from where. */
struct login_attempt {
    const struct realm *realm; /* borrowed for the call */
    struct audit *audit;       /* borrowed for the call; may be NULL */
    uint64_t session;
    union endpoint peer;
    struct text name;     /* as USER said it; of who is inside: login_name */
    struct audit_tls tls; /* of the control connection; of who is inside: when they came in */
    enum login_certificate certificate;
};

/*
 * Worker thread; takes the time of a password hash whoever asks (but for those
 * who were right a moment ago), and audits the outcome. FAULT_NONE,
 * FAULT_LOGIN_REFUSED (unknown user and wrong password look alike, and so does
 * who may not be inside now), FAULT_TOO_MANY, or FAULT_ACCOUNT_NEEDED: right so
 * far, but *ret_login is not in force until login_charge agrees. *ret_delay_ms:
 * how long the reply is to wait, against guessing.
 */
enum fault login_authenticate(const struct login_attempt *attempt, struct text password,
                              struct login **ret_login, uint64_t *ret_delay_ms);

/*
 * Likewise, without a password: by the certificate, which agrees. FAULT_NOT_FOUND:
 * the name is nobody's whose password is kept here; a user of the system has to
 * prove it to PAM with theirs, and nothing is audited yet.
 */
enum fault login_by_certificate(const struct login_attempt *attempt, struct login **ret_login,
                                uint64_t *ret_delay_ms);

/*
 * login_authenticate at once, for a loop: never blocks, and takes no hash. True: they are inside,
 * which is audited. False: nothing is decided, and that has to be asked; of a wrong password, of
 * who is refused, of accounts in a database and of whatever else is not in memory. Then *ret_login,
 * if there is one, is to be let go (login_let_go).
 */
bool login_at_once(const struct login_attempt *attempt, struct text password,
                   struct login **ret_login);

/* Worker thread. What ACCT says (RFC 959 4.1.1); audits the outcome. */
enum fault login_charge(const struct login_attempt *attempt, const struct login *login,
                        struct text charge, uint64_t *ret_delay_ms);

bool login_needs_charge(const struct login *login);

/*
 * Have the records changed that it was made of? Any thread, never blocks. Then
 * before the next command login_renew (worker thread) makes another of what they
 * say now: FAULT_LOGIN_REFUSED when they may not be inside any more, which is
 * audited.
 */
bool login_is_stale(const struct login *login);
enum fault login_renew(const struct login_attempt *attempt, const struct login *login,
                       struct login **ret_login);

/*
 * SITE PSWD: the user's own password, if `old` is the one they have. Worker
 * thread; audited. FAULT_LOGIN_REFUSED, FAULT_ARGUMENT with *ret_weakness (static
 * text) or NULL; FAULT_UNSUPPORTED: kept where it cannot be changed.
 */
enum fault login_set_password(const struct login_attempt *attempt, const struct login *login,
                              struct text old, struct text wanted, const char **ret_weakness,
                              uint64_t *ret_delay_ms);

struct login *login_ref(struct login *login);
/* Accepts NULL. May block: what was used is written to the records, and PAM hears of the end. */
void login_unref(struct login *login);
/*
 * The same in two steps, for a loop: true when that was the last reference, and
 * login_end is to follow on a worker, since it may block. The first never does, and has given
 * back the places among sessions. Accepts NULL.
 */
bool login_let_go(struct login *login);
void login_end(struct login *login);

bool login_is_anonymous(const struct login *login);
struct text login_name(const struct login *login);
/* The virtual host; empty for the default one. */
struct text login_host(const struct login *login);
/* What an anonymous user gave as password, by custom an e-mail address (RFC 1635). */
struct text login_detail(const struct login *login);
const struct policy *login_policy(const struct login *login);
const struct upload_manner *login_upload_manner(const struct login *login);
/* When hours or expiry end it, seconds since 1970; INT64_MAX: never. */
int64_t login_ends_at(const struct login *login);

/* ---- What is theirs --------------------------------------------------------------- */

/* The root, borrowed: as long as the login. */
struct tree *login_home(const struct login *login);
/* A folder that SMNT selects, by name, NULL when there is none. Borrowed likewise. */
struct tree *login_folder(const struct login *login, struct text name);
/* The virtual folders in their root. */
size_t login_mount_count(const struct login *login);
const struct login_mount *login_mount(const struct login *login, size_t index);

/* ---- What they share with others ------------------------------------------------------ */

/* FAULT_TOO_MANY, logged with `session`; else it is counted until login_end_transfer. Any thread.
 */
enum fault login_begin_transfer(struct login *login, uint64_t session);
void login_end_transfer(struct login *login);
/* All rates that hold for what goes to the client (`inbound`: comes from it). */
void login_throttles(const struct login *login, bool inbound, struct throttles *ret_throttles);

/* The account of a tree; NULL: nobody counts it. */
struct ledger_account *login_ledger_account(const struct login *login, const struct tree *tree);
const struct ledger_limit *login_quota(const struct login *login, const struct tree *tree,
                                       size_t *ret_count);
/* What was up- and downloaded; NULL: there is no ratio. */
struct ledger_account *login_ratio(const struct login *login);

#endif
