/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ferryd: options, the parts put together, and the main thread's life, which
 * is to wait for signals. Sessions live on the loops' threads.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "monitor/monitor.h"
#include "server/administration.h"
#include "server/backends.h"
#include "server/listener.h"
#include "server/replies.h"
#include "server/server.h"
#include "server/systemd.h"

enum {
    EXIT_USAGE = 2,
    HELP_SIZE = 16 * 1024,
    /* How often the main thread looks whether draining is over. */
    DRAIN_LOOK_MS = 50,
};

/* The command line, which SIGHUP reads again. */
struct command_line {
    int argc;
    char **argv; /* borrowed: main's */
};

static int fail(const char *message, int status)
{
    (void)fprintf(stderr, "ferryd: %s\n", message);
    return status;
}

/* As many sessions as the system lets us have. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void apply_log_level(const struct config *config)
{
    enum log_level level;
    if (log_level_parse(text_of(config->log_level), &level))
        log_set_level(level);
}

static sigset_t our_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

/* What a reload needs. */
struct running {
    struct server *server;                 /* borrowed: as long as run */
    struct backends *backends;             /* borrowed: likewise */
    const struct command_line *line;       /* borrowed: likewise */
    struct administration *administration; /* owned; NULL: ferryctl has to do without */
    pthread_mutex_t reloading;
};

/* Some settings wait for the next start: nobody should look for their effect in vain. */
static void warn_of_deferred(const struct config *running, const struct config *wanted)
{
    char names[CONFIG_MESSAGE_SIZE];
    struct builder b = builder_on(names, sizeof(names));
    config_put_deferred(running, wanted, &b);
    if (b.len)
        log_warning("needs-restart", LOG_TEXT("settings", builder_text(&b)));
}

/*
 * New sessions get new settings; a file that is wrong changes nothing, and
 * false. On SIGHUP, and for ferryctl on another thread.
 */
