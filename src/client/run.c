/* SPDX-License-Identifier: Apache-2.0 */
#include "client/run.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/safe_name.h"
#include "client/secret_text.h"
#include "net/channel.h"

enum {
    TOLD_PERIOD_MS = 1000, /* between two events about the progress of a transfer */
    /* The host, three names, doubts, the fingerprint and our words. */
    QUESTION_SIZE = SAFE_TEXT_GROWTH * (URL_PART_SIZE + 3 * TLS_SHOWN_NAME_SIZE) +
                    TLS_MESSAGE_SIZE + TLS_FINGERPRINT_SIZE + 256,
};

/* ---- Watching ---------------------------------------------------------------------- */

static sigset_t our_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    return set;
}

/* To a program, now and then. */
static void tell_progress(struct run *run)
{
    int64_t now_ms = clock_running_ms();
    if (!run->told || now_ms - run->told_ms < TOLD_PERIOD_MS)
        return;
    run->told_ms = now_ms;
    report_transfer_progress(&run->report, run->told, run->state.bytes_done);
}

static void draw(struct run *run)
{
    uint64_t moved = atomic_load(&run->moved.bytes);
    run->state.bytes_done = (uint64_t)((int64_t)moved + run->moved_before);
    tell_progress(run);
    if (run->is_lent)
        return;
    if (run->marks.each)
        progress_write_marks(STDERR_FILENO, &run->marks, moved);
    else if (run->state.name.len || run->state.bytes_done)
        progress_show(&run->progress, &run->state, clock_running_ms());
}

/* What is moved from now on is counted from 0. */
static void forget_moved(struct run *run)
{
    atomic_store(&run->moved.bytes, 0);
    run->moved_before = 0;
}

void run_end_marks(struct run *run)
{
    if (!run->marks.each)
        return;
    progress_write_marks(STDERR_FILENO, &run->marks, atomic_load(&run->moved.bytes));
    if (run->marks.made)
        (void)fputc('\n', stderr);
    run->marks.made = 0;
    forget_moved(run);
}

static void stop_remotes(const struct run *run, void (*stop)(struct remote *remote))
{
    for (size_t i = 0; i < 2; i++)
        if (run->remotes[i])
            stop(run->remotes[i]);
}

/*
 * What goes on ends soon, with what is there kept to go on from; a second one ends us at once.
 * Where a command is ended, not the program, the connection stays, but for the second one.
 */
static void take_signal(struct run *run, int number)
{
    bool is_command = run->is_interactive && number == SIGINT;
    bool is_first = !run->signal;
    if (is_command && run->is_resting)
        return;
    if (!is_command && !is_first)
        _exit(128 + number);
    run->signal = number;
    run->has_dropped = is_command && !is_first;
    if (run->crew)
        crew_stop(run->crew);
    stop_remotes(run, is_command && is_first ? remote_interrupt : remote_stop);
}

/*
 * Those that the line editor has handlers for are for the thread that edits, which hears of them
 * when they break off its wait (EINTR): after SIGCONT either thread could be given them.
 */
static void leave_to_the_editor(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCONT);
    sigaddset(&set, SIGTSTP);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGWINCH);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *watch(void *argument)
{
    struct run *run = argument;
    const sigset_t set = our_signals();
    leave_to_the_editor();
    const struct timespec period = {.tv_nsec = PROGRESS_PERIOD_MS * 1000000L};
    for (;;) {
        int number = sigtimedwait(&set, NULL, &period);
        pthread_mutex_lock(&run->lock);
        bool is_ending = run->is_ending;
        if (number > 0 && !is_ending)
            take_signal(run, number);
        else if (!is_ending && !run->is_resting)
            draw(run);
        /* Between two transfers there was none to end: the next one is. */
        if (!is_ending && run->is_interactive && run->signal == SIGINT && !run->has_dropped)
            stop_remotes(run, remote_interrupt);
        pthread_mutex_unlock(&run->lock);
        if (is_ending)
            return NULL;
    }
}

void run_begin(struct run *run, struct invocation *invocation)
{
    const sigset_t set = our_signals();
    *run = (struct run){.invocation = invocation, .begun_ms = clock_running_ms()};
    pthread_mutex_init(&run->lock, NULL);
    run->state.bytes_total = PROGRESS_UNKNOWN;
    run->report = (struct report){
        .out = stdout,
        .notes = stderr,
        .errors = stderr,
        .progress = &run->progress,
        .is_json = invocation->is_json,
    };
    run_take_settings(run);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (pthread_create(&run->watcher, NULL, watch, run))
        abort(); /* without it no signal would be heard */
}

