/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs_access: who is there (RFC 959 4.1.1, RFC 7151).
 * USER PASS ACCT HOST REIN QUIT SMNT, SITE PSWD; and what changes about who is
 * inside while they are.
 */
#include "base/memory.h"
#include "net/socket.h"
#include "net/tls_link.h"
#include "server/backends.h"
#include "server/job.h"
#include "server/loop.h"
#include "server/server.h"
#include "server/session.h"
#include "server/verbs.h"

enum {
    /* RFC 2577 5: a session does not get many tries. */
    LOGINS_FAILED_MAX = 5,
    USER_NAME_MAX = 256,
};

/* ---- Client certificates -------------------------------------------------------------- */

/* Is the name the one that the certificate is for? */
static bool is_named(const struct tls_link *link, enum tls_name kind, struct text name)
{
    char bytes[USER_NAME_MAX];
    for (size_t i = 0;; i++) {
        struct builder b = builder_on(bytes, sizeof(bytes));
        if (!tls_link_client_name(link, kind, i, &b))
            return false;
        if (text_equal(builder_text(&b), name))
            return true;
    }
}

static enum login_certificate ask_certificate(const struct session *session, struct text name)
{
    static const enum tls_name kinds[] = {[TLS_CLIENT_USER_CN] = TLS_NAME_COMMON,
                                          [TLS_CLIENT_USER_EMAIL] = TLS_NAME_EMAIL,
                                          [TLS_CLIENT_USER_DNS] = TLS_NAME_DNS};
    uint64_t kind = session->config->tls_files.client_user;
    if (kind == TLS_CLIENT_USER_NONE || !control_is_secured(&session->control) ||
        !tls_link_has_client(session->control.tls))
        return LOGIN_CERTIFICATE_SILENT;
    return is_named(session->control.tls, kinds[kind], name) ? LOGIN_CERTIFICATE_AGREES
                                                             : LOGIN_CERTIFICATE_DENIES;
}

/* ---- Logging in ------------------------------------------------------------------------ */

static void ask_password(struct session *session, struct text name)
{
    const struct realm *realm = backends_realm(session->config, session->host);
    if (realm->anonymous && login_name_is_anonymous(name))
        session_reply(session, REPLY_SEND_ADDRESS);
    else
        session_reply_with(session, REPLY_SEND_PASSWORD, name, TEXT(""));
}

static enum fault work_certificate(struct job *job);
static void done_certificate(struct session *session, struct job *job);

static void begin_by_certificate(struct session *session)
{
    /* USER's second half, which the table has none of. */
    static const struct verb by_certificate = {
        .name = "USER", .work = work_certificate, .done = done_certificate};
    char *user = session->pending.user;
    session->pending.user = NULL;
    job_start(session, &by_certificate, TEXT(""), user);
}

/* USER, RFC 959 4.1.1: at any time; what was known of a user before is dropped. */
void verb_user(struct session *session, struct text argument)
{
    /* Nobody's name has a NUL, behind which it would be another's to who reads strings. */
    if (argument.len > USER_NAME_MAX || text_find(argument, '\0') < argument.len) {
        session_reply(session, REPLY_ARGUMENT);
        return;
    }
    if (session->draining || server_is_draining(loop_server(session->loop))) {
        session_close_with(session, REPLY_CLOSING_SHUTDOWN, TEXT(""));
        return;
    }
    session_log_out(session);
    session->pending.user = memory_copy(argument.at, argument.len);
    if (!session->pending.user) {
        session_close_with(session, REPLY_CLOSING_BUG, TEXT(""));
        return;
    }
    session->pending.certificate = ask_certificate(session, argument);
    if (session->pending.certificate == LOGIN_CERTIFICATE_AGREES &&
        !session->config->tls_files.client_password)
        begin_by_certificate(session);
    else
        ask_password(session, argument);
}

static struct login_attempt attempt_of(const struct caller *caller, const struct realm *realm,
                                       struct text name)
{
    return (struct login_attempt){
        .realm = realm,
        .audit = caller->audit,
        .session = caller->session,
        .peer = caller->peer,
        .name = name,
        .tls = caller->tls,
    };
}

