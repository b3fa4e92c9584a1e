/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ferryd: options, the parts put together, and the main thread's life, which
 * is to wait for signals. Sessions live on the loops' threads.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "server/backends.h"
#include "server/listener.h"
#include "server/loop.h"
#include "server/replies.h"
#include "server/server.h"
#include "server/service_manager.h"

enum {
    EXIT_USAGE = 2,
    LOOPS_MAX = 16,
    /* Short file operations: enough to keep a disk busy. */
    QUICK_THREADS = 8,
    /* Each session waits with one job at most, so this never refuses a session its own. */
    QUICK_WAITING_MAX = 1 << 20,
    /* Logins that wait for a hash; beyond it a client is told to come back. */
    LOGINS_WAITING_MAX = 4096,
    /* How often the main thread looks whether draining is over. */
    DRAIN_LOOK_MS = 50,
};

struct server_loop {
    struct loop *loop;                         /* owned */
    struct listener *listeners[LISTENERS_MAX]; /* owned */
    pthread_t thread;
    bool has_thread;
    atomic_uint *running; /* borrowed: the server's */
};

struct server {
    int argc;
    char **argv; /* borrowed: main's */
    pthread_mutex_t lock;
    struct config *config;               /* owned reference; guarded */
    struct backends *backends;           /* owned */
    struct workers *pools[POOL_COUNT];   /* owned */
    struct session_register *sessions;   /* owned */
    struct audit *audit;                 /* owned; NULL: none */
    struct listener_set sockets;         /* owned */
    struct server_loop loops[LOOPS_MAX]; /* owned */
    unsigned loop_count;
    atomic_uint loops_running;
    atomic_uint_fast64_t last_session;
};

/* ---- What the loops ask ------------------------------------------------------------- */

struct config *server_config_ref(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    struct config *config = config_ref(server->config);
    pthread_mutex_unlock(&server->lock);
    return config;
}

struct session_register *server_register(struct server *server)
{
    return server->sessions;
}

struct audit *server_audit(struct server *server)
{
    return server->audit;
}

uint64_t server_next_session(struct server *server)
{
    return atomic_fetch_add_explicit(&server->last_session, 1, memory_order_relaxed) + 1;
}

bool server_submit(struct server *server, enum pool pool, struct work *work)
{
    return workers_submit(server->pools[pool], work);
}

/* ---- Putting it together --------------------------------------------------------------- */

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

static unsigned count_cores(void)
{
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof(cores), &cores))
        return 1;
    unsigned count = (unsigned)CPU_COUNT(&cores);
    return count < LOOPS_MAX ? count : LOOPS_MAX;
}

static bool make_pools(struct server *server)
{
    unsigned cores = count_cores();
    unsigned transfers = (unsigned)server->config->max_transfers;
    server->pools[POOL_QUICK] = workers_new("quick", QUICK_THREADS, QUICK_WAITING_MAX);
    server->pools[POOL_LOGIN] = workers_new("login", cores, LOGINS_WAITING_MAX);
    server->pools[POOL_TRANSFER] = workers_new("transfer", transfers, 0);
    for (unsigned i = 0; i < POOL_COUNT; i++)
        if (!server->pools[i])
            return false;
    return true;
}

static bool open_audit(struct server *server, char message[CONFIG_MESSAGE_SIZE])
{
    const struct config *config = server->config;
    if (!config->audit && !config->xferlog)
        return true;
    enum fault f = audit_open(config->audit, config->xferlog, &server->audit);
    return !f || config_complain(message, "audit or xferlog: %s", fault_text(f));
}

static void *run_loop(void *argument)
{
    struct server_loop *server_loop = argument;
    pthread_setname_np(pthread_self(), "loop");
    loop_run(server_loop->loop);
    atomic_fetch_sub(server_loop->running, 1);
    return NULL;
}

static bool start_loop(struct server *server, struct server_loop *server_loop)
{
    server_loop->running = &server->loops_running;
    server_loop->loop = loop_new(server, server->config);
    if (!server_loop->loop)
        return false;
    for (size_t i = 0; i < server->sockets.count; i++) {
        server_loop->listeners[i] = listener_start(server_loop->loop, server->sockets.fds[i]);
        if (!server_loop->listeners[i])
            return false;
    }
    atomic_fetch_add(&server->loops_running, 1);
    server_loop->has_thread = pthread_create(&server_loop->thread, NULL, run_loop, server_loop) ==
                              0;
    if (!server_loop->has_thread)
        atomic_fetch_sub(&server->loops_running, 1);
    return server_loop->has_thread;
}

static bool start_loops(struct server *server, char message[CONFIG_MESSAGE_SIZE])
{
    unsigned count = count_cores();
    for (; server->loop_count < count; server->loop_count++)
        if (!start_loop(server, &server->loops[server->loop_count])) {
            server->loop_count++; /* so that what was made of it is freed */
            return config_complain(message, "cannot start a loop: %s", strerror(errno));
        }
    return true;
}

static void tell_loops(struct server *server, enum wish wish)
{
    for (unsigned i = 0; i < server->loop_count; i++)
        if (server->loops[i].has_thread)
            loop_tell(server->loops[i].loop, wish);
}

static void apply_log_level(const struct config *config)
{
    enum log_level level;
    if (log_level_parse(text_of(config->log_level), &level))
        log_set_level(level);
}

/* ---- Signals -------------------------------------------------------------------------------- */

static sigset_t our_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

