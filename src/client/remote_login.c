/* SPDX-License-Identifier: Apache-2.0 */
/* From the greeting to where files are: TLS, what the server can do, the login. */
#include <string.h>

#include "base/endpoint.h"
#include "client/remote_parts.h"
#include "net/channel.h"

enum { SECRET_ROOM = 1024 };

/* ---- TLS ------------------------------------------------------------------------------ */

static enum fault shake_hands(struct remote *remote)
{
    const struct remote_settings *settings = remote->settings;
    char message[TLS_MESSAGE_SIZE];
    remote->sessions = tls_sessions_new();
    if (!remote->sessions)
        return remote_note(remote, FAULT_NO_MEMORY);
    struct tls_client_handshake how = {
        .host = text_of(settings->host),
        .protocol = TEXT("ftp"),
        .sessions = remote->sessions,
        .on_certificate = settings->on_certificate,
        .owner = settings->owner,
    };
    user_pi_forget(remote->pi); /* what came in the clear behind the 234 is nobody's word */
    enum fault f = channel_secure_client(user_pi_channel(remote->pi), settings->tls_client, &how,
                                         message);
    if (f)
        return remote_blame(remote, f, message);
    how.is_data = true;
    remote->is_secure = true;
    remote->data_handshake = how;
    remote->security = (struct user_dtp_security){settings->tls_client, &remote->data_handshake};
    user_dtp_set_security(remote->dtp, &remote->security);
    return FAULT_NONE;
}

/* RFC 4217 4; AUTH SSL is what servers older than it know. */
static enum fault ask_for_tls(struct remote *remote)
{
    enum fault f = remote_offer(remote, "AUTH", TEXT("TLS"));
    if (!f && user_pi_code(remote->pi) >= 500)
        f = remote_offer(remote, "AUTH", TEXT("SSL"));
    if (f)
        return f;
    unsigned code = user_pi_code(remote->pi);
    if (code == 234 || code == 334)
        return shake_hands(remote);
    if (remote->settings->tls == REMOTE_TLS_AUTO) {
        bool may = !remote->settings->on_no_tls ||
                   remote->settings->on_no_tls(remote->settings->owner);
        return may ? FAULT_NONE
                   : remote_blame(remote, FAULT_TLS_FAILED,
                                  "the server offers no TLS any more: somebody may be between");
    }
    return remote_blame(remote, FAULT_TLS_FAILED, "the server offers no TLS, and it is required");
}

/* RFC 4217 9: the size comes first, and is 0. */
static enum fault protect_data(struct remote *remote)
{
    if (!remote->is_secure)
        return FAULT_NONE;
    enum fault f = remote_offer(remote, "PBSZ", TEXT("0"));
    if (!f && remote->settings->clears_data)
        return remote_offer(remote, "PROT", TEXT("C"));
    if (!f)
        f = remote_ask(remote, "PROT", TEXT("P"));
    if (!f)
        remote->parameters.protection = PROTECTION_PRIVATE;
    else if (!fault_is_of_the_way(f))
        f = remote_blame(
            remote, FAULT_TLS_FAILED,
            "the server offers no TLS on data connections; --no-tls-data does without");
    return f;
}

static enum fault clear_control(struct remote *remote)
{
    if (!remote->is_secure || !remote->settings->clears_control)
        return FAULT_NONE;
    enum fault f = remote_ask(remote, "CCC", TEXT_NONE);
    return f ? f : remote_note(remote, channel_unsecure(user_pi_channel(remote->pi)));
}

/* ---- Login ---------------------------------------------------------------------------- */

static enum fault ask_features(struct remote *remote)
{
    enum fault f = remote_offer(remote, "FEAT", TEXT_NONE);
    remote->features = (struct features){.mask = 0};
    if (f || user_pi_code(remote->pi) != 211)
        return f;
    for (struct text rest = user_pi_lines(remote->pi); rest.len;)
        features_take_line(&remote->features, text_take_until(&rest, '\n'));
    return FAULT_NONE;
}

/* Full today does not mean wrong: what servers say with 530 when they mean 421. */
static enum fault judge_refusal(struct remote *remote, enum fault f)
{
    static const char *const words[] = {"too many", "maximum",  "try again", "try later",
                                        "limit",    "overload", "busy"};
    if (f != FAULT_LOGIN_REFUSED || user_pi_code(remote->pi) != 530)
        return f;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasestr(remote->reason, words[i]))
            return FAULT_TOO_MANY;
    return f;
}

static enum fault send_secret(struct remote *remote, const char *verb,
                              enum fault (*ask)(void *owner, char *buffer, size_t size),
                              const char *why_not)
{
    char secret[SECRET_ROOM] = "";
    enum fault f = ask(remote->settings->owner, secret, sizeof(secret));
    if (!f)
        f = remote_ask(remote, verb, text_of(secret));
    else
        remote_blame(remote, f, why_not);
    explicit_bzero(secret, sizeof(secret));
    return f;
}