static bool must_change_password(const struct login *login)
{
    return policy_limits(login_policy(login))->must_change_password;
}

/* The name that USER gave, and what the certificate says of it. */
static struct login_attempt attempt_of_user(const struct job *job)
{
    struct login_attempt attempt = attempt_of(&job->caller, job->realm, text_of(job->source));
    attempt.certificate = job->certificate;
    return attempt;
}

/* What they hear who are inside. */
static enum reply_id welcome_of(const struct login *login, enum reply_id logged_in)
{
    if (login_is_anonymous(login))
        return REPLY_LOGGED_IN_ANONYMOUS;
    return must_change_password(login) ? REPLY_LOGGED_IN_PASSWORD : logged_in;
}

static enum fault tell_login(struct job *job, enum fault f, enum reply_id logged_in)
{
    if (f == FAULT_ACCOUNT_NEEDED) {
        job_reply(job, REPLY_NEED_ACCOUNT, TEXT(""), TEXT(""));
        return FAULT_NONE; /* that an account is awaited travels with the login */
    }
    if (!f)
        job_reply(job, welcome_of(job->new_login, logged_in), login_name(job->new_login), TEXT(""));
    else if (f == FAULT_TOO_MANY)
        job_reply(job, REPLY_TOO_MANY_SESSIONS, TEXT(""), TEXT(""));
    return f;
}

enum fault work_pass(struct job *job)
{
    const struct login_attempt attempt = attempt_of_user(job);
    enum fault f = login_authenticate(&attempt, job_argument(job), &job->new_login, &job->hold_ms);
    return tell_login(job, f, REPLY_LOGGED_IN);
}

/* RFC 2228 3: 232 where TLS has told who it is; 331 for users of the system. */
static enum fault work_certificate(struct job *job)
{
    const struct login_attempt attempt = attempt_of_user(job);
    enum fault f = login_by_certificate(&attempt, &job->new_login, &job->hold_ms);
    if (f != FAULT_NOT_FOUND)
        return tell_login(job, f, REPLY_LOGGED_IN_CERTIFICATE);
    job_reply(job, REPLY_SEND_PASSWORD, attempt.name, TEXT(""));
    return FAULT_NONE;
}

/* Counts a failed login; the session ends when it had its share. */
static void end_after_failures(struct session *session, struct job *job)
{
    if (++session->manners.failed_logins < LOGINS_FAILED_MAX)
        return;
    job_reply(job, REPLY_CLOSING_ATTEMPTS, TEXT(""), TEXT(""));
    control_finish(&session->control);
}

static void close_after_failures(struct session *session, struct job *job)
{
    if (job->fault == FAULT_LOGIN_REFUSED)
        end_after_failures(session, job);
}

/* The session is theirs now. */
static void take_login(struct session *session, struct login *login)
{
    server_let_go(loop_server(session->loop), session->login);
    session->login = login;
}

static void begin_stay(struct session *session, struct login *login)
{
    take_login(session, login);
    session->tree = login_home(login);
    session->stay = (struct stay){.tls = session_tls(session),
                                  .begun_ms = loop_now_ms(session->loop)};
}

/* A place among those who are logged in; without one the connection ends. */
static bool count_in(struct session *session, struct job *job)
{
    if (session_count_in(session))
        return true;
    session_log_out(session);
    job_reply(job, REPLY_CLOSING_TOO_MANY, TEXT(""), TEXT(""));
    control_finish(&session->control);
    return false;
}

void done_pass(struct session *session, struct job *job)
{
    close_after_failures(session, job);
    if (job->fault)
        return;
    begin_stay(session, job->new_login);
    job->new_login = NULL;
    session->pending.account = login_needs_charge(session->login);
    if (!session->pending.account && count_in(session, job))
        session->manners.failed_logins = 0;
}

