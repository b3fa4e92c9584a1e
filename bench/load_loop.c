/* SPDX-License-Identifier: Apache-2.0 */
#include "load_loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "load_data.h"
#include "load_login.h"
#include "load_operation.h"

enum {
    EVENTS_MAX = 256,
    LOGINS_AT_ONCE = 16,
    LOGIN_TRIES = 3,
    ERRORS_MAX = 1000, /* of one loop; a session that fails then stays away */
};

/* ---- Counting ---------------------------------------------------------------------------- */

static atomic_flag has_told = ATOMIC_FLAG_INIT;

void loop_count_error(struct session *s, const char *what, struct text line)
{
    if (s->loop->phase == PHASE_LEAVING)
        return; /* a server may have closed before we said QUIT */
    if (s->loop->phase == PHASE_PREPARING && s->tries + 1 < LOGIN_TRIES)
        s->loop->retries++;
    else
        s->loop->errors++;
    if (!atomic_flag_test_and_set(&has_told))
        (void)fprintf(stderr, "bench_load: session %u: %s: %.*s\n", s->number, what,
                      TEXT_ARGS(line));
}

void loop_end_operation(struct session *s)
{
    struct loop *loop = s->loop;
    loop->now_ns = (uint64_t)clock_running_ns();
    times_add(&loop->times, loop->now_ns - s->began_ns);
    loop->operations++;
    s->step = NULL;
    loop->on_free(s);
}

/* ---- Events ------------------------------------------------------------------------------- */

static void on_event(struct link *link, uint32_t events)
{
    struct session *s = link->session;
    if (link == &s->control)
        session_on_event(s, events);
    else if (s->step)
        data_move(s);
}

static void rise(struct session *s)
{
    s->is_active = true;
    s->loop->active++;
}

static void rest(struct session *s)
{
    s->step = NULL;
    s->is_active = false;
    s->loop->active--;
}

/* A session that failed logs in anew, unless that is hopeless or to be told as it is. */
static bool has_another_try(struct session *s)
{
    const struct loop *loop = s->loop;
    if (loop->phase == PHASE_WORKING)
        return !loop->options->work->is_once && loop->errors <= ERRORS_MAX;
    return loop->phase == PHASE_PREPARING && s->tries + 1 < LOGIN_TRIES;
}

static void look_after(struct session *s)
{
    bool is_login_the_work = s->loop->phase == PHASE_WORKING &&
                             s->loop->options->work->is_from_outside;
    s->is_failed = false;
    s->step = NULL;
    if (!has_another_try(s)) {
        rest(s);
    } else if (is_login_the_work) {
        s->loop->on_free(s);
    } else {
        s->tries++;
        login_begin(s);
    }
}

static void look_after_failed(struct loop *loop)
{
    struct session *s = loop->failed;
    loop->failed = NULL;
    while (s) {
        struct session *next = s->next;
        look_after(s);
        s = next;
    }
}

static void lose_all(struct loop *loop)
{
    for (unsigned i = 0; i < loop->count; i++) {
        struct session *s = &loop->sessions[i];
        if (!s->is_active)
            continue;
        session_fail(s, "nothing came any more", TEXT(""));
        rest(s);
    }
    loop->failed = NULL;
}

/* Until no session has anything under way. */
static void run(struct loop *loop)
{
    struct epoll_event events[EVENTS_MAX];
    while (loop->active) {
        while (loop->failed)
            look_after_failed(loop);
        if (!loop->active)
            break;
        int n = epoll_wait(loop->epoll, events, EVENTS_MAX, (int)loop->options->patience_ms);
        if (n == 0)
            lose_all(loop);
        for (int i = 0; i < n; i++)
            on_event(events[i].data.ptr, events[i].events);
    }
}

/* ---- Preparing ----------------------------------------------------------------------------- */

static void prepare_next(struct loop *loop)
{
    if (loop->begun == loop->count)
        return;
    struct session *s = &loop->sessions[loop->begun++];
    rise(s);
    login_begin(s);
}

static void on_prepared(struct session *s)
{
    rest(s);
    prepare_next(s->loop);
}

static void log_all_in(struct loop *loop)
{
    loop->on_free = on_prepared;
    for (unsigned i = 0; i < LOGINS_AT_ONCE; i++)
        prepare_next(loop);
    run(loop);
}

static void on_verified(struct session *s)
{
    const struct work *work = s->loop->options->work;
    if (++s->turn < work->steps)
        operation_begin(s, &work->rotation[s->turn]);
    else
        rest(s);
}

/* One session does what all are going to do; where they come from outside, it logs in. */
static void verify(struct loop *loop)
{
    static const struct step login = {OPERATION_LOGIN, "", "", 0};
    const struct work *work = loop->options->work;
    struct session *s = &loop->sessions[0];
    loop->phase = PHASE_VERIFYING;
    loop->on_free = on_verified;
    rise(s);
    s->turn = 0;
    operation_begin(s, work->is_from_outside ? &login : &work->rotation[0]);
    run(loop);
}

