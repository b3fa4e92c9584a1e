/* SPDX-License-Identifier: Apache-2.0 */
#include "server/session.h"

#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "codec/mode_deflate.h"
#include "net/tls_link.h"
#include "protocol/facts.h"
#include "server/job.h"
#include "server/limits.h"
#include "server/loop.h"
#include "server/pi.h"
#include "server/server.h"
#include "server/verbs.h"

enum {
    /* How long a client has to take the replies that are left when we close. */
    LAST_WORDS_MS = 30 * 1000,
    LAST_WORDS_DRAINING_MS = 1000,
    /* How long a command runs on whose client has closed its side, and perhaps is gone. */
    HUNG_UP_MS = 60 * 1000,
};

/* ---- Replies ------------------------------------------------------------------- */

void session_reply_with(struct session *session, enum reply_id id, struct text first,
                        struct text second)
{
    char bytes[REPLY_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const struct text arguments[] = {first, second};
    reply_put(&b, session->manners.language, id, arguments);
    control_send(&session->control, builder_text(&b));
}

void session_reply(struct session *session, enum reply_id id)
{
    session_reply_with(session, id, TEXT(""), TEXT(""));
}

/* What the last words say of why a session ends. */
static enum audit_end end_of(enum reply_id id)
{
    switch (id) {
    case REPLY_GOODBYE:
        return AUDIT_END_QUIT;
    case REPLY_CLOSING_IDLE:
        return AUDIT_END_IDLE;
    case REPLY_CLOSING_ACCOUNT:
    case REPLY_CLOSING_SESSION_TIME:
        return AUDIT_END_HOURS;
    case REPLY_CLOSING_KICKED:
        return AUDIT_END_KICKED;
    case REPLY_CLOSING_SHUTDOWN:
        return AUDIT_END_SHUTDOWN;
    default:
        return AUDIT_END_CLOSED;
    }
}

void session_close_with(struct session *session, enum reply_id id, struct text first)
{
    session->active_ms = loop_now_ms(session->loop); /* from now on it has LAST_WORDS_MS */
    session->end = end_of(id);
    session_reply_with(session, id, first, TEXT(""));
    control_finish(&session->control);
}

/* ---- State ------------------------------------------------------------------------ */

bool session_is_logged_in(const struct session *session)
{
    return session->login && !session->pending.account;
}

struct text session_directory(const struct session *session)
{
    return session->directory ? text_of(session->directory) : TEXT("/");
}

void session_forget_pending(struct session *session)
{
    struct pending *pending = &session->pending;
    memory_free(pending->user);
    memory_free(pending->rename_from);
    memory_free(pending->copy_from);
    memory_free(pending->marker);
    *pending = (struct pending){0};
}

void session_forget_restart(struct session *session)
{
    memory_free(session->pending.marker);
    session->pending.marker = NULL;
    session->pending.restart = 0;
    session->pending.has_range = false;
}

void session_close_data(struct session *session)
{
    channel_close(&session->kept);
}

static struct session_register *register_of(const struct session *session)
{
    return server_register(loop_server(session->loop));
}

bool session_count_in(struct session *session)
{
    const struct register_limits limits = limits_of_connections(session->config);
    session->is_counted = register_log_in(register_of(session), &session->control.peer, &limits) ==
                          FAULT_NONE;
    return session->is_counted;
}

struct audit_tls session_tls(const struct session *session)
{
    const struct control *control = &session->control;
    if (!control_is_secured(control))
        return (struct audit_tls){NULL, NULL};
    return (struct audit_tls){tls_link_version(control->tls), tls_link_cipher(control->tls)};
}

struct caller session_caller(struct session *session)
{
    return (struct caller){
        .tls = session->login ? session->stay.tls : session_tls(session),
        .login = session->login,
        .tree = session->tree,
        .audit = server_audit(loop_server(session->loop)),
        .session = session->id,
        .peer = session->control.peer,
        .tally = &session->stay.tally,
    };
}

/*
 * A port is a parameter, and stays (RFC 959 4.1.1), but for what whoever comes
 * next might not have got: one on another host, and a listener, to which another
 * host may have come (RFC 2577 3 and 8).
 */
static void leave_data_port(struct session *session)
{
    const struct data_port *port = &session->data_port;
    if (port->listener >= 0 || (port->kind == DATA_PORT_ACTIVE &&
                                !endpoint_same_host(&port->target, &session->control.peer)))
        passive_close(session);
}

void session_leave(struct session *session, enum audit_end end)
{
    const struct caller caller = session_caller(session);
    if (session_is_logged_in(session))
        gate_leave(&caller, end, loop_now_ms(session->loop) - session->stay.begun_ms);
    if (session->is_counted)
        register_log_out(register_of(session), &session->control.peer);
    session->is_counted = false;
    session_close_data(session);
    leave_data_port(session);
    session_forget_pending(session);
    server_let_go(loop_server(session->loop), session->login);
    session->login = NULL;
    session->tree = NULL;
    memory_free(session->directory);
    session->directory = NULL;
}

void session_log_out(struct session *session)
{
    session_leave(session, AUDIT_END_RELOGIN);
}

void session_reset_parameters(struct session *session)
{
    session->parameters = PARAMETERS_DEFAULT;
    if (session->is_implicit) /* its clients may leave out PBSZ and PROT */
        session->parameters.protection = PROTECTION_PRIVATE;
    session->security.has_size = session->is_implicit;
    session->security.is_cleared = false;
    passive_close(session);
    session->manners.language = LANGUAGE_ENGLISH;
    session->manners.digest = DIGEST_SHA256;
    session->manners.facts = FACTS_DEFAULT;
    session->manners.deflate_level = DEFLATE_LEVEL_DEFAULT;
    session->manners.umask = (unsigned)session->config->umask;
    session->manners.idle_ms = session->config->idle_timeout_s * 1000;
    session->manners.epsv_all = false;
}

/* ---- TLS ---------------------------------------------------------------------------- */

void session_secure(struct session *session)
{
    const struct config *config = session->config;
    control_secure(&session->control, config->tls, text_of(config->hosts[session->host].name));
}

void session_take_server_name(struct session *session)
{
    (void)config_find_host(session->config, tls_link_server_name(session->control.tls),
                           &session->host);
}

bool session_needs_private_data(const struct session *session)
{
    return session->config->require_tls & REQUIRE_TLS_DATA ||
           (session->login && policy_limits(login_policy(session->login))->require_tls_data);
}

void session_send_ticket(struct session *session)
{
    if (session->parameters.protection != PROTECTION_PRIVATE ||
        session->config->data_tls_reuse == DATA_TLS_REUSE_OFF)
        return;
    control_send_ticket(&session->control);
    session->security.has_ticket = true;
}

void session_ensure_ticket(struct session *session)
{
    if (!session->security.has_ticket)
        session_send_ticket(session);
}

/* ---- Life --------------------------------------------------------------------------- */

static void greet(struct session *session)
{
    const struct config_host *hosts = session->config->hosts;
    const char *banner = hosts[session->host].banner;
    session_reply_with(session, REPLY_GREETING, text_of(banner ? banner : hosts[0].banner),
                       TEXT(""));
}

static bool on_line(void *owner, struct text line)
{
    return pi_take_line(owner, line);
}

static void on_long_line(void *owner, struct text beginning)
{
    pi_note_long_line(owner, beginning);
}

static void on_waiting(void *owner, struct text line)
{
    pi_note_waiting(owner, line);
}

static void on_secured(void *owner)
{
    struct session *session = owner;
    const struct audit_tls tls = session_tls(session);
    session->security.bond = tls_link_bond(session->control.tls);
    session->security.bond.must_resume = session->config->data_tls_reuse == DATA_TLS_REUSE_REQUIRE;
    log_debug("tls-begun", LOG_NUMBER("session", session->id),
              LOG_TEXT("version", text_of(tls.version)), LOG_TEXT("cipher", text_of(tls.cipher)));
    session_take_server_name(session);
    if (session->is_implicit)
        greet(session);
}

static void on_settled(void *owner)
{
    session_settle(owner);
}

static const struct control_events control_events = {on_line, on_long_line, on_waiting, on_secured,
                                                     on_settled};

static void session_free(struct session *session)
{
    struct loop *loop = session->loop;
    log_debug("session-end", LOG_NUMBER("session", session->id));
    register_leave(register_of(session), &session->control.peer, session->is_counted);
    session->is_counted = false;
    session_leave(session, session->end);
    control_close(&session->control);
    passive_close(session);
    config_unref(session->config);
    loop_remove_session(loop, session);
    memory_free(session);
}

/* The client sends no more, and has not said that it would go. */
static bool has_hung_up(const struct session *session)
{
    return session->control.ended && !session->quit_waits;
}

void session_settle(struct session *session)
{
    const struct control *control = &session->control;
    if (session->job) {
        /* RFC 959 4.1.1: an unexpected close acts like ABOR and QUIT. What is no transfer may go
         * on for a while: its client perhaps only has no more commands, and wants its reply. */
        if (control->broken || (has_hung_up(session) && session->job->verb->move))
            job_cancel(session->job);
        return;
    }
    if (control_is_over(control))
        session_free(session);
}

bool session_start(struct loop *loop, int fd, const union endpoint *peer, bool is_implicit)
{
    struct session *session = memory_new(sizeof(*session));
    if (!session || !control_open(&session->control, loop, fd, peer, &control_events, session)) {
        register_leave(server_register(loop_server(loop)), peer, false);
        memory_free(session);
        return false;
    }
    session->loop = loop;
    session->config = config_ref(loop_config(loop));
    session->id = server_next_session(loop_server(loop));
    session->active_ms = loop_now_ms(loop);
    session->is_implicit = is_implicit;
    data_port_init(&session->data_port);
    passive_init(&session->passive);
    session->kept.fd = -1;
    session_reset_parameters(session);
    loop_add_session(loop, session);
    log_debug("session-begin", LOG_NUMBER("session", session->id));
    if (is_implicit)
        session_secure(session);
    else
        greet(session);
    session_settle(session);
    return true;
}

void session_close_drained(struct session *session)
{
    session_close_with(session, session->kicked ? REPLY_CLOSING_KICKED : REPLY_CLOSING_SHUTDOWN,
                       TEXT(""));
}

void session_kick(struct session *session)
{
    session->kicked = true;
    session_drain(session, true);
}

void session_drain(struct session *session, bool stop)
{
    session->draining = true;
    if (!session->job) {
        if (!session->control.closing)
            session_close_drained(session);
    } else if (stop || has_hung_up(session)) {
        job_cancel(session->job);
    }
    session_settle(session);
}

/* What they asked for, or what is laid down about them if that is less. */
static uint64_t idle_limit_ms(const struct session *session)
{
    uint64_t asked_ms = session->manners.idle_ms;
    uint64_t laid_down_s = policy_limits(login_policy(session->login))->idle_s;
    bool is_less = laid_down_s != POLICY_NO_LIMIT && (!asked_ms || laid_down_s * 1000 < asked_ms);
    return is_less ? laid_down_s * 1000 : asked_ms;
}

static void close_if_idle(struct session *session, uint64_t now_ms)
{
    char digits[24];
    struct builder seconds = builder_on(digits, sizeof(digits));
    bool logged_in = session_is_logged_in(session);
    uint64_t limit_ms = logged_in ? idle_limit_ms(session)
                                  : session->config->login_timeout_s * 1000;
    if (session->control.closing)
        limit_ms = session->draining ? LAST_WORDS_DRAINING_MS : LAST_WORDS_MS;
    if (!limit_ms || now_ms - session->active_ms < limit_ms)
        return;
    if (session->control.closing) {
        session->control.broken = true; /* it had its time to read the last reply */
        return;
    }
    builder_put_number(&seconds, limit_ms / 1000);
    session_close_with(session, logged_in ? REPLY_CLOSING_IDLE : REPLY_CLOSING_LOGIN,
                       builder_text(&seconds));
}

/* Is it time for who is inside to go, whatever they do? Says so, and ends what is running. */
static bool close_if_over(struct session *session, uint64_t now_ms)
{
    char digits[24];
    struct builder seconds = builder_on(digits, sizeof(digits));
    if (!session_is_logged_in(session) || session->control.closing)
        return false;
    uint64_t limit_s = policy_limits(login_policy(session->login))->session_s;
    bool lasted = limit_s != POLICY_NO_LIMIT && now_ms - session->stay.begun_ms >= limit_s * 1000;
    bool ended = login_ends_at(session->login) <= (int64_t)time(NULL);
    if (!lasted && !ended)
        return false;
    if (session->job) {
        job_cancel(session->job);
        return true; /* told when that has ended */
    }
    builder_put_number(&seconds, limit_s);
    session_close_with(session, lasted ? REPLY_CLOSING_SESSION_TIME : REPLY_CLOSING_ACCOUNT,
                       builder_text(&seconds));
    return true;
}

void session_on_tick(struct session *session, uint64_t now_ms)
{
    if (session->job && has_hung_up(session) && now_ms - session->active_ms > HUNG_UP_MS)
        job_cancel(session->job);
    if (session->job)
        job_on_tick(session->job, now_ms);
    passive_on_tick(session, now_ms);
    if (pi_is_stale(session)) /* closing time may be another one now */
        access_renew(session);
    if (!close_if_over(session, now_ms) && !session->job)
        close_if_idle(session, now_ms);
    session_settle(session);
}
