/* SPDX-License-Identifier: Apache-2.0 */
#include "server/loop.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include "base/log.h"
#include "base/memory.h"
#include "protocol/line.h"
#include "server/config.h"
#include "server/job.h"
#include "server/server.h"
#include "server/session.h"

enum {
    /* So many of one job may wait to be sent. */
    INTERIMS_MAX = 256,
    /* Descriptors that have their place from the start: half a megabyte. */
    RESERVED_MAX = 65534, /* libuv adds two, and wants a power of two */
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
    uv_loop_t uv; /* first: watches know it as this */
    uv_async_t wake;
    uv_timer_t tick;
    uv_timer_t moment;
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
    unsigned wishes;                /* mask of 1 << enum wish; guarded */
    struct visit *visit;            /* borrowed: who waits for it; guarded */
    bool ended;                     /* guarded */
    pthread_cond_t visited;
    bool draining;
};

struct watch {
    uv_poll_t poll;
    watch_callback *on_event; /* borrowed: a function; NULL once stopped */
    void *owner;              /* borrowed: it stops the watch before it ends */
};

/* ---- Wishes and posts -------------------------------------------------------- */

static void end_if_done(struct loop *loop)
{
    if (loop->sessions || !loop->draining)
        return;
    /* The listeners' watches are the server's to stop; it does so before draining ends. */
    uv_stop(&loop->uv);
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
    uv_async_send(&loop->wake);
    while (!visit.is_done && !loop->ended)
        pthread_cond_wait(&loop->visited, &loop->inbox_lock);
    loop->visit = NULL;
    pthread_mutex_unlock(&loop->inbox_lock);
    return visit.is_done;
}

static void on_wake(uv_async_t *wake)
{
    struct loop *loop = wake->data;
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
        loop->turn_began_ns = 0;
        job_on_posted(job);
        job = next;
    }
    receive(loop);
    grant(loop, wishes);
}

void loop_tell(struct loop *loop, enum wish wish)
{
    pthread_mutex_lock(&loop->inbox_lock);
    loop->wishes |= 1U << wish;
    pthread_mutex_unlock(&loop->inbox_lock);
    uv_async_send(&loop->wake);
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
        uv_async_send(&loop->wake);
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
    uv_async_send(&loop->wake);
}

/* ---- Sessions ------------------------------------------------------------------ */

static void on_tick(uv_timer_t *tick)
{
    struct loop *loop = tick->data;
    uint64_t now = uv_now(&loop->uv);
    struct session *next;
    for (struct session *s = loop->sessions; s; s = next) {
        next = s->next;
        session_on_tick(s, now);
    }
}

void loop_add_session(struct loop *loop, struct session *session)
{
    if (!loop->sessions)
        uv_timer_start(&loop->tick, on_tick, LOOP_TICK_MS, LOOP_TICK_MS);
    session->next = loop->sessions;
    session->previous = NULL;
    if (loop->sessions)
        loop->sessions->previous = session;
    loop->sessions = session;
}

void loop_remove_session(struct loop *loop, struct session *session)
{
    if (session->next)
        session->next->previous = session->previous;
    if (session->previous)
        session->previous->next = session->next;
    else
        loop->sessions = session->next;
    if (!loop->sessions)
        uv_timer_stop(&loop->tick);
    end_if_done(loop);
}

/* ---- Watches --------------------------------------------------------------------- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = (struct watch *)poll;
    struct loop *loop = (struct loop *)poll->loop;
    unsigned mask = 0;
    if (!watch->on_event)
        return;
    loop->turn_began_ns = 0;
    if (status < 0)
        mask |= WATCH_READ | WATCH_WRITE | WATCH_FAILED;
    if (events & UV_READABLE)
        mask |= WATCH_READ;
    if (events & UV_WRITABLE)
        mask |= WATCH_WRITE;
    if (events & UV_PRIORITIZED)
        mask |= WATCH_URGENT;
    watch->on_event(watch->owner, mask);
}

static int uv_events(unsigned events)
{
    return (events & WATCH_READ ? UV_READABLE : 0) | (events & WATCH_WRITE ? UV_WRITABLE : 0) |
           (events & WATCH_URGENT ? UV_PRIORITIZED : 0);
}

struct watch *watch_start(struct loop *loop, int fd, unsigned events, watch_callback *on_event,
                          void *owner)
{
    struct watch *watch = memory_new(sizeof(*watch));
    if (!watch)
        return NULL;
    if (uv_poll_init(&loop->uv, &watch->poll, fd)) {
        memory_free(watch);
        return NULL;
    }
    watch->on_event = on_event;
    watch->owner = owner;
    watch_change(watch, events);
    return watch;
}

void watch_change(struct watch *watch, unsigned events)
{
    if (events)
        uv_poll_start(&watch->poll, uv_events(events), on_poll);
    else
        uv_poll_stop(&watch->poll);
}

static void on_watch_closed(uv_handle_t *handle)
{
    memory_free(handle);
}

void watch_stop(struct watch *watch)
{
    if (!watch)
        return;
    watch->on_event = NULL;
    watch->owner = NULL;
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

void watch_redirect(struct watch *watch, watch_callback *on_event)
{
    watch->on_event = on_event;
}

/* ---- Moments ------------------------------------------------------------------------- */

