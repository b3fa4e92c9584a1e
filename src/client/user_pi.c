/* SPDX-License-Identifier: Apache-2.0 */
#include "client/user_pi.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/socket.h"

enum {
    CONNECT_SECONDS = 30,
    REPLY_SECONDS = 120,
    /* Lines of one reply; a server that never ends its reply is cut off. */
    REPLY_LINES_MAX = 10000,
    /* Likewise one that promises its final reply for ever. */
    PRELIMINARY_REPLIES_MAX = 10000,
};

static enum fault connect_to(struct user_pi *pi, const char *host, uint16_t port)
{
    union endpoint remote;
    if (!socket_resolve(host, AF_UNSPEC, port, &remote))
        return FAULT_NOT_FOUND;
    union endpoint any = endpoint_any(remote.any.sa_family, 0);
    pi->fd = socket_connect(&any, &remote);
    if (pi->fd < 0)
        return FAULT_CONNECTION_LOST;
    struct pollfd ready = {.fd = pi->fd, .events = POLLOUT};
    if (poll(&ready, 1, CONNECT_SECONDS * 1000) <= 0)
        return FAULT_TIMED_OUT;
    if (socket_connect_error(pi->fd))
        return FAULT_CONNECTION_LOST;
    socket_set_blocking(pi->fd, true);
    socket_set_stall_timeout(pi->fd, REPLY_SECONDS);
    socket_tune_control(pi->fd);
    pi->local = socket_local(pi->fd);
    pi->peer = socket_peer(pi->fd);
    return FAULT_NONE;
}

enum fault user_pi_open(struct user_pi *pi, const char *host, uint16_t port)
{
    bool verbose = pi->verbose;
    *pi = (struct user_pi){.fd = -1, .verbose = verbose};
    pi->line = line_on(pi->line_bytes, sizeof(pi->line_bytes));
    enum fault f = connect_to(pi, host, port);
    if (!f)
        f = user_pi_final_reply(pi); /* RFC 959 5.4: 120 may come first, ready in some minutes */
    if (!f)
        f = user_pi_fault(pi);
    if (f)
        user_pi_close(pi);
    return f;
}

void user_pi_close(struct user_pi *pi)
{
    if (pi->fd >= 0)
        close(pi->fd);
    pi->fd = -1;
}

static enum fault fill(struct user_pi *pi)
{
    ssize_t n;
    do {
        n = recv(pi->fd, pi->input, sizeof(pi->input), 0);
    } while (n < 0 && errno == EINTR);
    if (n <= 0)
        return n < 0 && errno == EAGAIN ? FAULT_TIMED_OUT : FAULT_CONNECTION_LOST;
    pi->input_at = 0;
    pi->input_len = (size_t)n;
    return FAULT_NONE;
}

static enum fault read_line(struct user_pi *pi)
{
    for (;;) {
        enum line_event event;
        struct text rest = {pi->input + pi->input_at, pi->input_len - pi->input_at};
        if (!rest.len) {
            enum fault f = fill(pi);
            if (f)
                return f;
            continue;
        }
        pi->input_at += line_feed(&pi->line, rest, &event);
        if (event == LINE_READY)
            return FAULT_NONE;
        if (event == LINE_TOO_LONG)
            return FAULT_TOO_LARGE;
        if (event == LINE_ANSWER)
            (void)send(pi->fd, pi->line.answer, sizeof(pi->line.answer), MSG_NOSIGNAL);
    }
}

/* A server's text may hold anything; a terminal gets printable characters. */
static void show(const char *sign, struct text line)
{
    (void)fputs(sign, stderr);
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.at[i];
        (void)fputc(c < ' ' || c == 0x7F ? '?' : c, stderr);
    }
    (void)fputc('\n', stderr);
}

enum fault user_pi_reply(struct user_pi *pi)
{
    struct reply reply = {0};
    for (int lines = 0; lines < REPLY_LINES_MAX; lines++) {
        enum fault f = read_line(pi);
        if (f)
            return f;
        struct text line = line_text(&pi->line);
        if (pi->verbose)
            show("< ", line);
        enum reply_progress progress = reply_take_line(&reply, line);
        if (progress == REPLY_INCOMPLETE)
            continue;
        struct builder b = builder_on(pi->text, sizeof(pi->text));
        builder_put(&b, reply.text);
        builder_end(&b);
        pi->code = reply.code;
        return progress == REPLY_COMPLETE ? FAULT_NONE : FAULT_ARGUMENT;
    }
    return FAULT_TOO_LARGE;
}

enum fault user_pi_final_reply(struct user_pi *pi)
{
    for (int replies = 0; replies < PRELIMINARY_REPLIES_MAX; replies++) {
        enum fault f = user_pi_reply(pi);
        if (f || pi->code >= 200)
            return f;
    }
    return FAULT_TOO_LARGE;
}

enum fault user_pi_send(struct user_pi *pi, const char *verb, const char *argument)
{
    char bytes[2 * LINE_MAX_BYTES];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text text = text_of(argument);
    pi->code = 0;
    if (text_find(text, '\r') != text.len || text_find(text, '\n') != text.len)
        return FAULT_NAME_INVALID;
    builder_put_string(&b, verb);
    if (argument) {
        builder_put_byte(&b, ' ');
        reply_put_text(&b, text); /* a byte of all ones is doubled on this side too */
    }
    if (pi->verbose)
        show("> ", text_equal(text_of(verb), TEXT("PASS")) ? TEXT("PASS ****") : builder_text(&b));
    builder_put(&b, TEXT("\r\n"));
    if (b.full)
        return FAULT_NAME_INVALID;
    struct text left = builder_text(&b);
    while (left.len) {
        ssize_t n = send(pi->fd, left.at, left.len, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return FAULT_CONNECTION_LOST;
        left = text_after(left, n > 0 ? (size_t)n : 0);
    }
    return FAULT_NONE;
}

enum fault user_pi_command(struct user_pi *pi, const char *verb, const char *argument)
{
    enum fault f = user_pi_send(pi, verb, argument);
    if (!f)
        f = user_pi_final_reply(pi);
    return f;
}

enum fault user_pi_fault(const struct user_pi *pi)
{
    switch (pi->code) {
    case 332:
    case 532:
        return FAULT_ACCOUNT_NEEDED;
    case 421:
        return FAULT_TOO_MANY;
    case 425:
        return FAULT_NO_DATA_CONNECTION;
    case 426:
        return FAULT_CONNECTION_LOST;
    case 450:
    case 451:
        return FAULT_BUSY;
    case 452:
    case 552:
        return FAULT_NO_SPACE;
    case 500:
    case 501:
    case 502:
    case 504:
        return FAULT_UNSUPPORTED;
    case 331: /* a password again: the one it had will not do */
    case 530:
        return FAULT_LOGIN_REFUSED;
    case 550:
        return FAULT_NOT_FOUND;
    case 553:
        return FAULT_NAME_INVALID;
    case 554:
        return FAULT_OUT_OF_RANGE;
    default:
        break;
    }
    switch (pi->code / 100) {
    case 2:
        return FAULT_NONE;
    case 4:
        return FAULT_BUSY;
    case 5:
        return FAULT_DENIED;
    default: /* no end of anything: it waits for more, and there is none */
        return FAULT_UNSUPPORTED;
    }
}

enum fault user_pi_login(struct user_pi *pi, const char *user, const char *password)
{
    enum fault f = user_pi_command(pi, "USER", user);
    if (!f && pi->code == 331)
        f = user_pi_command(pi, "PASS", password);
    return f ? f : user_pi_fault(pi);
}
