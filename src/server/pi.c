/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pi.h"

#include "base/log.h"
#include "base/memory.h"
#include "protocol/command.h"
#include "server/job.h"
#include "server/loop.h"
#include "server/session.h"
#include "server/verbs.h"

/*
 * First words of other protocols, sent here by a browser that was tricked
 * (ALPACA and older tricks), or by mistake. None is an FTP verb.
 */
static bool is_foreign(struct text line)
{
    static const struct text version = TEXT(" HTTP/");
    static const struct text words[] = {
        TEXT("GET"),    TEXT("POST"),    TEXT("PUT"),   TEXT("HEAD"),
        TEXT("DELETE"), TEXT("OPTIONS"), TEXT("PATCH"), TEXT("CONNECT"),
        TEXT("TRACE"),  TEXT("EHLO"),    TEXT("HELO"),
    };
    struct text rest = line;
    struct text word = text_take_until(&rest, ' ');
    if (!rest.len)
        return false;
    /* "PROPFIND / HTTP/1.1", "PRI * HTTP/2.0" */
    size_t last = line.len;
    while (last && line.at[last - 1] != ' ')
        last--;
    if (last && text_starts_with(text_after(line, last - 1), version))
        return true;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (text_equal_any_case(word, words[i]))
            return true;
    return false;
}

/* The argument as the verb wants it: the spaces of a pathname or a password count. */
static struct text argument_for(const struct verb *verb, struct text argument)
{
    return verb->flags & (TAKES_PATH | KEEPS_SPACES) ? argument : text_trim(argument);
}

/* What must follow at once is forgotten when something else does (RFC 959 4.1.3). */
static void forget_sequences(struct session *session, const struct verb *verb)
{
    struct pending *pending = &session->pending;
    if (verb->action != ACTION_RENAME) {
        memory_free(pending->rename_from);
        pending->rename_from = NULL;
    }
    if (verb->flags & OPENS_DATA) {
        session_forget_restart(session);
        pending->reserve_bytes = 0;
    }
}

/* Everything that touches a file waits until SITE PSWD has made the password another. */
static bool must_change_password(const struct session *session, const struct verb *verb)
{
    return verb->flags & NEEDS_LOGIN && verb->action != ACTION_NONE &&
           verb->action != ACTION_SITE &&
           policy_limits(login_policy(session->login))->must_change_password;
}

/* Has TLS to come first? When CCC has ended it, only what has a password in it has to be under it.
 */
static bool needs_tls_first(const struct session *session, const struct verb *verb)
{
    bool is_secret = verb->action == ACTION_LOGIN || verb->flags & HASHES;
    if (verb->flags & IN_CLEAR || control_is_secured(&session->control) ||
        !(session->config->require_tls & (REQUIRE_TLS_LOGIN | REQUIRE_TLS_CONTROL)))
        return false;
    return is_secret || !session->security.is_cleared;
}

/* Why it may not be done by whoever is there, as things are; REPLY_NONE: it may. */
static enum reply_id find_bar(const struct session *session, const struct verb *verb)
{
    if (needs_tls_first(session, verb))
        return REPLY_TLS_FIRST;
    if (verb->flags & NEEDS_LOGIN && !session_is_logged_in(session))
        return REPLY_NOT_LOGGED_IN;
    if (must_change_password(session, verb))
        return REPLY_PASSWORD_FIRST;
    if (verb->move && session->parameters.protection != PROTECTION_PRIVATE &&
        session_needs_private_data(session))
        return REPLY_DATA_TLS_FIRST;
    return REPLY_NONE;
}

void pi_run(struct session *session, const struct verb *verb, struct text argument)
{
    struct text name = text_of(verb->name);
    struct text given = argument_for(verb, argument);
    enum reply_id bar = find_bar(session, verb);
    if (bar != REPLY_NONE) {
        session_reply(session, bar);
    } else if (verb->flags & NEEDS_ARG && !given.len) {
        session_reply_with(session, REPLY_NEEDS_ARGUMENT, name, TEXT(""));
    } else if (verb->flags & REFUSES_ARG && given.len) {
        session_reply_with(session, REPLY_TAKES_NO_ARGUMENT, name, TEXT(""));
    } else if (verb->flags & SETS_PORT && session->manners.epsv_all) {
        session_reply(session, REPLY_ONLY_EPSV);
    } else if (verb->now) {
        verb->now(session, given);
    } else {
        job_start(session, verb, given, NULL);
    }
    forget_sequences(session, verb);
}

/* NOOP and STAT are answered during a transfer; everything else waits for its end. */
static bool may_run_now(const struct session *session, const struct verb *verb,
                        struct text argument)
{
    if (!session->job)
        return true;
    return verb && verb->flags & WHILE_BUSY && job_is_transfer(session->job) &&
           !text_trim(argument).len;
}

bool pi_is_stale(const struct session *session)
{
    return session_is_logged_in(session) && !session->job && !session->control.closing &&
           login_is_stale(session->login);
}

bool pi_take_line(struct session *session, struct text line)
{
    if (!line.at) {
        if (session->job)
            return false;
        session_reply(session, REPLY_LINE_TOO_LONG);
        return true;
    }
    struct command command = command_parse(line);
    const struct verb *verb = verb_find(text_of(command.verb));
    if (!may_run_now(session, verb, command.argument))
        return false;
    if (pi_is_stale(session)) {
        access_renew(session);
        return false; /* and comes again when that has ended */
    }
    /* The time to log in is not lengthened by talking. */
    if (session_is_logged_in(session))
        session->active_ms = loop_now_ms(session->loop);
    if (verb) {
        pi_run(session, verb, command.argument);
    } else if (is_foreign(line)) {
        session_close_with(session, REPLY_CLOSING_FOREIGN, TEXT(""));
    } else {
        struct text rest = line;
        struct text word = text_take_until(&rest, ' ');
        word.len = text_cut_utf8(word, (size_t)COMMAND_VERB_MAX * 4);
        session_reply_with(session, REPLY_UNKNOWN, word, TEXT(""));
    }
    return true;
}

void pi_note_long_line(struct session *session, struct text beginning)
{
    if (is_foreign(beginning))
        session_close_with(session, REPLY_CLOSING_FOREIGN, TEXT(""));
}

void pi_note_waiting(struct session *session, struct text line)
{
    if (!line.at)
        return;
    struct command command = command_parse(line);
    const struct verb *verb = verb_find(text_of(command.verb));
    bool is_refused = verb && verb->flags & REFUSES_ARG && text_trim(command.argument).len;
    if (!verb || !session->job || is_refused)
        return;
    if (verb->flags & CANCELS)
        job_cancel(session->job);
    if (verb->now == verb_quit) {
        session->quit_waits = true;
        atomic_store_explicit(&session->job->may_hang_up, true, memory_order_release);
    }
}
