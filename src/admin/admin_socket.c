/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/admin_socket.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/answer.h"
#include "admin/line.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

enum { READ_SIZE = 64 * 1024, BACKLOG = 16, FILE_MODE = 0600 };

struct client {
    int fd;
    struct line_buffer in;
    struct line_buffer out;
    int64_t deadline_ms;
};

struct admin_socket {
    const struct admin *admin; /* borrowed: admin_socket_open's */
    char *path;                /* owned */
    struct stat file;          /* what we made there */
    int listener;
    int wake; /* an eventfd: written once, to end */
    pthread_t thread;
    struct client clients[ADMIN_CLIENTS_MAX]; /* the thread's alone, as is their number */
    size_t client_count;
};

/* ---- One client -------------------------------------------------------------------------------
 */

static void give_time(struct client *client)
{
    bool between = !client->in.len && !client->out.len;
    int64_t seconds = between ? ADMIN_IDLE_S : ADMIN_PATIENCE_S;
    client->deadline_ms = clock_running_ms() + seconds * 1000;
}

static bool write_answer(struct client *client, json_t *answer)
{
    enum fault f = answer ? line_write(&client->out, answer) : FAULT_NO_MEMORY;
    json_decref(answer);
    return !f;
}

static bool refuse_line(struct client *client, const char *why)
{
    struct refusal refusal;
    (void)refuse(&refusal, FAULT_ARGUMENT, NULL, "%s", why);
    return write_answer(client, answer_refusal(&refusal));
}

static bool answer_line(const struct admin_socket *socket, struct client *client, struct text line)
{
    json_t *request = json_loadb(line.at, line.len, 0, NULL);
    bool written = json_is_object(request)
                       ? write_answer(client, admin_execute(socket->admin, request))
                       : refuse_line(client, "that was no object in JSON");
    json_decref(request);
    return written;
}

/* One answer at a time: the next request is looked at when this one has been taken. */
static bool answer_next(const struct admin_socket *socket, struct client *client)
{
    struct text line = line_first(&client->in);
    if (client->out.len || !line.len)
        return true;
    bool answered = answer_line(socket, client, line);
    line_drop(&client->in, line.len);
    return answered;
}

/* False: it is over with this client, as from all of these. */
static bool take_bytes(const struct admin_socket *socket, struct client *client)
{
    char *room = line_room(&client->in, READ_SIZE, ADMIN_REQUEST_MAX);
    if (!room)
        return false;
    ssize_t count = recv(client->fd, room, READ_SIZE, 0);
    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (count <= 0)
        return false;
    client->in.len += (size_t)count;
    return answer_next(socket, client);
}

static bool give_bytes(const struct admin_socket *socket, struct client *client)
{
    ssize_t count = send(client->fd, client->out.bytes, client->out.len, MSG_NOSIGNAL);
    if (count < 0)
        return errno == EINTR || errno == EAGAIN;
    line_drop(&client->out, (size_t)count);
    if (client->out.len)
        return true;
    line_free(&client->out);
    return answer_next(socket, client);
}

static void end_client(struct admin_socket *socket, size_t index)
{
    struct client *client = &socket->clients[index];
    close(client->fd);
    line_free(&client->in);
    line_free(&client->out);
    *client = socket->clients[--socket->client_count];
    socket->clients[socket->client_count] = (struct client){0};
}

/* ---- All of them
 * --------------------------------------------------------------------------------- */

/* The file's mode says it already, where directories and file systems heed it. */
static bool may_administer(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
        return false;
    if (!peer.uid || peer.uid == geteuid())
        return true;
    log_warning("administration-refused", LOG_NUMBER("uid", peer.uid));
    return false;
}

