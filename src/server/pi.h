/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pi: the server's protocol interpreter (RFC 959 2.3). Takes a line, makes all
 * the checks that follow from the verb table, and calls the verb. Loop thread.
 */
#ifndef FERRY_SERVER_PI_H
#define FERRY_SERVER_PI_H

#include <stdbool.h>

#include "base/text.h"

struct session;
struct verb;

/* A line (at NULL: it was too long). False: the session is busy, offer it again later. */
bool pi_take_line(struct session *session, struct text line);
/* What a line began with that was too long to keep: it may be of another protocol. */
void pi_note_long_line(struct session *session, struct text beginning);
/* A line has to wait behind others; ABOR acts on the transfer all the same. */
void pi_note_waiting(struct session *session, struct text line);
/* The checks and the call for a verb of either table. */
void pi_run(struct session *session, const struct verb *verb, struct text argument);

/* Has what is laid down about who is inside changed? During a job that waits for its end. */
bool pi_is_stale(const struct session *session);

#endif
