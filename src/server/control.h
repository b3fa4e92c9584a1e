/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: one control connection on the loop: bytes <-> lines, replies in
 * order, lines that have to wait; in the clear or under TLS. It knows nothing of
 * FTP's verbs.
 *
 * A connection at rest owns no buffer. Lines that the owner does not take yet
 * wait here, in order, up to a limit at which reading stops; replies that the
 * peer does not read wait too, and while they do no further line is delivered:
 * a client can make the server neither forget nor hoard. Loop thread only.
 *
 * The replies to what one read brought go out in one write.
 *
 * When TLS begins or ends (control_secure, control_unsecure), what came by the
 * other way and was not acted upon is forgotten: the lines that wait, and the
 * rest of what was read. Nobody can slip a line in front of a handshake, to be
 * taken for one that came after it.
 *
 * No call frees the owner. After each of the loop's calls the owner asks
 * control_is_over and frees itself.
 */
#ifndef FERRY_SERVER_CONTROL_H
#define FERRY_SERVER_CONTROL_H

#include <stdbool.h>

#include "base/endpoint.h"
#include "base/text.h"
#include "protocol/line.h"

struct loop;
struct tls;
struct tls_link;
struct watch;

struct control_events {
    /*
     * A line (its `at` is NULL for one that was too long). True: taken. False:
     * it is kept and offered again by control_resume.
     */
    bool (*on_line)(void *owner, struct text line);
    /* The beginning of a line that is too long, at once, whatever waits before it. */
    void (*on_long_line)(void *owner, struct text beginning);
    /* A line has to wait; it will be offered later. */
    void (*on_waiting)(void *owner, struct text line);
    /* The handshake is done. */
    void (*on_secured)(void *owner);
    /* The last call of each of the loop's: the owner may free itself now. */
    void (*on_settled)(void *owner);
};

struct control {
    const struct control_events *events; /* borrowed: static table */
    void *owner;                         /* borrowed: it contains us */
    struct loop *loop;                   /* borrowed: outlives the session */
    struct watch *watch;                 /* owned */
    int fd;                              /* owned */
    struct tls_link *tls;                /* owned; NULL: in the clear */
    union endpoint local;
    union endpoint peer;
    struct line line;
    char *partial; /* owned: an unfinished line between two reads */
    char *waiting; /* owned: records of length and line */
    size_t waiting_len;
    size_t waiting_size;
    char *output; /* owned: replies the peer has not taken */
    size_t output_at;
    size_t output_len;
    size_t output_size;
    unsigned events_on; /* what the watch waits for */
    bool leaves_tls;    /* our end of TLS has been said; the peer's has not come yet */
    bool seen_bytes;    /* since it was opened, or left TLS */
    bool ended;         /* the peer sends no more; lines may still wait */
    bool broken;        /* nothing can be said to it either */
    bool closing;       /* no more lines are delivered; over once the output is gone */
    bool delivering;    /* replies are gathered meanwhile */
    size_t gathered;    /* bytes of them in the loop's reply buffer */
};

/*
 * Takes over the descriptor, tuned by its listener (socket_tune_control); false when out of
 * memory: it stays the caller's.
 */
bool control_open(struct control *control, struct loop *loop, int fd, const union endpoint *peer,
                  const struct control_events *events, void *owner);
void control_close(struct control *control);

/* During a handshake nothing can be said: the bytes are dropped. */
void control_send(struct control *control, struct text bytes);
/* Before another thread goes on: what answers this read so far goes out now, not at its end. */
void control_send_gathered(struct control *control);
/* Offers the lines that wait, as far as the owner takes them. */
void control_resume(struct control *control);
/* Takes no more lines; closes when the peer has the replies. */
void control_finish(struct control *control);

/*
 * TLS from here on, with a handshake first, during which no line is delivered.
 * `host` as tls_link_new. Without memory the connection breaks.
 */
void control_secure(struct control *control, struct tls *tls, struct text host);
/*
 * In the clear again from here on (CCC, REIN); only when it is secured. Lines
 * come when the peer has ended TLS, too, or begins to speak in the clear.
 */
void control_unsecure(struct control *control);
/* Is what is said and heard now under TLS? */
bool control_is_secured(const struct control *control);
/* A fresh ticket for a data connection; does nothing in the clear. */
void control_send_ticket(struct control *control);

/* Nothing can happen any more: broken, finished, or all that the peer sent was taken. */
bool control_is_over(const struct control *control);

#endif
