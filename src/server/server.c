/* SPDX-License-Identifier: Apache-2.0 */
#include "server/server.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "gate/login.h"
#include "server/backends.h"
#include "server/limits.h"
#include "server/listener.h"
#include "server/loop.h"

enum {
    LOOPS_MAX = 16,
    /*
     * A client goes to the loop that has least, if so many fewer than the one that listens. To
     * serve one more costs a loop that is awake less than to wake another does: evenly spread, 16
     * that download 1 KiB have 29,000/s, not 40,000. But one that has all of them has too much,
     * and the other cores rest: 16 that upload have 24,000/s, not 28,000.
     */
    UNEVEN_BY = 14,
    /* Short file operations: enough to keep a disk busy. */
    QUICK_THREADS = 8,
    /* Most are done sooner than another thread would be awake. */
    QUICK_PATIENCE_NS = 1000000,
    /* A session waits with one job at most: only more of them than we are made for are refused. */
    QUICK_WAITING_MAX = 1 << 15,
    /* Digests, copies, trees: few at once, so that the cores stay free for the others. */
    LONG_THREADS_A_CORE = 4,
    LONG_WAITING_MAX = 256,
    /* Logins that wait for a hash; beyond it a client is told to come back. */
    LOGINS_WAITING_MAX = 4096,
};

struct server_loop {
    struct errand farewell; /* brought to the first one when this has ended */
    struct loop *loop;      /* owned */
    pthread_t thread;
    bool has_thread;
    struct server *server; /* borrowed */
};

struct server {
    pthread_mutex_t lock;
    struct config *config;                     /* owned reference; guarded */
    struct workers *pools[POOL_COUNT];         /* owned */
    struct session_register *sessions;         /* owned */
    struct desk *desk;                         /* borrowed: outlives the server */
    struct budget *whole;                      /* owned: of all sessions together */
    struct audit *audit;                       /* owned; NULL: none */
    struct listener_set sockets;               /* owned */
    struct spare *spare;                       /* owned */
    struct server_loop loops[LOOPS_MAX];       /* owned; the first listens, and ends last */
    struct listener *listeners[LISTENERS_MAX]; /* owned */
    unsigned loop_count;
    atomic_uint loops_running;
    atomic_bool draining;
    atomic_uint_fast64_t last_session;
    pthread_mutex_t visiting; /* one visitor at a time */
    int64_t started_ms;
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

struct guard *server_guard(struct server *server)
{
    return server->desk->guard;
}

struct audit *server_audit(struct server *server)
{
    return server->audit;
}

uint64_t server_next_session(struct server *server)
{
    return atomic_fetch_add_explicit(&server->last_session, 1, memory_order_relaxed) + 1;
}

struct loop *server_loop_for_next(struct server *server, struct loop *here)
{
    struct loop *least = here;
    for (unsigned i = 0; i < server->loop_count; i++)
        if (loop_load(server->loops[i].loop) < loop_load(least))
            least = server->loops[i].loop;
    return loop_load(least) + UNEVEN_BY <= loop_load(here) ? least : here;
}

void server_visit(struct server *server, void (*on_session)(void *context, struct session *session),
                  void *context)
{
    pthread_mutex_lock(&server->visiting);
    for (unsigned i = 0; i < server->loop_count; i++)
        if (server->loops[i].has_thread)
            (void)loop_visit(server->loops[i].loop, on_session, context);
    pthread_mutex_unlock(&server->visiting);
}

uint64_t server_uptime_s(const struct server *server)
{
    return (uint64_t)(clock_running_ms() - server->started_ms) / 1000;
}

bool server_submit(struct server *server, enum pool pool, struct work *work)
{
    return workers_submit(server->pools[pool], work);
}

bool server_keep_place(struct server *server)
{
    return workers_keep_place(server->pools[POOL_TRANSFER]);
}

void server_give_up_place(struct server *server)
{
    workers_give_up_place(server->pools[POOL_TRANSFER]);
}

bool server_submit_kept(struct server *server, struct work *work)
{
    return workers_submit_kept(server->pools[POOL_TRANSFER], work);
}

/* The last of a login, which waits for a worker. */
struct farewell {
    struct work work;    /* first: the pool gives it back */
    struct login *login; /* owned: to be ended */
};

static void run_farewell(struct work *work)
{
    struct farewell *farewell = (struct farewell *)work;
    login_end(farewell->login);
    memory_free(farewell);
}

void server_let_go(struct server *server, struct login *login)
{
    if (!login_let_go(login))
        return;
    struct farewell *farewell = memory_new(sizeof(*farewell));
    if (!farewell) { /* late is better than never */
        login_end(login);
        return;
    }
    *farewell = (struct farewell){{.run = run_farewell}, login};
    if (!server_submit(server, POOL_QUICK, &farewell->work))
        run_farewell(&farewell->work);
}

/* ---- Putting it together --------------------------------------------------------------- */

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
    server->pools[POOL_QUICK] = workers_new("quick", QUICK_THREADS, QUICK_WAITING_MAX,
                                            QUICK_PATIENCE_NS);
    server->pools[POOL_LOGIN] = workers_new("login", cores, LOGINS_WAITING_MAX, 0);
    server->pools[POOL_LONG] = workers_new("long", cores * LONG_THREADS_A_CORE, LONG_WAITING_MAX,
                                           0);
    server->pools[POOL_TRANSFER] = workers_new("transfer", transfers, 0, 0);
    for (unsigned i = 0; i < POOL_COUNT; i++)
        if (!server->pools[i])
            return false;
    return true;
}

