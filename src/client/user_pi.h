/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user_pi: the user's protocol interpreter (RFC 959 2.3): one control
 * connection. Send a command, wait for its reply; linear and blocking, with a
 * time limit on every wait. What the server says is hostile until proven.
 *
 * One thread at a time; user_pi_hurry and user_pi_interrupt from any.
 */
#ifndef FERRY_CLIENT_USER_PI_H
#define FERRY_CLIENT_USER_PI_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/endpoint.h"
#include "base/fault.h"
#include "base/text.h"

struct channel;
struct name_charset;
struct user_pi;

enum {
    /* All lines of one reply; what is longer is cut off, and heard to its end. */
    USER_PI_REPLY_BYTES = 256 * 1024,
    USER_PI_REPLY_LINES = 10000,
    /* Replies that promise another (1xx) to one command. */
    USER_PI_PRELIMINARIES = 10000,
    /* So many times reply_seconds is what all replies to a command may take. */
    USER_PI_PATIENCE = 5,
    /* How long a reply may still take when nobody wants it any more. */
    USER_PI_HURRY_MS = 2000,
};

enum user_pi_sign { USER_PI_SENT, USER_PI_RECEIVED };

/* What changes of it is for the next command; keep_alive_seconds for the next connection. */
struct user_pi_settings {
    unsigned connect_seconds;
    unsigned reply_seconds;      /* for each line of a reply to be there */
    unsigned keep_alive_seconds; /* between TCP's own probes; 0: as socket_tune_control has it */
    /* The dialogue, line by line, secrets as "****". NULL: nobody listens. */
    void (*on_line)(void *owner, enum user_pi_sign sign, struct text line);
    void *owner; /* borrowed: outlives the connection */
};

/*
 * Takes over a connected socket; borrows the settings, which outlive it. The greeting is the first
 * reply; under implicit TLS it comes after user_pi_channel has been secured. FAULT_NO_MEMORY: the
 * socket has been closed.
 */
enum fault user_pi_open(const struct user_pi_settings *settings, int fd, struct user_pi **ret_pi);
/* Accepts NULL. Says nothing to the server. */
void user_pi_close(struct user_pi *pi);

/*
 * The connection itself, to put TLS on it or take it off; borrowed. Whatever the server
 * said in the clear behind the reply that was read last is forgotten by user_pi_forget.
 */
struct channel *user_pi_channel(struct user_pi *pi);
void user_pi_forget(struct user_pi *pi);
union endpoint user_pi_local(const struct user_pi *pi);
union endpoint user_pi_peer(const struct user_pi *pi);

/*
 * Sends "verb argument" (no argument: NULL). A verb or argument with CR, LF or NUL is
 * FAULT_NAME_INVALID: it would be another command. Replies that nobody asked for
 * and that are here already are not the answer: they are heard and dropped; a
 * 421 among them is FAULT_CONNECTION_LOST, with its text.
 */
enum fault user_pi_send(struct user_pi *pi, const char *verb, struct text argument);
/* Likewise behind a command whose reply has not been waited for yet. */
enum fault user_pi_send_behind(struct user_pi *pi, const char *verb, struct text argument);
/*
 * RFC 959 4.1.3: ABOR as people's programs send it, behind Telnet's Interrupt
 * Process and Synch, so that it is heard by servers that read nothing during a transfer.
 */
enum fault user_pi_send_abort(struct user_pi *pi);
/*
 * Behind it, and behind what ends the transfer: 426 for the transfer and 226 for ABOR, or 226 for
 * one that was at its end and 225 or 226 for ABOR. The second must not be taken for the answer to
 * what is asked next; of servers that say one alone no more is awaited after a while. Of one that
 * says nothing nobody can tell what it will answer next: all is FAULT_CONNECTION_LOST from then on.
 * `on_reply` hears of each: the markers of what arrived come before (110). NULL: nobody does.
 */
void user_pi_hear_abort(struct user_pi *pi, void (*on_reply)(void *owner), void *owner);

/*
 * Waits for the next reply, preliminary (1xx) or not. FAULT_TIMED_OUT, FAULT_CONNECTION_LOST,
 * FAULT_MALFORMED: it is none, or has no end. After these nobody can tell which reply answers what:
 * everything is FAULT_CONNECTION_LOST from then on.
 */
enum fault user_pi_reply(struct user_pi *pi);
/*
 * Waits until a reply, or the end, begins to come. FAULT_CANCELLED: `cancelled` became true first,
 * and nothing is lost; FAULT_TIMED_OUT as of user_pi_reply.
 */
enum fault user_pi_await(struct user_pi *pi, const atomic_bool *cancelled);
/* Waits for the next reply that is not preliminary. */
enum fault user_pi_final_reply(struct user_pi *pi);
/* user_pi_send and user_pi_final_reply. */
enum fault user_pi_command(struct user_pi *pi, const char *verb, struct text argument);
/* What is awaited from now on has all the time again: a transfer lay between. */
void user_pi_await_anew(struct user_pi *pi);
/* Did a reply not come, or was it none? */
bool user_pi_is_out_of_step(const struct user_pi *pi);
/*
 * What came since the last reply is heard and dropped, as before user_pi_send:
 * FAULT_CONNECTION_LOST: the end came, or a 421, which is then the last reply.
 */
enum fault user_pi_hear_unasked(struct user_pi *pi);
/* Is there a reply, or the end, to be read now? */
bool user_pi_has_news(struct user_pi *pi, int wait_ms);

/* Of the last reply; 0: none to the last command yet. */
unsigned user_pi_code(const struct user_pi *pi);
/* Its last line behind the code; until the next reply. */
struct text user_pi_text(const struct user_pi *pi);
/* All its lines without their ends, joined by LF, the first and the last without code. */
struct text user_pi_lines(const struct user_pi *pi);
/*
 * What it means as the end of a command: FAULT_NONE for 2xx, else the nearest
 * fault, of 550 that of refusal.h. A 3xx where no command of ours continues is one, too.
 */
enum fault user_pi_fault(const struct user_pi *pi);

/*
 * The server's names are not in UTF-8: arguments but secret ones are converted on their way (what
 * the other set has not: FAULT_NAME_INVALID), replies on theirs, as far as they can be. Borrowed:
 * for as long as the connection. NULL, as in the beginning: bytes are what they are.
 */
void user_pi_set_charset(struct user_pi *pi, struct name_charset *charset);

/* What went wrong was not the server's doing: user_pi_code is 0 from now on. */
void user_pi_blame_nobody(struct user_pi *pi);

/*
 * What waits for a reply waits USER_PI_HURRY_MS more, and fails with FAULT_CANCELLED: a reply that
 * comes after that would be taken for the next one, and everything is FAULT_CONNECTION_LOST from
 * then on. What is asked next has all the time again. Any thread, while it is open.
 */
void user_pi_hurry(struct user_pi *pi);

/* Makes what waits fail with FAULT_CANCELLED, now and later. Any thread, while it is open. */
void user_pi_interrupt(struct user_pi *pi);

#endif
