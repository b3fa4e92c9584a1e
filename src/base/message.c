/* SPDX-License-Identifier: Apache-2.0 */
#include "base/message.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

/* ---- What is in it ------------------------------------------------------------ */

struct message *message_new(void)
{
    struct message *message = memory_new(sizeof(*message));
    if (message)
        message->fd = -1;
    return message;
}

void message_free(struct message *message)
{
    if (!message)
        return;
    message_begin(message);
    memory_free_secret(message, sizeof(*message));
}

void message_begin(struct message *message)
{
    if (message->fd >= 0)
        close(message->fd);
    message->fd = -1;
    message->len = 0;
    message->at = 0;
    message->is_wrong = false;
}

void message_wipe(struct message *message)
{
    explicit_bzero(message->bytes, message->len);
    message_begin(message);
}

static void put(struct message *message, const void *bytes, size_t len)
{
    if (len > sizeof(message->bytes) - message->len) {
        message->is_wrong = true;
        return;
    }
    if (len)
        memcpy(message->bytes + message->len, bytes, len);
    message->len += len;
}

/* Both ends are one program on one machine: the order of bytes is its own. */
void message_put_number(struct message *message, uint64_t number)
{
    put(message, &number, sizeof(number));
}

/* Its length, its bytes, and a NUL for whoever takes it as a string. */
void message_put_text(struct message *message, struct text text)
{
    message_put_number(message, text.len);
    put(message, text.at, text.len);
    put(message, "", 1);
}

void message_put_fd(struct message *message, int fd)
{
    message->fd = fd;
}

/* The next `len` bytes, or NULL. */
static const char *take(struct message *message, size_t len)
{
    if (message->is_wrong || len > message->len - message->at) {
        message->is_wrong = true;
        return NULL;
    }
    message->at += len;
    return message->bytes + message->at - len;
}

uint64_t message_take_number(struct message *message, uint64_t max)
{
    uint64_t number = 0;
    const char *at = take(message, sizeof(number));
    if (at)
        memcpy(&number, at, sizeof(number));
    if (number <= max)
        return number;
    message->is_wrong = true;
    return 0;
}

bool message_take_flag(struct message *message)
{
    return message_take_number(message, 1) == 1;
}

struct text message_take_text(struct message *message, size_t max)
{
    size_t len = (size_t)message_take_number(message, max);
    const char *at = take(message, len);
    const char *end = take(message, 1);
    if (at && end && *end == '\0')
        return (struct text){at, len};
    message->is_wrong = true;
    return TEXT("");
}

const char *message_take_string(struct message *message, size_t size)
{
    struct text text = message_take_text(message, size - 1);
    if (text_find(text, '\0') == text.len)
        return text.at;
    message->is_wrong = true;
    return "";
}

int message_take_fd(struct message *message)
{
    int fd = message->fd;
    message->fd = -1;
    if (fd < 0)
        message->is_wrong = true;
    return fd;
}

bool message_is_read(const struct message *message)
{
    return !message->is_wrong && message->at == message->len && message->fd < 0;
}

/* ---- On its way ------------------------------------------------------------------ */

enum fault message_connect(int ret_ends[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends))
        return fault_from_errno(errno);
    return FAULT_NONE;
}

/* Of one descriptor. */
union control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

enum fault message_send(int socket, struct message *message)
{
    union control control = {0};
    struct iovec part = {message->bytes, message->len};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t sent = -1;
    if (message->fd >= 0) {
        header.msg_control = control.bytes;
        header.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *item = CMSG_FIRSTHDR(&header);
        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = SCM_RIGHTS;
        item->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(item), &message->fd, sizeof(int));
    }
    while (!message->is_wrong && sent < 0) {
        sent = sendmsg(socket, &header, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            break;
    }
    bool did_not_fit = message->is_wrong;
    message_begin(message);
    if (did_not_fit)
        return FAULT_ARGUMENT;
    return sent < 0 ? FAULT_CONNECTION_LOST : FAULT_NONE;
}

static enum fault wait_for(int socket, int wait_ms)
{
    struct pollfd one = {.fd = socket, .events = POLLIN};
    int ready;
    do {
        ready = poll(&one, 1, wait_ms);
    } while (ready < 0 && errno == EINTR);
    return ready == 0 ? FAULT_TIMED_OUT : FAULT_NONE;
}

enum fault message_receive(int socket, int wait_ms, struct message *message)
{
    union control control;
    struct iovec part = {message->bytes, sizeof(message->bytes)};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            /* Not CMSG_SPACE: what it is padded with has room for a second one. */
                            .msg_controllen = CMSG_LEN(sizeof(int))};
    ssize_t n;
    message_begin(message);
    enum fault f = wait_for(socket, wait_ms);
    if (f)
        return f;
    do {
        n = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) /* a message is never empty */
        return FAULT_CONNECTION_LOST;
    message->len = (size_t)n;
    const struct cmsghdr *item = CMSG_FIRSTHDR(&header);
    if (item && item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_RIGHTS)
        memcpy(&message->fd, CMSG_DATA(item), sizeof(int));
    if (!(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
        return FAULT_NONE;
    message_begin(message);
    return FAULT_MALFORMED;
}
