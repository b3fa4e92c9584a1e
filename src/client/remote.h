/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote: a server as its user sees it: connected, logged in, told the
 * parameters of the next transfer, and found again when the connection breaks.
 * What it can do is asked once (FEAT) and believed until it refuses.
 *
 * One thread at a time; remote_interrupt and remote_stop from any. Several of one server share
 * the settings.
 */
#ifndef FERRY_CLIENT_REMOTE_H
#define FERRY_CLIENT_REMOTE_H

#include "client/name_charset.h"
#include "client/url.h"
#include "client/user_dtp.h"
#include "client/user_pi.h"
#include "protocol/features.h"

enum remote_tls {
    REMOTE_TLS_OFF,
    REMOTE_TLS_AUTO,    /* when the server offers it; else on_no_tls decides */
    REMOTE_TLS_REQUIRE, /* or not at all */
    REMOTE_TLS_IMPLICIT,
};

struct remote_settings {
    const char *host; /* borrowed, as all below: they outlive every remote of them */
    uint16_t port;
    const char *user; /* "anonymous" is one, too (RFC 1635) */
    enum remote_tls tls;
    bool clears_control;           /* CCC behind the login (RFC 4217 12) */
    bool clears_data;              /* PROT C */
    struct tls_client *tls_client; /* NULL: REMOTE_TLS_OFF */
    /* Is this the certificate of whom we mean? NULL: only one that verifies is. */
    bool (*on_certificate)(void *owner, const struct tls_shown *shown);
    /* REMOTE_TLS_AUTO, and the server has none: may all go in the clear? NULL: it may. */
    bool (*on_no_tls)(void *owner);
    /* What a person should hear while nothing else happens; NULL: nobody does. */
    void (*on_notice)(void *owner, const char *what);
    /* The password, asked for when the server does; wiped by the caller of on_password. */
    enum fault (*on_password)(void *owner, char *buffer, size_t size);
    /* Likewise ACCT's argument. FAULT_ACCOUNT_NEEDED: none is known. */
    enum fault (*on_account)(void *owner, char *buffer, size_t size);
    void *owner;
    struct user_pi_settings pi;
    struct user_dtp_settings dtp;
    unsigned tries;             /* to connect, before it is given up; at least 1 */
    unsigned pause_seconds;     /* before the second; doubled each time */
    unsigned pause_max_seconds; /* and no longer than this */
    const char *list_options;   /* borrowed: between LIST and its argument; NULL: none */
    const char *charset;        /* of names where the server knows no UTF-8; NULL: as they are */
};

struct remote;

/*
 * Connects and logs in. FAULT_NOT_FOUND (no such host), FAULT_CONNECTION_LOST, FAULT_TIMED_OUT,
 * FAULT_TLS_FAILED, FAULT_LOGIN_REFUSED, FAULT_ACCOUNT_NEEDED, FAULT_TOO_MANY; `ret_remote` is
 * given in any case but FAULT_NO_MEMORY, so that remote_reason can tell.
 */
enum fault remote_open(const struct remote_settings *settings, struct remote **ret_remote);
/* Likewise, but tried once: others of ours are connected, and one more may be one too many. */
enum fault remote_open_another(const struct remote_settings *settings, struct remote **ret_remote);
/* One that remote_reopen connects, and that may be interrupted while it does. NULL: no memory. */
struct remote *remote_new(const struct remote_settings *settings);
/* QUIT, and close. Accepts NULL. */
void remote_close(struct remote *remote);
/*
 * A new connection in place of one that is broken, in its directory and with its parameters. What
 * never was there is not tried again once it is silent, and what was given up is tried once.
 */
enum fault remote_reopen(struct remote *remote);
/* Did the last attempt to connect fail, with all its tries? Not when it was interrupted, or for
 * want of memory. */
bool remote_is_given_up(const struct remote *remote);

/* What the server's names are in (remote_settings.charset); NULL: in UTF-8, or as they are. */
struct name_charset *remote_charset(const struct remote *remote);

/* What went wrong last, for a person: the server's words, or ours; and its code, 0 if it was not
 * it. */
struct text remote_reason(const struct remote *remote);
unsigned remote_code(const struct remote *remote);
/* Something more that a person should know of it; the words before may be cut for that. */
void remote_add_reason(struct remote *remote, const char *what);
/* What has failed before has been told: what fails here next is not for the server's reason. */
void remote_forget_reason(struct remote *remote);

