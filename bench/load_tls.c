/* SPDX-License-Identifier: Apache-2.0 */
#include "load_tls.h"

#include <openssl/err.h>

/* Four records in one recv: 0.34 s of processor time a GiB; 256 KiB, which no cache has: 0.47. */
enum { BULK_BYTES = 64 * 1024 };

static int on_ticket(SSL *tls, SSL_SESSION *ticket)
{
    SSL_SESSION **place = SSL_get_app_data(tls);
    SSL_SESSION_free(*place);
    *place = ticket;
    return 1; /* the reference is ours */
}

/* OpenSSL would look for who signed even if nobody asks: 560 instead of 520 us a login. */
static int on_certificate(X509_STORE_CTX *chain, void *nothing)
{
    (void)chain;
    (void)nothing;
    return 1;
}

static bool set_up(SSL_CTX *context, const struct options *options)
{
    int version = options->security == SECURITY_TLS12 ? TLS1_2_VERSION : TLS1_3_VERSION;
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_cert_verify_callback(context, on_certificate, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* Not every server says goodbye; bytes are counted anyhow. */
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* A record's header and body, and where there are many records several, in one recv. */
    SSL_CTX_set_read_ahead(context, 1);
    return SSL_CTX_set_min_proto_version(context, version) &&
           SSL_CTX_set_max_proto_version(context, version) &&
           SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") &&
           SSL_CTX_set_cipher_list(context, "ECDHE+AES128+AESGCM");
}

/* It is told of tickets, and an idle session has no buffers. */
static void set_up_control(SSL_CTX *context)
{
    SSL_CTX_set_session_cache_mode(context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(context, on_ticket);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

/* With a cache, even an empty one, OpenSSL would resume a session of TLS 1.3 only once. */
static void set_up_data(SSL_CTX *context, const struct options *options)
{
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (options->bytes >= BULK_BYTES)
        SSL_CTX_set_default_read_buffer_len(context, BULK_BYTES);
}

bool tls_init(struct tls *tls, const struct options *options)
{
    tls->control = SSL_CTX_new(TLS_client_method());
    tls->data = SSL_CTX_new(TLS_client_method());
    if (!tls->control || !tls->data || !set_up(tls->control, options) ||
        !set_up(tls->data, options))
        return false;
    set_up_control(tls->control);
    set_up_data(tls->data, options);
    return true;
}

void tls_done(struct tls *tls)
{
    SSL_CTX_free(tls->control);
    SSL_CTX_free(tls->data);
}

static bool start(struct link *link, SSL_CTX *context)
{
    link->tls = SSL_new(context);
    if (!link->tls || !SSL_set_fd(link->tls, link->fd))
        return false;
    SSL_set_connect_state(link->tls);
    link->is_shaking = true;
    return true;
}

bool tls_secure_control(struct link *link, const struct tls *tls, SSL_SESSION **ret_ticket)
{
    return start(link, tls->control) && SSL_set_app_data(link->tls, ret_ticket);
}

bool tls_secure_data(struct link *link, const struct tls *tls, SSL_SESSION *ticket)
{
    return start(link, tls->data) && (!ticket || SSL_set_session(link->tls, ticket));
}

static ssize_t outcome(const struct link *link, int count)
{
    if (count > 0)
        return count;
    switch (SSL_get_error(link->tls, count)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return LINK_WAIT;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        ERR_clear_error();
        return LINK_LOST;
    }
}

ssize_t tls_shake(struct link *link)
{
    ssize_t n = outcome(link, SSL_do_handshake(link->tls));
    if (n > 0)
        link->is_shaking = false;
    return n ? n : LINK_LOST;
}

bool tls_is_resumed(const struct link *link)
{
    return SSL_session_reused(link->tls);
}

static int at_most(size_t len)
{
    return len < INT32_MAX ? (int)len : INT32_MAX;
}

ssize_t tls_send(struct link *link, const void *bytes, size_t len)
{
    return outcome(link, SSL_write(link->tls, bytes, at_most(len)));
}

ssize_t tls_receive(struct link *link, void *buffer, size_t size)
{
    return outcome(link, SSL_read(link->tls, buffer, at_most(size)));
}

void tls_end_sending(struct link *link)
{
    (void)SSL_shutdown(link->tls);
}

void tls_free(struct link *link)
{
    /* Or freeing takes the session for one that must not be resumed. */
    SSL_set_shutdown(link->tls, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(link->tls);
    link->tls = NULL;
}