/* Are they inside already? Who was right a moment ago costs no worker. */
static bool pass_at_once(struct session *session, struct text password)
{
    const struct caller caller = session_caller(session);
    struct pending *pending = &session->pending;
    struct login_attempt attempt = attempt_of(
        &caller, backends_realm(session->config, session->host), text_of(pending->user));
    attempt.certificate = pending->certificate;
    struct login *login;
    if (!login_at_once(&attempt, password, &login)) {
        server_let_go(loop_server(session->loop), login);
        return false;
    }
    memory_free(pending->user);
    pending->user = NULL;
    begin_stay(session, login);
    session->active_ms = loop_now_ms(session->loop);
    if (session_count_in(session)) {
        session->manners.failed_logins = 0;
        session_reply_with(session, welcome_of(login, REPLY_LOGGED_IN), login_name(login),
                           TEXT(""));
    } else {
        session_log_out(session);
        session_close_with(session, REPLY_CLOSING_TOO_MANY, TEXT(""));
    }
    return true;
}

/* PASS, RFC 959 4.1.1: immediately after USER. */
void verb_pass(struct session *session, struct text argument)
{
    if (!session->pending.user) {
        bool superfluous = session_is_logged_in(session);
        session_reply_with(session, superfluous ? REPLY_PASS_SUPERFLUOUS : REPLY_BAD_SEQUENCE,
                           TEXT("USER"), TEXT(""));
        return;
    }
    if (pass_at_once(session, argument)) /* a login costs 41 us of CPU instead of 72 */
        return;
    char *user = session->pending.user;
    session->pending.user = NULL;
    job_start(session, verb_find(TEXT("PASS")), argument, user);
}

static void done_certificate(struct session *session, struct job *job)
{
    if (job->fault || job->new_login) {
        done_pass(session, job);
        return;
    }
    session->pending.user = job->source;
    session->pending.certificate = job->certificate;
    job->source = NULL;
}

/* ACCT, RFC 959 4.1.1: 230 where PASS got 332, 202 where no account is needed. */
void verb_acct(struct session *session, struct text argument)
{
    if (!session->login) {
        session_reply_with(session, REPLY_BAD_SEQUENCE, TEXT("USER"), TEXT(""));
        return;
    }
    if (!session->pending.account) {
        session_reply(session, REPLY_ACCT_SUPERFLUOUS);
        return;
    }
    job_start(session, verb_find(TEXT("ACCT")), argument, NULL);
}

enum fault work_acct(struct job *job)
{
    const struct login_attempt attempt = attempt_of(&job->caller, job->realm,
                                                    login_name(job->login));
    enum fault f = login_charge(&attempt, job->login, job_argument(job), &job->hold_ms);
    if (!f)
        job_reply(job, REPLY_LOGGED_IN, attempt.name, TEXT(""));
    return f;
}

void done_acct(struct session *session, struct job *job)
{
    if (job->fault == FAULT_LOGIN_REFUSED) {
        session_log_out(session);
    } else if (!job->fault && count_in(session, job)) {
        session->pending.account = false;
        session->manners.failed_logins = 0;
    }
    close_after_failures(session, job);
}

/* ---- While they are inside ----------------------------------------------------------- */

static enum fault work_renewal(struct job *job)
{
    const struct login_attempt attempt = attempt_of(&job->caller, job->realm,
                                                    login_name(job->login));
    return login_renew(&attempt, job->login, &job->new_login);
}

/* The root may be another one now. A folder that SMNT selected stays what it was. */
static void done_renewal(struct session *session, struct job *job)
{
    if (job->fault == FAULT_LOGIN_REFUSED) {
        session_close_with(session, REPLY_CLOSING_ACCOUNT, TEXT(""));
    } else if (job->fault) {
        session_close_with(session, REPLY_CLOSING_BUG, TEXT(""));
    } else {
        bool at_home = session->tree == login_home(session->login);
        struct text folder = at_home ? TEXT("") : text_of(tree_name(session->tree));
        struct tree *tree = at_home ? login_home(job->new_login)
                                    : login_folder(job->new_login, folder);
        session->tree = tree ? tree : login_home(job->new_login);
        take_login(session, job->new_login);
        job->new_login = NULL;
    }
}

void access_renew(struct session *session)
{
    /* No verb of the table: no client can send it. */
    static const struct verb renewal = {
        .name = "renewal", .flags = SILENT, .work = work_renewal, .done = done_renewal};
    job_start(session, &renewal, TEXT(""), NULL);
}

