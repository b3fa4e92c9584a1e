/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_loop: the sessions of one thread, the epoll that drives them, and what they counted.
 * It prepares, works and leaves; between these nothing moves.
 */
#ifndef FERRY_BENCH_LOAD_LOOP_H
#define FERRY_BENCH_LOAD_LOOP_H

#include "load_options.h"
#include "load_session.h"
#include "load_times.h"
#include "load_tls.h"

enum { BUFFER_BYTES = 256 * 1024 };

enum phase { PHASE_PREPARING, PHASE_VERIFYING, PHASE_WORKING, PHASE_LEAVING };

struct loop {
    const struct options *options; /* borrowed: the program's */
    const struct tls *tls;         /* borrowed: the program's */
    struct session *sessions;      /* owned: `count`, of which the first `busy` work */
    char *buffer;                  /* owned: BUFFER_BYTES, for what is received or sent */
    unsigned count;
    unsigned busy;
    unsigned begun;  /* sessions that have begun what all do once */
    unsigned active; /* sessions with something under way */
    int epoll;
    int upload; /* a file in memory of BUFFER_BYTES */
    enum phase phase;

    void (*on_free)(struct session *s); /* it has nothing under way any more */
    struct session *failed;             /* borrowed: `sessions`; chained by next */

    uint64_t now_ns; /* when the last operation ended */
    uint64_t start_ns;
    uint64_t end_ns; /* no operation begins after it */
    uint64_t budget; /* operations that may still begin */

    uint64_t listing_lines; /* of each; 0: none came yet */

    uint64_t operations;
    uint64_t bytes;
    uint64_t entries;
    uint64_t resumed; /* data connections */
    uint64_t errors;
    uint64_t retries; /* logins that failed and were tried again before the work */
    struct times times;
    struct times first_bytes;
};

/* `index` of options->threads. False, and said on standard error: it cannot be had. */
bool loop_init(struct loop *loop, const struct options *options, const struct tls *tls,
               unsigned index);
void loop_done(struct loop *loop);

/* Logs in what the work needs; where `verifies`, one session goes through the work once. */
void loop_prepare(struct loop *loop, bool verifies);
void loop_work(struct loop *loop);
void loop_leave(struct loop *loop);

/* ---- For sessions --------------------------------------------------------------------- */

void loop_end_operation(struct session *s);
void loop_count_error(struct session *s, const char *what, struct text line);

#endif
