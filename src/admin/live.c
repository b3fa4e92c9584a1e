/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is about now: the server that runs, its sessions, and bans.
 */
#include <time.h>

#include "admin/commands.h"
#include "admin/fields.h"

enum { BAN_SECONDS_MAX = 100LL * 366 * 86400, MESSAGE_SIZE = 512 };

static json_t *answer_nobody(void)
{
    struct refusal refusal;
    (void)refuse(&refusal, FAULT_UNSUPPORTED, NULL, "no server runs here");
    return answer_refusal(&refusal);
}

/* ---- The server ------------------------------------------------------------------------------ */

json_t *admin_accounts_changed(const struct admin *admin, const json_t *request)
{
    (void)request;
    database_poll(admin->database);
    return answer_ok();
}

json_t *admin_status(const struct admin *admin, const json_t *request)
{
    (void)request;
    const struct admin_server *server = admin->server;
    return server ? answer_with("status", server->status(server->context)) : answer_nobody();
}

json_t *admin_settings(const struct admin *admin, const json_t *request)
{
    (void)request;
    const struct admin_server *server = admin->server;
    return server ? answer_with("settings", server->settings(server->context)) : answer_nobody();
}

json_t *admin_reload(const struct admin *admin, const json_t *request)
{
    (void)request;
    const struct admin_server *server = admin->server;
    char bytes[MESSAGE_SIZE];
    struct builder message = builder_on(bytes, sizeof(bytes));
    struct refusal refusal;
    if (!server)
        return answer_nobody();
    bool done = server->reload(server->context, &message) ||
                refuse(&refusal, FAULT_ARGUMENT, NULL, "%.*s", TEXT_ARGS(builder_text(&message)));
    return answer_outcome(done, &refusal);
}

/* ---- Sessions ----------------------------------------------------------------------------------
 */

json_t *admin_session_list(const struct admin *admin, const json_t *request)
{
    (void)request;
    const struct admin_server *server = admin->server;
    return server ? answer_with("sessions", server->sessions(server->context)) : answer_nobody();
}

static bool kick(const struct admin_server *server, const json_t *request, struct refusal *refusal)
{
    struct text user;
    uint64_t session = 0;
    const json_t *given = json_object_get(request, "session");
    bool is_name = json_is_string(given) &&
                   !text_to_number(fields_bytes(given), INT64_MAX, &session);
    if (!fields_text(request, is_name ? "session" : "user", false, &user, refusal) ||
        (!is_name && !fields_number(request, "session", INT64_MAX, &session, refusal)))
        return false;
    if (!user.len == !session)
        return refuse(refusal, FAULT_ARGUMENT, "session", "say its number, or the name of a user");
    if (session)
        return server->kick(server->context, session) ||
               refuse(refusal, FAULT_NOT_FOUND, "session", "there is no session %llu",
                      (unsigned long long)session);
    return server->kick_user(server->context, user) ||
           refuse(refusal, FAULT_NOT_FOUND, "user", "\"%.*s\" has no session", TEXT_ARGS(user));
}

json_t *admin_session_kick(const struct admin *admin, const json_t *request)
{
    struct refusal refusal;
    if (!admin->server)
        return answer_nobody();
    return answer_outcome(kick(admin->server, request, &refusal), &refusal);
}

/* ---- Bans
 * ---------------------------------------------------------------------------------------- */

static void put_time(json_t **object, const char *key, int64_t seconds)
{
    char bytes[sizeof("2026-11-21T09:00:00Z")];
    struct tm parts;
    time_t when = (time_t)seconds;
    if (seconds != INT64_MAX && gmtime_r(&when, &parts) &&
        strftime(bytes, sizeof(bytes), "%Y-%m-%dT%H:%M:%SZ", &parts))
        answer_put_text(object, key, text_of(bytes));
}

/* One for ever has no "until". */
static void on_ban(void *context, const struct ban_record *ban)
{
    json_t **bans = context;
    json_t *row = json_object();
    answer_put_text(&row, "subject", text_of(ban->subject));
    put_time(&row, "until", ban->until);
    answer_put_text(&row, "reason", text_of(ban->reason));
    answer_append(bans, row);
}

json_t *admin_ban_list(const struct admin *admin, const json_t *request)
{
    (void)request;
    json_t *bans = json_array();
    guard_each_ban(admin->guard, on_ban, &bans);
    return answer_with("bans", bans);
}

/* A time as session-length takes it: 600, 10m, 2h, 1d. */
static bool read_duration(const json_t *request, uint64_t *ret_seconds, struct refusal *refusal)
{
    char message[TERMS_MESSAGE_SIZE];
    struct terms terms = {0};
    struct text text;
    *ret_seconds = 0;
    if (!fields_text(request, "for", false, &text, refusal))
        return false;
    bool fine = !text.len || terms_set(&terms, TERM_MAX_SESSION_TIME, text, message);
    if (fine && text.len)
        *ret_seconds = terms.values[TERM_MAX_SESSION_TIME].number;
    terms_done(&terms);
    /* Nothing said is for ever; 0 that was said is not. */
    return (fine && (!text.len || *ret_seconds) && *ret_seconds <= BAN_SECONDS_MAX) ||
           refuse(refusal, FAULT_ARGUMENT, "for", "\"%.*s\" is no time like 600, 10m, 2h or 1d",
                  TEXT_ARGS(text));
}

json_t *admin_ban_add(const struct admin *admin, const json_t *request)
{
    struct refusal refusal;
    struct text subject;
    struct text reason;
    uint64_t seconds;
    bool done = fields_text(request, "subject", true, &subject, &refusal) &&
                fields_text(request, "reason", false, &reason, &refusal) &&
                read_duration(request, &seconds, &refusal);
    enum fault f = done ? guard_ban(admin->guard, subject, seconds,
                                    reason.len ? reason : TEXT("by an administrator"))
                        : FAULT_NONE;
    if (f == FAULT_ARGUMENT)
        done = refuse(&refusal, f, "subject",
                      "\"%.*s\" is no address, no network and no \"user NAME\"",
                      TEXT_ARGS(subject));
    else if (f)
        done = refuse_fault(&refusal, f, "subject");
    return answer_outcome(done, &refusal);
}

json_t *admin_ban_remove(const struct admin *admin, const json_t *request)
{
    struct refusal refusal;
    struct text subject;
    bool done = fields_text(request, "subject", true, &subject, &refusal);
    enum fault f = done ? guard_unban(admin->guard, subject) : FAULT_NONE;
    if (f)
        done = refuse(&refusal, f, "subject", "\"%.*s\" is not banned", TEXT_ARGS(subject));
    return answer_outcome(done, &refusal);
}
