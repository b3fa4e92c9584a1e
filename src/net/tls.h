/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls: certificates, versions and rules that TLS connections are made by, as
 * an immutable counted value (OpenSSL's SSL_CTX). It opens no file: whoever
 * may read the key gives its bytes. Sessions keep the one they began with.
 * TLS 1.2 and 1.3 only, no renegotiation, no compression, no early data.
 * Made by one thread; used by any.
 */
#ifndef FERRY_NET_TLS_H
#define FERRY_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"

enum {
    TLS_MESSAGE_SIZE = 512,
    TLS_FINGERPRINT_SIZE = 32 * 3, /* "ab:cd:...", without an end */
    TLS_PAIRS_MAX = 64,            /* certificates with their keys */
    TLS_IDENTITY_BYTES = 32        /* of a session: what binds its data connections to it */
};

/* A certificate and its key, in PEM. */
struct tls_pair {
    struct text chain;      /* the server's first, then those that sign it */
    struct text key;        /* empty: it is in `chain`. No passphrase. The caller wipes it */
    const char *chain_name; /* borrowed for the call: what messages call it; NULL: by its number */
    const char *key_name;   /* borrowed for the call: likewise */
};

enum tls_client_certificate { TLS_CLIENT_NOT_ASKED, TLS_CLIENT_OPTIONAL, TLS_CLIENT_REQUIRED };

struct tls_rules {
    const struct tls_pair *pairs; /* borrowed for the call, as all here; the first is the default */
    size_t pair_count;
    bool only_1_3;
    /* borrowed: OpenSSL's list for TLS 1.2; NULL: ECDHE with AES-GCM or ChaCha20 */
    const char *ciphers;
    struct text client_ca;  /* PEM: who may sign certificates of clients; empty: nobody */
    struct text client_crl; /* PEM: certificates that hold no more; empty: none */
    enum tls_client_certificate clients;
    bool with_tickets; /* sessions can be resumed; false: every handshake is a full one */
};

struct tls;

/*
 * FAULT_ARGUMENT with a message that names what is wrong (a certificate or key by
 * its name, or its number from 1; "ciphers", "client CA", ...), FAULT_NO_MEMORY.
 */
enum fault tls_new(const struct tls_rules *rules, struct tls **ret_tls,
                   char message[TLS_MESSAGE_SIZE]);
struct tls *tls_ref(struct tls *tls);
/* Accepts NULL. */
void tls_unref(struct tls *tls);

/* The pair whose certificate is for this host name (SAN, wildcards too); false: none is. */
bool tls_find_pair(const struct tls *tls, struct text host, size_t *ret_index);
/* When the first of the certificates expires: seconds since 1970. */
int64_t tls_expires_at(const struct tls *tls);

/* The SHA-256 of a pair's certificate as clients show it: "ab:cd:...". */
void tls_put_fingerprint(const struct tls *tls, size_t index, struct builder *b);

/*
 * A certificate that signs itself, for that host name, and its key (P-256), in
 * PEM: both are the caller's. FAULT_NO_MEMORY.
 */
enum fault tls_make_self_signed(const char *host, char **ret_certificate, char **ret_key);

/* Does this kernel encrypt by itself (TCP_ULP "tls")? */
bool tls_kernel_can(void);

/*
 * What binds data connections to a control connection: they are made by the
 * same rules, show the same certificate, and may resume its TLS session and
 * nobody else's. Copied freely; `tls` is the session's.
 */
struct tls_bond {
    struct tls *tls; /* borrowed: the control connection's link */
    size_t pair;     /* whose certificate is shown */
    unsigned char identity[TLS_IDENTITY_BYTES];
    bool must_resume; /* data_tls_reuse = require */
};

#endif