void run_take_settings(struct run *run)
{
    const struct settings *settings = &run->invocation->settings;
    bool is_json = run->invocation->is_json;
    pthread_mutex_lock(&run->lock);
    progress_clear(&run->progress);
    progress_init(&run->progress, STDERR_FILENO,
                  is_json ? SETTINGS_OFF : (enum settings_when)settings->progress);
    run->report.verbose = settings->verbose;
    /* no-color.org: set to anything but nothing, it has the word where nobody else has */
    const char *refused = getenv("NO_COLOR");
    run->report.is_coloured = settings->colour == SETTINGS_ON ||
                              (settings->colour == SETTINGS_AUTO && isatty(STDOUT_FILENO) &&
                               !(refused && refused[0]));
    run->marks = (struct progress_marks){.each = settings->hash ? settings->hash_bytes : 0};
    pthread_mutex_unlock(&run->lock);
}

void run_give_up_output(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    run->report.out = stderr;
    pthread_mutex_unlock(&run->lock);
}

/* With the lock held. */
static void rest(struct run *run)
{
    run->is_resting = true;
    run_end_marks(run);
    progress_restart(&run->progress);
    run->state = (struct progress_state){.bytes_total = PROGRESS_UNKNOWN};
}

bool run_rest(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    bool is_usable = !run->has_dropped;
    run->has_dropped = false;
    if (run->is_interactive && run->signal == SIGINT)
        run->signal = 0;
    rest(run);
    pthread_mutex_unlock(&run->lock);
    return is_usable;
}

bool run_pause(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    bool is_going_on = !run->signal;
    if (is_going_on)
        rest(run);
    pthread_mutex_unlock(&run->lock);
    return is_going_on;
}

void run_lend_terminal(struct run *run, bool is_lent)
{
    pthread_mutex_lock(&run->lock);
    progress_clear(&run->progress);
    run->is_lent = is_lent;
    pthread_mutex_unlock(&run->lock);
}

void run_work(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    run->is_resting = false;
    run->begun_ms = clock_running_ms();
    forget_moved(run);
    atomic_store(&run->moved.cancelled, false);
    pthread_mutex_unlock(&run->lock);
}

int run_end(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    run->is_ending = true;
    pthread_mutex_unlock(&run->lock);
    (void)pthread_kill(run->watcher, SIGHUP);
    pthread_join(run->watcher, NULL);
    progress_clear(&run->progress);
    run_end_marks(run);
    enum exit_status status = run->signal ? EXIT_STATUS_INTERRUPTED
                                          : exit_status_of_many(run->done, run->failed, run->last);
    pthread_mutex_destroy(&run->lock);
    return run->signal ? 128 + run->signal : (int)status;
}

bool run_is_interrupted(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    bool is = run->signal != 0;
    pthread_mutex_unlock(&run->lock);
    return is;
}

void run_watch_crew(struct run *run, struct crew *crew)
{
    pthread_mutex_lock(&run->lock);
    run->crew = crew;
    if (crew && run->signal)
        crew_stop(crew);
    pthread_mutex_unlock(&run->lock);
}

void run_show(struct run *run, const char *name, uint64_t bytes_total)
{
    pthread_mutex_lock(&run->lock);
    run->state.name = text_of(name);
    run->state.bytes_total = bytes_total;
    run->moved_before = -(int64_t)atomic_load(&run->moved.bytes);
    pthread_mutex_unlock(&run->lock);
}

void run_show_begun(struct run *run, uint64_t begun, uint64_t bytes_total)
{
    pthread_mutex_lock(&run->lock);
    run->state.bytes_total = bytes_total;
    run->moved_before = (int64_t)begun - (int64_t)atomic_load(&run->moved.bytes);
    pthread_mutex_unlock(&run->lock);
}

void run_expect(struct run *run, uint64_t bytes)
{
    pthread_mutex_lock(&run->lock);
    if (run->state.bytes_total == PROGRESS_UNKNOWN)
        run->state.bytes_total = 0;
    run->state.bytes_total += bytes;
    run->state.files_total++;
    pthread_mutex_unlock(&run->lock);
}

void run_tell_progress(struct run *run, const struct report_transfer *transfer)
{
    pthread_mutex_lock(&run->lock);
    run->told = transfer;
    run->told_ms = clock_running_ms();
    pthread_mutex_unlock(&run->lock);
}

/* ---- What became of it ------------------------------------------------------------------ */

void run_succeeded(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    run->done++;
    pthread_mutex_unlock(&run->lock);
}

