/* SPDX-License-Identifier: Apache-2.0 */
#include "server/loop.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/memory.h"
#include "protocol/line.h"
#include "server/config.h"
#include "server/job.h"
#include "server/server.h"
#include "server/session.h"
#include "server/watch.h"

enum {
    /* So many of one job may wait to be sent. */
    INTERIMS_MAX = 256,
    /* So long one session may keep the others waiting by what is done for it at once. */
    TURN_NS = 1000000,
};

/* A reply that a worker wants to be sent while its job goes on. */
struct interim {
    struct interim *next; /* owned: the rest of the list */
    struct job *job;      /* borrowed: it is posted behind this */
    size_t len;
    char reply[];
};

/* Somebody who waits to have all sessions looked at. On the stack of who waits. */
struct visit {
    void (*on_session)(void *context, struct session *session);
    void *context; /* borrowed: the caller's */
    bool is_done;
};

struct loop {
    struct watches watches;
    uint64_t now_ms;            /* of this round */
    uint64_t round;             /* how many there were */
    uint64_t tick_ms;           /* when the sessions look at their deadlines next */
    struct moment *moments;     /* borrowed: whose they are; the list's first, the next to come */
    struct moment *last_moment; /* borrowed: likewise */
    struct server *server;      /* borrowed: outlives the loop */
    struct config *config;      /* owned reference */
    struct session *sessions;   /* owned by themselves; the list's first */
    char *read_buffer;          /* owned */
    char *line_buffer;          /* owned */
    char *reply_buffer;         /* owned */
    uint64_t turn_began_ns;     /* 0: it has just begun */
    pthread_mutex_t inbox_lock;
    struct interim *interims;       /* owned; guarded */
    struct interim **interims_last; /* borrowed: the last next pointer; guarded */
    struct job *inbox;              /* borrowed: the sessions'; guarded */
    struct job **inbox_last;        /* borrowed: the last next pointer; guarded */
    struct errand *errands;         /* borrowed: whose they are; guarded */
    struct errand **errands_last;   /* borrowed: the last next pointer; guarded */
    atomic_uint load;               /* sessions and errands */
    unsigned kept;                  /* how many others it stays for */
    unsigned wishes;                /* mask of 1 << enum wish; guarded */
    struct visit *visit;            /* borrowed: who waits for it; guarded */
    bool ended;                     /* guarded */
    pthread_cond_t visited;
    bool draining;
    bool stopped; /* the last round is this one */
};

/* ---- Wishes and posts -------------------------------------------------------- */

static void end_if_done(struct loop *loop)
{
    if (!loop->sessions && !loop->kept && loop->draining)
        loop->stopped = true;
}

void loop_keep(struct loop *loop)
{
    loop->kept++;
}

void loop_let_go(struct loop *loop)
{
    loop->kept--;
    end_if_done(loop);
}

static void reconfigure(struct loop *loop)
{
    struct config *config = server_config_ref(loop->server);
    config_unref(loop->config);
    loop->config = config;
}

static void drain(struct loop *loop, bool stop)
{
    loop->draining = true;
    struct session *next;
    for (struct session *s = loop->sessions; s; s = next) {
        next = s->next;
        session_drain(s, stop);
    }
    end_if_done(loop);
}

static void grant(struct loop *loop, unsigned wishes)
{
    if (wishes & 1U << LOOP_RECONFIGURE)
        reconfigure(loop);
    if (wishes & (1U << LOOP_DRAIN | 1U << LOOP_STOP))
        drain(loop, (wishes & 1U << LOOP_STOP) != 0);
}

static void receive(struct loop *loop)
{
    pthread_mutex_lock(&loop->inbox_lock);
    struct visit *visit = loop->visit;
    loop->visit = NULL;
    pthread_mutex_unlock(&loop->inbox_lock);
    if (!visit)
        return;
    struct session *next;
    for (struct session *session = loop->sessions; session; session = next) {
        next = session->next; /* it may end */
        visit->on_session(visit->context, session);
    }
    pthread_mutex_lock(&loop->inbox_lock);
    visit->is_done = true;
    pthread_cond_signal(&loop->visited);
    pthread_mutex_unlock(&loop->inbox_lock);
}

bool loop_visit(struct loop *loop, void (*on_session)(void *context, struct session *session),
                void *context)
{
    struct visit visit = {on_session, context, false};
    pthread_mutex_lock(&loop->inbox_lock);
    loop->visit = &visit;
    watches_wake(&loop->watches);
    while (!visit.is_done && !loop->ended)
        pthread_cond_wait(&loop->visited, &loop->inbox_lock);
    loop->visit = NULL;
    pthread_mutex_unlock(&loop->inbox_lock);
    return visit.is_done;
}

