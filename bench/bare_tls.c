/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FTPS by OpenSSL, with ferryd's own choice of versions, suites and groups. Records gather in the
 * loop before they leave: a handshake's flight, a piece of a file, the end of the stream make one
 * write. A session's ticket comes with the control connection; data connections resume it and get
 * none of their own.
 */
#include "bare.h"

#include <errno.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/memory.h"
#include "net/tls.h"

enum { DATA_READ_BYTES = 128 * 1024 }; /* of records received at once on a data connection */

struct tls_side {
    SSL_CTX *context;   /* owned */
    BIO_METHOD *method; /* owned: of gather */
};

struct tls_end {
    struct loop *loop; /* borrowed: lives as long as the program */
    SSL *ssl;          /* owned */
    int fd;            /* the session's */
    size_t unsent_at;
    size_t unsent_len;
    char *unsent; /* owned: what the socket had no room for; NULL: nothing */
};

/* ---- Where OpenSSL writes to ---------------------------------------------------------------- */

static int gather(BIO *bio, const char *bytes, int len)
{
    struct loop *loop = BIO_get_data(bio);
    if (len < 0 || (size_t)len > SEALED_BYTES - loop->sealed_len)
        return -1;
    memcpy(loop->sealed + loop->sealed_len, bytes, (size_t)len);
    loop->sealed_len += (size_t)len;
    return len;
}

static long control_gathering(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO *new_gathering(struct loop *loop)
{
    BIO *bio = BIO_new(loop->tls->method);
    if (bio) {
        BIO_set_data(bio, loop);
        BIO_set_init(bio, 1);
    }
    return bio;
}

/* ---- Rules ---------------------------------------------------------------------------------- */

static void show_pair(SSL_CTX *context, const char *certificate, const char *key)
{
    static char *own_certificate; /* made once: all loops show the same */
    static char *own_key;
    if (certificate && key) {
        must(SSL_CTX_use_certificate_chain_file(context, certificate) == 1, certificate);
        must(SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1, key);
        return;
    }
    must(own_key || !tls_make_self_signed("localhost", &own_certificate, &own_key), "certificate");
    BIO *reader = BIO_new_mem_buf(own_certificate, -1);
    BIO *key_reader = BIO_new_mem_buf(own_key, -1);
    X509 *x509 = PEM_read_bio_X509(reader, NULL, NULL, NULL);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(key_reader, NULL, NULL, NULL);
    must(SSL_CTX_use_cert_and_key(context, x509, pkey, NULL, 1) == 1, "certificate");
    X509_free(x509);
    EVP_PKEY_free(pkey);
    BIO_free(reader);
    BIO_free(key_reader);
}

struct tls_side *tls_new_side(const char *certificate, const char *key)
{
    struct tls_side *side = memory_new(sizeof(*side));
    must(side, "memory");
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    must(context && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) &&
             SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") &&
             SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384") &&
             SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM+AES128:ECDHE+AESGCM") &&
             SSL_CTX_set_session_id_context(context, (const unsigned char *)"bare", 4),
         "TLS");
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* tickets keep the state */
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_read_ahead(context, 1); /* one recv for a record, not two */
    show_pair(context, certificate, key);
    side->context = context;
    side->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gathering");
    must(side->method && BIO_meth_set_write(side->method, gather) &&
             BIO_meth_set_ctrl(side->method, control_gathering),
         "BIO");
    return side;
}

struct tls_end *tls_begin(struct session *s, int fd, bool is_data)
{
    struct tls_end *end = memory_new(sizeof(*end));
    if (!end)
        return NULL;
    end->loop = s->loop;
    end->fd = fd;
    end->ssl = SSL_new(s->loop->tls->context);
    BIO *reader = BIO_new_socket(fd, BIO_NOCLOSE);
    BIO *writer = new_gathering(s->loop);
    if (!end->ssl || !reader || !writer) {
        BIO_free(reader);
        BIO_free(writer);
        tls_free(end);
        return NULL;
    }
    SSL_set_bio(end->ssl, reader, writer);
    SSL_set_accept_state(end->ssl);
    if (is_data) {
        SSL_set_num_tickets(end->ssl, 0);
        if (s->move == MOVE_RECEIVE)
            SSL_set_default_read_buffer_len(end->ssl, DATA_READ_BYTES);
    }
    return end;
}

void tls_free(struct tls_end *end)
{
    if (!end)
        return;
    SSL_free(end->ssl);
    memory_free(end->unsent);
    memory_free(end);
}

/* ---- Bytes ------------------------------------------------------------------------------------
 */

static ssize_t outcome_of(struct tls_end *end, int n)
{
    int error = SSL_get_error(end->ssl, n);
    if (error == SSL_ERROR_WANT_READ)
        return TLS_WANTS_READ;
    if (error == SSL_ERROR_ZERO_RETURN)
        return TLS_ENDED;
    ERR_clear_error();
    return TLS_FAILED;
}

static bool keep_unsent(struct tls_end *end, const char *bytes, size_t len)
{
    end->unsent = memory_copy(bytes, len);
    end->unsent_at = 0;
    end->unsent_len = len;
    return end->unsent;
}

/* What is sealed leaves, as far as the socket takes it; TLS_READY: all. */
static ssize_t flush(struct tls_end *end)
{
    struct loop *loop = end->loop;
    char *bytes = end->unsent ? end->unsent + end->unsent_at : loop->sealed;
    size_t len = end->unsent ? end->unsent_len - end->unsent_at : loop->sealed_len;
    loop->sealed_len = 0;
    if (!len)
        return TLS_READY;
    ssize_t n = send(end->fd, bytes, len, 0);
    if (n < 0 && errno != EAGAIN)
        return TLS_FAILED;
    size_t sent = n > 0 ? (size_t)n : 0;
    if (end->unsent)
        end->unsent_at += sent;
    else if (sent < len && !keep_unsent(end, bytes + sent, len - sent))
        return TLS_FAILED;
    if (sent < len)
        return TLS_WANTS_WRITE;
    memory_free(end->unsent);
    end->unsent = NULL;
    return TLS_READY;
}

ssize_t tls_ready(struct tls_end *end)
{
    int n = SSL_is_init_finished(end->ssl) ? 1 : SSL_do_handshake(end->ssl);
    ssize_t outcome = n == 1 ? TLS_READY : outcome_of(end, n);
    ssize_t flushed = flush(end);
    if (flushed != TLS_READY)
        return flushed;
    if (outcome == TLS_READY && SSL_get_shutdown(end->ssl) & SSL_SENT_SHUTDOWN)
        return TLS_ENDED;
    return outcome;
}

ssize_t tls_read(struct tls_end *end, char *bytes, size_t len)
{
    int n = SSL_read(end->ssl, bytes, (int)len);
    ssize_t outcome = n > 0 ? n : outcome_of(end, n);
    if (end->loop->sealed_len && flush(end) != TLS_READY) /* the handshake's; it always fits */
        return TLS_FAILED;
    return outcome;
}

bool tls_write(struct tls_end *end, const char *bytes, size_t len)
{
    return !len || SSL_write(end->ssl, bytes, (int)len) == (int)len;
}

void tls_finish(struct tls_end *end)
{
    (void)SSL_shutdown(end->ssl);
    ERR_clear_error();
}
