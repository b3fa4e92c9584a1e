/* SPDX-License-Identifier: Apache-2.0 */
#include "server/administration.h"

#include <time.h>
#include <unistd.h>

#include "admin/admin_socket.h"
#include "admin/answer.h"
#include "audit/audit.h"
#include "base/memory.h"
#include "gate/desk.h"
#include "gate/register.h"
#include "server/config_json.h"
#include "server/job.h"
#include "server/loop.h"
#include "server/sandbox.h"
#include "server/session.h"
#include "server/state.h"

enum { PATH_SIZE = 4096, ADDRESSES_SIZE = 1024 };

struct administration {
    struct server *server;                 /* borrowed: outlives this */
    const struct confinement *confinement; /* borrowed: likewise */
    struct reloader reloader;
    struct admin_server offer;
    struct admin admin;
    struct admin_socket *socket; /* owned */
};

static void put_endpoint(json_t **object, const char *key, const union endpoint *endpoint)
{
    char bytes[ENDPOINT_TEXT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    endpoint_put_host(endpoint, &b);
    answer_put_text(object, key, builder_text(&b));
}

/* ---- Sessions --------------------------------------------------------------------------- */

static void put_job(json_t **object, const struct job *job)
{
    if (!job || job->verb->flags & SILENT)
        return;
    answer_put_text(object, "verb", text_of(job->verb->name));
    /* While the verb works the path is its worker's, which may make another one of it. */
    if (job->path && job->stage != JOB_WORKING)
        answer_put_text(object, "path", text_of(job->path));
    if (job_is_transfer(job))
        answer_put_number(object, "bytes", atomic_load(&job->progress.bytes));
}

/* Both are left out of a session in the clear. */
static void put_tls(json_t **object, const struct session *session)
{
    const struct audit_tls tls = session_tls(session);
    if (!tls.version)
        return;
    answer_put_text(object, "tls_version", text_of(tls.version));
    answer_put_text(object, "tls_cipher", text_of(tls.cipher));
}

/* On the session's loop. */
static void describe(void *context, struct session *session)
{
    json_t **sessions = context;
    json_t *object = json_object();
    uint64_t now_ms = loop_now_ms(session->loop);
    answer_put_number(&object, "session", session->id);
    if (session_is_logged_in(session)) {
        answer_put_text(&object, "user", login_name(session->login));
        if (login_is_anonymous(session->login))
            answer_put_text(&object, "detail", login_detail(session->login));
        answer_put_text(&object, "directory", session_directory(session));
        answer_put_number(&object, "logged_in_s", (now_ms - session->stay.begun_ms) / 1000);
    }
    put_endpoint(&object, "peer", &session->control.peer);
    put_tls(&object, session);
    if (session->host)
        answer_put_text(&object, "host", text_of(session->config->hosts[session->host].name));
    answer_put_number(&object, "idle_s", session->job ? 0 : (now_ms - session->active_ms) / 1000);
    put_job(&object, session->job);
    answer_append(sessions, object);
}

static json_t *sessions(void *context)
{
    const struct administration *administration = context;
    json_t *all = json_array();
    server_visit(administration->server, describe, &all);
    return all;
}

/* Whom to throw out: by number, or by name when there is one. */
struct kick {
    uint64_t session;
    struct text name;
    bool found;
};

/* On the session's loop; the session may be gone afterwards. */
static void kick_if_meant(void *context, struct session *session)
{
    struct kick *kick = context;
    bool meant = kick->name.len
                     ? session->login && text_equal(login_name(session->login), kick->name)
                     : session->id == kick->session;
    if (!meant)
        return;
    kick->found = true;
    session_kick(session);
}

static bool kick(void *context, uint64_t session)
{
    const struct administration *administration = context;
    struct kick wanted = {.session = session};
    server_visit(administration->server, kick_if_meant, &wanted);
    return wanted.found;
}

static bool kick_user(void *context, struct text name)
{
    const struct administration *administration = context;
    struct kick wanted = {.name = name};
    server_visit(administration->server, kick_if_meant, &wanted);
    return wanted.found;
}

/* ---- The server --------------------------------------------------------------------------- */

/* Nothing where there is no certificate. */
static void put_tls_status(json_t **object, struct server *server)
{
    char bytes[sizeof("2026-11-21T09:00:00Z")];
    struct tm parts;
    struct config *config = server_config_ref(server);
    if (config->tls) {
        time_t expires_at = (time_t)tls_expires_at(config->tls);
        if (gmtime_r(&expires_at, &parts) &&
            strftime(bytes, sizeof(bytes), "%Y-%m-%dT%H:%M:%SZ", &parts))
            answer_put_text(object, "certificate_until", text_of(bytes));
        answer_put(object, "tls_in_kernel", json_boolean(tls_kernel_can()));
    }
    config_unref(config);
}

static json_t *describe_sandbox(const struct confinement *confinement)
{
    char names[CONFINEMENT_TEXT_SIZE];
    char landlock[CONFINEMENT_TEXT_SIZE];
    struct builder n = builder_on(names, sizeof(names));
    struct builder l = builder_on(landlock, sizeof(landlock));
    json_t *object = json_object();
    confinement_put_capabilities(confinement, &n);
    confinement_put_landlock(confinement, &l);
    answer_put_text(&object, "user", text_of(confinement->user));
    answer_put_text(&object, "capabilities", builder_text(&n));
    answer_put(&object, "no_new_privs", json_boolean(confinement->no_new_privs));
    answer_put(&object, "seccomp", json_boolean(confinement->seccomp));
    answer_put_text(&object, "landlock", builder_text(&l));
    answer_put(&object, "core_dumps", json_boolean(!confinement->no_core_dumps));
    return object;
}

static json_t *status(void *context)
{
    const struct administration *administration = context;
    struct server *server = administration->server;
    char bytes[ADDRESSES_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    json_t *object = json_object();
    unsigned connections = register_count(server_register(server));
    unsigned logged_in = register_count_sessions(server_register(server));
    answer_put_text(&object, "version", TEXT(FERRY_VERSION));
    answer_put_number(&object, "pid", (uint64_t)getpid());
    answer_put_number(&object, "uptime_s", server_uptime_s(server));
    server_put_addresses(server, &b);
    answer_put_text(&object, "listening", builder_text(&b));
    answer_put(&object, "sandbox", describe_sandbox(administration->confinement));
    answer_put_number(&object, "sessions", logged_in);
    answer_put_number(&object, "unauthenticated", connections - logged_in);
    put_tls_status(&object, server);
    answer_put_number(&object, "audit_lost",
                      server_audit(server) ? audit_lost(server_audit(server)) : 0);
    return object;
}

static bool reaches(void *context, const char *directory)
{
    (void)context;
    return !sandbox_hides(directory);
}

static json_t *settings(void *context)
{
    struct config *config = server_config_ref(((struct administration *)context)->server);
    json_t *object = config_describe(config);
    config_unref(config);
    return object;
}

static enum fault open_tree(void *context, const char *directory, struct tree **ret_tree)
{
    return trees_take(context, directory, ret_tree);
}

static bool reload(void *context, struct builder *message)
{
    const struct reloader *reloader = &((const struct administration *)context)->reloader;
    char reason[CONFIG_MESSAGE_SIZE] = "";
    bool done = reloader->reload(reloader->context, reason);
    builder_put_string(message, reason);
    return done;
}

/* ---- The socket --------------------------------------------------------------------------- */

/* False: there is no place for one. */
static bool put_path(const struct backends *backends, const struct config *config,
                     struct builder *b)
{
    if (config->socket) {
        builder_put_string(b, config->socket);
    } else {
        if (!backends_put_state(backends, config->state, b))
            return false;
        builder_put(b, TEXT("/" STATE_SOCKET));
    }
    builder_end(b);
    return !b->full;
}

static bool listen_at(struct administration *administration, const char *path,
                      char message[CONFIG_MESSAGE_SIZE])
{
    char reason[ADMIN_MESSAGE_SIZE];
    struct database *database = administration->admin.database;
    if (!admin_socket_open(path, &administration->admin, &administration->socket, reason))
        return config_complain(message, "socket: %s", reason);
    enum fault f = database ? database_set_server(database, path) : FAULT_NONE;
    return !f || config_complain(message, "database: %s", fault_text(f));
}

bool administration_open(struct server *server, struct backends *backends,
                         const struct config *config, const struct reloader *reloader,
                         const struct confinement *confinement,
                         struct administration **ret_administration,
                         char message[CONFIG_MESSAGE_SIZE])
{
    char path[PATH_SIZE];
    struct builder b = builder_on(path, sizeof(path));
    if (!put_path(backends, config, &b))
        return config_complain(message, "socket: there is no place for one");
    struct administration *administration = memory_new(sizeof(*administration));
    if (!administration)
        return config_complain(message, "out of memory");
    struct desk *desk = backends_desk(backends);
    administration->server = server;
    administration->reloader = *reloader;
    administration->confinement = confinement;
    administration->offer = (struct admin_server){
        .context = administration,
        .status = status,
        .sessions = sessions,
        .settings = settings,
        .reaches = reaches,
        .kick = kick,
        .kick_user = kick_user,
        .reload = reload,
    };
    administration->admin = (struct admin){
        .database = backends_database(backends),
        .guard = desk->guard,
        .ledger = desk->ledger,
        .server = &administration->offer,
        .audit = server_audit(server),
        .audit_file = config->audit,
        .open_tree = open_tree,
        .tree_context = desk->trees,
    };
    if (listen_at(administration, path, message)) {
        *ret_administration = administration;
        return true;
    }
    administration_close(administration);
    return false;
}

void administration_close(struct administration *administration)
{
    if (!administration)
        return;
    if (administration->socket && administration->admin.database)
        (void)database_set_server(administration->admin.database, NULL);
    admin_socket_close(administration->socket);
    memory_free(administration);
}