static void fail(struct run *run, const struct report_problem *problem)
{
    struct report_problem shown = *problem;
    char bytes[RUN_WHAT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (secret_in_url(problem->what).len) {
        secret_put_url(&b, problem->what);
        shown.what = builder_text(&b);
    }
    pthread_mutex_lock(&run->lock);
    run->failed++;
    run->last = problem->status;
    report_error(&run->report, &shown);
    pthread_mutex_unlock(&run->lock);
}

void run_failed(struct run *run, const char *what, const struct remote *remote, enum fault f)
{
    struct text why = remote ? remote_reason(remote) : TEXT_NONE;
    unsigned code = remote ? remote_code(remote) : 0;
    const struct report_problem problem = {
        .what = text_of(what),
        .code = code,
        .text = why.len ? why : text_of(fault_text(f)),
        .fault = f,
        .status = exit_status_of(f, code),
    };
    fail(run, &problem);
}

void run_command_failed(struct run *run, struct text command, const struct remote *remote,
                        enum fault f)
{
    char what[RUN_WHAT_SIZE];
    struct builder b = builder_on(what, sizeof(what));
    secret_put_command(&b, command);
    run_failed(run, builder_end(&b), remote, f);
}

void run_complain(struct run *run, const char *what, const char *why, enum exit_status status)
{
    const struct report_problem problem = {
        .what = text_of(what), .text = text_of(why), .status = status};
    fail(run, &problem);
}

void run_differs(struct run *run, const char *what)
{
    run_complain(run, what, "what arrived is not what was sent: size or checksum differ",
                 EXIT_STATUS_VERIFY);
}

/* ---- Servers -------------------------------------------------------------------------------- */

static void on_line(void *owner, enum user_pi_sign sign, struct text line)
{
    struct run *run = owner;
    char bytes[4096];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (run->report.verbose < (sign == USER_PI_SENT ? 3U : 2U))
        return;
    builder_put(&b, sign == USER_PI_SENT ? TEXT("> ") : TEXT("< "));
    safe_text_put(&b, line);
    pthread_mutex_lock(&run->lock);
    progress_clear(&run->progress);
    if (!run->is_resting) /* a NOOP is not to come between what somebody types */
        (void)fprintf(stderr, "%.*s\n", TEXT_ARGS(builder_text(&b)));
    pthread_mutex_unlock(&run->lock);
}

/* All but the fingerprint is whatever whoever answers wants to be taken for. */
static void put_question(struct builder *b, const struct site *site, const struct tls_shown *shown)
{
    builder_put_string(b, "Nobody vouches for the certificate of ");
    safe_text_put(b, text_of(site_url(site)->host));
    builder_put_string(b, ": ");
    tls_put_doubts(shown->doubts, b);
    builder_put_string(b, ".\n  for      ");
    safe_text_put(b, text_of(shown->subject));
    builder_put_string(b, "\n  names    ");
    safe_text_put(b, text_of(shown->names));
    builder_put_string(b, "\n  signer   ");
    safe_text_put(b, text_of(shown->issuer));
    builder_put_string(b, "\n  sha256   ");
    builder_put_string(b, shown->fingerprint);
    builder_put_string(b, "\nTrust it from now on (yes/no)? ");
}

/*
 * Is "yes" what is typed? The lock is not held meanwhile: signals are heard, and end the question.
 * What is typed comes line by line.
 */
static bool hear_yes(struct run *run, FILE *terminal)
{
    char answer[64];
    struct pollfd wait = {fileno(terminal), POLLIN, 0};
    while (!run_is_interrupted(run)) {
        if (poll(&wait, 1, PROGRESS_PERIOD_MS) <= 0)
            continue;
        ssize_t n = read(wait.fd, answer, sizeof(answer));
        return n > 0 && text_equal((struct text){answer, (size_t)n}, TEXT("yes\n"));
    }
    (void)fputc('\n', terminal);
    return false;
}

/* A yes at the terminal, to which it is shown what there is to see. */
static bool on_stranger(void *owner, const struct site *site, const struct tls_shown *shown)
{
    struct run *run = owner;
    char question[QUESTION_SIZE];
    struct builder b = builder_on(question, sizeof(question));
    put_question(&b, site, shown);
    FILE *terminal = fopen("/dev/tty", "r+e");
    if (!terminal)
        return false;
    pthread_mutex_lock(&run->lock);
    progress_clear(&run->progress);
    (void)fprintf(terminal, "%.*s", TEXT_ARGS(builder_text(&b)));
    (void)fflush(terminal);
    run->is_lent = true;
    pthread_mutex_unlock(&run->lock);
    bool is_yes = hear_yes(run, terminal);
    run_lend_terminal(run, false);
    (void)fclose(terminal);
    return is_yes;
}

static void warn(struct run *run, const char *host, const char *what)
{
    pthread_mutex_lock(&run->lock);
    report_warning(&run->report, text_of(host), text_of(what));
    pthread_mutex_unlock(&run->lock);
}

static void on_notice(void *owner, const struct site *site, const char *what)
{
    warn(owner, site_url(site)->host, what);
}

bool run_is_url(const char *text)
{
    struct text t = text_of(text);
    size_t colon = text_find(t, ':');
    return colon + 2 < t.len && t.at[colon + 1] == '/' && t.at[colon + 2] == '/';
}

bool run_open_url(struct run *run, const struct url *url, struct site **ret_site)
{
    char message[SITE_MESSAGE_SIZE];
    char shown[RUN_WHAT_SIZE];
    struct builder b = builder_on(shown, sizeof(shown));
    const struct site_listener listener = {
        .on_stranger = on_stranger,
        .on_notice = on_notice,
        .on_line = on_line, /* `verbose` may be said later */
        .owner = run,
        .may_ask = isatty(STDERR_FILENO) != 0,
    };
    const struct settings *settings = &run->invocation->settings;
    enum fault f = site_open(url, settings, &listener, ret_site, message);
    url_put(&b, url, true);
    builder_end(&b);
    if (f)
        run_complain(run, shown, message,
                     f == FAULT_ARGUMENT        ? EXIT_STATUS_USAGE
                     : f == FAULT_LOGIN_REFUSED ? EXIT_STATUS_LOGIN
                                                : EXIT_STATUS_LOCAL);
    else if (!settings->tls_verify && settings->tls != SETTINGS_TLS_OFF)
        warn(run, url->host,
             "its certificate is not looked at (tls_verify is off): whoever is on "
             "the way can read and change everything, the password too");
    return !f;
}

bool run_open_site(struct run *run, const char *text, struct site **ret_site)
{
    struct url url;
    *ret_site = NULL;
    if (!run_is_url(text))
        return true;
    if (!url_parse(text_of(text), &url)) {
        run_complain(run, text, "is no URL of the form ftp://user@host/path", EXIT_STATUS_USAGE);
        return false;
    }
    bool is_open = run_open_url(run, &url, ret_site);
    explicit_bzero(&url, sizeof(url));
    return is_open;
}

static enum exit_status status_of_connecting(enum fault f)
{
    bool is_login = f == FAULT_LOGIN_REFUSED || f == FAULT_ACCOUNT_NEEDED;
    return is_login ? EXIT_STATUS_LOGIN : EXIT_STATUS_CONNECT;
}

static void watch_remote(struct run *run, struct remote *before, struct remote *after)
{
    pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < 2; i++)
        if (run->remotes[i] == before) {
            run->remotes[i] = after;
            break;
        }
    if (after && run->signal)
        remote_stop(after);
    pthread_mutex_unlock(&run->lock);
}

