/* SPDX-License-Identifier: Apache-2.0 */
#include "net/channel_tls.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>

#include <openssl/err.h>

#include "base/clock.h"
#include "net/socket.h"
#include "net/tls_parts.h"

enum {
    /* Several records come with one system call, and leave with one. */
    READ_AHEAD_BYTES = 128 * 1024,
    GATHERED_BYTES = 272 * 1024 /* what transfer.c writes at once, and its records' headers */
};

/* ---- The handshake ------------------------------------------------------------ */

/*
 * The session of a data connection that resumed none is good for nobody:
 * resuming it would prove nothing about the control connection.
 */
static int is_never_resumable(SSL *end, int is_forward_secure)
{
    (void)end;
    (void)is_forward_secure;
    return 1;
}

bool channel_tls_carry_data(SSL *end, int fd)
{
    BIO *reader = BIO_new_socket(fd, BIO_NOCLOSE);
    BIO *writer = BIO_new_socket(fd, BIO_NOCLOSE);
    BIO *gatherer = BIO_new(BIO_f_buffer());
    SSL_set_options(end, SSL_OP_ENABLE_KTLS);
    SSL_set_read_ahead(end, 1);
    SSL_set_default_read_buffer_len(end, READ_AHEAD_BYTES);
    if (!reader || !writer || !gatherer || !BIO_set_write_buffer_size(gatherer, GATHERED_BYTES)) {
        BIO_free(reader);
        BIO_free(writer);
        BIO_free(gatherer);
        return false;
    }
    SSL_set0_rbio(end, reader);
    SSL_set0_wbio(end, BIO_push(gatherer, writer));
    return true;
}

/*
 * OpenSSL asks before it signs, which no handshake that resumes a session comes to. RSA takes a
 * millisecond and more, too long for a loop.
 */
static int await_slow_key(SSL *end, void *nothing)
{
    (void)nothing;
    return EVP_PKEY_is_a(SSL_get_privatekey(end), "RSA") ? -1 : 1;
}

static SSL *new_end(int fd, const struct tls_bond *bond)
{
    SSL *end = tls_new_end(bond->tls, bond->pair, bond->identity);
    if (!end)
        return NULL;
    SSL_set_num_tickets(end, 0);
    SSL_set_not_resumable_session_callback(end, is_never_resumable);
    SSL_set_cert_cb(end, await_slow_key, NULL);
    if (channel_tls_carry_data(end, fd))
        return end;
    SSL_free(end);
    return NULL;
}

/* Waits until the handshake can go on, or the time is up. */
static enum fault await_peer(const struct channel *channel, short events, int64_t until_ms)
{
    struct pollfd wait = {.fd = channel->fd, .events = events};
    socket_acknowledge_at_once(channel->fd); /* it does not last */
    int64_t left_ms = until_ms - clock_running_ms();
    if (left_ms > INT_MAX)
        left_ms = INT_MAX;
    if (left_ms <= 0 || poll(&wait, 1, (int)left_ms) == 0)
        return FAULT_TIMED_OUT;
    return channel_is_interrupted(channel) ? FAULT_CANCELLED : FAULT_NONE;
}

static enum fault shake_hands(struct channel *channel, const int64_t *asked_ms)
{
    int64_t until_ms = clock_running_ms() + (int64_t)channel->stall_seconds * 1000;
    enum fault f = FAULT_NONE;
    while (!f) {
        ERR_clear_error();
        int result = SSL_do_handshake(channel->tls);
        if (result == 1)
            return FAULT_NONE;
        switch (SSL_get_error(channel->tls, result)) {
        case SSL_ERROR_WANT_READ:
            f = await_peer(channel, POLLIN, until_ms + *asked_ms);
            break;
        case SSL_ERROR_WANT_WRITE:
            f = await_peer(channel, POLLOUT, until_ms + *asked_ms);
            break;
        default:
            f = channel_is_interrupted(channel) ? FAULT_CANCELLED : FAULT_TLS_FAILED;
        }
    }
    return f;
}

enum fault channel_tls_shake_hands(struct channel *channel, const int64_t *asked_ms)
{
    socket_set_blocking(channel->fd, false);
    enum fault f = shake_hands(channel, asked_ms);
    channel->is_secured = !f;
    socket_set_blocking(channel->fd, true);
    return f;
}

