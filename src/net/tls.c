/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/x509v3.h>

#include "base/log.h"
#include "base/memory.h"
#include "net/tls_parts.h"

enum {
    /* TLS 1.2 without tickets: sessions kept here, one for each control connection. */
    SESSIONS_MAX = 20000,
    /* They end with their control connection; this is as long as TLS lets a ticket live. */
    SESSION_SECONDS = 7 * 24 * 3600
};

/*
 * AES with 128 bits first: it is as far out of anybody's reach as with 256, and takes a
 * quarter less time, on both ends of a transfer.
 */
static const char *const SUITES = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                  "TLS_CHACHA20_POLY1305_SHA256";
static const char *const CIPHERS = "ECDHE+AESGCM+AES128:ECDHE+AESGCM:ECDHE+CHACHA20";
static const char *const GROUPS = "X25519:P-256:P-384";

void tls_log_failure(const char *event)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    log_debug(event, LOG_TEXT("reason", reason ? text_of(reason) : TEXT("connection ended")));
    ERR_clear_error();
}

/*
 * A client that speaks another protocol is not to be answered: what it sends
 * could have been made by a third party (ALPACA). FileZilla says ftp-data on
 * data connections.
 */
static int choose_protocol(SSL *end, const unsigned char **ret_chosen, unsigned char *ret_len,
                           const unsigned char *offered, unsigned offered_len, void *owner)
{
    static const unsigned char ours[] = "\3ftp\10ftp-data";
    unsigned char *chosen;
    (void)end;
    (void)owner;
    if (SSL_select_next_proto(&chosen, ret_len, ours, sizeof(ours) - 1, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *ret_chosen = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void set_resumption(SSL_CTX *context, bool with_tickets)
{
    if (!with_tickets) {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_num_tickets(context, 0);
        return;
    }
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(context, SESSIONS_MAX);
    SSL_CTX_set_timeout(context, SESSION_SECONDS);
    SSL_CTX_set_num_tickets(context, 1);
}

bool tls_set_versions(SSL_CTX *context, bool only_1_3)
{
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* An end without close_notify could be anybody's. */
    SSL_CTX_clear_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    return SSL_CTX_set_min_proto_version(context, only_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION) &&
           SSL_CTX_set1_groups_list(context, GROUPS) && SSL_CTX_set_ciphersuites(context, SUITES);
}

enum fault tls_set_ciphers(SSL_CTX *context, const char *ciphers, struct builder *b)
{
    if (SSL_CTX_set_cipher_list(context, ciphers))
        return FAULT_NONE;
    builder_put_string(b, "ciphers: none of them is known");
    return FAULT_ARGUMENT;
}

static enum fault set_rules(struct tls *tls, const struct tls_rules *rules, struct builder *b)
{
    SSL_CTX *context = tls->context;
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    SSL_CTX_set_tlsext_servername_callback(context, tls_link_on_server_name);
    SSL_CTX_set_tlsext_servername_arg(context, tls);
    set_resumption(context, rules->with_tickets);
    if (!tls_set_versions(context, rules->only_1_3))
        return FAULT_NO_MEMORY;
    enum fault f = tls_set_ciphers(context, rules->ciphers ? rules->ciphers : CIPHERS, b);
    return f ? f : tls_trust_clients(context, rules, b);
}

/*
 * The first pair is the context's: most servers have no other, and to check it once more for each
 * connection would take 5 of the 10 us that making an end takes.
 */
static bool show_by_default(SSL_CTX *context, const struct tls_certificate *first)
{
    return SSL_CTX_use_cert_and_key(context, first->leaf, first->key, first->chain, 1) == 1;
}

/* OpenSSL may find a key too short for its security level. */
static enum fault check_pair(struct tls *tls, const struct tls_certificate *certificate,
                             const char *name, size_t number, struct builder *b)
{
    SSL *end = SSL_new(tls->context);
    enum fault f = end ? FAULT_NONE : FAULT_NO_MEMORY;
    ERR_clear_error();
    if (!f && !(number == 1 ? show_by_default(tls->context, certificate)
                            : tls_show_pair(end, certificate))) {
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        builder_put_string(b, name ? name : "certificate ");
        if (!name)
            builder_put_number(b, number);
        builder_put_string(b, ": ");
        builder_put_string(b, reason ? reason : "cannot be used");
        f = FAULT_ARGUMENT;
    }
    SSL_free(end);
    return f;
}

int64_t tls_seconds_of(const ASN1_TIME *time)
{
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) ? timegm(&parts) : 0;
}

static enum fault read_pairs(struct tls *tls, const struct tls_rules *rules, struct builder *b)
{
    tls->certificates = memory_new_array(rules->pair_count, sizeof(*tls->certificates));
    if (!tls->certificates)
        return FAULT_NO_MEMORY;
    tls->expires_at = INT64_MAX;
    for (size_t i = 0; i < rules->pair_count; i++) {
        struct tls_certificate *certificate = &tls->certificates[i];
        enum fault f = tls_certificate_read(&rules->pairs[i], i + 1, certificate, b);
        if (f)
            return f;
        tls->certificate_count++;
        f = check_pair(tls, certificate, rules->pairs[i].chain_name, i + 1, b);
        if (f)
            return f;
        int64_t expires_at = tls_seconds_of(X509_get0_notAfter(certificate->leaf));
        if (expires_at < tls->expires_at)
            tls->expires_at = expires_at;
    }
    return FAULT_NONE;
}

/*
 * OpenSSL makes all methods of an operation when the first of them is asked for, and one that
 * memory was refused to then is missing for good (3.0): each handshake would fail from there on.
 * So they are made when the server starts.
 */
static bool make_methods(void)
{
    EVP_KDF *derivation = EVP_KDF_fetch(NULL, "TLS13-KDF", NULL);
    EVP_KEYMGMT *key = EVP_KEYMGMT_fetch(NULL, "X25519", NULL);
    EVP_KEYEXCH *exchange = EVP_KEYEXCH_fetch(NULL, "X25519", NULL);
    EVP_SIGNATURE *signature = EVP_SIGNATURE_fetch(NULL, "ECDSA", NULL);
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_RAND *generator = EVP_RAND_fetch(NULL, "CTR-DRBG", NULL);
    bool is_made = derivation && key && exchange && signature && mac && generator;
    EVP_RAND_free(generator);
    EVP_MAC_free(mac);
    EVP_SIGNATURE_free(signature);
    EVP_KEYEXCH_free(exchange);
    EVP_KEYMGMT_free(key);
    EVP_KDF_free(derivation);
    return is_made;
}

static enum fault fill(struct tls *tls, const struct tls_rules *rules, struct builder *b)
{
    if (!rules->pair_count || rules->pair_count > TLS_PAIRS_MAX) {
        builder_put_string(b, rules->pair_count ? "certificates: too many" : "certificate: none");
        return FAULT_ARGUMENT;
    }
    tls->context = SSL_CTX_new(TLS_server_method());
    tls->link_method = tls_link_new_method();
    if (!tls->context || !tls->link_method || !make_methods())
        return FAULT_NO_MEMORY;
    enum fault f = set_rules(tls, rules, b);
    return f ? f : read_pairs(tls, rules, b);
}

enum fault tls_new(const struct tls_rules *rules, struct tls **ret_tls,
                   char message[TLS_MESSAGE_SIZE])
{
    struct builder b = builder_on(message, TLS_MESSAGE_SIZE);
    struct tls *tls = memory_new(sizeof(*tls));
    if (!tls)
        return FAULT_NO_MEMORY;
    atomic_init(&tls->references, 1);
    enum fault f = fill(tls, rules, &b);
    ERR_clear_error();
    builder_end(&b);
    if (f)
        tls_unref(tls);
    else
        *ret_tls = tls;
    return f;
}

struct tls *tls_ref(struct tls *tls)
{
    atomic_fetch_add_explicit(&tls->references, 1, memory_order_relaxed);
    return tls;
}

void tls_unref(struct tls *tls)
{
    if (!tls || atomic_fetch_sub_explicit(&tls->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < tls->certificate_count; i++)
        tls_certificate_clear(&tls->certificates[i]);
    memory_free(tls->certificates);
    BIO_meth_free(tls->link_method);
    SSL_CTX_free(tls->context);
    memory_free(tls);
}

bool tls_find_pair(const struct tls *tls, struct text host, size_t *ret_index)
{
    if (!host.len)
        return false;
    for (size_t i = 0; i < tls->certificate_count; i++) {
        if (X509_check_host(tls->certificates[i].leaf, host.at, host.len,
                            X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

void tls_put_digest(const X509 *certificate, struct builder *b)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    (void)X509_digest(certificate, EVP_sha256(), digest, &len);
    for (unsigned i = 0; i < len; i++) {
        if (i)
            builder_put_byte(b, ':');
        builder_put_hex_byte(b, digest[i]);
    }
}

void tls_put_fingerprint(const struct tls *tls, size_t index, struct builder *b)
{
    tls_put_digest(tls->certificates[index].leaf, b);
}

int64_t tls_expires_at(const struct tls *tls)
{
    return tls->expires_at;
}

bool tls_show_pair(SSL *end, const struct tls_certificate *certificate)
{
    SSL_certs_clear(end); /* one of another kind would stay beside it */
    return SSL_use_cert_and_key(end, certificate->leaf, certificate->key, certificate->chain, 1) ==
           1;
}

SSL *tls_new_end(struct tls *tls, size_t pair,
                 const unsigned char identity[static TLS_IDENTITY_BYTES])
{
    SSL *end = SSL_new(tls->context);
    if (!end)
        return NULL;
    SSL_set_accept_state(end);
    if (SSL_set_session_id_context(end, identity, TLS_IDENTITY_BYTES) == 1 &&
        (!pair || tls_show_pair(end, &tls->certificates[pair])))
        return end;
    SSL_free(end);
    return NULL;
}

bool tls_kernel_can(void)
{
    static const char name[] = "tls";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    /* Where the kernel knows the name it complains that there is no connection. */
    bool can = setsockopt(fd, IPPROTO_TCP, TCP_ULP, name, sizeof(name)) && errno == ENOTCONN;
    close(fd);
    return can;
}
