/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: one control connection on the loop: bytes <-> lines, replies in
 * order, lines that have to wait. It knows nothing of FTP's verbs.
 *
 * A connection at rest owns no buffer. Lines that the owner does not take yet
 * wait here, in order, up to a limit at which reading stops; replies that the
 * peer does not read wait too, and while they do no further line is delivered:
 * a client can make the server neither forget nor hoard. Loop thread only.
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
    /* The last call of each of the loop's: the owner may free itself now. */
    void (*on_settled)(void *owner);
};

struct control {
    const struct control_events *events; /* borrowed: static table */
    void *owner;                         /* borrowed: it contains us */
    struct loop *loop;                   /* borrowed: outlives the session */
    struct watch *watch;                 /* owned */
    int fd;                              /* owned */
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
    bool seen_bytes;
    bool ended;   /* the peer sends no more; lines may still wait */
    bool broken;  /* nothing can be said to it either */
    bool closing; /* no more lines are delivered; over once the output is gone */
    bool delivering;
};

/* Takes over the descriptor. False when out of memory; the descriptor is closed. */
bool control_open(struct control *control, struct loop *loop, int fd, const union endpoint *peer,
                  const struct control_events *events, void *owner);
void control_close(struct control *control);

void control_send(struct control *control, struct text bytes);
/* Offers the lines that wait, as far as the owner takes them. */
void control_resume(struct control *control);
/* Takes no more lines; closes when the peer has the replies. */
void control_finish(struct control *control);
/* Nothing can happen any more: broken, finished, or all that the peer sent was taken. */
bool control_is_over(const struct control *control);

#endif
