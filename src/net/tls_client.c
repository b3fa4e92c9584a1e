/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls_client.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/endpoint.h"
#include "base/memory.h"
#include "net/tls_parts.h"

enum {
    HOST_MAX = 253,    /* RFC 1035 2.3.4, as text and without the last dot */
    PROTOCOL_MAX = 255 /* RFC 7301 3.1 */
};

/*
 * First what our server would choose. Then what is good enough where a server is old: its
 * certificate is looked at all the same (no aNULL), and nobody reads along.
 */
static const char *const CIPHERS = "ECDHE+AESGCM+AES128:ECDHE+AESGCM:ECDHE+CHACHA20:HIGH:!aNULL:"
                                   "!eNULL:!PSK:!SRP:!DSS:!CAMELLIA:!ARIA:!3DES";

/* ---- Made once a run ---------------------------------------------------------- */

static enum fault trust_servers(SSL_CTX *context, const struct tls_client_rules *rules,
                                struct builder *b)
{
    const struct tls_trusted trusted = {rules->ca, rules->crl, "CA", "CRL"};
    enum fault f = FAULT_NONE;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, tls_shown_check, NULL);
    if (rules->ca.len)
        f = tls_trust(context, &trusted, b);
    else if (!SSL_CTX_set_default_verify_paths(context))
        f = FAULT_NO_MEMORY;
    /* Whoever names the server's own certificate, or one half way up, means just that. */
    if (!f && rules->ca.len &&
        !X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN))
        f = FAULT_NO_MEMORY;
    return f ? f : tls_distrust(context, &trusted, b);
}

static enum fault show_own(SSL_CTX *context, const struct tls_pair *pair, struct builder *b)
{
    struct tls_certificate own = {NULL};
    enum fault f = tls_certificate_read(pair, 0, &own, b);
    if (f)
        return f;
    ERR_clear_error();
    if (SSL_CTX_use_cert_and_key(context, own.leaf, own.key, own.chain, 1) != 1) {
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        builder_put_string(b, pair->chain_name ? pair->chain_name : "certificate");
        builder_put_string(b, ": ");
        builder_put_string(b, reason ? reason : "cannot be used");
        f = FAULT_ARGUMENT;
    }
    tls_certificate_clear(&own);
    return f;
}

static enum fault set_rules(SSL_CTX *context, const struct tls_client_rules *rules,
                            struct builder *b)
{
    if (!tls_set_versions(context, rules->only_1_3))
        return FAULT_NO_MEMORY;
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, tls_sessions_keep);
    enum fault f = tls_set_ciphers(context, rules->ciphers ? rules->ciphers : CIPHERS, b);
    if (!f)
        f = trust_servers(context, rules, b);
    if (!f && rules->pair)
        f = show_own(context, rules->pair, b);
    return f;
}

enum fault tls_client_new(const struct tls_client_rules *rules, struct tls_client **ret_client,
                          char message[TLS_MESSAGE_SIZE])
{
    struct builder b = builder_on(message, TLS_MESSAGE_SIZE);
    struct tls_client *client = memory_new(sizeof(*client));
    if (!client)
        return FAULT_NO_MEMORY;
    atomic_init(&client->references, 1);
    client->context = SSL_CTX_new(TLS_client_method());
    enum fault f = client->context ? set_rules(client->context, rules, &b) : FAULT_NO_MEMORY;
    ERR_clear_error();
    builder_end(&b);
    if (f)
        tls_client_unref(client);
    else
        *ret_client = client;
    return f;
}

struct tls_client *tls_client_ref(struct tls_client *client)
{
    atomic_fetch_add_explicit(&client->references, 1, memory_order_relaxed);
    return client;
}

void tls_client_unref(struct tls_client *client)
{
    if (!client || atomic_fetch_sub_explicit(&client->references, 1, memory_order_acq_rel) != 1)
        return;
    SSL_CTX_free(client->context);
    memory_free(client);
}

/* ---- One connection ------------------------------------------------------------ */

/* An address, which may have a zone behind it ("fe80::1%eth0"). */
static bool is_address(struct text host, union endpoint *ret_address)
{
    if (text_find(host, ':') < host.len)
        host.len = text_find(host, '%');
    return endpoint_parse_host(host, 0, ret_address);
}

static bool expect_address(X509_VERIFY_PARAM *expected, const union endpoint *address)
{
    if (address->any.sa_family == AF_INET)
        return X509_VERIFY_PARAM_set1_ip(expected, (const unsigned char *)&address->v4.sin_addr,
                                         sizeof(address->v4.sin_addr));
    return X509_VERIFY_PARAM_set1_ip(expected, (const unsigned char *)&address->v6.sin6_addr,
                                     sizeof(address->v6.sin6_addr));
}

/* RFC 6066 3: the name without a dot at its end; addresses are not named. */
static bool expect_name(SSL *end, X509_VERIFY_PARAM *expected, struct text host)
{
    char name[HOST_MAX + 1];
    struct builder b = builder_on(name, sizeof(name));
    if (host.len && host.at[host.len - 1] == '.')
        host.len--;
    builder_put(&b, host);
    builder_end(&b);
    if (b.full || !host.len)
        return false;
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(expected, host.at, host.len) &&
           SSL_set_tlsext_host_name(end, name);
}

static enum fault expect_host(SSL *end, struct text host, struct builder *b)
{
    union endpoint address;
    X509_VERIFY_PARAM *expected = SSL_get0_param(end);
    if (is_address(host, &address) ? expect_address(expected, &address)
                                   : expect_name(end, expected, host))
        return FAULT_NONE;
    builder_put_string(b, "this can be no host");
    return FAULT_ARGUMENT;
}

/* RFC 7301 3.1: a list of names, each with its length before it. */
static enum fault offer_protocol(SSL *end, struct text protocol, struct builder *b)
{
    unsigned char list[1 + PROTOCOL_MAX];
    if (!protocol.len)
        return FAULT_NONE;
    if (protocol.len > PROTOCOL_MAX) {
        builder_put_string(b, "this can be no protocol");
        return FAULT_ARGUMENT;
    }
    list[0] = (unsigned char)protocol.len;
    memcpy(list + 1, protocol.at, protocol.len);
    return SSL_set_alpn_protos(end, list, (unsigned)protocol.len + 1) ? FAULT_NO_MEMORY
                                                                      : FAULT_NONE;
}

static enum fault offer_session(SSL *end, const struct tls_client_handshake *how)
{
    tls_sessions_attach(how->sessions, end, how->is_data);
    if (!how->sessions || !how->is_data)
        return FAULT_NONE;
    SSL_SESSION *session = tls_sessions_take(how->sessions);
    bool is_set = !session || SSL_set_session(end, session);
    SSL_SESSION_free(session);
    return is_set ? FAULT_NONE : FAULT_NO_MEMORY;
}

enum fault tls_client_new_end(struct tls_client *client, struct tls_asking *asking, SSL **ret_end,
                              struct builder *b)
{
    SSL *end = SSL_new(client->context);
    if (!end || !tls_shown_attach(end, asking)) {
        SSL_free(end);
        return FAULT_NO_MEMORY;
    }
    SSL_set_connect_state(end);
    enum fault f = expect_host(end, asking->how->host, b);
    if (!f)
        f = offer_protocol(end, asking->how->protocol, b);
    if (!f)
        f = offer_session(end, asking->how);
    if (f)
        SSL_free(end);
    else
        *ret_end = end;
    return f;
}

void tls_client_asked(SSL *end)
{
    (void)tls_shown_attach(end, NULL);
}
