/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_parts: what a remote is made of, for remote.c and those of its kin alone.
 */
#ifndef FERRY_CLIENT_REMOTE_PARTS_H
#define FERRY_CLIENT_REMOTE_PARTS_H

#include <pthread.h>

#include "client/remote.h"
#include "client/remote_files.h"
#include "protocol/facts.h"

enum {
    REMOTE_REASON_SIZE = 512,
    REMOTE_SYSTEM_SIZE = 128,
};

struct remote {
    const struct remote_settings *settings; /* borrowed */
    pthread_mutex_t lock;                   /* who interrupts may not meet what is being replaced */
    struct user_pi *pi;                     /* owned; guarded; NULL: not connected */
    struct user_dtp *dtp;                   /* owned; guarded */
    atomic_bool interrupted;                /* until the next transfer or connection */
    atomic_bool stopped;
    struct tls_sessions *sessions; /* owned; NULL: no TLS */
    struct tls_client_handshake data_handshake;
    struct user_dtp_security security;
    struct features features;
    struct parameters parameters; /* what the server has been told last */
    bool may_have_others;         /* somebody else may have told it others since */
    struct name_charset *charset; /* owned; NULL: names are UTF-8, or as they are */
    bool is_opening;              /* guarded: nobody is logged in yet, and nothing can be lost */
    bool is_secure;               /* the control connection is under TLS, or was before CCC */
    bool was_there;               /* there was a connection once */
    bool is_given_up;             /* the last attempt to make one failed */
    bool is_ferry;
    bool lists_plainly; /* LIST takes no options here */
    bool has_system;
    char system[REMOTE_SYSTEM_SIZE];
    char *directory; /* owned: as PWD or CWD had it; NULL: where the login lands */
    unsigned code;   /* with `reason` */
    char reason[REMOTE_REASON_SIZE];
};

/* Why it failed is ours to say; gives `f` back, as the next. */
enum fault remote_blame(struct remote *remote, enum fault f, const char *why);
/* The server's own words, if it was the server. Of FAULT_NONE nothing. */
enum fault remote_note(struct remote *remote, enum fault f);
/* For a person, who waits: remote_settings' on_notice. */
void remote_notice(const struct remote *remote, const char *what);

/* One command, once, and what its reply means. */
enum fault remote_ask(struct remote *remote, const char *verb, struct text argument);
/* One that is offered, not needed: only a broken connection is a fault. */
enum fault remote_offer(struct remote *remote, const char *verb, struct text argument);

/* What MLST and MLSD say of one. False of the directory itself and the one above it. */
bool remote_entry_of_facts(const struct facts *facts, struct entry *ret_entry,
                           struct text *ret_target);

/* From the greeting of a new connection to the directory where the one before was. */
enum fault remote_log_in(struct remote *remote);

#endif