/* SITE PSWD: the field's customary verb (Serv-U, wu-ftpd); in no RFC. */
enum fault work_site_pswd(struct job *job)
{
    const struct login_attempt attempt = attempt_of(&job->caller, job->realm,
                                                    login_name(job->login));
    const char *weakness = NULL;
    struct text wanted = job_argument(job);
    struct text old = text_take_until(&wanted, ' ');
    /* The old one ends at a space: a new one with a space could never be given as old. */
    if (!old.len || !wanted.len || text_find(wanted, ' ') < wanted.len)
        return FAULT_ARGUMENT;
    enum fault f = login_set_password(&attempt, job->login, old, wanted, &weakness, &job->hold_ms);
    if (weakness)
        job_reply(job, REPLY_PASSWORD_WEAK, text_of(translated(job->language, weakness)), TEXT(""));
    else if (!f)
        job_reply(job, REPLY_PASSWORD_CHANGED, TEXT(""), TEXT(""));
    return f;
}

void done_site_pswd(struct session *session, struct job *job)
{
    close_after_failures(session, job);
}

/* Does the name say the address the client reached (RFC 7151 3.2.2)? */
static bool is_own_address(const struct session *session, struct text name)
{
    union endpoint named;
    return endpoint_parse_host(name, 0, &named) &&
           endpoint_same_host(&named, &session->control.local);
}

/* Was TLS begun for a virtual host of ours, and not for this one (RFC 7151 3)? */
static bool is_of_another_host(const struct session *session, size_t index)
{
    size_t begun_for;
    return control_is_secured(&session->control) &&
           config_find_host(session->config, tls_link_server_name(session->control.tls),
                            &begun_for) &&
           begun_for != index;
}

/* HOST, RFC 7151 3: before USER; the reply shows the host's own greeting. */
void verb_host(struct session *session, struct text argument)
{
    size_t index = 0;
    if (session->login || session->pending.user) {
        session_reply(session, REPLY_LOGIN_FIRST_HOST);
        return;
    }
    if (!config_find_host(session->config, argument, &index) &&
        !is_own_address(session, argument)) {
        session_reply(session, REPLY_NO_SUCH_HOST);
        return;
    }
    if (is_of_another_host(session, index)) {
        session_reply(session, REPLY_HOST_NOT_OF_TLS);
        return;
    }
    session->host = index;
    const char *banner = session->config->hosts[index].banner;
    if (banner)
        session_reply_with(session, REPLY_GREETING, text_of(banner), TEXT(""));
    else
        session_reply_with(session, REPLY_HOST_OK, argument, TEXT(""));
}

/*
 * REIN, RFC 959 4.1.1: as if just connected, so not under TLS, but on an implicit
 * port (RFC 4217 13). A transfer in progress ends first (pi.c).
 */
void verb_rein(struct session *session, struct text argument)
{
    (void)argument;
    session_log_out(session);
    session_reset_parameters(session);
    session->host = 0;
    session_reply(session, REPLY_REINITIALIZED);
    if (session->is_implicit)
        session_take_server_name(session);
    else if (control_is_secured(&session->control))
        control_unsecure(&session->control);
}

void verb_quit(struct session *session, struct text argument)
{
    (void)argument;
    session_leave(session, AUDIT_END_QUIT); /* before the reply: who hears it may come again */
    session_close_with(session, REPLY_GOODBYE, TEXT(""));
}

/* SMNT, RFC 959 4.1.1: a configured folder takes the place of the root; "/" is the root. */
void verb_smnt(struct session *session, struct text argument)
{
    struct text name = argument;
    while (name.len && name.at[0] == '/')
        name = text_after(name, 1);
    struct tree *tree = name.len ? login_folder(session->login, name) : login_home(session->login);
    if (!tree) {
        session_reply(session, REPLY_NOT_FOUND);
        return;
    }
    /* A path that SITE CPFR named means another file here; pi.c forgets RNFR's by itself. */
    memory_free(session->pending.copy_from);
    session->pending.copy_from = NULL;
    session->tree = tree;
    memory_free(session->directory);
    session->directory = NULL;
    session_reply_with(session, REPLY_MOUNTED, argument, TEXT(""));
}
