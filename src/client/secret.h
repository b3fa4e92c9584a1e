/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret: a password while it is needed, in a buffer of its own that is
 * overwritten afterwards; and where one may come from besides a file: a
 * command, or who sits at the terminal.
 */
#ifndef FERRY_CLIENT_SECRET_H
#define FERRY_CLIENT_SECRET_H

#include "base/fault.h"
#include "base/text.h"

enum {
    SECRET_SIZE = 1024, /* NUL included */
    SECRET_COMMAND_TIMEOUT_MS = 60 * 1000,
    SECRET_OUTPUT_MAX = 64 * 1024, /* bytes that a command may write */
};

struct secret {
    char bytes[SECRET_SIZE];
    size_t len; /* bytes are NUL-terminated as well */
};

static inline struct text secret_text(const struct secret *secret)
{
    return (struct text){secret->bytes, secret->len};
}

/* False, and it is empty, when the text does not fit or has NUL, CR or LF: it is to be sent. */
bool secret_set(struct secret *secret, struct text text);
void secret_wipe(struct secret *secret);

/*
 * The first line that /bin/sh -c COMMAND writes, with FERRY_HOST and FERRY_USER
 * in its environment and nothing on its standard input. FAULT_NOT_FOUND: it
 * ended with a status other than 0, or wrote no such line; FAULT_TIMED_OUT: it
 * was killed; FAULT_TOO_LARGE. Blocks.
 */
enum fault secret_from_command(struct secret *secret, const char *command, const char *host,
                               const char *user, int timeout_ms);

/*
 * Asks on the terminal that controls us, with nothing of the answer shown.
 * However it ends, by signals too, the terminal is as before: those that stop
 * or end programs are taken until then, and have their effect after it.
 * FAULT_NOT_FOUND: there is no terminal, or no answer; FAULT_CANCELLED: by a
 * signal that has not ended us. Blocks; by one thread at a time.
 */
enum fault secret_from_terminal(struct secret *secret, const char *prompt);

#endif
