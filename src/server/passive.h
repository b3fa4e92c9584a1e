/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passive: a session's data port on the loop, from PASV until a transfer takes
 * the connection. It is watched all that time: strangers are dropped as they
 * come, so they cannot fill the queue before the right client is there
 * (RFC 2577, port stealing). When the transfer has its connection the listener rests, for the
 * next PASV of a session that is at work. Loop thread only.
 */
#ifndef FERRY_SERVER_PASSIVE_H
#define FERRY_SERVER_PASSIVE_H

#include <stdbool.h>

#include "base/endpoint.h"
#include "base/fault.h"

struct session;
struct watch;

struct passive {
    struct watch *watch; /* owned: the listener's; NULL: nobody can come */
    int connection;      /* owned: who has come and may; -1: nobody */
    bool is_awaited;     /* PASV was said, and nobody has come */
    unsigned rests;      /* how often the listener has rested and was taken up */
    uint64_t taken_in;   /* the loop's round in which a connection was last taken unasked */
};

void passive_init(struct passive *passive);

/*
 * PASV, EPSV, LPSV: listens in place of whatever data port was set;
 * *ret_local is the address. FAULT_NO_DATA_CONNECTION or _NO_MEMORY.
 */
enum fault passive_listen(struct session *session, union endpoint *ret_local);

/*
 * The connection if it has come, now the caller's, and the port is nobody's: it
 * was for one. -1 when it has not; job_on_data_connection tells when it does.
 */
int passive_take(struct session *session);

/* May one still come? */
bool passive_is_awaited(const struct session *session);

/* Back to the default data port; closes what is open. Any kind of port. */
void passive_close(struct session *session);
/* Closes a listener that rests once the session does. */
void passive_on_tick(struct session *session, uint64_t now_ms);

#endif
