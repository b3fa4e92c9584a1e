/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: what the settings mean for confine/: who the server becomes, which
 * files it can reach from then on, and that nothing is missing to that user.
 * Main thread, in this order, before any other thread.
 */
#ifndef FERRY_SERVER_SANDBOX_H
#define FERRY_SERVER_SANDBOX_H

#include "confine/confinement.h"
#include "server/backends.h"

struct sandbox {
    struct privileges_user user;
    struct confinement confinement; /* of it: what holds, as soon as it is closed */
};

/*
 * Who the server is to be: who started it unless that is root; then run-as, else the
 * account "ferry", else the owner of the root directory, or without one of the
 * database. False with a message.
 */
bool sandbox_find_user(const struct config *config, struct sandbox *ret_sandbox,
                       char message[CONFIG_MESSAGE_SIZE]);
/*
 * Makes the state directory theirs, becomes them, and looks whether they can use
 * what the settings name. Only the right to bind low ports is kept, where active data
 * connections need it (RFC 959 3.2). False with a message.
 */
bool sandbox_become(const struct sandbox *sandbox, struct backends *backends,
                    const struct config *config, char message[CONFIG_MESSAGE_SIZE]);
/*
 * Landlock and seccomp. Afterwards nothing can be opened but what the settings and
 * the database name now, or user-roots. False with a message.
 */
bool sandbox_close(struct sandbox *sandbox, struct backends *backends, const struct config *config,
                   char message[CONFIG_MESSAGE_SIZE]);

/* What to say of a directory that it hides. */
#define SANDBOX_HIDDEN                                                                             \
    "the server cannot reach it since it has started: it needs a restart, or user-roots"
/* Is it closed in front of this directory, which its user could read? Any thread. */
bool sandbox_hides(const char *directory);

#endif