/* What holds for all sessions, those that run too. */
static bool apply_limits(struct server *server, const struct config *config,
                         char message[CONFIG_MESSAGE_SIZE])
{
    size_t wrong = 0;
    const struct guard_rules rules = limits_of_guesses(config);
    if (!guard_set_rules(server->desk->guard, &rules, &wrong))
        return config_complain(message, "safe-networks: \"%s\" is no network", rules.safe[wrong]);
    struct budget *whole = budgets_take(server->desk->budgets, LOGIN_SERVER_BUDGET,
                                        &backends_realm(config, 0)->server_limits);
    if (!whole)
        return config_complain(message, "out of memory");
    budget_release(server->whole);
    server->whole = whole;
    return true;
}

bool server_open_logs(struct server *server, char message[CONFIG_MESSAGE_SIZE])
{
    const struct config *config = server->config;
    const struct audit_places places = {
        .json_file = config->audit,
        .xferlog_file = config->xferlog,
        .syslog_socket = config->audit_syslog ? AUDIT_SYSTEM_LOG : NULL,
    };
    if (!places.json_file && !places.xferlog_file && !places.syslog_socket)
        return true;
    enum fault f = audit_begin(&places, &server->audit);
    return !f || config_complain(message, "audit %s, xferlog %s: %s",
                                 config->audit ? config->audit : "none",
                                 config->xferlog ? config->xferlog : "none", fault_text(f));
}

static void *run_loop(void *argument)
{
    struct server_loop *server_loop = argument;
    pthread_setname_np(pthread_self(), "loop");
    loop_run(server_loop->loop);
    struct server *server = server_loop->server;
    if (server_loop != server->loops)
        (void)loop_bring(server->loops[0].loop, &server_loop->farewell);
    atomic_fetch_sub(&server->loops_running, 1);
    return NULL;
}

static void on_farewell(struct errand *errand, struct loop *loop)
{
    (void)errand;
    loop_let_go(loop);
}

static bool make_loop(struct server *server, struct server_loop *server_loop)
{
    server_loop->server = server;
    server_loop->farewell.on_errand = on_farewell;
    server_loop->loop = loop_new(server, server->config);
    return server_loop->loop != NULL;
}

static bool listen_on(struct server *server, struct loop *loop)
{
    for (size_t i = 0; i < server->sockets.count; i++) {
        server->listeners[i] = listener_start(loop, server->sockets.fds[i],
                                              server->sockets.is_implicit[i], server->spare);
        if (!server->listeners[i])
            return false;
    }
    return true;
}

