/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: what happened, for whoever has to answer for it: one JSON object a
 * line (docs/audit.md) in a file, in the system's log or both, and the classic
 * xferlog beside it. Events come from the gate, the login and administration,
 * exactly once each.
 *
 * Recording formats the line and hands it to one writer thread, so nothing
 * that happens on a loop or in a transfer waits for a disk or a daemon. The queue has a
 * named limit, in lines and in bytes; what does not fit or cannot be written is counted and
 * reported, and the service goes on. Any thread may record.
 */
#ifndef FERRY_AUDIT_AUDIT_H
#define FERRY_AUDIT_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/action.h"
#include "base/endpoint.h"
#include "base/fault.h"
#include "base/text.h"

/* Whoever may log in anonymously chooses it: it must not fill the disk. */
enum { AUDIT_DETAIL_MAX = 256 };

/* How somebody proved who they are: name, word in the lines. */
#define AUDIT_PROOF_LIST(X)                                                                        \
    X(NONE, "none")                                                                                \
    X(PASSWORD, "password")                                                                        \
    X(ANONYMOUS, "anonymous")                                                                      \
    X(CACHED, "cached") /* a password that was right a moment ago (account/verified.h) */          \
    X(CERTIFICATE, "certificate")

enum audit_proof {
#define AUDIT_PROOF_ENUMERATOR(name, word) AUDIT_PROOF_##name,
    AUDIT_PROOF_LIST(AUDIT_PROOF_ENUMERATOR)
#undef AUDIT_PROOF_ENUMERATOR
};

/* How a login's time inside ended: name, word in the lines. */
#define AUDIT_END_LIST(X)                                                                          \
    X(CLOSED, "closed")   /* the connection was closed or broke */                                 \
    X(QUIT, "quit")       /* they said so */                                                       \
    X(RELOGIN, "relogin") /* REIN, or USER for somebody else */                                    \
    X(IDLE, "idle")                                                                                \
    X(HOURS, "hours") /* the policy lets them in no longer */                                      \
    X(KICKED, "kicked")                                                                            \
    X(SHUTDOWN, "shutdown")

enum audit_end {
#define AUDIT_END_ENUMERATOR(name, word) AUDIT_END_##name,
    AUDIT_END_LIST(AUDIT_END_ENUMERATOR)
#undef AUDIT_END_ENUMERATOR
};

/* What the transfers of one login come to. A file counts when its transfer ended well. */
struct audit_tally {
    uint64_t bytes_up;
    uint64_t bytes_down;
    uint64_t files_up;
    uint64_t files_down;
};

/* What protects a control connection: both static text, or NULL: it is in the clear. */
struct audit_tls {
    const char *version; /* borrowed: static text: "TLSv1.3" */
    const char *cipher;  /* borrowed: static text: "TLS_AES_256_GCM_SHA384" */
};

struct audit_event {
    enum action action;
    enum fault fault;
    const char *rule;   /* borrowed: what decided a refusal or a ban; else NULL */
    uint64_t session;   /* 0: none */
    struct text host;   /* the virtual one; empty: the default */
    struct text user;   /* of an administrative change: who made it */
    struct text detail; /* what anonymous gave as its address; cut to AUDIT_DETAIL_MAX bytes */
    bool anonymous;
    union endpoint peer;    /* AF_UNSPEC: nobody's */
    enum audit_proof proof; /* of a login */
    struct audit_tls tls;   /* of a login or a logout */
    struct text folder;     /* the virtual one the paths are in; empty: the user's root */
    struct text path;
    struct text other_path; /* of a rename or copy */
    struct text algorithm;  /* of a hash that was made */
    struct text digest;     /* likewise */
    struct text command;    /* of an administrative change: "user set" */
    struct text target;     /* whom or what it changed, or who is banned */
    bool is_transfer;       /* the next three mean something */
    bool inbound;           /* to us */
    bool is_text;           /* converted (TYPE A) */
    uint64_t bytes;         /* of a transfer */
    uint64_t duration_ms;   /* of a transfer or a logout */
    enum audit_end end;     /* of a logout, like the next */
    struct audit_tally tally;
};

struct audit;

/* Where the system's log takes lines. */
#define AUDIT_SYSTEM_LOG "/dev/log"

/* NULL: none of that kind. */
struct audit_places {
    const char *json_file;     /* borrowed for the call, as the others */
    const char *xferlog_file;  /* borrowed */
    const char *syslog_socket; /* borrowed: AUDIT_SYSTEM_LOG; JSON lines go there, too */
};

/*
 * Opens the files for appending and starts the writer. FAULT_NO_MEMORY, or
 * what the first file that failed said. The system's log may come later.
 */
enum fault audit_begin(const struct audit_places *places, struct audit **ret_audit);

/* Writes what is queued, then frees. Accepts NULL. */
void audit_end(struct audit *audit);

/* Opens the files again under their names: after rotation. Any thread. */
void audit_reopen(struct audit *audit);

/* Never blocks and never fails the caller. Accepts a NULL audit. */
void audit_record(struct audit *audit, const struct audit_event *event);

/* Adds a transfer to what its login has moved; any other event adds nothing. */
void audit_tally_add(struct audit_tally *tally, const struct audit_event *event);

/* Lines lost since the start, for want of memory, of room in the queue or on the disk. */
uint64_t audit_lost(struct audit *audit);

#endif
