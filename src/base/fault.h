/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault: the closed list of what can go wrong for a user.
 *
 * Everything that can fail returns `enum fault`; errno, library codes and the
 * like are translated where they happen, once, and never travel further. Each
 * front (FTP, SFTP, admin) has exactly one table from faults to its own codes.
 * FAULT_NONE is zero, so callers write `if (f) return f;`.
 */
#ifndef FERRY_BASE_FAULT_H
#define FERRY_BASE_FAULT_H

#include <stdbool.h>

/* name, English text (the log's and the audit's; fronts have their own) */
#define FAULT_LIST(X)                                                                              \
    X(NONE, "no fault")                                                                            \
    X(NOT_FOUND, "no such file or directory")                                                      \
    X(EXISTS, "name already exists")                                                               \
    X(NOT_DIRECTORY, "not a directory")                                                            \
    X(IS_DIRECTORY, "is a directory")                                                              \
    X(NOT_PLAIN_FILE, "not a plain file")                                                          \
    X(NOT_EMPTY, "directory not empty")                                                            \
    X(DENIED, "permission denied")                                                                 \
    X(NAME_INVALID, "file name not allowed")                                                       \
    X(LINK_LOOP, "too many symbolic links")                                                        \
    X(CROSS_DEVICE, "across file systems")                                                         \
    X(UNSUPPORTED, "not supported by this file system")                                            \
    X(ARGUMENT, "argument not understood")                                                         \
    X(OUT_OF_RANGE, "position outside the file")                                                   \
    X(NO_SPACE, "no space left on device")                                                         \
    X(TOO_LARGE, "exceeds storage allocation")                                                     \
    X(IO, "local input or output error")                                                           \
    X(NO_MEMORY, "out of memory")                                                                  \
    X(BUSY, "busy, try again")                                                                     \
    X(NO_DATA_CONNECTION, "data connection could not be opened")                                   \
    X(CONNECTION_LOST, "connection broken")                                                        \
    X(TIMED_OUT, "peer stopped moving data")                                                       \
    X(CANCELLED, "cancelled")                                                                      \
    X(LOGIN_REFUSED, "login refused")                                                              \
    X(ACCOUNT_NEEDED, "account needed")                                                            \
    X(TOO_MANY, "too many sessions")                                                               \
    X(TLS_FAILED, "TLS handshake failed")                                                          \
    X(TLS_NOT_RESUMED, "TLS session of the control connection not resumed")                        \
    X(LISTING_TOO_LARGE, "listing too large")                                                      \
    X(MALFORMED, "data not as TYPE, STRU and MODE say")                                            \
    X(PAGE_TYPE, "page type unknown")                                                              \
    X(BUG, "internal error")

enum fault {
#define FAULT_ENUMERATOR(name, english) FAULT_##name,
    FAULT_LIST(FAULT_ENUMERATOR)
#undef FAULT_ENUMERATOR
        FAULT_COUNT
};

/* English text of a fault, without a full stop. Any value gives a text. */
const char *fault_text(enum fault fault);

/* Upper-case name without prefix ("NOT_FOUND"), as the audit writes it. */
const char *fault_name(enum fault fault);

/* Did the way to the other end break, or was it broken off? Then what arrived is worth keeping. */
bool fault_is_of_the_way(enum fault fault);

/*
 * Translates an errno value of a file system or memory call; never FAULT_NONE.
 * Errors with no meaning to a user become FAULT_IO.
 */
enum fault fault_from_errno(int error);

#endif
