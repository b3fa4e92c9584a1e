/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire: a client's end of a connection, in the clear and under TLS, for `player`.
 * It never blocks. Include it once a program.
 */
#ifndef FERRY_TESTS_WIRE_H
#define FERRY_TESTS_WIRE_H

#include <errno.h>
#include <linux/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

struct wire {
    int fd;        /* owned; -1: none */
    SSL *tls;      /* owned; NULL: in the clear */
    BIO *arrived;  /* borrowed: of `tls`, what came and was not read yet */
    BIO *leaves;   /* borrowed: of `tls`, what is to be sent */
    uint64_t sent; /* bytes on the wire, as the next */
    uint64_t received;
    bool is_over; /* nothing comes any more */
};

static SSL_CTX *wire_context;
static SSL_SESSION *wire_session; /* the newest ticket's */

static int wire_keep_session(SSL *tls, SSL_SESSION *session)
{
    (void)tls;
    SSL_SESSION_free(wire_session);
    wire_session = session;
    return 1;
}

static void wire_begin(void)
{
    wire_context = SSL_CTX_new(TLS_client_method());
    PROMISE(wire_context);
    SSL_CTX_set_session_cache_mode(wire_context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(wire_context, wire_keep_session);
}

static void wire_forget_session(void)
{
    SSL_SESSION_free(wire_session);
    wire_session = NULL;
}

static void wire_end(void)
{
    wire_forget_session();
    SSL_CTX_free(wire_context);
}

static struct wire wire_on(int fd)
{
    const int on = 1;
    if (fd >= 0) /* as soon as it is said: no wait for what has been said to be acknowledged */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return (struct wire){.fd = fd, .is_over = fd < 0};
}

static void wire_leave_tls(struct wire *wire)
{
    SSL_free(wire->tls);
    wire->tls = NULL;
}

/* What has not been sent stays unsent, a shutdown of TLS too. */
static void wire_close(struct wire *wire)
{
    wire_leave_tls(wire);
    if (wire->fd >= 0)
        close(wire->fd);
    wire->fd = -1;
    wire->is_over = true;
}

static void wire_put(struct wire *wire, struct text bytes, int flags)
{
    while (bytes.len && !wire->is_over) {
        ssize_t n = send(wire->fd, bytes.at, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT | flags);
        if (n < 0)
            return; /* what is wrong is told to who reads */
        wire->sent += (uint64_t)n;
        bytes = text_after(bytes, (size_t)n);
    }
}

static void wire_flush(struct wire *wire)
{
    char bytes[4096];
    int n;
    while ((n = BIO_read(wire->leaves, bytes, sizeof(bytes))) > 0)
        wire_put(wire, (struct text){bytes, (size_t)n}, 0);
}

/* The handshake begins; it goes on whenever the wire is read. */
static void wire_secure(struct wire *wire)
{
    wire->tls = SSL_new(wire_context);
    wire->arrived = BIO_new(BIO_s_mem());
    wire->leaves = BIO_new(BIO_s_mem());
    PROMISE(wire->tls && wire->arrived && wire->leaves);
    SSL_set_bio(wire->tls, wire->arrived, wire->leaves);
    SSL_set_connect_state(wire->tls);
    if (wire_session)
        (void)SSL_set_session(wire->tls, wire_session);
    (void)SSL_do_handshake(wire->tls);
    ERR_clear_error();
    wire_flush(wire);
}

static bool wire_is_open(const struct wire *wire)
{
    return !wire->tls || SSL_is_init_finished(wire->tls);
}

/* Nothing before the handshake is through. `flags` are for who sends in the clear. */
static void wire_send(struct wire *wire, struct text bytes, int flags)
{
    if (!wire->tls) {
        wire_put(wire, bytes, flags);
    } else if (bytes.len && wire_is_open(wire)) {
        (void)SSL_write(wire->tls, bytes.at, (int)bytes.len);
        ERR_clear_error();
        wire_flush(wire);
    }
}

/* No more from us. */
static void wire_say_end(struct wire *wire)
{
    if (wire->tls && wire_is_open(wire)) {
        (void)SSL_shutdown(wire->tls);
        ERR_clear_error();
        wire_flush(wire);
    }
}

/* What came to TLS is read; true when its peer has ended it, or it is broken. */
static bool wire_decrypt(struct wire *wire, char *bytes, size_t size, size_t *ret_len)
{
    int n = SSL_read(wire->tls, bytes, (int)size);
    int error = n > 0 ? SSL_ERROR_NONE : SSL_get_error(wire->tls, n);
    ERR_clear_error();
    wire_flush(wire);
    *ret_len = n > 0 ? (size_t)n : 0;
    if (error != SSL_ERROR_ZERO_RETURN)
        return error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ;
    wire_say_end(wire);
    return true;
}

/* Bytes as they come, 0 when there are none now. */
static size_t wire_get(struct wire *wire, char *bytes, size_t size)
{
    ssize_t n = wire->is_over ? 0 : recv(wire->fd, bytes, size, MSG_DONTWAIT);
    wire->is_over = wire->is_over || n == 0 || (n < 0 && errno != EAGAIN);
    if (n <= 0)
        return 0;
    wire->received += (uint64_t)n;
    return (size_t)n;
}

/* Bytes in the clear, 0 when there are none now. Where TLS ends, it goes on in the clear. */
static size_t wire_read(struct wire *wire, char *bytes, size_t size)
{
    size_t len = 0;
    while (wire->tls) {
        bool has_ended = wire_decrypt(wire, bytes, size, &len);
        if (len)
            return len;
        if (has_ended) {
            int rest = BIO_read(wire->arrived, bytes, (int)size);
            wire_leave_tls(wire);
            return rest > 0 ? (size_t)rest : wire_get(wire, bytes, size);
        }
        len = wire_get(wire, bytes, size);
        if (!len)
            return 0;
        PROMISE(BIO_write(wire->arrived, bytes, (int)len) == (int)len);
    }
    return wire_get(wire, bytes, size);
}

#endif
