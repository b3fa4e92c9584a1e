/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "client/remote_parts.h"

#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/safe_name.h"
#include "protocol/pathname.h"

enum {
    QUIT_MS = 2000,
    PATH_SIZE = 4096,
    /* How often a wait between two attempts looks whether it was interrupted. */
    PAUSE_LOOK_MS = 50,
};

/* ---- Why not ------------------------------------------------------------------------ */

enum fault remote_blame(struct remote *remote, enum fault f, const char *why)
{
    struct builder b = builder_on(remote->reason, sizeof(remote->reason));
    safe_text_put(&b, text_of(why));
    builder_end(&b);
    remote->code = 0;
    return f;
}

/* A name that cannot be written as the server's are, or read. */
static enum fault blame_name(struct remote *remote)
{
    char why[REMOTE_REASON_SIZE];
    const char *charset = remote->settings->charset; /* may be another since the login */
    (void)snprintf(why, sizeof(why), "there is a name that %.64s does not have",
                   charset ? charset : "the server's character set");
    return remote_blame(remote, FAULT_NAME_INVALID, why);
}

enum fault remote_note(struct remote *remote, enum fault f)
{
    struct builder b = builder_on(remote->reason, sizeof(remote->reason));
    unsigned code = remote->pi ? user_pi_code(remote->pi) : 0;
    if (!f)
        return f;
    if (f == FAULT_MALFORMED && remote->pi && user_pi_is_out_of_step(remote->pi))
        return remote_blame(remote, f, "what the server says is no reply of FTP");
    if (f == FAULT_TIMED_OUT && remote->pi && user_pi_is_out_of_step(remote->pi))
        return remote_blame(remote, f, "the server did not reply in time");
    if (code < 300 && f == FAULT_NAME_INVALID && remote->charset)
        return blame_name(remote);
    if (code < 300)
        return remote_blame(remote, f, fault_text(f));
    if (f == FAULT_NO_DATA_CONNECTION) {
        builder_put_string(&b, fault_text(f));
        builder_put(&b, TEXT(": "));
    }
    safe_text_put(&b, user_pi_text(remote->pi));
    builder_end(&b);
    remote->code = code;
    return f;
}

unsigned remote_code(const struct remote *remote)
{
    return remote->code;
}

struct text remote_reason(const struct remote *remote)
{
    return text_of(remote->reason);
}

void remote_add_reason(struct remote *remote, const char *what)
{
    size_t len = text_cut_utf8(text_of(remote->reason), REMOTE_REASON_SIZE / 2);
    struct builder b = builder_on(remote->reason + len, sizeof(remote->reason) - len);
    safe_text_put(&b, text_of(what));
    builder_end(&b);
}

void remote_forget_reason(struct remote *remote)
{
    remote->reason[0] = '\0';
    remote->code = 0;
}

/* ---- Connecting --------------------------------------------------------------------- */

static void hang_up(struct remote *remote)
{
    pthread_mutex_lock(&remote->lock);
    struct user_pi *pi = remote->pi;
    struct user_dtp *dtp = remote->dtp;
    remote->pi = NULL;
    remote->dtp = NULL;
    pthread_mutex_unlock(&remote->lock);
    user_dtp_free(dtp);
    user_pi_close(pi);
    name_charset_free(remote->charset);
    remote->charset = NULL;
    tls_sessions_free(remote->sessions);
    remote->sessions = NULL;
    remote->is_secure = false;
    remote->parameters = PARAMETERS_DEFAULT;
    remote->may_have_others = false;
}

static enum fault pick_up(struct remote *remote)
{
    const struct remote_settings *settings = remote->settings;
    char message[WAY_MESSAGE_SIZE];
    struct user_pi *pi = NULL;
    struct user_dtp *dtp = NULL;
    int fd = -1;
    const struct patience patience = {(int)settings->pi.connect_seconds * 1000,
                                      &remote->interrupted};
    enum fault f = way_connect(&settings->dtp.way, settings->host, settings->port, patience, &fd,
                               message);
    if (f)
        return remote_blame(remote, f, message);
    f = user_pi_open(&settings->pi, fd, &pi);
    if (!f)
        f = user_dtp_new(pi, &settings->dtp, &dtp);
    if (f) {
        user_pi_close(pi);
        return remote_note(remote, f);
    }
    pthread_mutex_lock(&remote->lock);
    remote->pi = pi;
    remote->dtp = dtp;
    remote->is_opening = true;
    if (atomic_load(&remote->interrupted)) /* while it was not there to be told */
        user_pi_interrupt(pi);
    pthread_mutex_unlock(&remote->lock);
    return FAULT_NONE;
}

