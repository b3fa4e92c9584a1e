/* SPDX-License-Identifier: Apache-2.0 */
#include "server/job.h"

#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/pattern.h"
#include "dtp/data_port.h"
#include "net/socket.h"
#include "protocol/pathname.h"
#include "server/backends.h"
#include "server/loop.h"
#include "server/server.h"
#include "server/session.h"

/* ---- On a worker -------------------------------------------------------------- */

static void set_bytes(char **place, size_t *len, const char *bytes, size_t bytes_len)
{
    memory_free(*place);
    *place = memory_copy(bytes, bytes_len);
    *len = *place ? bytes_len : 0;
}

static void format(const struct job *job, enum reply_id id, struct text first, struct text second,
                   char **place, size_t *len)
{
    char bytes[REPLY_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const struct text arguments[] = {first, second};
    reply_put(&b, job->language, id, arguments);
    set_bytes(place, len, b.at, b.len);
}

void job_reply(struct job *job, enum reply_id id, struct text first, struct text second)
{
    format(job, id, first, second, &job->reply, &job->reply_len);
    job->is_speechless = !job->reply;
}

void job_take_reply(struct job *job, char *bytes, size_t len)
{
    memory_free(job->reply);
    job->reply = bytes;
    job->reply_len = len;
}

void job_reply_interim(struct job *job, enum reply_id id, struct text first, struct text second)
{
    char bytes[REPLY_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const struct text arguments[] = {first, second};
    reply_put(&b, job->language, id, arguments);
    if (!loop_post_reply(job->loop, job, builder_text(&b)))
        log_debug("interim-reply-dropped", LOG_TEXT("verb", text_of(job->verb->name)));
}

/* What is said instead of a 150 when the connection is there (RFC 959 5.4). */
static enum reply_id already_open(enum reply_id opening)
{
    switch (opening) {
    case REPLY_OPENING_LISTING:
        return REPLY_OPEN_LISTING;
    case REPLY_OPENING_UNIQUE:
        return REPLY_OPEN_UNIQUE;
    default:
        return REPLY_OPEN_FILE;
    }
}

void job_set_opening(struct job *job, enum reply_id id, struct text first, struct text second)
{
    if (job->channel.fd >= 0)
        id = already_open(id);
    format(job, id, first, second, &job->opening, &job->opening_len);
}

enum fault job_resolve(const struct job *job, struct text name, char **ret_path)
{
    char bytes[PATHNAME_MAX + 2];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!pathname_resolve(text_of(job->directory), name, &b))
        return FAULT_NAME_INVALID;
    *ret_path = memory_copy(b.at, b.len);
    return *ret_path ? FAULT_NONE : FAULT_NO_MEMORY;
}

bool job_is_cancelled(const struct job *job)
{
    return atomic_load_explicit(&job->progress.cancelled, memory_order_acquire);
}

void job_keep_path(struct job *job, char **place)
{
    memory_free(*place);
    *place = job->fault ? NULL : job->path;
    if (!job->fault)
        job->path = NULL;
}

static void run_work(struct work *work)
{
    struct job *job = (struct job *)work;
    job->fault = job->verb->work(job);
    if (job_is_cancelled(job) && !job->fault && job->verb->move)
        job->fault = FAULT_CANCELLED;
    loop_post(job->loop, job);
}

/* The transfer did not come to pass: what was opened for it is closed, which may block. */
static void close_opened(struct job *job)
{
    const struct gate_outcome outcome = {.fault = job->fault, .bytes = job_bytes_moved(job)};
    stream_close(&job->annex);
    (void)gate_close(&job->file, &outcome, NULL);
    stream_close(&job->listing);
}

static void run_clear(struct work *work)
{
    struct job *job = (struct job *)work;
    close_opened(job);
    loop_post(job->loop, job);
}

/* PROT P: nothing moves before TLS stands, and never in the clear (RFC 4217 9). */
static enum fault secure(struct job *job)
{
    if (job->parameters.protection != PROTECTION_PRIVATE)
        return FAULT_NONE;
    enum fault f = channel_secure(&job->channel, &job->bond);
    return f == FAULT_TIMED_OUT ? FAULT_TLS_FAILED : f;
}

static void run_move(struct work *work)
{
    struct job *job = (struct job *)work;
    if (!job->has_all)
        channel_begin_to_wait(&job->channel);
    job->fault = secure(job);
    if (job->fault)
        close_opened(job);
    else
        job->fault = job->verb->move(job);
    loop_post(job->loop, job);
}

/* ---- Making and freeing ---------------------------------------------------------- */

static void stop_counting(struct job *job)
{
    if (job->has_place)
        server_give_up_place(loop_server(job->loop));
    job->has_place = false;
    if (job->is_counted)
        login_end_transfer(job->login);
    job->is_counted = false;
}

static void job_free(struct job *job)
{
    if (!job)
        return;
    watch_stop(job->watch);
    channel_close(&job->channel);
    if (job->connecting >= 0)
        close(job->connecting);
    stop_counting(job);
    server_let_go(loop_server(job->loop), job->new_login);
    server_let_go(loop_server(job->loop), job->login);
    config_unref(job->config);
    memory_free_secret(job->argument, job->argument_len);
    memory_free(job->directory);
    memory_free(job->path);
    memory_free(job->source);
    memory_free(job->marker);
    memory_free(job->opening);
    memory_free(job->reply);
    memory_free(job->new_path);
    memory_free(job);
}

/* Everything the worker may look at, copied or counted. */
static enum fault fill(struct job *job, struct session *session, struct text argument)
{
    struct text directory = session_directory(session);
    const struct pending *pending = &session->pending;
    job->config = config_ref(session->config);
    job->realm = backends_realm(session->config, session->host);
    if (session->login)
        job->login = login_ref(session->login);
    job->caller = session_caller(session);
    job->caller.tally = &job->tally;
    job->tally = session->stay.tally;
    job->parameters = session->parameters;
    job->deflate_level = session->manners.deflate_level;
    job->language = session->manners.language;
    job->facts = session->manners.facts;
    job->umask = session->manners.umask;
    job->digest = session->manners.digest;
    job->bond = session->security.bond;
    job->certificate = pending->certificate;
    job->control_fd = session->control.fd;
    job->restart = pending->restart;
    if (pending->marker && !(job->marker = memory_copy(pending->marker, strlen(pending->marker))))
        return FAULT_NO_MEMORY;
    job->has_range = pending->has_range;
    job->range_first = pending->range_first;
    job->range_last = pending->range_last;
    job->reserve_bytes = pending->reserve_bytes;
    job->argument = memory_copy(argument.at, argument.len);
    job->argument_len = argument.len;
    job->directory = memory_copy(directory.at, directory.len);
    if (!job->argument || !job->directory)
        return FAULT_NO_MEMORY;
    return job->verb->flags & TAKES_PATH ? job_resolve(job, argument, &job->path) : FAULT_NONE;
}

static struct job *job_new(struct session *session, const struct verb *verb)
{
    struct job *job = memory_new(sizeof(*job));
    if (!job)
        return NULL;
    job->session = session;
    job->loop = session->loop;
    job->verb = verb;
    job->channel.fd = -1;
    job->connecting = -1;
    atomic_init(&job->progress.bytes, 0);
    atomic_init(&job->progress.cancelled, false);
    atomic_init(&job->may_hang_up, session->quit_waits);
    return job;
}

static void submit(struct job *job, enum pool pool, void (*run)(struct work *))
{
    job->work.run = run;
    if (server_submit(loop_server(job->loop), pool, &job->work))
        return;
    /* Only when no thread can be made at all: late is better than never. */
    run(&job->work);
}

static enum pool pool_of(struct job *job)
{
    unsigned flags = job->verb->flags;
    bool counts = job->restart || job->marker ||
                  !(flags & OPENS_DATA); /* SIZE, or a transfer after REST */
    /* What a pattern speaks of is looked for before the transfer; STAT -R is none at all. */
    struct text argument = job_argument(job);
    bool wide = pattern_has_wildcard(argument) ||
                (!job->verb->move && text_starts_with(argument, TEXT("-")));
    if (flags & LONG || (flags & LONG_IF_WIDE && wide) ||
        (flags & LONG_IN_TEXT && job_counts_out(job) && counts))
        return POOL_LONG;
    return flags & HASHES ? POOL_LOGIN : POOL_QUICK;
}

/* What an earlier transfer left open is used, if the peer has it still (RFC 959 3.3). */
static void take_kept_connection(struct job *job)
{
    struct session *session = job->session;
    if (!job->verb->move || session->kept.fd < 0)
        return;
    if (channel_is_over(&session->kept)) {
        session_close_data(session);
        return;
    }
    channel_move(&session->kept, &job->channel);
}

/* For the next transfer: it came to no harm in this one. */
static void give_connection_back(struct job *job)
{
    if (job->channel.fd >= 0)
        channel_move(&job->channel, &job->session->kept);
}

/* A listing is no transfer of files. */
static enum fault count_transfer(struct job *job)
{
    if (!job->verb->move || job->verb->action == ACTION_LIST)
        return FAULT_NONE;
    enum fault f = login_begin_transfer(job->login, job->caller.session);
    job->is_counted = !f;
    return f;
}

static void advance(struct job *job);

/* Of a transfer only where it is the file's bytes that travel: nothing has to be looked up beside
 * it.
 */
static bool may_be_at_once(struct job *job)
{
    const struct transfer transfer = job_transfer(job);
    bool has_form = job->verb->move || job->verb->flags & LONG_IN_TEXT;
    return job->verb->flags & AT_ONCE && pool_of(job) == POOL_QUICK &&
           (!has_form ||
            (chain_is_transparent(&transfer.plan) && !parameters_are_text(&job->parameters)));
}

/*
 * What is in memory needs no worker: the way to one and back costs 15 us, a small file's open
 * and stat 4. False: it has to be waited for, and nothing was done.
 */
static bool work_at_once(struct job *job)
{
    if (!may_be_at_once(job) || !loop_has_time(job->loop))
        return false;
    job->caller.at_once = true;
    enum fault f = job->verb->work(job);
    job->caller.at_once = false;
    if (f == FAULT_BUSY)
        return false;
    job->fault = f;
    advance(job);
    return true;
}

void job_start(struct session *session, const struct verb *verb, struct text argument, char *source)
{
    struct job *job = job_new(session, verb);
    if (!job) {
        memory_free(source);
        session_reply(session, reply_of_fault(FAULT_NO_MEMORY, verb->column));
        return;
    }
    job->source = source;
    enum fault f = fill(job, session, argument);
    if (!f)
        f = count_transfer(job);
    if (!f) {
        job->work.run = run_work;
        session->job = job;
        take_kept_connection(job);
        if (work_at_once(job))
            return;
        if (server_submit(loop_server(session->loop), pool_of(job), &job->work))
            return;
        give_connection_back(job);
        session->job = NULL;
        f = FAULT_BUSY;
    }
    job_free(job);
    if (verb->flags & SILENT) /* it did not ask, so it cannot be told to ask again */
        session_close_with(session, REPLY_CLOSING_BUG, TEXT(""));
    else
        session_reply(session, reply_of_fault(f, verb->column));
}

/* ---- The data connection, on the loop ---------------------------------------------- */

static void send_opening(struct job *job)
{
    control_send(&job->session->control, (struct text){job->opening, job->opening_len});
}

/* The wait is over, one way or the other: a passive port was for this transfer alone. */
static void stop_watching(struct job *job)
{
    watch_stop(job->watch); /* before its descriptor is closed */
    job->watch = NULL;
    moment_put_off(job->loop, &job->moment);
}

static void stop_waiting(struct job *job)
{
    stop_watching(job);
    if (job->session->data_port.kind == DATA_PORT_PASSIVE)
        passive_close(job->session);
}

void job_clear(struct job *job, enum fault f)
{
    stop_waiting(job);
    job->fault = f;
    job->stage = JOB_CLEARING;
    submit(job, POOL_QUICK, run_clear);
}

void job_begin_moving(struct job *job)
{
    stop_watching(job);
    control_send_gathered(&job->session->control); /* the 150 comes before the data */
    job->stage = JOB_MOVING;
    job->work.run = run_move;
    if (job->is_brief) {
        run_move(&job->work);
        return;
    }
    struct server *server = loop_server(job->loop);
    job->has_place = job->has_all; /* then it is a transfer still, if on another's thread */
    if (!(job->has_all ? server_submit(server, POOL_QUICK, &job->work)
                       : server_submit_kept(server, &job->work)))
        job_clear(job, FAULT_TOO_MANY);
}

static void move(struct job *job, int fd)
{
    stop_waiting(job);
    job->session->security.has_ticket = false;
    channel_open_at_once(&job->channel, fd, (unsigned)job->config->data_timeout_s);
    job_take_connection(job);
}

void job_on_data_connection(struct job *job)
{
    if (job->stage != JOB_AWAITING)
        return; /* it has not got so far; await takes it then */
    int fd = passive_take(job->session);
    if (fd >= 0)
        move(job, fd);
    else if (!passive_is_awaited(job->session))
        job_clear(job, FAULT_NO_DATA_CONNECTION);
}

static void on_connected(void *owner, unsigned events)
{
    struct job *job = owner;
    struct session *session = job->session;
    (void)events;
    int fd = job->connecting;
    int error = socket_connect_error(fd);
    if (error) {
        log_debug("data-connection-refused", LOG_NUMBER("session", session->id), LOG_ERRNO(error));
        job_clear(job, FAULT_NO_DATA_CONNECTION);
    } else {
        job->connecting = -1;
        send_opening(job);
        move(job, fd);
    }
    session_settle(session);
}

static enum fault begin_connecting(struct job *job)
{
    struct session *session = job->session;
    enum fault f = data_port_connect(&session->data_port, &session->control.local,
                                     &session->control.peer, &job->connecting);
    if (f)
        return f;
    job->watch = watch_start(job->loop, job->connecting, WATCH_WRITE, on_connected, job);
    return job->watch ? FAULT_NONE : FAULT_NO_MEMORY;
}

/*
 * A passive client may wait for the 150 before it connects, so it comes first;
 * an active one may wait for our connection after it, so there it comes when
 * that stands (RFC 959 5.4 allows 425 before and after).
 */
static void await(struct job *job)
{
    struct session *session = job->session;
    enum fault f = FAULT_NONE;
    job->stage = JOB_AWAITING;
    job->deadline_ms = loop_now_ms(job->loop) + job->config->data_timeout_s * 1000;
    if (job->channel.fd >= 0) {
        send_opening(job);
        job_take_connection(job);
    } else if (session->data_port.kind == DATA_PORT_PASSIVE) {
        session_ensure_ticket(session);
        send_opening(job);
        job_on_data_connection(job);
    } else {
        session_ensure_ticket(session);
        f = begin_connecting(job);
    }
    if (f)
        job_clear(job, FAULT_NO_DATA_CONNECTION);
}

/* ---- The end, on the loop ------------------------------------------------------------ */

static enum reply_column column_of(const struct job *job)
{
    bool has_begun = job->stage == JOB_MOVING || job->stage == JOB_ENDING ||
                     job->stage == JOB_CLEARING ||
                     (job->verb->move && job->fault == FAULT_CANCELLED);
    return has_begun ? REPLY_COLUMN_MOVING : job->verb->column;
}

void job_finish(struct job *job)
{
    stop_watching(job);
    struct session *session = job->session;
    /* RFC 959 3.2: it stays open where data tell the file's end, and nothing went wrong with it. */
    bool moved = job->stage == JOB_MOVING || job->stage == JOB_ENDING;
    bool stays = moved ? !job->fault && parameters_keep_connection(&job->parameters)
                       : job->stage == JOB_WORKING && job->fault != FAULT_CANCELLED;
    if (stays)
        give_connection_back(job);
    /* RFC 959 5.2: before the 226. */
    if (job->fault && job->stage != JOB_WORKING)
        channel_break_off(&job->channel);
    else
        channel_close(&job->channel);
    stop_counting(job); /* before the reply too: the next transfer has the place */
    if (job->fault == FAULT_BUG)
        log_error("bug", LOG_TEXT("verb", text_of(job->verb->name)),
                  LOG_NUMBER("session", session->id));
    session->job = NULL;
    session->stay.tally = job->tally;
    if (job->verb->done)
        job->verb->done(session, job);
    if (session_is_logged_in(session)) /* the time to log in runs on */
        session->active_ms = loop_now_ms(job->loop);
    if (job->is_speechless) /* another reply would be wrong, and none would be waited for */
        session_close_with(session, REPLY_CLOSING_BUG, TEXT(""));
    else if (job->reply_len)
        control_send(&session->control, (struct text){job->reply, job->reply_len});
    else if (!(job->verb->flags & SILENT))
        session_reply(session, reply_of_fault(job->fault, column_of(job)));
    job_free(job);
    if (session->draining)
        session_close_drained(session);
    control_resume(&session->control);
}

/* The reply is ready and waits; so do the client's next commands. It costs no thread. */
static void hold(struct job *job)
{
    job->stage = JOB_HOLDING;
    job->deadline_ms = loop_now_ms(job->loop) + job->hold_ms;
}

/* What a worker did, or the loop at once, leads to this. */
static void advance(struct job *job)
{
    bool goes_on = job->stage == JOB_WORKING && job->verb->move && (job->file || job->listing);
    if (goes_on && !job->fault && !job->opening)
        job->fault = FAULT_NO_MEMORY;
    if (goes_on && job->fault)
        job_clear(job, job->fault);
    else if (goes_on)
        await(job);
    else if (job->hold_ms)
        hold(job);
    else
        job_finish(job);
}

void job_on_posted(struct job *job)
{
    struct session *session = job->session;
    advance(job);
    if (session->job)
        control_resume(&session->control); /* STAT may wait for the transfer to begin */
    session_settle(session);
}

void job_on_interim(struct job *job, struct text reply)
{
    control_send(&job->session->control, reply);
}

void job_on_tick(struct job *job, uint64_t now_ms)
{
    if (job->stage == JOB_AWAITING && now_ms >= job->deadline_ms)
        job_clear(job, FAULT_NO_DATA_CONNECTION);
    else if (job->stage == JOB_SECURING && now_ms >= job->deadline_ms)
        job_clear(job, FAULT_TLS_FAILED);
    else if (job->stage == JOB_GATHERING)
        job_begin_moving(job);
    else if (job->stage == JOB_HOLDING && (now_ms >= job->deadline_ms || job->session->draining))
        job_finish(job);
}

void job_cancel(struct job *job)
{
    switch (job->stage) {
    case JOB_AWAITING:
    case JOB_SECURING:
        atomic_store_explicit(&job->progress.cancelled, true, memory_order_release);
        job_clear(job, FAULT_CANCELLED);
        break;
    case JOB_GATHERING: /* what has come may be worth keeping: the worker knows */
    case JOB_ENDING:
        job_begin_moving(job);
        if (job->stage == JOB_MOVING)
            transfer_cancel(&job->progress, &job->channel);
        break;
    case JOB_MOVING:
        transfer_cancel(&job->progress, &job->channel);
        break;
    case JOB_HOLDING:
        break; /* to ask for it is no way to hear it sooner */
    case JOB_WORKING:
    case JOB_CLEARING:
        atomic_store_explicit(&job->progress.cancelled, true, memory_order_release);
        break;
    }
}

bool job_is_transfer(const struct job *job)
{
    return job->stage != JOB_WORKING && job->stage != JOB_HOLDING && job->stage != JOB_CLEARING;
}