/* NULL: not connected; never so behind a command or transfer that gave no fault. */
struct user_pi *remote_pi(const struct remote *remote);
const struct features *remote_features(const struct remote *remote);
/* The text of SYST's reply, asked for once; empty when it says nothing. */
struct text remote_system(struct remote *remote);
/* Where it is, as PWD or else CWD had it; empty: where the login landed. */
struct text remote_directory(const struct remote *remote);
/* How data connections are made, as its settings say. */
const struct user_dtp_settings *remote_dtp_settings(const struct remote *remote);
/* What its settings say; NULL: nothing. */
const char *remote_list_options(const struct remote *remote);
/* PROT's level (RFC 2228 3). */
enum protection remote_protection(const struct remote *remote);
/* Is it ferryd, whose STOR is all or nothing (CSID)? */
bool remote_is_ferry(const struct remote *remote);
/*
 * As far as can be told without saying anything. False: the next transfer fails, and the next
 * command makes a new connection; why is in remote_reason, if the server said it.
 */
bool remote_is_alive(struct remote *remote);
/* Did the last reply say that there is no such command (500, 502)? */
bool remote_lacks_command(const struct remote *remote);
/*
 * May LIST be asked for hidden files as well (-a)? RFC 959 has no options; servers that run ls, or
 * do as if, leave out names with a dot in front without it (vsftpd 3.0.3).
 */
bool remote_lists_all(struct remote *remote);
/* It took the option for a name. */
void remote_forget_lists_all(struct remote *remote);
/* It said that it does not know what it had promised. */
void remote_forget_feature(struct remote *remote, enum feature feature);

/* ---- One command --------------------------------------------------------------------------- */

/*
 * A command, its reply, and what that means. When the connection turns out to be
 * gone, and `again`, a new one is made and the command repeated, once: for what does no harm twice.
 * What was refused with 421 is repeated in any case.
 */
enum fault remote_command(struct remote *remote, const char *verb, struct text argument,
                          bool again);
/* Likewise for what is left behind: whatever it is answered, remote_reason stays. */
void remote_clean_up(struct remote *remote, const char *verb, struct text argument);
/* Was that fault of the control connection's being gone, or about to go (421, RFC 959 4.2)? */
bool remote_is_gone(const struct remote *remote, enum fault f);

/*
 * Says something for nothing (NOOP), for who has said nothing for a while: servers and what is on
 * the way close what is idle. Not during a transfer: not every server reads then, or answers in
 * order; there are TCP's own probes (user_pi_settings). On a fault the connection is gone, as
 * remote_reason says: remote_reopen makes another.
 */
enum fault remote_keep_alive(struct remote *remote);

/* TYPE, STRU and MODE as the next transfer needs them: what the server has already is not sent. */
enum fault remote_set_parameters(struct remote *remote, const struct parameters *parameters);
/* Somebody has told the server others by remote_command: all are told again when needed. */
void remote_forget_parameters(struct remote *remote);
/*
 * CWD, or CDUP for ".."; relative to where it is now. Where that is by PWD, as far as it says so,
 * is remembered for remote_reopen.
 */
enum fault remote_change_directory(struct remote *remote, struct text path);
/* Asks where it is (PWD) and remembers it: what has changed that may have been remote_command. */
enum fault remote_ask_directory(struct remote *remote);

/* user_dtp_transfer, with order->parameters (but for PROT's, which is the login's) told first. */
enum fault remote_transfer(struct remote *remote, struct user_dtp_order *order);

/*
 * Waits as the settings say before the next try of what failed so often in a row, and tells that,
 * and why it did. FAULT_CANCELLED: it was interrupted meanwhile.
 */
enum fault remote_pause(struct remote *remote, unsigned failed);

/*
 * Ends the transfer that goes on, with ABOR, or connecting and logging in, or a wait for another
 * try, or soon one for a reply: if that does not come the connection is gone. Any thread.
 */
void remote_interrupt(struct remote *remote);
/* Everything fails with FAULT_CANCELLED or _CONNECTION_LOST from now on, at once. Any thread. */
void remote_stop(struct remote *remote);

#endif