/* What the end of a handshake means: without its session, or after a fault, nothing goes on. */
static enum fault end_handshake(struct channel *channel, const struct tls_bond *bond, enum fault f)
{
    if (f)
        tls_log_failure("tls-data-failed");
    if (!f && bond->must_resume && !SSL_session_reused(channel->tls))
        f = FAULT_TLS_NOT_RESUMED;
    if (f) /* nothing goes over it any more, least of all in the clear */
        (void)shutdown(channel->fd, SHUT_RDWR);
    return f;
}

static enum fault begin_handshake(struct channel *channel, const struct tls_bond *bond)
{
    if (!channel->tls)
        channel->tls = new_end(channel->fd, bond);
    return channel->tls ? FAULT_NONE : FAULT_NO_MEMORY;
}

enum fault channel_secure(struct channel *channel, const struct tls_bond *bond)
{
    static const int64_t nobody_asked_ms = 0;
    if (channel->is_secured)
        return FAULT_NONE;
    enum fault f = begin_handshake(channel, bond);
    if (!f) {
        SSL_set_cert_cb(channel->tls, NULL, NULL); /* here it may take its time */
        f = channel_tls_shake_hands(channel, &nobody_asked_ms);
    }
    return end_handshake(channel, bond, f);
}

enum fault channel_secure_at_once(struct channel *channel, const struct tls_bond *bond)
{
    enum fault f = begin_handshake(channel, bond);
    ERR_clear_error();
    int result = f ? 0 : SSL_do_handshake(channel->tls);
    if (!f && result != 1)
        switch (SSL_get_error(channel->tls, result)) {
        case SSL_ERROR_WANT_READ:
            socket_acknowledge_at_once(channel->fd); /* it does not last */
            return FAULT_BUSY;
        case SSL_ERROR_WANT_WRITE:
        case SSL_ERROR_WANT_X509_LOOKUP: /* await_slow_key */
            return FAULT_UNSUPPORTED;
        default:
            f = FAULT_TLS_FAILED;
        }
    channel->is_secured = !f;
    return end_handshake(channel, bond, f);
}