static void tell_connected(struct run *run, const struct site *site, const struct remote *remote)
{
    char address[128];
    char tls[256];
    struct builder a = builder_on(address, sizeof(address));
    struct builder t = builder_on(tls, sizeof(tls));
    const struct url *url = site_url(site);
    const union endpoint peer = user_pi_peer(remote_pi(remote));
    endpoint_put_host(&peer, &a);
    channel_put_security(user_pi_channel(remote_pi(remote)), &t);
    pthread_mutex_lock(&run->lock);
    report_connected(&run->report, text_of(url->host), url->port, builder_text(&a),
                     builder_text(&t));
    report_login(&run->report, text_of(site_remote(site)->user), text_of(url->host));
    pthread_mutex_unlock(&run->lock);
}

void run_release(struct run *run, struct remote *remote)
{
    watch_remote(run, remote, NULL);
}

void run_disconnect(struct run *run, struct remote *remote)
{
    watch_remote(run, remote, NULL);
    remote_close(remote);
}

bool run_connect(struct run *run, const struct site *site, struct remote **ret_remote)
{
    struct remote *remote = remote_new(site_remote(site));
    watch_remote(run, NULL, remote);
    enum fault f = remote ? remote_reopen(remote) : FAULT_NO_MEMORY;
    *ret_remote = remote;
    if (!f) {
        tell_connected(run, site, remote);
        return true;
    }
    struct text complaint = site_complaint(site);
    struct text why = complaint.len ? complaint : remote ? remote_reason(remote) : TEXT_NONE;
    const struct report_problem problem = {
        .what = text_of(site_url(site)->host),
        .code = remote && !complaint.len ? remote_code(remote) : 0,
        .text = why.len ? why : text_of(fault_text(f)),
        .fault = f,
        .status = status_of_connecting(f),
    };
    fail(run, &problem);
    run_disconnect(run, remote);
    *ret_remote = NULL;
    return false;
}

void run_show_reply(struct run *run, struct text command, const struct remote *remote)
{
    const struct user_pi *pi = remote_pi(remote);
    if (!pi || !user_pi_code(pi))
        return;
    pthread_mutex_lock(&run->lock);
    report_reply(&run->report, command, user_pi_code(pi), user_pi_lines(pi));
    pthread_mutex_unlock(&run->lock);
}