void loop_prepare(struct loop *loop, bool verifies)
{
    const struct work *work = loop->options->work;
    loop->start_ns = loop->now_ns = (uint64_t)clock_running_ns();
    if (!work->is_from_outside)
        log_all_in(loop);
    loop->now_ns = (uint64_t)clock_running_ns();
    if (verifies && work->steps && !loop->errors)
        verify(loop);
}

/* ---- Working ------------------------------------------------------------------------------- */

static void begin_step(struct session *s)
{
    const struct work *work = s->loop->options->work;
    operation_begin(s, &work->rotation[s->turn++ % work->steps]);
}

static void on_worked(struct session *s)
{
    struct loop *loop = s->loop;
    if (loop->budget && loop->now_ns < loop->end_ns) {
        loop->budget--;
        begin_step(s);
    } else {
        rest(s);
    }
}

static void begin_all(struct loop *loop)
{
    loop->on_free = on_worked;
    for (unsigned i = 0; i < loop->busy; i++) {
        rise(&loop->sessions[i]);
        on_worked(&loop->sessions[i]);
    }
}

static void begin_once(struct loop *loop)
{
    loop->on_free = rest;
    for (unsigned i = 0; i < loop->busy; i++) {
        rise(&loop->sessions[i]);
        begin_step(&loop->sessions[i]);
    }
}

static void reset_counts(struct loop *loop)
{
    loop->operations = loop->bytes = loop->entries = loop->resumed = 0;
    memset(&loop->times, 0, sizeof(loop->times));
    memset(&loop->first_bytes, 0, sizeof(loop->first_bytes));
}

void loop_work(struct loop *loop)
{
    const struct options *o = loop->options;
    reset_counts(loop);
    loop->phase = PHASE_WORKING;
    if (!o->work->steps) {
        loop->operations = loop->busy; /* in the time that preparing took */
        return;
    }
    loop->start_ns = loop->now_ns = (uint64_t)clock_running_ns();
    loop->end_ns = o->operations ? UINT64_MAX : loop->start_ns + o->duration_ns;
    if (o->work->is_once)
        begin_once(loop);
    else
        begin_all(loop);
    run(loop);
}

/* ---- Leaving ------------------------------------------------------------------------------- */

void loop_leave(struct loop *loop)
{
    loop->on_free = rest;
    loop->phase = PHASE_LEAVING;
    for (unsigned i = 0; i < loop->count; i++) {
        struct session *s = &loop->sessions[i];
        if (s->control.fd < 0)
            continue;
        rise(s);
        login_leave(s);
    }
    run(loop);
}

/* ---- Life ----------------------------------------------------------------------------------- */

/* How many of `total` fall to this one of `parts`. */
static uint64_t share(uint64_t total, unsigned parts, unsigned index)
{
    return total / parts + (index < total % parts);
}

static bool make_upload(struct loop *loop)
{
    loop->upload = memfd_create("upload", MFD_CLOEXEC);
    return loop->upload >= 0 && write(loop->upload, loop->buffer, BUFFER_BYTES) == BUFFER_BYTES;
}

static void init_session(struct loop *loop, unsigned i, unsigned number)
{
    struct session *s = &loop->sessions[i];
    s->loop = loop;
    s->number = number;
    s->control.fd = s->data.fd = -1;
    s->control.session = s->data.session = s;
}

bool loop_init(struct loop *loop, const struct options *options, const struct tls *tls,
               unsigned index)
{
    unsigned threads = options->threads;
    loop->options = options;
    loop->tls = tls;
    loop->busy = (unsigned)share(options->sessions, threads, index);
    loop->count = loop->busy + (unsigned)share(options->idle, threads, index);
    loop->budget = options->operations ? share(options->operations, threads, index) : UINT64_MAX;
    loop->sessions = memory_new_array(loop->count, sizeof(*loop->sessions));
    loop->buffer = memory_new(BUFFER_BYTES);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!loop->sessions || !loop->buffer || loop->epoll < 0 || !make_upload(loop)) {
        perror("bench_load: preparing a thread");
        return false;
    }
    for (unsigned i = 0; i < loop->count; i++)
        init_session(loop, i, i * threads + index);
    return true;
}

void loop_done(struct loop *loop)
{
    for (unsigned i = 0; loop->sessions && i < loop->count; i++) {
        session_close(&loop->sessions[i]);
        SSL_SESSION_free(loop->sessions[i].ticket);
    }
    memory_free(loop->sessions);
    memory_free(loop->buffer);
    close(loop->epoll);
    close(loop->upload);
}
