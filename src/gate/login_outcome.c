/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/login_outcome.h"

#include "base/log.h"

static void log_outcome(const struct login_attempt *attempt, const struct login_outcome *outcome)
{
    char host[ENDPOINT_TEXT_SIZE];
    struct builder peer = builder_on(host, sizeof(host));
    endpoint_put_host(&attempt->peer, &peer);
    bool is_refused = outcome->fault == FAULT_LOGIN_REFUSED || outcome->fault == FAULT_TOO_MANY;
    if (is_refused && outcome->rule.len)
        log_warning("login-not-allowed", LOG_TEXT("user", outcome->user),
                    LOG_TEXT("peer", builder_text(&peer)), LOG_NUMBER("session", attempt->session),
                    LOG_TEXT("rule", builder_text(&outcome->rule)));
    else if (is_refused)
        log_warning("login-refused", LOG_TEXT("user", outcome->user),
                    LOG_TEXT("peer", builder_text(&peer)), LOG_NUMBER("session", attempt->session));
    else if (outcome->fault)
        log_error("login-failed", LOG_TEXT("user", outcome->user),
                  LOG_TEXT("fault", text_of(fault_text(outcome->fault))));
    else
        log_info("login", LOG_TEXT("user", outcome->user), LOG_TEXT("peer", builder_text(&peer)),
                 LOG_NUMBER("session", attempt->session));
}

/* The log line is what address-banning programs watch for; the audit is for people. */
void login_report(const struct login_attempt *attempt, struct login_outcome *outcome)
{
    builder_end(&outcome->rule);
    const struct audit_event event = {
        .action = ACTION_LOGIN,
        .fault = outcome->fault,
        .rule = outcome->rule.len ? outcome->rule.at : NULL,
        .session = attempt->session,
        .host = text_of(attempt->realm->host),
        .user = outcome->user,
        .detail = outcome->detail,
        .anonymous = outcome->proof == AUDIT_PROOF_ANONYMOUS,
        .proof = outcome->proof,
        .tls = attempt->tls,
        .peer = attempt->peer,
    };
    audit_record(attempt->audit, &event);
    log_outcome(attempt, outcome);
}

/* This failure was one too many: of the address, or of the user's name. */
static void report_ban(const struct login_attempt *attempt, bool of_address)
{
    char host[ENDPOINT_TEXT_SIZE];
    struct builder b = builder_on(host, sizeof(host));
    const struct endpoint_network source = endpoint_source(&attempt->peer);
    endpoint_put_network(&source, &b);
    const struct audit_event event = {
        .action = ACTION_BAN,
        .rule = of_address ? "ban-after" : "ban-user-after",
        .session = attempt->session,
        .host = text_of(attempt->realm->host),
        .user = attempt->name,
        .peer = attempt->peer,
        .target = of_address ? builder_text(&b) : attempt->name,
    };
    audit_record(attempt->audit, &event);
}

bool login_is_banned(const struct login_attempt *attempt)
{
    struct guard *guard = attempt->realm->desk->guard;
    return guard_is_banned(guard, &attempt->peer) ||
           guard_user_is_banned(guard, attempt->name, &attempt->peer);
}

void login_fail(const struct login_attempt *attempt, uint64_t *ret_delay_ms)
{
    struct guard *guard = attempt->realm->desk->guard;
    bool address_was = guard_is_banned(guard, &attempt->peer);
    bool user_was = guard_user_is_banned(guard, attempt->name, &attempt->peer);
    *ret_delay_ms = guard_fail(guard, &attempt->peer, attempt->name);
    if (!address_was && guard_is_banned(guard, &attempt->peer))
        report_ban(attempt, true);
    if (!user_was && guard_user_is_banned(guard, attempt->name, &attempt->peer))
        report_ban(attempt, false);
}

void login_succeed(const struct login_attempt *attempt)
{
    guard_succeed(attempt->realm->desk->guard, &attempt->peer, attempt->name);
}
