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
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "confine/privileges.h"
#include "monitor/monitor.h"
#include "server/administration.h"
#include "server/backends.h"
#include "server/certificates.h"
#include "server/listener.h"
#include "server/replies.h"
#include "server/sandbox.h"
#include "server/server.h"
#include "server/systemd.h"

enum {
    EXIT_USAGE = 2,
    HELP_SIZE = 16 * 1024,
    PATH_SIZE = 4096,
    /* How often the main thread looks whether draining is over. */
    DRAIN_LOOK_MS = 50,
};

/* The command line, which SIGHUP reads again: a copy with the passwords of --user in it. */
struct command_line {
    int argc;
    char **argv; /* owned array of owned strings */
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
    const struct confinement *confinement; /* borrowed: likewise */
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

static bool load_certificates(const struct backends *backends, struct config *config,
                              char message[CONFIG_MESSAGE_SIZE])
{
    char path[PATH_SIZE];
    struct builder b = builder_on(path, sizeof(path));
    bool has_state = backends_put_state(backends, config->state, &b);
    return certificates_load(config, backends_opener(backends), has_state ? builder_end(&b) : NULL,
                             message);
}

/*
 * New sessions get new settings; a file that is wrong changes nothing, and
 * false. On SIGHUP, and for ferryctl on another thread.
 */
static bool reload(void *context, char message[CONFIG_MESSAGE_SIZE])
{
    struct running *running = context;
    struct server *server = running->server;
    pthread_mutex_lock(&running->reloading);
    systemd_notify("RELOADING=1");
    struct config *config = config_reload(running->line->argc, running->line->argv,
                                          backends_opener(running->backends), message);
    bool fine = config && load_certificates(running->backends, config, message) &&
                backends_build_realms(running->backends, config, message);
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

/*
 * SIGTERM: transfers may finish within the grace; a second one ends them now.
 * SIGHUP, as log rotation sends it, has its logs opened again and no more.
 */
static void drain(struct server *server, uint64_t grace_s)
{
    const sigset_t set = our_signals();
    const struct timespec look = {.tv_nsec = DRAIN_LOOK_MS * 1000000L};
    int64_t deadline = clock_running_ms() + (int64_t)grace_s * 1000;
    bool stopped = false;
    systemd_notify("STOPPING=1");
    server_drain(server);
    while (server_is_running(server)) {
        int signal_number = sigtimedwait(&set, NULL, &look);
        if (signal_number == SIGHUP)
            server_reopen_logs(server);
        bool again = signal_number > 0 && signal_number != SIGHUP;
        if (!stopped && (again || clock_running_ms() >= deadline)) {
            server_stop(server);
            stopped = true;
        }
    }
}

static void announce(const struct server *server, const struct confinement *confinement)
{
    char bytes[LISTENERS_MAX * ENDPOINT_TEXT_SIZE];
    char layers[CONFINEMENT_TEXT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct builder l = builder_on(layers, sizeof(layers));
    server_put_addresses(server, &b);
    confinement_put(confinement, &l);
    (void)printf("listening on %.*s\nsandbox: %.*s\n", TEXT_ARGS(builder_text(&b)),
                 TEXT_ARGS(builder_text(&l)));
    confinement_log(confinement);
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
    announce(running->server, running->confinement);
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

/* The parts of the process before there is a server. */
struct start {
    struct config *config;           /* borrowed: build_and_run's, as all here */
    struct backends *backends;       /* borrowed */
    const struct command_line *line; /* borrowed */
    struct listener_set sockets;     /* owned, until the server takes them */
    struct sandbox sandbox;
    bool has_state;
    char no_state[CONFIG_MESSAGE_SIZE]; /* why there is no state directory */
};

static bool open_administration(const struct start *start, struct running *running,
                                char message[CONFIG_MESSAGE_SIZE])
{
    const struct reloader reloader = {reload, running};
    const struct config *config = start->config;
    if (administration_open(running->server, start->backends, config, &reloader,
                            running->confinement, &running->administration, message))
        return true;
    if (config->socket) /* one that was asked for; a default is done without */
        return false;
    log_warning("no-administration", LOG_TEXT("reason", text_of(message)));
    return true;
}

static int run(struct start *start)
{
    char message[CONFIG_MESSAGE_SIZE] = "out of memory";
    int status = EXIT_SUCCESS;
    const sigset_t set = our_signals();
    /* Blocked before any thread starts: they are the main thread's alone. */
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    raise_descriptor_limit();
    apply_log_level(start->config);
    struct server *server = server_new(start->config, backends_desk(start->backends));
    struct running running = {.server = server,
                              .backends = start->backends,
                              .line = start->line,
                              .confinement = &start->sandbox.confinement,
                              .reloading = PTHREAD_MUTEX_INITIALIZER};
    if (server)
        server_take_sockets(server, &start->sockets);
    if (server && !server_open_logs(server, message)) {
        status = fail(message, EXIT_USAGE);
    } else if (server && server_start(server, message)) {
        if (!start->has_state)
            log_warning("no-state-directory", LOG_TEXT("reason", text_of(start->no_state)),
                        LOG_TEXT("effect", TEXT("a crash may leave hidden temporary files")));
        if (open_administration(start, &running, message))
            serve(&running);
        else
            status = fail(message, EXIT_USAGE);
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

static bool listen_everywhere(struct start *start, char message[CONFIG_MESSAGE_SIZE])
{
    const struct config *config = start->config;
    systemd_take_sockets((uint16_t)config->implicit_port, &start->sockets);
    return start->sockets.count ||
           listener_open_all(config, backends_monitor(start->backends), &start->sockets, message);
}

/*
 * What takes root's rights, then without them what may fail for want of them. Ports
 * below 1024 are the monitor's to bind, or the one right that is kept is for them.
 */
static bool settle(struct start *start, int *ret_status, char message[CONFIG_MESSAGE_SIZE])
{
    struct config *config = start->config;
    struct backends *backends = start->backends;
    struct sandbox *sandbox = &start->sandbox;
    bool is_root = geteuid() == 0;
    *ret_status = EXIT_USAGE;
    if (!sandbox_find_user(config, sandbox, message) ||
        (is_root && !backends_start_monitor(backends, config, &sandbox->user, message)) ||
        !sandbox_become(sandbox, backends, config, message))
        return false;
    start->has_state = backends_open_state(backends, config->state, start->no_state);
    if (!start->has_state && config->state) /* one that was asked for; a default is done without */
        return config_complain(message, "%s", start->no_state);
    if (!load_certificates(backends, config, message) ||
        !backends_open_desk(backends, config->database, message) ||
        !backends_build_realms(backends, config, message))
        return false;
    *ret_status = EXIT_FAILURE;
    return listen_everywhere(start, message) && sandbox_close(sandbox, backends, config, message);
}

/* The state directory and the database are not touched by who only asks. */
static bool check_settings(const struct start *start, char message[CONFIG_MESSAGE_SIZE])
{
    struct config *config = start->config;
    return (config->tls_files.self_signed || load_certificates(start->backends, config, message)) &&
           backends_open_desk(start->backends, NULL, message) &&
           backends_build_realms(start->backends, config, message);
}

static int build_and_run(struct config *config, const struct config_request *request,
                         const struct command_line *line)
{
    char message[CONFIG_MESSAGE_SIZE];
    int status = EXIT_USAGE;
    log_begin(); /* the monitor and the agents inherit it */
    struct start start = {.config = config, .backends = backends_new(), .line = line};
    log_begin(); /* the monitor and the agents inherit it */
    if (!start.backends) {
        status = fail("out of memory", EXIT_FAILURE);
    } else if (request->check_only) {
        status = check_settings(&start, message) ? EXIT_SUCCESS : fail(message, EXIT_USAGE);
        if (!status)
            (void)printf("The settings are right.\n");
    } else {
        status = settle(&start, &status, message) ? run(&start) : fail(message, status);
    }
    listener_close_all(&start.sockets);
    /* The trees go before the journal that they write. */
    config_unref(config);
    backends_free(start.backends);
    return status;
}

static bool copy_line(int argc, char **argv, struct command_line *line)
{
    line->argv = memory_new_array((size_t)argc + 1, sizeof(*line->argv));
    for (; line->argv && line->argc < argc; line->argc++) {
        const char *word = argv[line->argc];
        line->argv[line->argc] = memory_copy(word, strlen(word));
        if (!line->argv[line->argc])
            return false;
    }
    return line->argv != NULL;
}

static void forget_line(struct command_line *line)
{
    for (int i = 0; i < line->argc; i++)
        memory_free_secret(line->argv[i], strlen(line->argv[i]));
    memory_free(line->argv);
}

static int load_and_run(const struct command_line *line)
{
    char message[CONFIG_MESSAGE_SIZE];
    struct config_request request;
    struct config *config = config_load(line->argc, line->argv, &request, message);
    if (!config)
        return fail(message, EXIT_USAGE);
    if (!request.help && !request.version)
        return build_and_run(config, &request, line);
    if (request.version)
        (void)printf("ferryd %s\n", FERRY_VERSION);
    config_unref(config);
    return request.help ? show_help() : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct command_line line = {0};
    int status;
    if (monitor_is_part(argc, argv, &status))
        return status;
    umask(0); /* modes are given with every file: store_local.h */
    replies_load();
    bool is_copied = copy_line(argc, argv, &line);
    config_hide_passwords(argc, argv);
    status = is_copied ? load_and_run(&line) : fail("out of memory", EXIT_FAILURE);
    forget_line(&line);
    return status;
}
