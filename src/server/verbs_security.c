/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs_security: TLS on the control and data connections (RFC 2228, RFC 4217).
 * AUTH PBSZ PROT CCC ADAT MIC CONF ENC
 */
#include "server/session.h"
#include "server/verbs.h"

/* What AUTH can ask for; some say what data connections are to be like at once. */
struct mechanism {
    struct text name;
    enum protection protection;
};

/* RFC 4217 8 has TLS; the others are of its drafts, and of clients older than it. */
static const struct mechanism mechanisms[] = {
    {TEXT("TLS"), PROTECTION_CLEAR},
    {TEXT("TLS-C"), PROTECTION_CLEAR},
    {TEXT("SSL"), PROTECTION_PRIVATE},
    {TEXT("TLS-P"), PROTECTION_PRIVATE},
};

static const struct mechanism *find_mechanism(struct text name)
{
    for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
        if (text_equal_any_case(name, mechanisms[i].name))
            return &mechanisms[i];
    return NULL;
}

/*
 * AUTH, RFC 2228 3 and RFC 4217 4: whoever was inside is out, and what was said
 * so far holds no more: in the clear anybody may have said it. But HOST does, by
 * which the certificate is chosen (RFC 7151 3).
 */
static void begin_tls(struct session *session, const struct mechanism *mechanism)
{
    session_log_out(session);
    session_reset_parameters(session);
    session->parameters.protection = (char)mechanism->protection;
    session->security.has_size = mechanism->protection == PROTECTION_PRIVATE;
    session_reply_with(session, REPLY_TLS_BEGINS, mechanism->name, TEXT(""));
    session_secure(session);
}

void verb_auth(struct session *session, struct text argument)
{
    const struct mechanism *mechanism = find_mechanism(argument);
    if (session->security.is_cleared)
        session_reply(session, REPLY_TLS_CLEARED);
    else if (control_is_secured(&session->control))
        session_reply(session, REPLY_TLS_ALREADY);
    else if (!mechanism)
        session_reply(session, REPLY_NOT_WITH_PARAMETER);
    else if (!session->config->tls)
        session_reply(session, REPLY_NO_TLS);
    else
        begin_tls(session, mechanism);
}

/* PBSZ and PROT are said under TLS. False: they were refused. */
static bool is_under_tls(struct session *session)
{
    bool is_secured = control_is_secured(&session->control);
    if (session->security.is_cleared)
        session_reply(session, REPLY_TLS_CLEARED);
    else if (!is_secured)
        session_reply_with(session, REPLY_BAD_SEQUENCE, TEXT("AUTH TLS"), TEXT(""));
    return is_secured;
}

/* PBSZ, RFC 2228 3, RFC 4217 9: TLS has buffers of its own, so the answer is always 0. */
void verb_pbsz(struct session *session, struct text argument)
{
    uint64_t size;
    if (!is_under_tls(session))
        return;
    if (!text_to_number(argument, UINT32_MAX, &size)) {
        session_reply(session, REPLY_ARGUMENT);
        return;
    }
    session->security.has_size = true;
    session_reply(session, REPLY_PROTECTION_SIZE);
}

static void set_protection(struct session *session, enum protection protection)
{
    const char letter = (char)protection;
    if (session->parameters.protection != letter)
        session_close_data(session);
    session->parameters.protection = letter;
    session_reply_with(session, REPLY_PROTECTION_SET, (struct text){&letter, 1}, TEXT(""));
}

/* PROT, RFC 2228 3, RFC 4217 9. */
void verb_prot(struct session *session, struct text argument)
{
    char level = argument.len == 1 ? text_upper(argument.at[0]) : '\0';
    if (!is_under_tls(session))
        return;
    if (!session->security.has_size) {
        session_reply_with(session, REPLY_BAD_SEQUENCE, TEXT("PBSZ 0"), TEXT(""));
        return;
    }
    switch (level) {
    case PROTECTION_CLEAR:
        if (session_needs_private_data(session))
            session_reply(session, REPLY_DATA_STAYS_PRIVATE);
        else
            set_protection(session, PROTECTION_CLEAR);
        break;
    case PROTECTION_PRIVATE:
        set_protection(session, PROTECTION_PRIVATE);
        break;
    case 'S':
    case 'E':
        session_reply(session, REPLY_NO_SUCH_PROTECTION);
        break;
    default:
        session_reply(session, REPLY_NOT_WITH_PARAMETER);
        break;
    }
}

static bool control_has_to_be_private(const struct session *session)
{
    return !session->config->allow_ccc || session->config->require_tls & REQUIRE_TLS_CONTROL ||
           (session->login && policy_limits(login_policy(session->login))->require_tls_control);
}

/* CCC, RFC 2228 3, RFC 4217 5: for firewalls that read the control connection. */
void verb_ccc(struct session *session, struct text argument)
{
    (void)argument;
    if (!control_is_secured(&session->control)) {
        session_reply(session, REPLY_NOTHING_TO_CLEAR);
    } else if (control_has_to_be_private(session)) {
        session_reply(session, REPLY_CONTROL_STAYS_PRIVATE);
    } else {
        session_reply(session, REPLY_CONTROL_CLEARED);
        control_unsecure(&session->control);
        session->security.is_cleared = true;
        session->is_implicit = false; /* from now on it is a connection like any other */
    }
}

/* ADAT, RFC 2228 3: of no mechanism here. */
void verb_adat(struct session *session, struct text argument)
{
    (void)argument;
    session_reply(session, REPLY_NO_SECURITY_DATA);
}

/* MIC, CONF and ENC, RFC 2228 3: likewise. */
void verb_protected(struct session *session, struct text argument)
{
    (void)argument;
    session_reply(session, REPLY_NO_PROTECTED_COMMANDS);
}