void channel_tls_free(struct ssl_st *tls)
{
    if (!tls)
        return;
    /* Else OpenSSL takes the session for a bad one and forgets it, which is the control's. */
    SSL_set_shutdown(tls, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(tls);
}

/* ---- Bytes ------------------------------------------------------------------------ */

/*
 * What a call that returned `result` means on a socket that blocks. FAULT_NONE:
 * the peer ended it in order, or a signal came: *ret_again.
 */
static enum fault fault_of(struct channel *channel, int result, bool *ret_again)
{
    int error = errno;
    int reason = SSL_get_error(channel->tls, result);
    *ret_again = false;
    if (channel_is_interrupted(channel))
        return FAULT_CANCELLED;
    switch (reason) {
    case SSL_ERROR_ZERO_RETURN:
        /* It says so after a fatal alert, too, which leaves it in a handshake. */
        return SSL_in_init(channel->tls) ? FAULT_CONNECTION_LOST : FAULT_NONE;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        *ret_again = error == EINTR;
        return *ret_again ? FAULT_NONE : FAULT_TIMED_OUT;
    default:
        tls_log_failure("tls-data-broken");
        return FAULT_CONNECTION_LOST;
    }
}

/* The peer's end is not the end of what we have to say. */
static enum fault fault_of_sending(struct channel *channel, int result, bool *ret_again)
{
    enum fault f = fault_of(channel, result, ret_again);
    return !f && !*ret_again ? FAULT_CONNECTION_LOST : f;
}

/* One record's bytes. */
static enum fault read_record(struct channel *channel, char *buffer, size_t size, size_t *ret_len)
{
    bool again = true;
    enum fault f = FAULT_NONE;
    size_t len = 0;
    while (!f && again) {
        ERR_clear_error();
        int result = SSL_read_ex(channel->tls, buffer, size, &len);
        if (result == 1)
            again = false;
        else
            f = fault_of(channel, result, &again);
    }
    if (!f && channel_is_interrupted(channel))
        f = FAULT_CANCELLED;
    if (!f)
        *ret_len = len;
    return f;
}

enum fault channel_tls_read(struct channel *channel, void *buffer, size_t size, size_t *ret_len)
{
    char *at = buffer;
    size_t total = 0;
    size_t len = 0;
    enum fault f = read_record(channel, at, size, &total);
    if (f)
        return f;
    /* A record has 16 KiB at most: what came with it goes with it. A fault comes again. */
    while (total && total < size && SSL_has_pending(channel->tls) &&
           !read_record(channel, at + total, size - total, &len) && len)
        total += len;
    *ret_len = total;
    return FAULT_NONE;
}

enum fault channel_tls_read_at_once(struct channel *channel, void *buffer, size_t size,
                                    size_t *ret_len)
{
    bool again;
    ERR_clear_error();
    int result = SSL_read_ex(channel->tls, buffer, size, ret_len);
    if (result == 1)
        return FAULT_NONE;
    if (SSL_get_error(channel->tls, result) == SSL_ERROR_WANT_READ)
        return FAULT_BUSY;
    *ret_len = 0;
    return fault_of(channel, result, &again);
}

/* What was gathered leaves. */
static enum fault flush(struct channel *channel)
{
    BIO *writer = SSL_get_wbio(channel->tls);
    while (BIO_flush(writer) <= 0) {
        int error = errno;
        if (channel_is_interrupted(channel))
            return FAULT_CANCELLED;
        if (!BIO_should_retry(writer))
            return FAULT_CONNECTION_LOST;
        if (error != EINTR)
            return FAULT_TIMED_OUT;
    }
    return FAULT_NONE;
}

enum fault channel_tls_write(struct channel *channel, const void *bytes, size_t len)
{
    bool again = len != 0;
    enum fault f = FAULT_NONE;
    size_t written;
    while (!f && again) {
        ERR_clear_error();
        int result = SSL_write_ex(channel->tls, bytes, len, &written);
        if (result == 1)
            return flush(channel);
        f = fault_of_sending(channel, result, &again);
    }
    return f;
}

enum fault channel_tls_write_at_once(struct channel *channel, const void *bytes, size_t len)
{
    size_t written;
    ERR_clear_error();
    if (SSL_write_ex(channel->tls, bytes, len, &written) == 1)
        return FAULT_NONE;
    tls_log_failure("tls-data-broken");
    return FAULT_CONNECTION_LOST;
}

enum fault channel_tls_send_file(struct channel *channel, int fd, int64_t *offset, size_t len,
                                 size_t *ret_len)
{
    bool again = true;
    enum fault f = FAULT_NONE;
    if (!BIO_get_ktls_send(SSL_get_wbio(channel->tls)))
        return FAULT_UNSUPPORTED;
    while (!f && again) {
        ERR_clear_error();
        ossl_ssize_t n = SSL_sendfile(channel->tls, fd, *offset, len, 0);
        if (n >= 0) {
            *offset += n;
            *ret_len = (size_t)n;
            return FAULT_NONE;
        }
        f = fault_of_sending(channel, (int)n, &again);
    }
    return f;
}

enum channel_tls_look channel_tls_look(const struct channel *channel)
{
    char byte;
    size_t len;
    ERR_clear_error();
    socket_set_blocking(channel->fd, false);
    int result = SSL_peek_ex(channel->tls, &byte, 1, &len);
    socket_set_blocking(channel->fd, true);
    if (result == 1)
        return CHANNEL_TLS_BYTES;
    bool is_silent = SSL_get_error(channel->tls, result) == SSL_ERROR_WANT_READ;
    ERR_clear_error();
    return is_silent ? CHANNEL_TLS_SILENT : CHANNEL_TLS_OVER;
}

enum fault channel_tls_end(struct channel *channel)
{
    bool again;
    if (SSL_get_shutdown(channel->tls) & SSL_SENT_SHUTDOWN)
        return flush(channel); /* another call of it would wait for the peer's */
    ERR_clear_error();
    int result = SSL_shutdown(channel->tls);
    return result < 0 ? fault_of(channel, result, &again) : flush(channel);
}