static void end_opening(struct remote *remote)
{
    pthread_mutex_lock(&remote->lock);
    remote->is_opening = false;
    pthread_mutex_unlock(&remote->lock);
}

enum fault remote_ask(struct remote *remote, const char *verb, struct text argument)
{
    if (!remote->pi)
        return FAULT_CONNECTION_LOST;
    enum fault f = user_pi_command(remote->pi, verb, argument);
    return remote_note(remote, f ? f : user_pi_fault(remote->pi));
}

enum fault remote_offer(struct remote *remote, const char *verb, struct text argument)
{
    if (!remote->pi)
        return FAULT_CONNECTION_LOST;
    return remote_note(remote, user_pi_command(remote->pi, verb, argument));
}

void remote_notice(const struct remote *remote, const char *what)
{
    if (remote->settings->on_notice)
        remote->settings->on_notice(remote->settings->owner, what);
}

static enum fault begin(struct remote *remote)
{
    enum fault f = pick_up(remote);
    if (!f)
        f = remote_log_in(remote);
    end_opening(remote);
    if (f)
        hang_up(remote);
    return f;
}

/* A server that was never there may be none; one that was comes back, or asked us to. */
static bool is_worth_another_try(const struct remote *remote, enum fault f)
{
    bool is_lost = f == FAULT_CONNECTION_LOST || f == FAULT_TIMED_OUT;
    return (is_lost && remote->was_there) || f == FAULT_TOO_MANY || f == FAULT_BUSY;
}

static bool is_interrupted(const struct remote *remote)
{
    return atomic_load(&remote->interrupted) || atomic_load(&remote->stopped);
}

/* Before the next try, behind so many that failed. */
static unsigned pause_seconds(const struct remote_settings *settings, unsigned failed)
{
    uint64_t seconds = settings->pause_seconds;
    for (unsigned i = 1; i < failed && seconds < settings->pause_max_seconds; i++)
        seconds *= 2;
    return seconds < settings->pause_max_seconds ? (unsigned)seconds : settings->pause_max_seconds;
}

enum fault remote_pause(struct remote *remote, unsigned failed)
{
    unsigned seconds = pause_seconds(remote->settings, failed);
    const struct timespec look = {.tv_nsec = PAUSE_LOOK_MS * 1000000L};
    int64_t until_ms = clock_running_ms() + (int64_t)seconds * 1000;
    char bytes[REMOTE_REASON_SIZE + sizeof("000 ; trying again in 4294967295 seconds")];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (remote->code) {
        builder_put_number(&b, remote->code);
        builder_put_byte(&b, ' ');
    }
    builder_put_string(&b, remote->reason);
    builder_put(&b, TEXT("; trying again in "));
    builder_put_number(&b, seconds);
    builder_put(&b, seconds == 1 ? TEXT(" second") : TEXT(" seconds"));
    remote_notice(remote, builder_end(&b));
    while (clock_running_ms() < until_ms && !is_interrupted(remote))
        nanosleep(&look, NULL);
    return is_interrupted(remote)
               ? remote_blame(remote, FAULT_CANCELLED, fault_text(FAULT_CANCELLED))
               : FAULT_NONE;
}

static enum fault begin_patiently(struct remote *remote, unsigned tries_max)
{
    const struct parameters told = remote->parameters;
    hang_up(remote);
    if (atomic_load(&remote->stopped))
        return FAULT_CANCELLED;
    atomic_store(&remote->interrupted, false);
    if (atomic_load(&remote->stopped)) /* just now: it was not to be forgotten */
        atomic_store(&remote->interrupted, true);
    enum fault f = begin(remote);
    for (unsigned tries = 1; tries < tries_max && is_worth_another_try(remote, f); tries++) {
        f = remote_pause(remote, tries);
        if (f)
            return f;
        f = begin(remote);
    }
    bool was_there = remote->was_there;
    remote->is_given_up = f && f != FAULT_NO_MEMORY && !is_interrupted(remote);
    remote->was_there = was_there || !f;
    return f || !was_there ? f : remote_set_parameters(remote, &told);
}

enum fault remote_reopen(struct remote *remote)
{
    return begin_patiently(remote, remote->is_given_up ? 1 : remote->settings->tries);
}

bool remote_is_given_up(const struct remote *remote)
{
    return remote->is_given_up;
}

struct remote *remote_new(const struct remote_settings *settings)
{
    struct remote *remote = memory_new(sizeof(*remote));
    if (!remote)
        return NULL;
    remote->settings = settings;
    remote->parameters = PARAMETERS_DEFAULT;
    pthread_mutex_init(&remote->lock, NULL);
    return remote;
}

enum fault remote_open(const struct remote_settings *settings, struct remote **ret_remote)
{
    *ret_remote = remote_new(settings);
    return *ret_remote ? remote_reopen(*ret_remote) : FAULT_NO_MEMORY;
}