static bool start_loop(struct server *server, struct server_loop *server_loop)
{
    atomic_fetch_add(&server->loops_running, 1);
    errno = pthread_create(&server_loop->thread, NULL, run_loop, server_loop);
    server_loop->has_thread = errno == 0;
    if (!server_loop->has_thread)
        atomic_fetch_sub(&server->loops_running, 1);
    else if (server_loop != server->loops)
        loop_keep(server->loops[0].loop);
    return server_loop->has_thread;
}

static bool start_loops(struct server *server, char message[CONFIG_MESSAGE_SIZE])
{
    bool is_fine = true;
    for (unsigned count = count_cores(); is_fine && server->loop_count < count;)
        is_fine = make_loop(server, &server->loops[server->loop_count++]);
    is_fine = is_fine && listen_on(server, server->loops[0].loop);
    /* It starts last: it may have a client for another one at once. */
    for (unsigned i = server->loop_count; is_fine && i-- > 0;)
        is_fine = start_loop(server, &server->loops[i]);
    return is_fine || config_complain(message, "cannot start a loop: %s", strerrordesc_np(errno));
}

static void tell_loops(struct server *server, enum wish wish)
{
    for (unsigned i = 0; i < server->loop_count; i++)
        if (server->loops[i].has_thread)
            loop_tell(server->loops[i].loop, wish);
}

struct server *server_new(struct config *config, struct desk *desk)
{
    struct server *server = memory_new(sizeof(*server));
    if (!server)
        return NULL;
    pthread_mutex_init(&server->lock, NULL);
    pthread_mutex_init(&server->visiting, NULL);
    server->started_ms = clock_running_ms();
    server->config = config_ref(config);
    server->desk = desk;
    return server;
}

void server_take_sockets(struct server *server, struct listener_set *sockets)
{
    server->sockets = *sockets;
    sockets->count = 0;
}

bool server_start(struct server *server, char message[CONFIG_MESSAGE_SIZE])
{
    (void)config_complain(message, "out of memory");
    server->sessions = register_new();
    server->spare = spare_new();
    if (!server->sessions || !server->spare || !apply_limits(server, server->config, message) ||
        !make_pools(server))
        return false;
    return start_loops(server, message);
}

void server_put_addresses(const struct server *server, struct builder *b)
{
    listener_put_all(&server->sockets, b);
}

void server_reconfigure(struct server *server, struct config *config)
{
    pthread_mutex_lock(&server->lock);
    struct config *before = server->config;
    server->config = config_ref(config);
    pthread_mutex_unlock(&server->lock);
    config_unref(before);
    char message[CONFIG_MESSAGE_SIZE];
    if (!apply_limits(server, config, message))
        log_error("limits-unchanged", LOG_TEXT("reason", text_of(message)));
    tell_loops(server, LOOP_RECONFIGURE);
}

void server_reopen_logs(struct server *server)
{
    if (server->audit)
        audit_reopen(server->audit);
}

void server_drain(struct server *server)
{
    log_info("draining", LOG_NUMBER("sessions", register_count(server->sessions)));
    atomic_store(&server->draining, true);
    tell_loops(server, LOOP_DRAIN);
}

void server_stop(struct server *server)
{
    atomic_store(&server->draining, true);
    tell_loops(server, LOOP_STOP);
}

bool server_is_draining(const struct server *server)
{
    return atomic_load_explicit(&server->draining, memory_order_relaxed);
}

bool server_is_running(struct server *server)
{
    return atomic_load(&server->loops_running) > 0;
}

void server_free(struct server *server)
{
    if (!server)
        return;
    server_stop(server);
    for (unsigned i = 0; i < server->loop_count; i++)
        if (server->loops[i].has_thread)
            pthread_join(server->loops[i].thread, NULL);
    for (unsigned i = 0; i < POOL_COUNT; i++)
        workers_free(server->pools[i]);
    for (size_t i = 0; i < server->sockets.count; i++)
        listener_stop(server->listeners[i]);
    for (unsigned i = 0; i < server->loop_count; i++)
        loop_free(server->loops[i].loop);
    listener_close_all(&server->sockets);
    spare_free(server->spare);
    audit_end(server->audit);
    budget_release(server->whole);
    register_free(server->sessions);
    config_unref(server->config);
    pthread_mutex_destroy(&server->visiting);
    pthread_mutex_destroy(&server->lock);
    memory_free(server);
}
