/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/monitor.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "monitor/monitor_agent.h"
#include "monitor/monitor_form.h"
#include "monitor/monitor_serve.h"
#include "monitor/monitor_spawn.h"
#include "store/store_agent.h"

/* PAM's modules may ask other machines. */
enum { PATIENCE_MS = 60 * 1000 };

struct monitor {
    int socket; /* owned */
    pid_t pid;
};

struct monitor_login {
    int handle; /* owned */
};

/* ---- Its life --------------------------------------------------------------------- */

/* Each login takes descriptors, each connection of a user's process one. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

bool monitor_is_part(int argc, char **argv, int *ret_status)
{
    if (argc != 1)
        return false;
    bool is_monitor = text_equal(text_of(argv[0]), TEXT(MONITOR_NAME));
    bool is_agent = text_equal(text_of(argv[0]), TEXT(MONITOR_AGENT_NAME));
    if (!is_monitor && !is_agent)
        return false;
    raise_descriptor_limit();
    *ret_status = is_monitor ? monitor_serve(MONITOR_SOCKET) : monitor_agent_run(MONITOR_SOCKET);
    return true;
}

static enum fault begin(struct monitor *monitor, struct message *message,
                        const struct monitor_settings *settings)
{
    enum fault f = monitor_spawn(MONITOR_NAME, false, &monitor->pid, &monitor->socket);
    if (f)
        return f;
    monitor_put_settings(message, settings);
    return message_send(monitor->socket, message);
}

enum fault monitor_start(const struct monitor_settings *settings, struct monitor **ret_monitor)
{
    struct monitor *monitor = memory_new(sizeof(*monitor));
    struct message *message = message_new();
    if (monitor)
        monitor->socket = -1;
    enum fault f = monitor && message ? begin(monitor, message, settings) : FAULT_NO_MEMORY;
    message_free(message);
    if (!f)
        *ret_monitor = monitor;
    else
        monitor_free(monitor);
    return f;
}

void monitor_free(struct monitor *monitor)
{
    if (!monitor)
        return;
    if (monitor->socket >= 0) {
        close(monitor->socket);
        (void)waitpid(monitor->pid, NULL, 0);
    }
    memory_free(monitor);
}

/* ---- Requests ------------------------------------------------------------------------ */

/* The fault of an answer; what goes with it is in the message still. */
static enum fault hear(int connection, int wait_ms, struct message *message)
{
    enum fault f = message_receive(connection, wait_ms, message);
    if (f)
        return f == FAULT_TIMED_OUT ? FAULT_BUSY : FAULT_IO;
    f = (enum fault)message_take_number(message, FAULT_COUNT - 1);
    return message->is_wrong ? FAULT_IO : f;
}

/* Sends the request that is in the message; the answer comes by a connection of its own. */
static enum fault ask(const struct monitor *monitor, struct message *message, int *ret_connection)
{
    int ends[2];
    enum fault f = message->is_wrong ? FAULT_LOGIN_REFUSED : message_connect(ends);
    if (f)
        return f;
    message_put_fd(message, ends[1]);
    f = message_send(monitor->socket, message) ? FAULT_IO : hear(ends[0], PATIENCE_MS, message);
    if (f)
        close(ends[0]);
    else
        *ret_connection = ends[0];
    return f;
}

enum fault monitor_authenticate(struct monitor *monitor, struct text name, struct text password,
                                const union endpoint *peer, struct monitor_login **ret_login)
{
    struct monitor_login *login = memory_new(sizeof(*login));
    struct message *message = message_new();
    enum fault f = login && message ? FAULT_NONE : FAULT_NO_MEMORY;
    if (!f) {
        monitor_put_login(message, name, password, peer);
        f = ask(monitor, message, &login->handle);
    }
    message_free(message);
    /* A name or password that no user of the system can have. */
    if (f == FAULT_MALFORMED)
        f = FAULT_LOGIN_REFUSED;
    if (!f)
        *ret_login = login;
    else
        memory_free(login);
    return f;
}

static enum fault open_tree(const struct monitor_login *login, struct message *message,
                            struct store **ret_store)
{
    message_put_number(message, 0); /* a message is never empty */
    if (message_send(login->handle, message))
        return FAULT_IO;
    enum fault f = hear(login->handle, PATIENCE_MS, message);
    if (f)
        return f;
    int door = message_take_fd(message);
    return door < 0 ? FAULT_IO : store_agent_open(door, ret_store);
}

enum fault monitor_open_tree(struct monitor_login *login, struct store **ret_store)
{
    struct message *message = message_new();
    enum fault f = message ? open_tree(login, message, ret_store) : FAULT_NO_MEMORY;
    message_free(message);
    return f;
}

void monitor_login_free(struct monitor_login *login)
{
    if (!login)
        return;
    close(login->handle);
    memory_free(login);
}

/* Sends the request that is in the message, whose answer is a descriptor. */
static enum fault ask_for_fd(const struct monitor *monitor, struct message *message, int *ret_fd)
{
    int connection = -1;
    enum fault f = ask(monitor, message, &connection);
    if (f)
        return f;
    close(connection);
    int fd = message_take_fd(message);
    if (fd < 0)
        return FAULT_IO;
    *ret_fd = fd;
    return FAULT_NONE;
}

enum fault monitor_bind(struct monitor *monitor, const union endpoint *local, int *ret_socket)
{
    struct message *message = message_new();
    if (!message)
        return FAULT_NO_MEMORY;
    monitor_put_bind(message, local);
    enum fault f = ask_for_fd(monitor, message, ret_socket);
    message_free(message);
    return f;
}

enum fault monitor_open_file(struct monitor *monitor, size_t file, int *ret_fd)
{
    struct message *message = message_new();
    if (!message)
        return FAULT_NO_MEMORY;
    monitor_put_open(message, file);
    enum fault f = ask_for_fd(monitor, message, ret_fd);
    message_free(message);
    return f;
}
