/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credentials: who we are to a server, and the password for that, from the
 * first of these that has one: the URL, FERRY_PASSWORD, a command, ~/.netrc,
 * who sits at the terminal. It is to be asked for when the server wants a
 * password, not before. Nothing of it is ever logged or on a command line.
 *
 * May block. One thread at a time.
 */
#ifndef FERRY_CLIENT_CREDENTIALS_H
#define FERRY_CLIENT_CREDENTIALS_H

#include <stdbool.h>

#include "client/kept_lines.h"
#include "client/secret.h"

enum credentials_source {
    CREDENTIALS_NONE, /* anonymous: whatever one likes is the password (RFC 1635) */
    CREDENTIALS_URL,
    CREDENTIALS_ENVIRONMENT,
    CREDENTIALS_COMMAND,
    CREDENTIALS_NETRC,
    CREDENTIALS_TERMINAL,
};

struct credentials {
    char user[SECRET_SIZE]; /* "": anonymous */
    struct secret password;
    struct secret account; /* for ACCT; empty: none is known */
    enum credentials_source source;
};

/* What a netrc has about a host. Overwritten by whoever asked. */
struct credentials_entry {
    char login[SECRET_SIZE];
    struct secret password;
    struct secret account;
};

struct credentials_wanted {
    const char *host;         /* borrowed until it returns, as all below */
    const char *user;         /* "": not said */
    const char *url_password; /* "": none */
    const char *command;      /* "": none */
    int command_timeout_ms;
    const char *netrc_file; /* "": ~/.netrc, where there is one */
    /*
     * Looks a host up in the text of a netrc, and a user unless that is empty.
     * FAULT_NOT_FOUND; FAULT_ARGUMENT: line *ret_line is not understood. NULL:
     * no netrc is looked at.
     */
    enum fault (*netrc)(struct text file, struct text host, struct text user,
                        struct credentials_entry *ret_entry, unsigned *ret_line);
    bool may_ask; /* there is a person */
};

/*
 * FAULT_NOT_FOUND: nothing has a password for this user; FAULT_DENIED: a netrc
 * has it, but that is not ours, or others can read it; and those of secret.h. A
 * fault comes with a line in `message`, without any secret, and leaves no
 * credentials. Wipe them when they have been sent.
 */
enum fault credentials_find(const struct credentials_wanted *wanted,
                            struct credentials *ret_credentials, char message[KEPT_MESSAGE_SIZE]);
void credentials_wipe(struct credentials *credentials);

/*
 * Takes FERRY_PASSWORD out of the environment, so that no program that we start has it; for
 * credentials_find, until it is forgotten. At the start, before there are threads.
 */
void credentials_take_environment(void);
void credentials_forget_environment(void);

#endif
