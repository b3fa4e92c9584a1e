/* SPDX-License-Identifier: Apache-2.0 */
#include "load_data.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>

#include "base/clock.h"
#include "load_loop.h"
#include "load_operation.h"
#include "load_tls.h"

/* From here on pages of a file in memory are sent: 0.044 s a GiB; copied from a buffer: 0.12. */
enum { SENDFILE_BYTES = 64 * 1024 };

bool data_open(struct session *s, in_port_t port)
{
    s->moved = s->lines = 0;
    s->is_opened = s->is_replied = s->is_data_over = false;
    return session_connect(s, &s->data, port);
}

static void watch(struct session *s)
{
    link_watch(&s->data, s->loop->epoll, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
}

/* ---- Receiving ----------------------------------------------------------------------- */

/* Written so that the compiler counts many bytes with one instruction. */
static uint64_t newlines(const char *at, size_t len)
{
    enum { BLOCK = 255 }; /* as far as a byte counts */
    uint64_t total = 0;
    while (len) {
        size_t part = len < BLOCK ? len : BLOCK;
        uint8_t count = 0;
        for (size_t i = 0; i < part; i++)
            count = (uint8_t)(count + (at[i] == '\n'));
        total += count;
        at += part;
        len -= part;
    }
    return total;
}

static ssize_t receive(struct session *s)
{
    char *buffer = s->loop->buffer;
    if (s->step->operation == OPERATION_FETCH)
        return link_discard(&s->data, buffer, BUFFER_BYTES);
    ssize_t n = link_receive(&s->data, buffer, BUFFER_BYTES);
    if (n <= 0)
        return n;
    if (!s->moved)
        times_add(&s->loop->first_bytes, (uint64_t)clock_running_ns() - s->asked_ns);
    s->lines += newlines(buffer, (size_t)n);
    return n;
}

static ssize_t move_in(struct session *s)
{
    ssize_t n;
    while ((n = receive(s)) > 0)
        s->moved += (uint64_t)n;
    return n;
}

/* ---- Sending -------------------------------------------------------------------------- */

static ssize_t send_some(struct session *s, uint64_t left)
{
    size_t len = left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES;
    if (s->data.tls || len < SENDFILE_BYTES)
        return link_send(&s->data, s->loop->buffer, len);
    off_t at = 0;
    ssize_t n = sendfile(s->data.fd, s->loop->upload, &at, len);
    return n < 0 ? errno == EAGAIN ? LINK_WAIT : LINK_LOST : n;
}

static ssize_t move_out(struct session *s)
{
    uint64_t bytes = s->loop->options->bytes;
    if (!s->is_opened && !s->loop->options->is_eager)
        return LINK_WAIT; /* a client sends when the server has agreed to receive */
    while (s->moved < bytes) {
        ssize_t n = send_some(s, bytes - s->moved);
        if (n <= 0)
            return n ? n : LINK_LOST;
        s->moved += (uint64_t)n;
    }
    link_end_sending(&s->data);
    return 0;
}

/* ---- Both ------------------------------------------------------------------------------- */

static ssize_t shake(struct session *s)
{
    ssize_t n = tls_shake(&s->data);
    if (n > 0 && tls_is_resumed(&s->data))
        s->loop->resumed++;
    return n;
}

static ssize_t move(struct session *s)
{
    if (s->data.is_shaking) {
        ssize_t n = shake(s);
        if (n <= 0)
            return n;
    }
    return s->step->operation == OPERATION_STORE ? move_out(s) : move_in(s);
}

void data_move(struct session *s)
{
    if (s->data.fd < 0 || s->is_data_over)
        return;
    ssize_t n = move(s);
    if (n == LINK_WAIT) {
        watch(s);
        return;
    }
    if (n == LINK_LOST) {
        session_fail(s, "the data connection is lost", TEXT(""));
        return;
    }
    s->is_data_over = true;
    if (s->step->operation != OPERATION_STORE)
        link_close(&s->data); /* some servers reply only then */
    operation_on_data_over(s);
}