/* RFC 959 5.4 and 6: USER 230; 331 PASS 230, 202 or 332; 332 ACCT 230. */
static enum fault say_who(struct remote *remote)
{
    const struct remote_settings *settings = remote->settings;
    enum fault f = remote_offer(remote, "USER", text_of(settings->user));
    unsigned code = user_pi_code(remote->pi);
    if (!f && code / 100 == 3 && code != 332)
        f = send_secret(remote, "PASS", settings->on_password, "no password");
    else if (!f)
        f = remote_note(remote, user_pi_fault(remote->pi));
    if (f == FAULT_ACCOUNT_NEEDED && settings->on_account)
        f = send_secret(remote, "ACCT", settings->on_account,
                        "the server wants an account (ACCT), and none is known");
    return judge_refusal(remote, f);
}

/* RFC 2640 3: who says UTF8 has it; all others have what somebody must know. */
static enum fault choose_charset(struct remote *remote)
{
    const char *charset = remote->settings->charset;
    if (!charset || features_has(&remote->features, FEATURE_UTF8) ||
        text_equal_any_case(text_of(charset), TEXT("UTF-8")) ||
        text_equal_any_case(text_of(charset), TEXT("UTF8")))
        return FAULT_NONE;
    enum fault f = name_charset_new(charset, &remote->charset);
    if (f)
        return remote_blame(remote, f,
                            f == FAULT_ARGUMENT ? "charset: no set of characters for names"
                                                : fault_text(f));
    user_pi_set_charset(remote->pi, remote->charset);
    return FAULT_NONE;
}

static enum fault introduce(struct remote *remote)
{
    enum fault f = FAULT_NONE;
    if (features_has(&remote->features,
                     FEATURE_CLNT)) /* some take UTF8 from who has a name alone */
        f = remote_offer(remote, "CLNT", TEXT("ferry " FERRY_VERSION));
    if (!f && features_has(&remote->features, FEATURE_CSID))
        f = remote_offer(remote, "CSID", TEXT("Name=ferry; Version=" FERRY_VERSION ";"));
    remote->is_ferry = !f && text_starts_with(user_pi_text(remote->pi), TEXT("Name=ferryd;"));
    if (!f && features_has(&remote->features, FEATURE_UTF8))
        f = remote_offer(remote, "OPTS", TEXT("UTF8 ON"));
    if (!f && features_has(&remote->features, FEATURE_MLST))
        f = remote_offer(remote, "OPTS", TEXT("MLST type;size;modify;UNIX.mode;"));
    return f ? f : choose_charset(remote);
}

/* What RFC 7151 3 asks for: which of the hosts at this address is meant. */
static enum fault name_host(struct remote *remote)
{
    union endpoint numeric;
    if (!features_has(&remote->features, FEATURE_HOST) ||
        endpoint_parse_host(text_of(remote->settings->host), 0, &numeric))
        return FAULT_NONE;
    return remote_offer(remote, "HOST", text_of(remote->settings->host));
}

/*
 * RFC 959 5.4: 120, ready in some minutes, or 220, or 421. Some look names up before that: who
 * waits is told why when it takes longer than a connection may.
 */
static enum fault hear_greeting(struct remote *remote)
{
    const struct user_pi_settings *settings = &remote->settings->pi;
    int reply_ms = (int)settings->reply_seconds * 1000;
    int quiet_ms = (int)settings->connect_seconds * 1000;
    quiet_ms = quiet_ms < reply_ms ? quiet_ms : reply_ms;
    bool is_there = user_pi_has_news(remote->pi, quiet_ms);
    if (!is_there && quiet_ms < reply_ms) {
        remote_notice(remote, "connected; waiting for the server to greet");
        is_there = user_pi_has_news(remote->pi, reply_ms - quiet_ms);
    }
    if (!is_there)
        return remote_blame(remote, FAULT_TIMED_OUT, "the server did not greet in time");
    enum fault f = user_pi_final_reply(remote->pi);
    return remote_note(remote, f ? f : user_pi_fault(remote->pi));
}

/* Greeted, under TLS if that is to be. */
static enum fault meet(struct remote *remote)
{
    enum remote_tls tls = remote->settings->tls;
    enum fault f = tls == REMOTE_TLS_IMPLICIT ? shake_hands(remote) : FAULT_NONE;
    if (!f)
        f = hear_greeting(remote);
    bool asks = tls == REMOTE_TLS_AUTO || tls == REMOTE_TLS_REQUIRE;
    return f || !asks ? f : ask_for_tls(remote);
}

enum fault remote_log_in(struct remote *remote)
{
    enum fault f = meet(remote);
    if (!f)
        f = ask_features(remote);
    bool was_told = remote->features.mask != 0;
    if (!f)
        f = name_host(remote);
    if (!f)
        f = say_who(remote);
    if (!f && !was_told) /* some tell only whom they know */
        f = ask_features(remote);
    if (!f)
        f = introduce(remote);
    if (!f)
        f = protect_data(remote);
    if (!f)
        f = clear_control(remote);
    if (!f && remote->directory)
        f = remote_ask(remote, "CWD", text_of(remote->directory));
    return f;
}