static void run_errands(struct loop *loop)
{
    pthread_mutex_lock(&loop->inbox_lock);
    struct errand *errand = loop->errands;
    loop->errands = NULL;
    loop->errands_last = &loop->errands;
    pthread_mutex_unlock(&loop->inbox_lock);
    while (errand) {
        struct errand *next = errand->next;
        loop_begin_turn(loop);
        atomic_fetch_sub_explicit(&loop->load, 1, memory_order_relaxed);
        errand->on_errand(errand, loop);
        errand = next;
    }
}

bool loop_bring(struct loop *loop, struct errand *errand)
{
    pthread_mutex_lock(&loop->inbox_lock);
    bool is_there = !loop->ended;
    if (is_there) {
        errand->next = NULL;
        *loop->errands_last = errand;
        loop->errands_last = &errand->next;
        atomic_fetch_add_explicit(&loop->load, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&loop->inbox_lock);
    if (is_there)
        watches_wake(&loop->watches);
    return is_there;
}

unsigned loop_load(const struct loop *loop)
{
    return atomic_load_explicit(&loop->load, memory_order_relaxed);
}

/* What other threads have left here. */
static void take_in(struct loop *loop)
{
    pthread_mutex_lock(&loop->inbox_lock);
    struct job *job = loop->inbox;
    struct interim *interim = loop->interims;
    unsigned wishes = loop->wishes;
    loop->interims = NULL;
    for (const struct interim *i = interim; i; i = i->next)
        i->job->interim_count = 0;
    loop->interims_last = &loop->interims;
    loop->inbox = NULL;
    loop->inbox_last = &loop->inbox;
    loop->wishes = 0;
    pthread_mutex_unlock(&loop->inbox_lock);
    while (interim) {
        struct interim *next = interim->next;
        job_on_interim(interim->job, (struct text){interim->reply, interim->len});
        memory_free(interim);
        interim = next;
    }
    while (job) {
        struct job *next = job->next_posted;
        loop_begin_turn(loop);
        job_on_posted(job);
        job = next;
    }
    run_errands(loop);
    receive(loop);
    grant(loop, wishes);
}

void loop_tell(struct loop *loop, enum wish wish)
{
    pthread_mutex_lock(&loop->inbox_lock);
    loop->wishes |= 1U << wish;
    pthread_mutex_unlock(&loop->inbox_lock);
    watches_wake(&loop->watches);
}

bool loop_post_reply(struct loop *loop, struct job *job, struct text reply)
{
    struct interim *interim = memory_new(sizeof(*interim) + reply.len);
    if (!interim)
        return false;
    interim->job = job;
    interim->len = reply.len;
    memcpy(interim->reply, reply.at, reply.len);
    pthread_mutex_lock(&loop->inbox_lock);
    bool fits = job->interim_count < INTERIMS_MAX;
    if (fits) {
        *loop->interims_last = interim;
        loop->interims_last = &interim->next;
        job->interim_count++;
    }
    pthread_mutex_unlock(&loop->inbox_lock);
    if (fits)
        watches_wake(&loop->watches);
    else
        memory_free(interim);
    return fits;
}

void loop_post(struct loop *loop, struct job *job)
{
    pthread_mutex_lock(&loop->inbox_lock);
    job->next_posted = NULL;
    *loop->inbox_last = job;
    loop->inbox_last = &job->next_posted;
    pthread_mutex_unlock(&loop->inbox_lock);
    watches_wake(&loop->watches);
}

/* ---- Sessions ------------------------------------------------------------------ */

static void on_tick(struct loop *loop)
{
    struct session *next;
    loop->tick_ms = loop->now_ms + LOOP_TICK_MS;
    for (struct session *s = loop->sessions; s; s = next) {
        next = s->next;
        session_on_tick(s, loop->now_ms);
    }
}

void loop_add_session(struct loop *loop, struct session *session)
{
    if (!loop->sessions)
        loop->tick_ms = loop->now_ms + LOOP_TICK_MS;
    session->next = loop->sessions;
    session->previous = NULL;
    if (loop->sessions)
        loop->sessions->previous = session;
    loop->sessions = session;
    atomic_fetch_add_explicit(&loop->load, 1, memory_order_relaxed);
}

void loop_remove_session(struct loop *loop, struct session *session)
{
    if (session->next)
        session->next->previous = session->previous;
    if (session->previous)
        session->previous->next = session->next;
    else
        loop->sessions = session->next;
    atomic_fetch_sub_explicit(&loop->load, 1, memory_order_relaxed);
    end_if_done(loop);
}

/* ---- Moments ------------------------------------------------------------------------- */

/* All are equally long, so that the list is in their order. */
static void on_moments(struct loop *loop)
{
    while (loop->moments && loop->moments->at_ms <= loop->now_ms) {
        struct moment *moment = loop->moments;
        moment_put_off(loop, moment);
        loop_begin_turn(loop);
        moment->on_moment(moment);
    }
}

void moment_begin(struct loop *loop, struct moment *moment,
                  void (*on_moment_now)(struct moment *moment))
{
    moment->on_moment = on_moment_now;
    moment->at_ms = loop->now_ms + LOOP_MOMENT_MS;
    moment->next = NULL;
    moment->previous = loop->last_moment;
    if (loop->last_moment)
        loop->last_moment->next = moment;
    else
        loop->moments = moment;
    loop->last_moment = moment;
}

void moment_put_off(struct loop *loop, struct moment *moment)
{
    if (!moment->at_ms)
        return;
    if (moment->next)
        moment->next->previous = moment->previous;
    else
        loop->last_moment = moment->previous;
    if (moment->previous)
        moment->previous->next = moment->next;
    else
        loop->moments = moment->next;
    moment->at_ms = 0;
}

/* ---- The loop itself ---------------------------------------------------------------- */

static void free_buffers(struct loop *loop)
{
    memory_free(loop->read_buffer);
    memory_free(loop->line_buffer);
    memory_free(loop->reply_buffer);
}

struct loop *loop_new(struct server *server, struct config *config)
{
    struct loop *loop = memory_new(sizeof(*loop));
    if (!loop)
        return NULL;
    loop->server = server;
    loop->inbox_last = &loop->inbox;
    loop->interims_last = &loop->interims;
    loop->errands_last = &loop->errands;
    loop->read_buffer = memory_new(LOOP_READ_BYTES);
    loop->line_buffer = memory_new(LINE_MAX_BYTES);
    loop->reply_buffer = memory_new(LOOP_REPLY_BYTES);
    if (!loop->read_buffer || !loop->line_buffer || !loop->reply_buffer ||
        !watches_open(&loop->watches)) {
        free_buffers(loop);
        memory_free(loop);
        return NULL;
    }
    loop->config = config_ref(config);
    pthread_mutex_init(&loop->inbox_lock, NULL);
    pthread_cond_init(&loop->visited, NULL);
    loop->now_ms = (uint64_t)clock_running_ms();
    return loop;
}

/* How long nothing has to be done unless somebody asks for it; -1: for ever. */
static int spare_ms(const struct loop *loop)
{
    uint64_t next_ms = loop->sessions ? loop->tick_ms : UINT64_MAX;
    if (loop->moments && loop->moments->at_ms < next_ms)
        next_ms = loop->moments->at_ms;
    if (next_ms == UINT64_MAX)
        return -1;
    return next_ms > loop->now_ms ? (int)(next_ms - loop->now_ms) : 0;
}

static void go_round(struct loop *loop)
{
    watches_await(&loop->watches, spare_ms(loop));
    loop->now_ms = (uint64_t)clock_running_ms();
    loop->round++;
    if (loop->sessions && loop->now_ms >= loop->tick_ms)
        on_tick(loop);
    on_moments(loop);
    watches_tell(&loop->watches);
    take_in(loop);
}

void loop_run(struct loop *loop)
{
    while (!loop->stopped)
        go_round(loop);
    loop->stopped = false;
    pthread_mutex_lock(&loop->inbox_lock);
    loop->ended = true;
    pthread_cond_signal(&loop->visited);
    pthread_mutex_unlock(&loop->inbox_lock);
    run_errands(loop);
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    run_errands(loop);
    watches_close(&loop->watches);
    config_unref(loop->config);
    pthread_cond_destroy(&loop->visited);
    pthread_mutex_destroy(&loop->inbox_lock);
    free_buffers(loop);
    memory_free(loop);
}

struct watches *loop_watches(struct loop *loop)
{
    return &loop->watches;
}

void loop_begin_turn(struct loop *loop)
{
    loop->turn_began_ns = 0;
}

struct server *loop_server(const struct loop *loop)
{
    return loop->server;
}

struct config *loop_config(const struct loop *loop)
{
    return loop->config;
}

bool loop_has_time(struct loop *loop)
{
    uint64_t now_ns = (uint64_t)clock_running_ns();
    if (!loop->turn_began_ns)
        loop->turn_began_ns = now_ns;
    return now_ns - loop->turn_began_ns < TURN_NS;
}

uint64_t loop_round(const struct loop *loop)
{
    return loop->round;
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

char *loop_read_buffer(struct loop *loop)
{
    return loop->read_buffer;
}

char *loop_line_buffer(struct loop *loop)
{
    return loop->line_buffer;
}

char *loop_reply_buffer(struct loop *loop)
{
    return loop->reply_buffer;
}
