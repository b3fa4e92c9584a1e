/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_session: one client's control connection. It sends one line, waits for its reply, and
 * hands that to whoever asked; who that is, is all the state there is.
 *
 *   load_login      from connecting to being logged in, and QUIT
 *   load_operation  one operation of a work
 *   load_data       the data connection of one
 *
 * A session that fails is closed at once; its loop looks after it once the events at hand are
 * through, so nobody finds it opened anew below his feet.
 */
#ifndef FERRY_BENCH_LOAD_SESSION_H
#define FERRY_BENCH_LOAD_SESSION_H

#include "base/text.h"
#include "load_link.h"
#include "load_work.h"

enum { INPUT_BYTES = 1024 };

struct session {
    struct loop *loop;    /* borrowed: it has the session */
    struct session *next; /* borrowed: the next that failed */
    unsigned number;      /* no other session of the program has it */
    unsigned tries;       /* logins in a row that failed */

    struct link control;
    void (*on_reply)(struct session *s, int code, struct text line);
    bool is_leaving;  /* QUIT was answered: the end comes */
    bool is_active;   /* the loop waits for it */
    bool is_failed;   /* since the events at hand were told */
    int lines_code;   /* of the reply of many lines that is coming in; 0: of none */
    size_t input_len; /* of input */
    size_t taken;     /* of those, bytes that were looked at */
    char input[INPUT_BYTES];

    const struct step *step; /* borrowed: the work's; NULL: no operation is under way */
    size_t turn;             /* operations begun, in the rotation */
    uint64_t began_ns;

    struct link data;
    uint64_t moved; /* bytes, by the data connection */
    uint64_t lines; /* likewise */
    uint64_t asked_ns;
    bool is_opened;      /* the preliminary reply came */
    bool is_replied;     /* the final one, too */
    bool is_data_over;   /* all bytes have gone, or the end has come */
    SSL_SESSION *ticket; /* owned; NULL: none yet */
};

/* Opens the control connection; on_reply gets the greeting. */
void session_open(struct session *s,
                  void (*on_reply)(struct session *s, int code, struct text line));

/* Starts to connect one of its links to a port of the server's. False: the session has failed. */
bool session_connect(struct session *s, struct link *link, in_port_t port);

/* Puts TLS on it; load_login goes on from there. */
void session_secure(struct session *s);

/* Sends the line, CRLF and all, in one call; on_reply gets every reply from then on. */
void session_ask(struct session *s, struct text line,
                 void (*on_reply)(struct session *s, int code, struct text line));

/* What epoll told of the control connection. */
void session_on_event(struct session *s, uint32_t events);

/* Closes the session and counts an error: `what`, and the line that showed it. */
void session_fail(struct session *s, const char *what, struct text line);

/* Closes both connections, and forgets what was said. */
void session_close(struct session *s);

#endif