enum fault remote_open_another(const struct remote_settings *settings, struct remote **ret_remote)
{
    *ret_remote = remote_new(settings);
    return *ret_remote ? begin_patiently(*ret_remote, 1) : FAULT_NO_MEMORY;
}

void remote_close(struct remote *remote)
{
    if (!remote)
        return;
    /* RFC 959 4.1.1: its reply is awaited, but not for long: what was asked for is done. */
    if (remote->pi && !user_pi_send(remote->pi, "QUIT", TEXT_NONE) &&
        user_pi_has_news(remote->pi, QUIT_MS))
        (void)user_pi_reply(remote->pi);
    hang_up(remote);
    pthread_mutex_destroy(&remote->lock);
    memory_free(remote->directory);
    memory_free(remote);
}

void remote_interrupt(struct remote *remote)
{
    atomic_store(&remote->interrupted, true);
    pthread_mutex_lock(&remote->lock);
    if (remote->dtp)
        user_dtp_cancel(remote->dtp);
    if (remote->pi && remote->is_opening)
        user_pi_interrupt(remote->pi);
    else if (remote->pi)
        user_pi_hurry(remote->pi);
    pthread_mutex_unlock(&remote->lock);
}

void remote_stop(struct remote *remote)
{
    atomic_store(&remote->stopped, true);
    remote_interrupt(remote);
    pthread_mutex_lock(&remote->lock);
    if (remote->pi)
        user_pi_interrupt(remote->pi);
    pthread_mutex_unlock(&remote->lock);
}

/* ---- One command ------------------------------------------------------------------------ */

struct name_charset *remote_charset(const struct remote *remote)
{
    return remote->charset;
}

struct user_pi *remote_pi(const struct remote *remote)
{
    return remote->pi;
}

const struct features *remote_features(const struct remote *remote)
{
    return &remote->features;
}

struct text remote_system(struct remote *remote)
{
    struct builder b = builder_on(remote->system, sizeof(remote->system));
    if (!remote->has_system && !remote_offer(remote, "SYST", TEXT_NONE)) {
        struct text words = user_pi_text(remote->pi);
        words.len = text_cut_utf8(words, REMOTE_SYSTEM_SIZE - 1);
        if (user_pi_code(remote->pi) == 215)
            builder_put(&b, words);
        builder_end(&b);
        remote->has_system = true;
    }
    return text_of(remote->system);
}

struct text remote_directory(const struct remote *remote)
{
    return text_of(remote->directory);
}

const struct user_dtp_settings *remote_dtp_settings(const struct remote *remote)
{
    return &remote->settings->dtp;
}

const char *remote_list_options(const struct remote *remote)
{
    return remote->settings->list_options;
}

enum protection remote_protection(const struct remote *remote)
{
    return (enum protection)remote->parameters.protection;
}

bool remote_is_ferry(const struct remote *remote)
{
    return remote->is_ferry;
}

bool remote_is_alive(struct remote *remote)
{
    return remote->pi && !remote_note(remote, user_pi_hear_unasked(remote->pi));
}

bool remote_lacks_command(const struct remote *remote)
{
    unsigned code = remote->pi ? user_pi_code(remote->pi) : 0;
    return code == 500 || code == 502;
}

bool remote_lists_all(struct remote *remote)
{
    return !remote->lists_plainly && text_starts_with(remote_system(remote), TEXT("UNIX"));
}

void remote_forget_lists_all(struct remote *remote)
{
    remote->lists_plainly = true;
}

void remote_forget_feature(struct remote *remote, enum feature feature)
{
    remote->features.mask &= ~(UINT64_C(1) << feature);
}

bool remote_is_gone(const struct remote *remote, enum fault f)
{
    unsigned code = remote->pi ? user_pi_code(remote->pi) : 0;
    return (f == FAULT_CONNECTION_LOST && code < 200) || (f && code == 421);
}

/* RFC 959 5.4: 421 to any command, if the server is about to close; what was asked is not done. */
static bool is_closing(const struct remote *remote)
{
    return remote->pi && user_pi_code(remote->pi) == 421;
}

enum fault remote_command(struct remote *remote, const char *verb, struct text argument, bool again)
{
    enum fault f = remote_ask(remote, verb, argument);
    if (is_closing(remote))
        f = FAULT_CONNECTION_LOST;
    if (!remote_is_gone(remote, f) || !(again || is_closing(remote)))
        return f;
    f = remote_reopen(remote);
    return f ? f : remote_ask(remote, verb, argument);
}

