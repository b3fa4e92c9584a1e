/* SPDX-License-Identifier: Apache-2.0 */
/* The user's side: TLS begins, and ends before the connection does. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <openssl/err.h>

#include "base/clock.h"
#include "net/channel_tls.h"
#include "net/socket.h"
#include "net/tls_parts.h"

/* ---- Beginning --------------------------------------------------------------------- */

/*
 * A control connection reads record by record, so that what comes behind the peer's
 * close_notify is still on the socket, and without the kernel, which cannot be taken off one.
 */
static bool carry_control(SSL *end, int fd)
{
    SSL_set_options(end, SSL_OP_CLEANSE_PLAINTEXT); /* lists of who has which files */
    return SSL_set_fd(end, fd) == 1;
}

static const struct {
    int reason;       /* of OpenSSL's SSL library */
    const char *text; /* borrowed: static */
} reasons[] = {
    {SSL_R_WRONG_VERSION_NUMBER, "the server does not speak TLS here"},
    {SSL_R_HTTP_REQUEST, "the server does not speak TLS here"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "the server knows neither TLS 1.2 nor 1.3"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "no version of TLS in common"},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
     "the server refused: no cipher in common, or it wants a certificate of ours"},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "the server wants a certificate of ours"},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, "the server does not trust who signed our certificate"},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "the server refused our certificate"},
    {SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, "the server does not speak this protocol"},
    {SSL_R_UNEXPECTED_EOF_WHILE_READING, "the server closed the connection"},
};

static const char *reason_text(void)
{
    unsigned long error = ERR_peek_last_error();
    if (!error)
        return "the server closed the connection";
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == reasons[i].reason)
            return reasons[i].text;
    const char *reason = ERR_reason_error_string(error);
    return reason ? reason : "the handshake failed";
}

static void explain(const struct channel *channel, enum fault f, const struct tls_asking *asking,
                    struct builder *b)
{
    if (b->len)
        return; /* it is told already */
    if (f == FAULT_TLS_FAILED && asking->is_refused) {
        builder_put_string(b, "the certificate was not accepted");
        if (asking->doubts)
            builder_put_string(b, ": ");
        tls_put_doubts(asking->doubts, b);
    } else if (f == FAULT_TLS_FAILED) {
        builder_put_string(b, reason_text());
    } else if (f == FAULT_TIMED_OUT) {
        builder_put_string(b, "the server did not answer within ");
        builder_put_number(b, channel->stall_seconds);
        builder_put_string(b, " seconds");
    } else {
        builder_put_string(b, fault_text(f));
    }
}

