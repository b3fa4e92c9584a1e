/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/monitor_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "monitor/monitor_agents.h"
#include "monitor/monitor_confine.h"
#include "monitor/monitor_file.h"
#include "monitor/monitor_session.h"
#include "monitor/monitor_spawn.h"
#include "net/socket.h"

enum {
    /* Logins of users of the system at once. */
    LOGINS_MAX = 1024,
    BACKLOG_OF_SIGNALS = 16,
};

/* What waits for events: the server, the end of children, and both sides of each login. */
enum { POLL_SERVER, POLL_CHILDREN, POLL_LOGINS, POLL_MAX = POLL_LOGINS + 2 * LOGINS_MAX };

struct login {
    int handle;                  /* owned: the server's connection; -1 once it was closed */
    int session;                 /* owned: the session process's; -1 once that has ended or is to */
    pid_t pid;                   /* of that; 0 once it was waited for */
    struct agent_process *agent; /* borrowed: the table's; NULL: not asked for yet */
    struct monitor_person *person; /* owned; NULL until PAM agreed */
};

struct monitor_state {
    int server;                       /* borrowed: the caller's */
    int children;                     /* owned: a signalfd */
    struct monitor_settings settings; /* its texts are in settings_message */
    struct message *settings_message; /* owned */
    struct message *message;          /* owned */
    struct login *logins[LOGINS_MAX]; /* owned */
    size_t login_count;
    struct agent_table agents;
};

static void close_once(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void answer(struct monitor_state *state, int connection, enum fault f, int fd)
{
    message_begin(state->message);
    message_put_number(state->message, f);
    message_put_fd(state->message, fd);
    (void)message_send(connection, state->message);
}

/* ---- Logins -------------------------------------------------------------------------- */

/* The login is over: its session is told to end, its user's agent has one less to serve. */
static void end_login(struct monitor_state *state, struct login *login)
{
    if (login->session >= 0 && !login->person && login->pid)
        kill(login->pid, SIGKILL); /* PAM is at work still, for nobody */
    close_once(&login->handle);
    close_once(&login->session);
    if (login->agent)
        agent_table_release(&state->agents, login->agent);
    login->agent = NULL;
}

static void forget_ended(struct monitor_state *state)
{
    for (size_t i = 0; i < state->login_count;) {
        struct login *login = state->logins[i];
        if (login->handle >= 0 || login->pid) {
            i++;
            continue;
        }
        memory_free(login->person);
        memory_free(login);
        state->logins[i] = state->logins[--state->login_count];
    }
}

/* In the child: no descriptor of any other login, and signals as programs expect them. */
static _Noreturn void run_session(struct monitor_state *state, int socket,
                                  const struct monitor_request *request)
{
    /* What a module starts and leaves behind must not keep it open. */
    if (dup2(socket, MONITOR_SOCKET) < 0 || fcntl(MONITOR_SOCKET, F_SETFD, FD_CLOEXEC))
        _exit(EXIT_FAILURE);
    monitor_close_others();
    monitor_unblock_signals();
    _exit(monitor_session_run(MONITOR_SOCKET, &state->settings, request, state->message));
}

static enum fault start_session(struct monitor_state *state, const struct monitor_request *request,
                                struct login *login)
{
    int ends[2];
    enum fault f = message_connect(ends);
    if (f)
        return f;
    login->pid = fork();
    if (login->pid == 0)
        run_session(state, ends[1], request);
    close(ends[1]);
    login->session = ends[0];
    if (login->pid > 0)
        return FAULT_NONE;
    close_once(&login->session);
    return FAULT_BUSY;
}

/* Takes over the handle. */
static enum fault begin_login(struct monitor_state *state, const struct monitor_request *request,
                              int handle)
{
    if (!state->settings.service[0])
        return FAULT_DENIED;
    struct login *login = state->login_count < LOGINS_MAX ? memory_new(sizeof(*login)) : NULL;
    if (!login)
        return FAULT_BUSY;
    login->handle = handle;
    login->session = -1;
    enum fault f = start_session(state, request, login);
    if (f)
        memory_free(login);
    else
        state->logins[state->login_count++] = login;
    return f;
}

/* What PAM said, once; then only the end of the session's process. */
static void hear_session(struct monitor_state *state, struct login *login)
{
    struct monitor_person *person = NULL;
    enum fault f = message_receive(login->session, 0, state->message);
    if (f || login->person) {
        if (!login->person)
            answer(state, login->handle, FAULT_IO, -1);
        end_login(state, login);
        return;
    }
    f = (enum fault)message_take_number(state->message, FAULT_COUNT - 1);
    if (!f)
        person = memory_new(sizeof(*person));
    if (!f)
        f = person ? monitor_take_person(state->message, person) : FAULT_NO_MEMORY;
    if (!f && !person->uid) /* whatever a module made of the one who asked */
        f = FAULT_LOGIN_REFUSED;
    answer(state, login->handle, f, -1);
    login->person = person;
    if (f)
        end_login(state, login);
}

/* A login may ask for its user's files, and end. */
static void hear_login(struct monitor_state *state, struct login *login)
{
    int door = -1;
    enum fault f = message_receive(login->handle, 0, state->message);
    if (f || !login->person || login->agent) { /* too early, or twice: no server of ours */
        end_login(state, login);
        return;
    }
    f = agent_table_open(&state->agents, login->person, state->settings.root, &login->agent, &door);
    answer(state, login->handle, f, door);
}

/* ---- Requests --------------------------------------------------------------------------- */

/* The one before a port of ours is for data (RFC 959 3.2). */
static bool is_our_port(const struct monitor_state *state, uint64_t port)
{
    for (size_t i = 0; i < MONITOR_PORTS_MAX; i++) {
        uint64_t ours = state->settings.ports[i];
        if (port && ours && (port == ours || port + 1 == ours))
            return true;
    }
    return false;
}

static enum fault bind_port(const struct monitor_state *state, const union endpoint *local,
                            int *ret_socket)
{
    if (!is_our_port(state, endpoint_port(local)))
        return FAULT_DENIED;
    int fd = socket_bind(local);
    if (fd < 0)
        return fault_from_errno(errno);
    *ret_socket = fd;
    return FAULT_NONE;
}

static enum fault open_file(const struct monitor_state *state, size_t file, int *ret_fd)
{
    if (file >= state->settings.file_count)
        return FAULT_DENIED;
    return monitor_file_open(state->settings.files[file], ret_fd);
}

/* What is answered at once: a descriptor. */
static enum fault get_fd(const struct monitor_state *state, const struct monitor_request *request,
                         int *ret_fd)
{
    return request->kind == MONITOR_BIND ? bind_port(state, &request->endpoint, ret_fd)
                                         : open_file(state, request->file, ret_fd);
}

/* False when the server is gone. */
static bool hear_server(struct monitor_state *state)
{
    struct monitor_request request;
    int fd = -1;
    enum fault f = message_receive(state->server, 0, state->message);
    if (f)
        return f != FAULT_CONNECTION_LOST;
    int connection = message_take_fd(state->message);
    if (connection < 0)
        return true;
    f = monitor_take_request(state->message, &request);
    if (!f && request.kind == MONITOR_AUTHENTICATE)
        f = begin_login(state, &request, connection);
    else if (!f)
        f = get_fd(state, &request, &fd);
    message_wipe(state->message);
    if (!f && request.kind == MONITOR_AUTHENTICATE)
        return true; /* it is the login's now */
    answer(state, connection, f, fd);
    close(connection);
    return true;
}

/* A user can stop what is theirs: a server must not wait for it. */
static void hear_children(struct monitor_state *state)
{
    struct signalfd_siginfo signals[BACKLOG_OF_SIGNALS];
    int status;
    pid_t pid;
    (void)!read(state->children, signals, sizeof(signals));
    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
        if (WIFSTOPPED(status)) {
            kill(pid, SIGKILL);
            continue;
        }
        for (size_t i = 0; i < state->login_count; i++)
            if (state->logins[i]->pid == pid)
                state->logins[i]->pid = 0;
        agent_table_lost(&state->agents, pid);
    }
}

