/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_parts: what the files that call OpenSSL share. For net/tls* and
 * net/channel_tls.c alone.
 */
#ifndef FERRY_NET_TLS_PARTS_H
#define FERRY_NET_TLS_PARTS_H

#include <stdatomic.h>

#include <openssl/ssl.h>

#include "net/tls.h"

struct tls_certificate {
    X509 *leaf;             /* owned */
    STACK_OF(X509) * chain; /* owned: those that sign it */
    EVP_PKEY *key;          /* owned */
};

struct tls {
    atomic_size_t references;
    SSL_CTX *context;                     /* owned; has no certificate of its own */
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

/* Whose certificates hold, and which of them hold no more. */
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

/* Why OpenSSL failed, as a debug line of the log; forgets it. */
void tls_log_failure(const char *event);

#endif