/* All are equally long, so that the list is in their order and one timer does. */
static void on_moment(uv_timer_t *timer)
{
    struct loop *loop = timer->data;
    uint64_t now = uv_now(&loop->uv);
    while (loop->moments && loop->moments->at_ms <= now) {
        struct moment *moment = loop->moments;
        moment_put_off(loop, moment);
        loop->turn_began_ns = 0;
        moment->on_moment(moment);
    }
    if (loop->moments)
        uv_timer_start(timer, on_moment, loop->moments->at_ms - now, 0);
}

void moment_begin(struct loop *loop, struct moment *moment,
                  void (*on_moment_now)(struct moment *moment))
{
    moment->on_moment = on_moment_now;
    moment->at_ms = uv_now(&loop->uv) + LOOP_MOMENT_MS;
    moment->next = NULL;
    moment->previous = loop->last_moment;
    if (loop->last_moment)
        loop->last_moment->next = moment;
    else
        loop->moments = moment;
    loop->last_moment = moment;
    if (!uv_is_active((uv_handle_t *)&loop->moment))
        uv_timer_start(&loop->moment, on_moment, LOOP_MOMENT_MS, 0);
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

/*
 * libuv ends the program when there is no memory for its table of descriptors
 * to grow. So the table is made here, where nobody is served yet, as long as it
 * can become (or RESERVED_MAX): by a watch on the highest descriptor.
 */
static bool reserve_table(struct loop *loop)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return false;
    int last = limit.rlim_cur < RESERVED_MAX ? (int)limit.rlim_cur - 1 : RESERVED_MAX - 1;
    int low = eventfd(0, EFD_CLOEXEC);
    int highest = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, last);
    struct watch *watch = highest < 0 ? NULL : watch_start(loop, highest, WATCH_READ, NULL, NULL);
    watch_stop(watch);
    if (highest >= 0)
        close(highest);
    if (low >= 0)
        close(low);
    return watch != NULL;
}

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
    loop->read_buffer = memory_new(LOOP_READ_BYTES);
    loop->line_buffer = memory_new(LINE_MAX_BYTES);
    loop->reply_buffer = memory_new(LOOP_REPLY_BYTES);
    if (!loop->read_buffer || !loop->line_buffer || !loop->reply_buffer ||
        uv_loop_init(&loop->uv)) {
        free_buffers(loop);
        memory_free(loop);
        return NULL;
    }
    loop->config = config_ref(config);
    pthread_mutex_init(&loop->inbox_lock, NULL);
    pthread_cond_init(&loop->visited, NULL);
    uv_async_init(&loop->uv, &loop->wake, on_wake);
    uv_timer_init(&loop->uv, &loop->tick);
    uv_timer_init(&loop->uv, &loop->moment);
    loop->wake.data = loop;
    loop->tick.data = loop;
    loop->moment.data = loop;
    if (reserve_table(loop))
        return loop;
    loop_free(loop);
    return NULL;
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    pthread_mutex_lock(&loop->inbox_lock);
    loop->ended = true;
    pthread_cond_signal(&loop->visited);
    pthread_mutex_unlock(&loop->inbox_lock);
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->tick, NULL);
    uv_close((uv_handle_t *)&loop->moment, NULL);
    /* What was closed is told so in one more turn. */
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    if (uv_loop_close(&loop->uv))
        log_error("loop-not-closed", LOG_NUMBER("handles", loop->uv.active_handles));
    config_unref(loop->config);
    pthread_cond_destroy(&loop->visited);
    pthread_mutex_destroy(&loop->inbox_lock);
    free_buffers(loop);
    memory_free(loop);
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
    uint64_t now_ns = uv_hrtime();
    if (!loop->turn_began_ns)
        loop->turn_began_ns = now_ns;
    return now_ns - loop->turn_began_ns < TURN_NS;
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return uv_now(&loop->uv);
}

bool loop_is_draining(const struct loop *loop)
{
    return loop->draining;
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