/* The way was cut, which may pass: no word of refusal came, and nothing that is no TLS. */
static bool is_cut(void)
{
    unsigned long error = ERR_peek_last_error();
    return !error || ERR_SYSTEM_ERROR(error) ||
           (ERR_GET_LIB(error) == ERR_LIB_SSL &&
            ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
}

static enum fault secure(struct channel *channel, struct tls_client *client,
                         struct tls_asking *asking, struct builder *b)
{
    enum fault f = tls_client_new_end(client, asking, &channel->tls, b);
    if (f)
        return f;
    if (!(asking->how->is_data ? channel_tls_carry_data(channel->tls, channel->fd)
                               : carry_control(channel->tls, channel->fd)))
        f = FAULT_NO_MEMORY;
    if (!f)
        f = channel_tls_shake_hands(channel, &asking->asked_ms);
    tls_client_asked(channel->tls);
    return f;
}

enum fault channel_secure_client(struct channel *channel, struct tls_client *client,
                                 const struct tls_client_handshake *how,
                                 char message[TLS_MESSAGE_SIZE])
{
    struct tls_asking asking = {.how = how};
    struct builder b = builder_on(message, TLS_MESSAGE_SIZE);
    enum fault f = channel->tls || channel->unread_len ? FAULT_BUG : FAULT_NONE;
    if (!f)
        f = secure(channel, client, &asking, &b);
    if (f) {
        explain(channel, f, &asking, &b);
        /* A data connection's is no such: cut and with a 226 it could pass for one with nothing. */
        if (f == FAULT_TLS_FAILED && !how->is_data && is_cut())
            f = FAULT_CONNECTION_LOST;
        tls_log_failure(how->is_data ? "tls-data-failed" : "tls-control-failed");
        (void)shutdown(channel->fd,
                       SHUT_RDWR); /* nothing goes over it, least of all in the clear */
    }
    builder_end(&b);
    return f;
}

void channel_put_security(const struct channel *channel, struct builder *b)
{
    if (!channel->tls)
        return;
    builder_put_string(b, SSL_get_version(channel->tls));
    builder_put_string(b, ", ");
    builder_put_string(b, SSL_CIPHER_standard_name(SSL_get_current_cipher(channel->tls)));
    if (SSL_session_reused(channel->tls))
        builder_put_string(b, ", resumed");
}

/* ---- Ending before the connection does ------------------------------------------------ */

enum {
    CLOSE_NOTIFY_WAIT_MS = 2000, /* some go on in the clear without (or wait for us to) */
    KEPT_BYTES = 16 * 1024       /* replies that were on their way */
};

struct kept {
    size_t len;
    char bytes[KEPT_BYTES];
};

enum next { NEXT_NOTHING, NEXT_RECORD, NEXT_CLEAR, NEXT_END };

/* Has OpenSSL a part of one, its header ("read body") or less or more of it? */
static bool is_within_record(const struct channel *channel)
{
    return SSL_has_pending(channel->tls) ||
           text_equal(text_of(SSL_rstate_string(channel->tls)), TEXT("RB"));
}

/* RFC 8446 5.1: records begin with a byte of 20 to 23, which no reply and no IAC does. */
static enum next look(const struct channel *channel)
{
    enum { FIRST_TYPE = 20, LAST_TYPE = 23 };
    unsigned char type;
    if (is_within_record(channel))
        return NEXT_RECORD; /* the rest of it */
    ssize_t n = recv(channel->fd, &type, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return NEXT_NOTHING;
    if (n <= 0)
        return NEXT_END;
    return type >= FIRST_TYPE && type <= LAST_TYPE ? NEXT_RECORD : NEXT_CLEAR;
}

/* One step; the socket does not block. *ret_is_over: that was the peer's close_notify. */
static enum fault hear_record(struct channel *channel, struct kept *kept, bool *ret_is_over)
{
    size_t len = 0;
    *ret_is_over = false;
    if (kept->len == sizeof(kept->bytes))
        return FAULT_TLS_FAILED; /* it will not end */
    ERR_clear_error();
    int result = SSL_read_ex(channel->tls, kept->bytes + kept->len, sizeof(kept->bytes) - kept->len,
                             &len);
    kept->len += len;
    switch (SSL_get_error(channel->tls, result)) {
    case SSL_ERROR_NONE:
    case SSL_ERROR_WANT_READ:
        return FAULT_NONE;
    case SSL_ERROR_ZERO_RETURN:
        *ret_is_over = true;
        return FAULT_NONE;
    default:
        tls_log_failure("tls-control-broken");
        return FAULT_CONNECTION_LOST;
    }
}

/* False: the time is up. After a step that left bytes of a record there is nothing to wait for. */
static bool await_next(const struct channel *channel, int64_t until_ms)
{
    struct pollfd wait = {.fd = channel->fd, .events = POLLIN};
    int64_t left_ms = until_ms - clock_running_ms();
    return SSL_pending(channel->tls) > 0 || (left_ms > 0 && poll(&wait, 1, (int)left_ms) != 0);
}

static enum fault hear_end(struct channel *channel, struct kept *kept)
{
    int64_t until_ms = clock_running_ms() + CLOSE_NOTIFY_WAIT_MS;
    enum next next = NEXT_NOTHING;
    enum fault f = FAULT_NONE;
    bool is_over = false;
    while (!f && !is_over && await_next(channel, until_ms)) {
        next = look(channel);
        if (next == NEXT_RECORD)
            f = hear_record(channel, kept, &is_over);
        else if (next == NEXT_END)
            f = FAULT_CONNECTION_LOST;
        else
            is_over = next == NEXT_CLEAR;
    }
    if (channel_is_interrupted(channel))
        return FAULT_CANCELLED;
    return !f && !is_over && is_within_record(channel) ? FAULT_TIMED_OUT : f;
}

enum fault channel_unsecure(struct channel *channel)
{
    struct kept kept;
    if (!channel->tls || channel->unread_len)
        return FAULT_BUG;
    kept.len = 0;
    enum fault f = channel_tls_end(channel);
    if (!f) {
        socket_set_blocking(channel->fd, false);
        f = hear_end(channel, &kept);
        socket_set_blocking(channel->fd, true);
    }
    if (!f)
        f = channel_unread(channel, kept.bytes, kept.len);
    if (f) {
        (void)shutdown(channel->fd, SHUT_RDWR);
        return f;
    }
    channel_tls_free(channel->tls);
    channel->tls = NULL;
    channel->is_secured = false;
    return FAULT_NONE;
}
