/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit_status: what ferry says to who called it, as ferry(1) and docs/events.md
 * list it. Numbers and names stay: scripts rely on them. Pure.
 */
#ifndef FERRY_CLIENT_EXIT_STATUS_H
#define FERRY_CLIENT_EXIT_STATUS_H

#include <stddef.h>

#include "base/fault.h"

/* enumerator, number, name in events, meaning */
#define EXIT_STATUS_LIST(X)                                                                        \
    X(DONE, 0, "done", "It was done.")                                                             \
    X(LOCAL, 1, "local", "A file here cannot be read or written, or memory is short.")             \
    X(USAGE, 2, "usage", "The command line or a file of settings is wrong.")                       \
    X(CONNECT, 3, "connect", "There is no connection to the server, or none that is safe.")        \
    X(LOGIN, 4, "login", "The server refused the login, or there is no password.")                 \
    X(REFUSED, 5, "refused", "The server refused what was asked.")                                 \
    X(TRANSFER, 6, "transfer", "The transfer broke.")                                              \
    X(NOT_FOUND, 7, "not-found", "The server has no such file or directory.")                      \
    X(VERIFY, 8, "verify", "What arrived is not what was sent.")                                   \
    X(PARTIAL, 9, "partial", "Some of several were done, others not.")                             \
    X(INTERRUPTED, 130, "interrupted", "It was interrupted.")

enum exit_status {
#define EXIT_STATUS_ENUMERATOR(enumerator, number, name, meaning)                                  \
    EXIT_STATUS_##enumerator = (number),
    EXIT_STATUS_LIST(EXIT_STATUS_ENUMERATOR)
#undef EXIT_STATUS_ENUMERATOR
};

/* Static texts; "?" for a number that is none. */
const char *exit_status_name(enum exit_status status);
const char *exit_status_meaning(enum exit_status status);

/*
 * What a fault means once we are connected and logged in. `code` is of the
 * reply that it comes from; 0: it does not come from one.
 */
enum exit_status exit_status_of(enum fault f, unsigned code);
/* Of several: so many were done, so many were not, and `last` is how the last of these ended. */
enum exit_status exit_status_of_many(size_t done, size_t failed, enum exit_status last);

#endif