static bool reload(void *context, char message[CONFIG_MESSAGE_SIZE])
{
    struct running *running = context;
    struct server *server = running->server;
    struct config_request request;
    pthread_mutex_lock(&running->reloading);
    systemd_notify("RELOADING=1");
    struct config *config = config_load(running->line->argc, running->line->argv, &request,
                                        message);
    bool fine = config && backends_build_realms(running->backends, config, message);
    if (fine) {
        apply_log_level(config);
        struct config *before = server_config_ref(server);
        warn_of_deferred(before, config);
        config_unref(before);
        server_reconfigure(server, config);
        log_info("reloaded", LOG_TEXT("file", text_of(config->file ? config->file : "")));
    } else {
        log_error("reload-refused", LOG_TEXT("reason", text_of(message)),
                  LOG_TEXT("effect", TEXT("the old settings stay")));
    }
    config_unref(config);
    server_reopen_logs(server);
    systemd_notify("READY=1");
    pthread_mutex_unlock(&running->reloading);
    return fine;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * SIGTERM: transfers may finish within the grace; a second one ends them now.
 * SIGHUP, as log rotation sends it, has its logs opened again and no more.
 */
static void drain(struct server *server, uint64_t grace_s)
{
    const sigset_t set = our_signals();
    const struct timespec look = {.tv_nsec = DRAIN_LOOK_MS * 1000000L};
    int64_t deadline = now_ms() + (int64_t)grace_s * 1000;
    bool stopped = false;
    systemd_notify("STOPPING=1");
    server_drain(server);
    while (server_is_running(server)) {
        int signal_number = sigtimedwait(&set, NULL, &look);
        if (signal_number == SIGHUP)
            server_reopen_logs(server);
        bool again = signal_number > 0 && signal_number != SIGHUP;
        if (!stopped && (again || now_ms() >= deadline)) {
            server_stop(server);
            stopped = true;
        }
    }
}

static void announce(const struct server *server)
{
    char bytes[LISTENERS_MAX * ENDPOINT_TEXT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    server_put_addresses(server, &b);
    (void)printf("listening on %.*s\n", TEXT_ARGS(builder_text(&b)));
    (void)fflush(stdout);
    systemd_notify("READY=1");
}

/* What another program writes into the database is noticed once in a second. */
static void serve(struct running *running)
{
    const sigset_t set = our_signals();
    const struct timespec second = {.tv_sec = 1};
    bool has_database = backends_database(running->backends) != NULL;
    char message[CONFIG_MESSAGE_SIZE];
    int signal_number;
    announce(running->server);
    do {
        signal_number = sigtimedwait(&set, NULL, has_database ? &second : NULL);
        if (signal_number == SIGHUP)
            (void)reload(running, message);
        backends_poll(running->backends);
    } while (signal_number < 0 || signal_number == SIGHUP);
    struct config *config = server_config_ref(running->server);
    uint64_t grace_s = config->grace_s;
    config_unref(config);
    drain(running->server, grace_s);
}

/* `no_state`: why there is no state directory; NULL: there is one. */
static int run(struct config *config, struct backends *backends, const struct command_line *line,
               const char *no_state)
{
    char message[CONFIG_MESSAGE_SIZE] = "out of memory";
    int status = EXIT_SUCCESS;
    const sigset_t set = our_signals();
    /* Blocked before any thread starts: they are the main thread's alone. */
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    raise_descriptor_limit();
    apply_log_level(config);
    struct server *server = server_new(config, backends_desk(backends));
    struct running running = {.server = server,
                              .backends = backends,
                              .line = line,
                              .reloading = PTHREAD_MUTEX_INITIALIZER};
    if (server && !server_open_logs(server, message)) {
        status = fail(message, EXIT_USAGE);
    } else if (server && server_start(server, backends_monitor(backends), message)) {
        if (no_state)
            log_warning("no-state-directory", LOG_TEXT("reason", text_of(no_state)),
                        LOG_TEXT("effect", TEXT("a crash may leave hidden temporary files")));
        const struct reloader reloader = {reload, &running};
        bool reachable = administration_open(server, backends, config, &reloader,
                                             &running.administration, message);
        if (!reachable && config->socket) { /* one that was asked for; a default is done without */
            status = fail(message, EXIT_USAGE);
        } else {
            if (!reachable)
                log_warning("no-administration", LOG_TEXT("reason", text_of(message)));
            serve(&running);
        }
    } else {
        status = fail(message, EXIT_FAILURE);
    }
    administration_close(running.administration);
    server_free(server);
    return status;
}

static int show_help(void)
{
    char help[HELP_SIZE];
    struct builder b = builder_on(help, sizeof(help));
    config_put_help(&b);
    (void)fwrite(b.at, 1, b.len, stdout);
    return EXIT_SUCCESS;
}

static int build_and_run(struct config *config, const struct config_request *request,
                         const struct command_line *line)
{
    char message[CONFIG_MESSAGE_SIZE];
    char state_message[CONFIG_MESSAGE_SIZE];
    int status = EXIT_SUCCESS;
    struct backends *backends = backends_new();
    if (!backends)
        return fail("out of memory", EXIT_FAILURE);
    if (!request->check_only && !backends_start_system_users(backends, config, message)) {
        config_unref(config);
        backends_free(backends);
        return fail(message, EXIT_USAGE);
    }
    /* The state directory is not touched by who only asks whether the settings are right. */
    bool has_state = request->check_only ||
                     backends_open_state(backends, config->state, state_message);
    if (!backends_open_desk(backends, request->check_only ? NULL : config->database, message) ||
        !backends_build_realms(backends, config, message))
        status = fail(message, EXIT_USAGE);
    else if (request->check_only)
        (void)printf("The settings are right.\n");
    else if (!has_state && config->state) /* one that was asked for; a default is done without */
        status = fail(state_message, EXIT_USAGE);
    else
        status = run(config, backends, line, has_state ? NULL : state_message);
    /* The trees go before the journal that they write. */
    config_unref(config);
    backends_free(backends);
    return status;
}

int main(int argc, char **argv)
{
    char message[CONFIG_MESSAGE_SIZE];
    struct config_request request;
    const struct command_line line = {argc, argv};
    int status;
    if (monitor_is_part(argc, argv, &status))
        return status;
    umask(0); /* modes are given with every file: store_local.h */
    replies_load();
    struct config *config = config_load(argc, argv, &request, message);
    if (!config)
        return fail(message, EXIT_USAGE);
    if (!request.help && !request.version)
        return build_and_run(config, &request, &line);
    if (request.version)
        (void)printf("ferryd %s\n", FERRY_VERSION);
    config_unref(config);
    return request.help ? show_help() : EXIT_SUCCESS;
}
