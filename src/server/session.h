/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session: one client's lifetime, from accept to the last reply. Seen only
 * inside server/, touched only by its loop's thread. It frees itself when the
 * connection is over and no job is left (session_settle); whoever calls into
 * it from the loop does that last.
 */
#ifndef FERRY_SERVER_SESSION_H
#define FERRY_SERVER_SESSION_H

#include "codec/digest.h"
#include "dtp/data_port.h"
#include "gate/budget.h"
#include "gate/gate.h"
#include "gate/login.h"
#include "net/channel.h"
#include "protocol/parameters.h"
#include "server/config.h"
#include "server/control.h"
#include "server/passive.h"
#include "server/replies.h"

struct job;
struct loop;

/* What one command leaves for a later one. */
struct pending {
    char *user;        /* owned: USER, for PASS */
    char *rename_from; /* owned: RNFR, for RNTO */
    char *copy_from;   /* owned: SITE CPFR, for SITE CPTO */
    uint64_t restart;  /* REST, for the next transfer */
    char *marker;      /* owned: REST with a restart marker, likewise */
    bool has_range;    /* RANG, likewise */
    uint64_t range_first;
    uint64_t range_last;
    uint64_t reserve_bytes; /* ALLO, for the next upload */
    bool account;           /* PASS was right, ACCT is awaited: `login` is not in force */
    enum login_certificate certificate; /* what it says of `user` */
};

/* How this client wants to be spoken to, and how often it failed. */
struct manners {
    enum language language;
    enum digest_kind digest; /* OPTS HASH */
    unsigned facts;          /* OPTS MLST */
    unsigned umask;          /* SITE UMASK */
    int deflate_level;       /* OPTS MODE Z LEVEL */
    uint64_t idle_ms;        /* SITE IDLE */
    unsigned failed_logins;
    bool epsv_all;
};

/* What the commands of RFC 2228 have agreed on; the level of PROT is in `parameters`. */
struct security {
    struct tls_bond bond; /* of data connections; `tls` is the session's configuration's */
    bool has_size;        /* PBSZ was sent, or is implied */
    bool is_cleared;      /* CCC: TLS has been, and is no more */
    bool has_ticket;      /* one was sent that no data connection can have used */
};

/* How long somebody is inside and what they move meanwhile, for the audit. */
struct stay {
    struct audit_tls tls; /* by which they came in */
    uint64_t begun_ms;
    struct audit_tally tally;
};

struct session {
    struct session *next;     /* borrowed: the loop's list */
    struct session *previous; /* borrowed: likewise */
    struct loop *loop;        /* borrowed: outlives the session */
    struct config *config;    /* owned reference: what it began with holds to the end */
    size_t host;              /* index of its virtual host */
    bool is_implicit;         /* under TLS from the first byte on */
    uint64_t id;
    uint64_t active_ms; /* when it last did something */
    struct control control;
    struct login *login; /* owned reference; NULL before login */
    struct tree *tree;   /* borrowed: the login's; what SMNT selected */
    char *directory;     /* owned: working directory; NULL stands for "/" */
    struct stay stay;
    enum audit_end end; /* of the session, as far as it is known */
    struct parameters parameters;
    struct security security;
    struct data_port data_port;
    struct passive passive;
    struct channel kept; /* the data connection between transfers of MODE B or C; else closed */
    struct job *job;     /* owned; NULL: idle */
    struct pending pending;
    struct manners manners;
    bool is_counted; /* among the sessions that are logged in */
    bool quit_waits; /* QUIT was sent: a close of the connection is no abort */
    bool draining;   /* to be closed when the transfer ends */
    bool kicked;     /* because an administrator wants it */
};

/*
 * Takes over an accepted connection that was counted in as `peer`; greets it, on
 * an implicit port when the TLS handshake is done. False when out of memory:
 * the descriptor is the caller's, and no longer counted.
 */
bool session_start(struct loop *loop, int fd, const union endpoint *peer, bool is_implicit);
/* The server shuts down: closes now, or when the transfer ends unless `stop`. */
void session_drain(struct session *session, bool stop);
/* An administrator wants it to go: a transfer ends now, as a broken one. */
void session_kick(struct session *session);
/* Says why a session that is draining goes. */
void session_close_drained(struct session *session);
void session_on_tick(struct session *session, uint64_t now_ms);
/* Frees the session if it is over. It must not be used after. */
void session_settle(struct session *session);

/* Is anybody logged in (and through with ACCT)? */
bool session_is_logged_in(const struct session *session);
struct text session_directory(const struct session *session);
/* Who is logged in, for the gate. */
struct caller session_caller(struct session *session);

/* Sends one reply in the session's language. */
void session_reply(struct session *session, enum reply_id id);
void session_reply_with(struct session *session, enum reply_id id, struct text first,
                        struct text second);
/* Sends a reply and closes the connection once the client has it. */
void session_close_with(struct session *session, enum reply_id id, struct text first);

/*
 * A login comes into force: it counts as one from now on. False when there are
 * as many as there may be.
 */
bool session_count_in(struct session *session);
/* Back to the state after the greeting (REIN), or before a new USER. */
void session_log_out(struct session *session);
/* Likewise, as the end of the session: their place is free. */
void session_leave(struct session *session, enum audit_end end);
void session_reset_parameters(struct session *session);
void session_forget_pending(struct session *session);
/* What REST and RANG asked for. */
void session_forget_restart(struct session *session);
/* Closes a data connection that was left open (RFC 959 3.2). */
void session_close_data(struct session *session);

/* ---- TLS (RFC 4217) -------------------------------------------------------------- */

/* TLS on the control connection, with the certificate of the virtual host. */
void session_secure(struct session *session);
/* The virtual host that the client named when TLS began (SNI), if it is one of ours; RFC 7151 3. */
void session_take_server_name(struct session *session);
/* Has whoever is there, perhaps nobody, to say PROT P before a transfer? */
bool session_needs_private_data(const struct session *session);
/* How the control connection is protected. */
struct audit_tls session_tls(const struct session *session);
/*
 * A ticket to resume the control connection's TLS session by, if the next data
 * connection is to be under TLS: TLS 1.3 clients use each only once. It goes
 * before the reply that follows.
 */
void session_send_ticket(struct session *session);
/* Likewise, unless the client has one still. */
void session_ensure_ticket(struct session *session);

#endif