static void accept_client(struct admin_socket *socket)
{
    int fd = accept4(socket->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (!may_administer(fd)) {
        close(fd);
        return;
    }
    struct client *client = &socket->clients[socket->client_count++];
    *client = (struct client){.fd = fd};
    give_time(client);
}

enum { WAKE, LISTENER, FIRST_CLIENT };

static void prepare(const struct admin_socket *socket, struct pollfd *polled)
{
    bool has_room = socket->client_count < ADMIN_CLIENTS_MAX;
    polled[WAKE] = (struct pollfd){socket->wake, POLLIN, 0};
    polled[LISTENER] = (struct pollfd){has_room ? socket->listener : -1, POLLIN, 0};
    for (size_t i = 0; i < socket->client_count; i++)
        polled[FIRST_CLIENT + i] = (struct pollfd){
            socket->clients[i].fd, socket->clients[i].out.len ? POLLOUT : POLLIN, 0};
}

static int patience_ms(const struct admin_socket *socket)
{
    int64_t left = INT32_MAX;
    int64_t now = clock_running_ms();
    for (size_t i = 0; i < socket->client_count; i++)
        if (socket->clients[i].deadline_ms - now < left)
            left = socket->clients[i].deadline_ms - now;
    return left > 0 ? (int)left : 0;
}

/* A client that something came from has not been idle, however long a command took meanwhile. */
static bool serve_client(const struct admin_socket *socket, struct client *client, short events)
{
    if (!events)
        return clock_running_ms() < client->deadline_ms;
    bool goes_on = client->out.len ? give_bytes(socket, client) : take_bytes(socket, client);
    give_time(client);
    return goes_on;
}

static void *run(void *context)
{
    struct admin_socket *socket = context;
    struct pollfd polled[FIRST_CLIENT + ADMIN_CLIENTS_MAX];
    for (;;) {
        prepare(socket, polled);
        size_t count = socket->client_count;
        if (poll(polled, FIRST_CLIENT + count, patience_ms(socket)) < 0)
            continue;
        if (polled[WAKE].revents)
            break;
        /* Backwards, since the last one takes the place of one that ends. */
        for (size_t i = count; i-- > 0;)
            if (!serve_client(socket, &socket->clients[i], polled[FIRST_CLIENT + i].revents))
                end_client(socket, i);
        if (polled[LISTENER].revents)
            accept_client(socket);
    }
    return NULL;
}

/* ---- Beginning and end
 * ------------------------------------------------------------------------------ */

static bool complain(char message[ADMIN_MESSAGE_SIZE], const char *path, const char *why)
{
    (void)snprintf(message, ADMIN_MESSAGE_SIZE, "socket %s: %s", path, why);
    return false;
}

static bool complain_errno(char message[ADMIN_MESSAGE_SIZE], const char *path)
{
    char why[ADMIN_MESSAGE_SIZE];
    struct builder b = builder_on(why, sizeof(why));
    builder_put(&b, log_errno_text(errno));
    return complain(message, path, builder_end(&b));
}

/* Removes what a server that is gone has left; nothing else, and no server's that answers. */
static bool make_way(const struct sockaddr_un *address, char message[ADMIN_MESSAGE_SIZE])
{
    struct stat info;
    const char *path = address->sun_path;
    if (lstat(path, &info))
        return errno == ENOENT || complain_errno(message, path);
    if (!S_ISSOCK(info.st_mode))
        return complain(message, path, "is there, and is no socket");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return complain_errno(message, path);
    int error = connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0;
    close(fd);
    if (error != ECONNREFUSED)
        return complain(message, path, "another server answers there");
    return !unlink(path) || complain_errno(message, path);
}

/* The mode is set before there is a file, so that nobody gets in meanwhile. */
static bool listen_at(struct admin_socket *admin_socket, char message[ADMIN_MESSAGE_SIZE])
{
    struct sockaddr_un address;
    const char *path = admin_socket->path;
    if (!line_address(path, &address))
        return complain(message, path, "is too long for a socket's name");
    if (!make_way(&address, message))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return complain_errno(message, path);
    admin_socket->listener = fd;
    return (!fchmod(fd, FILE_MODE) &&
            !bind(fd, (const struct sockaddr *)&address, sizeof(address)) && !listen(fd, BACKLOG) &&
            !lstat(path, &admin_socket->file)) ||
           complain_errno(message, path);
}

static void free_socket(struct admin_socket *socket)
{
    if (socket->listener >= 0)
        close(socket->listener);
    if (socket->wake >= 0)
        close(socket->wake);
    memory_free(socket->path);
    memory_free(socket);
}

bool admin_socket_open(const char *path, const struct admin *admin,
                       struct admin_socket **ret_socket, char message[ADMIN_MESSAGE_SIZE])
{
    struct admin_socket *socket = memory_new(sizeof(*socket));
    if (!socket)
        return complain(message, path, fault_text(FAULT_NO_MEMORY));
    socket->admin = admin;
    socket->listener = -1;
    socket->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    socket->path = memory_copy(path, strlen(path));
    bool fine = socket->wake >= 0 && socket->path;
    if (!fine)
        (void)complain(message, path, fault_text(FAULT_NO_MEMORY));
    fine = fine && listen_at(socket, message);
    if (fine && pthread_create(&socket->thread, NULL, run, socket))
        fine = complain(message, path, fault_text(FAULT_NO_MEMORY));
    if (fine)
        *ret_socket = socket;
    else
        free_socket(socket);
    return fine;
}

void admin_socket_close(struct admin_socket *socket)
{
    if (!socket)
        return;
    (void)eventfd_write(socket->wake, 1);
    (void)pthread_join(socket->thread, NULL);
    while (socket->client_count)
        end_client(socket, 0);
    struct stat info;
    /* Another server may have taken the place: then the file is not ours any more. */
    if (!lstat(socket->path, &info) && info.st_ino == socket->file.st_ino &&
        info.st_dev == socket->file.st_dev)
        (void)unlink(socket->path);
    free_socket(socket);
}