/* ---- Life -------------------------------------------------------------------------------- */

static size_t fill_poll(const struct monitor_state *state, struct pollfd polled[POLL_MAX])
{
    size_t count = POLL_LOGINS;
    polled[POLL_SERVER] = (struct pollfd){state->server, POLLIN, 0};
    polled[POLL_CHILDREN] = (struct pollfd){state->children, POLLIN, 0};
    for (size_t i = 0; i < state->login_count; i++) {
        polled[count++] = (struct pollfd){state->logins[i]->handle, POLLIN, 0};
        polled[count++] = (struct pollfd){state->logins[i]->session, POLLIN, 0};
    }
    return count;
}

/* Each descriptor is looked at again: what came before may have closed it. */
static void hear_logins(struct monitor_state *state, const struct pollfd *polled)
{
    size_t count = state->login_count;
    for (size_t i = 0; i < count; i++) {
        struct login *login = state->logins[i];
        const struct pollfd *events = polled + POLL_LOGINS + 2 * i;
        if (events[0].revents && login->handle >= 0)
            hear_login(state, login);
        if (events[1].revents && login->session >= 0)
            hear_session(state, login);
    }
}

static void run(struct monitor_state *state)
{
    static struct pollfd polled[POLL_MAX];
    for (;;) {
        size_t count = fill_poll(state, polled);
        if (poll(polled, count, -1) < 0) {
            if (errno != EINTR)
                return;
            continue;
        }
        hear_logins(state, polled);
        if (polled[POLL_CHILDREN].revents)
            hear_children(state);
        if (polled[POLL_SERVER].revents && !hear_server(state))
            return;
        forget_ended(state);
    }
}

/* Children see the end of their sockets by themselves. */
static void end(struct monitor_state *state)
{
    for (size_t i = 0; i < state->login_count; i++) {
        end_login(state, state->logins[i]);
        state->logins[i]->pid = 0;
    }
    forget_ended(state);
    agent_table_free(&state->agents);
    close_once(&state->children);
    message_free(state->message);
    message_free(state->settings_message);
    memory_free(state);
}

int monitor_serve(int socket)
{
    struct monitor_state *state = memory_new(sizeof(*state));
    if (!state)
        return EXIT_FAILURE;
    state->server = socket;
    state->children = monitor_watch_children();
    state->settings_message = message_new();
    state->message = message_new();
    bool fine = state->children >= 0 && state->settings_message && state->message &&
                !message_receive(socket, MESSAGE_WAIT_FOREVER, state->settings_message) &&
                !monitor_take_settings(state->settings_message, &state->settings) &&
                !monitor_confine(&state->settings);
    if (fine)
        run(state);
    end(state);
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