/* SIGHUP: new sessions get new settings; a file that is wrong changes nothing. */
static void reload(struct server *server)
{
    char message[CONFIG_MESSAGE_SIZE];
    struct config_request request;
    service_manager_notify("RELOADING=1");
    struct config *config = config_load(server->argc, server->argv, &request, message);
    if (config && !backends_build_realms(server->backends, config, message)) {
        config_unref(config);
        config = NULL;
    }
    if (config) {
        pthread_mutex_lock(&server->lock);
        struct config *before = server->config;
        server->config = config;
        pthread_mutex_unlock(&server->lock);
        config_unref(before);
        apply_log_level(config);
        tell_loops(server, LOOP_RECONFIGURE);
        log_info("reloaded", LOG_TEXT("file", text_of(config->file ? config->file : "")));
    } else {
        log_error("reload-refused", LOG_TEXT("reason", text_of(message)),
                  LOG_TEXT("effect", TEXT("the old settings stay")));
    }
    if (server->audit)
        audit_reopen(server->audit);
    service_manager_notify("READY=1");
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* SIGTERM: transfers may finish within the grace; a second signal ends them now. */
static void drain(struct server *server)
{
    const sigset_t set = our_signals();
    const struct timespec look = {.tv_nsec = DRAIN_LOOK_MS * 1000000L};
    int64_t deadline = now_ms() + (int64_t)server->config->grace_s * 1000;
    bool stopped = false;
    service_manager_notify("STOPPING=1");
    log_info("draining", LOG_NUMBER("sessions", register_count(server->sessions)));
    tell_loops(server, LOOP_DRAIN);
    while (atomic_load(&server->loops_running)) {
        bool again = sigtimedwait(&set, NULL, &look) > 0;
        if (!stopped && (again || now_ms() >= deadline)) {
            tell_loops(server, LOOP_STOP);
            stopped = true;
        }
    }
}

static void serve(struct server *server)
{
    const sigset_t set = our_signals();
    for (;;) {
        int signal_number = 0;
        if (sigwait(&set, &signal_number))
            continue;
        if (signal_number != SIGHUP)
            break;
        reload(server);
    }
    drain(server);
}

/* ---- Start and end ------------------------------------------------------------------------------
 */

static void announce(const struct server *server)
{
    char bytes[LISTENERS_MAX * ENDPOINT_TEXT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    listener_put_all(&server->sockets, &b);
    (void)printf("listening on %.*s\n", TEXT_ARGS(builder_text(&b)));
    (void)fflush(stdout);
    service_manager_notify("READY=1");
}

static bool start(struct server *server, char message[CONFIG_MESSAGE_SIZE])
{
    (void)config_complain(message, "out of memory");
    server->sessions = register_new();
    if (!server->sessions || !make_pools(server))
        return false;
    if (!open_audit(server, message))
        return false;
    service_manager_take_sockets(&server->sockets);
    if (!server->sockets.count && !listener_open_all(server->config, &server->sockets, message))
        return false;
    return start_loops(server, message);
}

static void stop(struct server *server)
{
    tell_loops(server, LOOP_STOP);
    for (unsigned i = 0; i < server->loop_count; i++)
        if (server->loops[i].has_thread)
            pthread_join(server->loops[i].thread, NULL);
    for (unsigned i = 0; i < POOL_COUNT; i++)
        workers_free(server->pools[i]);
    for (unsigned i = 0; i < server->loop_count; i++) {
        for (size_t j = 0; j < server->sockets.count; j++)
            listener_stop(server->loops[i].listeners[j]);
        loop_free(server->loops[i].loop);
    }
    listener_close_all(&server->sockets);
    audit_close(server->audit);
    register_free(server->sessions);
}

static int run(struct server *server)
{
    char message[CONFIG_MESSAGE_SIZE];
    int status = EXIT_SUCCESS;
    const sigset_t set = our_signals();
    /* Blocked before any thread starts: they are the main thread's alone. */
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    raise_descriptor_limit();
    apply_log_level(server->config);
    if (start(server, message)) {
        announce(server);
        serve(server);
    } else {
        status = fail(message, EXIT_FAILURE);
    }
    stop(server);
    return status;
}

static int load_and_run(struct server *server)
{
    char message[CONFIG_MESSAGE_SIZE];
    struct config_request request;
    server->config = config_load(server->argc, server->argv, &request, message);
    if (!server->config)
        return fail(message, EXIT_USAGE);
    if (request.help) {
        char help[16 * 1024];
        struct builder b = builder_on(help, sizeof(help));
        config_put_help(&b);
        (void)fwrite(b.at, 1, b.len, stdout);
        return EXIT_SUCCESS;
    }
    if (request.version) {
        (void)printf("ferryd %s\n", FERRY_VERSION);
        return EXIT_SUCCESS;
    }
    server->backends = backends_new();
    if (!server->backends)
        return fail("out of memory", EXIT_FAILURE);
    /* The state directory is not touched by who only asks whether the settings are right. */
    if (!request.check_only)
        backends_open_state(server->backends, server->config->state);
    if (!backends_build_realms(server->backends, server->config, message))
        return fail(message, EXIT_USAGE);
    if (request.check_only) {
        (void)printf("The settings are right.\n");
        return EXIT_SUCCESS;
    }
    return run(server);
}

int main(int argc, char **argv)
{
    static struct server server;
    server.argc = argc;
    server.argv = argv;
    pthread_mutex_init(&server.lock, NULL);
    umask(0); /* modes are given with every file: store_local.h */
    replies_load();
    int status = load_and_run(&server);
    config_unref(server.config);
    backends_free(server.backends);
    pthread_mutex_destroy(&server.lock);
    return status;
}
