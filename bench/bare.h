/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bare: an FTP server without any service, as fast as it can be written: what `make bench` holds
 * the others against. Whoever connects may do anything below --root; there is no account, no
 * permission, no log, no limit, no time-out, and TYPE, STRU and MODE change nothing. It listens on
 * 127.0.0.1 only, and names are confined by their text alone.
 *
 * One loop a thread (bare.c), which shares nothing with the others but the port: a session stays
 * where it was accepted, and everything is done there and then, disk included. Replies gather in
 * the loop and leave in one write behind each event. bare_control.c speaks, bare_data.c moves,
 * bare_listing.c writes directories, bare_tls.c is the FTPS of both connections.
 */
#ifndef FERRY_BENCH_BARE_H
#define FERRY_BENCH_BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"

#include "bare_listing.h"

enum {
    INPUT_BYTES = 16 * 1024,  /* of commands read at once; also the longest line */
    OUTPUT_BYTES = 64 * 1024, /* of replies to one read: each is far shorter than 256 bytes */
    PATH_BYTES = 4096,
    PIECE_BYTES = 256 * 1024, /* of a file at once, where it has to pass through us */
    PIPE_BYTES = 1 << 20,     /* where it has not; the largest that anybody may have */
    /* What TLS adds to a piece: 22 bytes to each record of 16 KiB, an alert, a handshake. */
    SEALED_BYTES = PIECE_BYTES + 64 * 1024,
};

/* Which descriptor of a session an event is about: the low bits of what epoll keeps for us. */
enum role { ROLE_CONTROL, ROLE_LISTENER, ROLE_DATA, ROLE_MASK = 3 };

enum move { MOVE_NONE, MOVE_SEND, MOVE_RECEIVE, MOVE_LIST };

struct tls_end;
struct tls_side;

/* What a large file goes through without being copied. */
struct pipe {
    int ends[2];       /* owned: reading, writing */
    size_t len;        /* what is in it */
    struct pipe *next; /* owned: the loop's list of those that nobody uses */
};

/* One thread. What is used between two events only is here and not in each session. */
struct loop {
    int epoll;
    int listener;
    int root;              /* borrowed: everybody's, outlives the loop */
    struct tls_side *tls;  /* owned */
    struct listing *spare; /* owned: kept for the next LIST */
    struct session *dead;  /* owned: freed behind the events that may still name them */
    struct pipe *pipes;    /* owned: empty, for the next transfers */
    unsigned pipe_count;   /* of them */
    size_t output_len;
    size_t sealed_len;
    char input[INPUT_BYTES];
    char output[OUTPUT_BYTES];
    char path[PATH_BYTES];
    char piece[PIECE_BYTES];
    char sealed[SEALED_BYTES]; /* records of TLS on their way to one write */
};

struct session {
    struct loop *loop;   /* borrowed: lives as long as the program */
    int control;         /* -1: closed */
    int listener;        /* -1: none yet; from the first PASV to the end */
    int data;            /* -1: none */
    int file;            /* -1: none */
    uint16_t port;       /* of the listener */
    uint8_t move;        /* enum move */
    uint8_t watched;     /* events epoll has for the data connection */
    bool is_told : 1;    /* 150 */
    bool is_private : 1; /* PROT P */
    bool is_ending : 1;  /* close behind the replies */
    bool is_paused : 1;  /* the control connection is not listened to: a transfer is under way */
    bool is_awaited : 1; /* a data connection: PASV was answered, and none accepted since */
    bool is_listener_watched : 1;
    off_t at;                    /* in the file */
    char *directory;             /* owned: working directory below the root; NULL: the root */
    char *partial;               /* owned: input behind the last command */
    uint32_t partial_len;        /* of it */
    struct listing *listing;     /* owned */
    struct pipe *pipe;           /* owned */
    struct tls_end *control_tls; /* owned; NULL: in the clear */
    struct tls_end *data_tls;    /* owned; NULL: in the clear */
    struct session *next_dead;   /* owned: the loop's list */
};

/* ---- bare.c -------------------------------------------------------------------- */

/* Prints why and ends the program. */
void must(bool is_done, const char *what);
/* epoll tells `events` of the descriptor; `operation` is EPOLL_CTL_ADD or _MOD. */
void loop_watch(struct session *s, int fd, enum role role, int operation, uint32_t events);

/* ---- bare_control.c ------------------------------------------------------------ */

void control_on_event(struct session *s);
/* Behind a transfer that took time: what came in the meantime. */
void control_go_on(struct session *s);
/* One or more lines with their ends. */
void control_reply(struct session *s, struct text lines);
/* Replies leave; a client that does not read them is closed. */
void control_flush(struct session *s);

/* ---- bare_data.c --------------------------------------------------------------- */

/* PASV and EPSV: there is a listener, and no connection of an earlier command is in its queue. */
bool data_listen(struct session *s);
/* s->file or s->listing is ready: starts on the data connection, if it is there already. */
void data_begin(struct session *s, enum move move);
void data_on_listener(struct session *s);
void data_on_event(struct session *s);
/* Closes what a transfer has open. */
void data_drop(struct session *s);
/* The session's, until the transfer ends; NULL: the system has none. */
struct pipe *data_pipe(struct session *s);

/* ---- bare_move.c --------------------------------------------------------------- */

/* What a step of a transfer came to; else the event of epoll that it waits for. */
enum { MOVED_ALL = 0, MOVED_FAILED = -1 };
int move_step(struct session *s);

/* ---- bare_tls.c ---------------------------------------------------------------- */

/* What one loop needs for FTPS, or the program ends. NULL for both files: self-signed. */
struct tls_side *tls_new_side(const char *certificate, const char *key);
struct tls_end *tls_begin(struct session *s, int fd, bool is_data);
void tls_free(struct tls_end *end);

/* What a call came to, where it is not bytes. */
enum { TLS_READY = 1, TLS_ENDED = 0, TLS_FAILED = -1, TLS_WANTS_READ = -2, TLS_WANTS_WRITE = -3 };
/* The handshake is made, and all that was sealed has left; TLS_ENDED: and tls_finish was called. */
ssize_t tls_ready(struct tls_end *end);
/* The handshake goes on first. `len` is more than 0. */
ssize_t tls_read(struct tls_end *end, char *bytes, size_t len);
/* Seals all of at most PIECE_BYTES; only when tls_ready. tls_ready sends them. */
bool tls_write(struct tls_end *end, const char *bytes, size_t len);
/* Nothing more will be written. */
void tls_finish(struct tls_end *end);

#endif