void remote_clean_up(struct remote *remote, const char *verb, struct text argument)
{
    if (remote->pi)
        (void)user_pi_command(remote->pi, verb, argument);
}

enum fault remote_keep_alive(struct remote *remote)
{
    if (!remote->pi)
        return remote_blame(remote, FAULT_CONNECTION_LOST, fault_text(FAULT_CONNECTION_LOST));
    enum fault f = remote_offer(remote, "NOOP", TEXT_NONE); /* a 500 is as good as a 200 */
    return !f && user_pi_code(remote->pi) == 421 ? remote_note(remote, FAULT_CONNECTION_LOST) : f;
}

static enum fault set(struct remote *remote, const char *verb, char letter, char *told)
{
    if (letter == *told && !remote->may_have_others)
        return FAULT_NONE;
    enum fault f = remote_ask(remote, verb, (struct text){&letter, 1});
    if (!f)
        *told = letter;
    return f;
}

static enum fault set_type(struct remote *remote, const struct parameters *parameters)
{
    char bytes[32];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct parameters *told = &remote->parameters;
    bool is_told = !remote->may_have_others && told->type == parameters->type &&
                   told->form == parameters->form && told->byte_size == parameters->byte_size;
    if (is_told)
        return FAULT_NONE;
    parameters_put_type(&b, parameters);
    /* RFC 959 5.3.2: the default needs no word, and some servers know no second one. */
    b.len = parameters->form == FORM_NON_PRINT && parameters_are_text(parameters) ? 1 : b.len;
    enum fault f = remote_ask(remote, "TYPE", builder_text(&b));
    if (f)
        return f;
    told->type = parameters->type;
    told->form = parameters->form;
    told->byte_size = parameters->byte_size;
    return FAULT_NONE;
}

enum fault remote_set_parameters(struct remote *remote, const struct parameters *parameters)
{
    enum fault f = set_type(remote, parameters);
    if (!f)
        f = set(remote, "STRU", parameters->structure, &remote->parameters.structure);
    if (!f)
        f = set(remote, "MODE", parameters->mode, &remote->parameters.mode);
    if (!f)
        remote->may_have_others = false;
    return f;
}

void remote_forget_parameters(struct remote *remote)
{
    remote->may_have_others = true;
}

static enum fault remember_directory(struct remote *remote, struct text path)
{
    char *directory = memory_copy(path.at, path.len);
    if (!directory)
        return remote_blame(remote, FAULT_NO_MEMORY, fault_text(FAULT_NO_MEMORY));
    memory_free(remote->directory);
    remote->directory = directory;
    return FAULT_NONE;
}

enum fault remote_ask_directory(struct remote *remote)
{
    char bytes[PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    enum fault f = remote_command(remote, "PWD", TEXT_NONE, true);
    if (f)
        return f;
    if (!pathname_take_quoted(user_pi_text(remote->pi), &b))
        return remote_blame(remote, FAULT_UNSUPPORTED, "the server does not say where we are");
    return remember_directory(remote, builder_text(&b));
}

enum fault remote_change_directory(struct remote *remote, struct text path)
{
    char bytes[PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    enum fault f = FAULT_UNSUPPORTED;
    if (text_equal(path, TEXT(".."))) /* RFC 959 4.1.1: paths may have no ".." */
        f = remote_command(remote, "CDUP", TEXT_NONE, true);
    if (f == FAULT_UNSUPPORTED)
        f = remote_command(remote, "CWD", path, true);
    if (f)
        return f;
    f = remote_ask_directory(remote);
    if (!f || f == FAULT_CONNECTION_LOST || f == FAULT_TIMED_OUT)
        return f;
    if (path.len && path.at[0] != '/' && remote->directory) {
        builder_put_string(&b, remote->directory);
        builder_put_byte(&b, '/');
    }
    builder_put(&b, path);
    return b.full ? FAULT_NAME_INVALID : remember_directory(remote, builder_text(&b));
}

enum fault remote_transfer(struct remote *remote, struct user_dtp_order *order)
{
    if (atomic_load(&remote->stopped))
        return FAULT_CANCELLED;
    atomic_store(&remote->interrupted, false);
    if (!remote->pi)
        return FAULT_CONNECTION_LOST;
    enum fault f = remote_set_parameters(remote, &order->parameters);
    order->parameters.protection = remote->parameters.protection;
    if (!f)
        f = user_dtp_transfer(remote->dtp, order);
    if (f && is_closing(remote))
        f = FAULT_CONNECTION_LOST;
    if (f == FAULT_TIMED_OUT && user_pi_code(remote->pi) < 300 && user_dtp_has_stalled(remote->dtp))
        return remote_blame(remote, f,
                            fault_text(f)); /* no reply came, either, but that was first */
    return remote_note(remote, f);
}
