/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site: a server as its user means it: a URL, the settings, and what is known
 * besides: everything that reaching it takes, kept together while there are
 * connections to it. Passwords are asked for when the server wants them, once.
 */
#ifndef FERRY_CLIENT_SITE_H
#define FERRY_CLIENT_SITE_H

#include "client/carry.h"
#include "client/settings.h"
#include "client/trust.h"

enum { SITE_MESSAGE_SIZE = KEPT_MESSAGE_SIZE };

struct site;

/* Who is asked, and told. All may be NULL. */
struct site_listener {
    /* Is the certificate, which nobody vouches for and which is not known, whom we mean? */
    bool (*on_stranger)(void *owner, const struct site *site, const struct tls_shown *shown);
    /* What is waited for, or is less safe than it could be. */
    void (*on_notice)(void *owner, const struct site *site, const char *what);
    /* The dialogue, as user_pi tells it. */
    void (*on_line)(void *owner, enum user_pi_sign sign, struct text line);
    void *owner;  /* borrowed: outlives the site */
    bool may_ask; /* there is a person at a terminal */
};

/*
 * Opens no connection. Copies all but the listener. FAULT_ARGUMENT, FAULT_IO,
 * _DENIED and the like, of a file that settings name; FAULT_LOGIN_REFUSED: nobody can say who
 * logs in. All with a message.
 */
enum fault site_open(const struct url *url, const struct settings *settings,
                     const struct site_listener *listener, struct site **ret_site,
                     char message[SITE_MESSAGE_SIZE]);
/* No connection to it may be left. Accepts NULL. */
void site_close(struct site *site);

/*
 * For the next command: how transfers go, how fast, and how long is waited. What a login settles
 * (charset) is for the next one; TLS, a proxy and who we are stay as they were. While no other
 * thread uses a connection to it.
 */
void site_change_settings(struct site *site, const struct settings *settings);
/*
 * What is told a server that wants an account to log in (332, RFC 959 4.1.1), in place of the
 * netrc's. False: too long, or nothing that could be sent.
 */
bool site_set_account(struct site *site, struct text account);
/* Has one that logged in told it? */
bool site_has_told_account(struct site *site);
/* Takes over the path of another site at the same place: for a connection that is there. */
void site_move_path(const struct site *from, struct site *to);
const struct url *site_url(const struct site *site);
const struct settings *site_settings(const struct site *site);
/* For remote_open and crew_new; the site's. */
const struct remote_settings *site_remote(const struct site *site);
/* What to do with a file, as the settings and the URL's ;type= say. */
struct carry_rules site_carry_rules(const struct site *site);
/* TYPE, STRU and MODE likewise. */
struct parameters site_parameters(const struct site *site);
/*
 * Why a certificate was refused, or a password not had: more than remote_reason
 * knows. Empty when nothing was.
 */
struct text site_complaint(const struct site *site);

#endif
