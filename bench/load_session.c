/* SPDX-License-Identifier: Apache-2.0 */
#include "load_session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/epoll.h>

#include "load_login.h"
#include "load_loop.h"
#include "load_tls.h"

/* Addresses of ours, 127.0.1.0 and on, each for so many sessions. */
enum { SESSIONS_PER_ADDRESS = 100, SPREAD_BASE = 0x7f000100 };

bool session_connect(struct session *s, struct link *link, in_port_t port)
{
    const struct options *o = s->loop->options;
    struct sockaddr_in to = o->server;
    struct in_addr from = {htonl(SPREAD_BASE + s->number / SESSIONS_PER_ADDRESS)};
    to.sin_port = port;
    if (link_open(link, &to, o->is_spread ? &from : NULL))
        return true;
    session_fail(s, "cannot connect", text_of(strerror(errno)));
    return false;
}

void session_open(struct session *s,
                  void (*on_reply)(struct session *s, int code, struct text line))
{
    s->on_reply = on_reply;
    s->is_leaving = false;
    if (session_connect(s, &s->control, s->loop->options->server.sin_port))
        link_watch(&s->control, s->loop->epoll, EPOLLIN | EPOLLRDHUP);
}

void session_secure(struct session *s)
{
    if (!tls_secure_control(&s->control, s->loop->tls, &s->ticket))
        session_fail(s, "no memory for TLS", TEXT(""));
}

void session_ask(struct session *s, struct text line,
                 void (*on_reply)(struct session *s, int code, struct text line))
{
    s->on_reply = on_reply;
    if (link_send(&s->control, line.at, line.len) != (ssize_t)line.len)
        session_fail(s, "cannot send", line);
}

void session_close(struct session *s)
{
    link_close(&s->control);
    link_close(&s->data);
    s->input_len = s->taken = 0;
    s->lines_code = 0;
}

void session_fail(struct session *s, const char *what, struct text line)
{
    loop_count_error(s, what, line); /* before the line is forgotten */
    session_close(s);
    if (s->is_failed)
        return;
    s->is_failed = true;
    s->next = s->loop->failed;
    s->loop->failed = s;
}

/* ---- Replies (RFC 959 4.2) --------------------------------------------------------- */

static int code_of(struct text line)
{
    if (line.len < 3)
        return 0;
    int code = 0;
    for (size_t i = 0; i < 3; i++) {
        if (!text_is_digit(line.at[i]))
            return 0;
        code = code * 10 + (line.at[i] - '0');
    }
    return code;
}

static void take_line(struct session *s, struct text line)
{
    int code = code_of(line);
    bool is_last = line.len < 4 || line.at[3] != '-';
    if (s->lines_code && (code != s->lines_code || !is_last))
        return;
    if (!code) {
        session_fail(s, "not a reply", line);
    } else if (is_last) {
        s->lines_code = 0;
        s->on_reply(s, code, line);
    } else {
        s->lines_code = code;
    }
}

/* Each handler may send, open, close or fail; what it does to the input, `taken` shows. */
static void take_replies(struct session *s)
{
    for (;;) {
        char *line = s->input + s->taken;
        char *end = memchr(line, '\n', s->input_len - s->taken);
        if (!end)
            break;
        s->taken += (size_t)(end + 1 - line);
        if (end > line && end[-1] == '\r')
            end--;
        take_line(s, (struct text){line, (size_t)(end - line)});
    }
    s->input_len -= s->taken;
    if (s->input_len)
        memmove(s->input, s->input + s->taken, s->input_len);
    s->taken = 0;
}

static void end(struct session *s, ssize_t why)
{
    if (!s->is_leaving || why == LINK_LOST) {
        session_fail(s, why ? "the connection is lost" : "the server closed the connection",
                     TEXT(""));
        return;
    }
    session_close(s);
    login_on_end(s);
}

/* False: there is no more to read. */
static bool read_some(struct session *s, uint32_t events)
{
    size_t room = INPUT_BYTES - s->input_len;
    if (!room) {
        session_fail(s, "a line too long", TEXT(""));
        return false;
    }
    ssize_t n = link_receive(&s->control, s->input + s->input_len, room);
    if (n == LINK_WAIT)
        return false;
    if (n <= 0) {
        end(s, n);
        return false;
    }
    s->input_len += (size_t)n;
    take_replies(s);
    /* Events come once: the end may already be behind these bytes. */
    return (size_t)n == room || s->control.tls || events & EPOLLRDHUP;
}

/* False: it has to wait for more, or failed. */
static bool shake(struct session *s)
{
    ssize_t n = tls_shake(&s->control);
    if (n == LINK_LOST)
        session_fail(s, "the TLS handshake failed", TEXT(""));
    if (n <= 0)
        return false;
    login_on_secured(s);
    return true;
}

/* A reply may be what begins a handshake, and replies may be right behind its end. */
void session_on_event(struct session *s, uint32_t events)
{
    bool goes_on = true;
    while (goes_on && s->control.fd >= 0)
        goes_on = s->control.is_shaking ? shake(s) : read_some(s, events);
}
