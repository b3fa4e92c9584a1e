/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_parts: what the files that call OpenSSL share. For net/tls* and
 * net/channel_tls* alone.
 */
#ifndef FERRY_NET_TLS_PARTS_H
#define FERRY_NET_TLS_PARTS_H

#include <stdatomic.h>

#include <openssl/ssl.h>

#include "net/tls_client.h"

struct tls_certificate {
    X509 *leaf;             /* owned */
    STACK_OF(X509) * chain; /* owned: those that sign it */
    EVP_PKEY *key;          /* owned */
};

struct tls {
    atomic_size_t references;
    SSL_CTX *context;                     /* owned; shows the first of the certificates */
    BIO_METHOD *link_method;              /* owned: tls_link_new_method's */
    struct tls_certificate *certificates; /* owned */
    size_t certificate_count;
    int64_t expires_at;
};

/* Each returns FAULT_ARGUMENT with the message's beginning in `b`, or FAULT_NO_MEMORY. */
enum fault tls_certificate_read(const struct tls_pair *pair, size_t number,
                                struct tls_certificate *ret_certificate, struct builder *b);
/* Accepts one that is all NULL. */
void tls_certificate_clear(struct tls_certificate *certificate);

/* Versions, groups and what else both ends have in common. False: no memory. */
bool tls_set_versions(SSL_CTX *context, bool only_1_3);
enum fault tls_set_ciphers(SSL_CTX *context, const char *ciphers, struct builder *b);

/* Whose certificates hold, and which of them hold no more: PEM, and what messages call it. */
struct tls_trusted {
    struct text ca;
    struct text crl;     /* empty: none */
    const char *ca_name; /* borrowed: static, as all below */
    const char *crl_name;
};

enum fault tls_trust(SSL_CTX *context, const struct tls_trusted *trusted, struct builder *b);
enum fault tls_distrust(SSL_CTX *context, const struct tls_trusted *trusted, struct builder *b);
/* Both, of clients. */
enum fault tls_trust_clients(SSL_CTX *context, const struct tls_rules *rules, struct builder *b);

/*
 * The server's end of a connection that shows that pair, and whose sessions are
 * good where the identity is the same. NULL: no memory.
 */
SSL *tls_new_end(struct tls *tls, size_t pair,
                 const unsigned char identity[static TLS_IDENTITY_BYTES]);

/* Shows this pair instead of another one. False: it cannot. */
bool tls_show_pair(SSL *end, const struct tls_certificate *certificate);

/* How the end of a control connection reads and writes. NULL: no memory. */
BIO_METHOD *tls_link_new_method(void);

/* For a control connection: the client names a host (SNI). */
int tls_link_on_server_name(SSL *end, int *ret_alert, void *tls);

/* The SHA-256: "ab:cd:...". */
void tls_put_digest(const X509 *certificate, struct builder *b);
/* Seconds since 1970; 0: it is no time. */
int64_t tls_seconds_of(const ASN1_TIME *time);

/* ---- The user's side --------------------------------------------------------- */

struct tls_client {
    atomic_size_t references;
    SSL_CTX *context; /* owned */
};

/* One handshake, as long as it lasts. */
struct tls_asking {
    const struct tls_client_handshake *how; /* borrowed: the caller's */
    unsigned doubts;                        /* of enum tls_doubt */
    const char *words;                      /* borrowed: static; of the first; NULL: none */
    int64_t asked_ms;                       /* how long the answers took */
    bool is_refused;
};

/*
 * The client's end of a connection: names the host, offers the protocol and, for data, a
 * session. `asking` is done with by tls_client_asked. FAULT_ARGUMENT with a message: no
 * such host name or protocol; FAULT_NO_MEMORY.
 */
enum fault tls_client_new_end(struct tls_client *client, struct tls_asking *asking, SSL **ret_end,
                              struct builder *b);
/* The handshake is over: nobody is asked any more. */
void tls_client_asked(SSL *end);

/* For SSL_CTX_set_cert_verify_callback: checks the chain, then asks whoever decides. */
int tls_shown_check(X509_STORE_CTX *checked, void *nothing);
/* Connects an end with what it asks; NULL: with nothing. False: no memory. */
bool tls_shown_attach(SSL *end, struct tls_asking *asking);

/* For SSL_CTX_sess_set_new_cb: what the server gave goes to the sessions of that end. */
int tls_sessions_keep(SSL *end, SSL_SESSION *session);
/* From now on an end gives its sessions there; the data connections' only if it resumed one. */
void tls_sessions_attach(struct tls_sessions *sessions, SSL *end, bool is_data);
/* One to resume, which is the caller's; NULL: there is none, or no memory. */
SSL_SESSION *tls_sessions_take(struct tls_sessions *sessions);

/* Why OpenSSL failed, as a debug line of the log; forgets it. */
void tls_log_failure(const char *event);

#endif
