/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_client: what TLS connections of the user's side are made by, as an
 * immutable counted value (OpenSSL's SSL_CTX), made once a run. It opens no
 * file but the system's store of authorities: whoever may read the rest gives
 * its bytes. TLS 1.2 and 1.3 only, no renegotiation, no compression, no early
 * data. Made by one thread; used by any. channel_secure_client uses it.
 *
 * Whether a server's certificate will do is decided by the caller, handshake
 * by handshake; whoever decides nothing goes on only with one that holds.
 */
#ifndef FERRY_NET_TLS_CLIENT_H
#define FERRY_NET_TLS_CLIENT_H

#include "net/tls.h"

struct tls_client_rules {
    struct text ca;              /* PEM: who may sign certificates; empty: whom the system trusts */
    struct text crl;             /* PEM: those that hold no more; empty: that is not looked at */
    const struct tls_pair *pair; /* borrowed for the call: ours, where we are asked; NULL: none */
    bool only_1_3;
    /* borrowed for the call: OpenSSL's list for TLS 1.2; NULL: the server's, then older ones */
    const char *ciphers;
};

struct tls_client;

/*
 * FAULT_ARGUMENT with a message that names what is wrong (our certificate or key by its
 * name, "CA", "CRL", "ciphers"), FAULT_NO_MEMORY. With a CRL there has to be one
 * of each server's authority.
 */
enum fault tls_client_new(const struct tls_client_rules *rules, struct tls_client **ret_client,
                          char message[TLS_MESSAGE_SIZE]);
struct tls_client *tls_client_ref(struct tls_client *client);
/* Accepts NULL. */
void tls_client_unref(struct tls_client *client);

/* ---- A server's certificate --------------------------------------------------- */

/* What speaks against it; any number of them at once. */
enum tls_doubt {
    TLS_DOUBT_SELF_SIGNED = 1 << 0,
    TLS_DOUBT_UNKNOWN_ISSUER = 1 << 1,
    TLS_DOUBT_EXPIRED = 1 << 2, /* or one of those that signed it */
    TLS_DOUBT_NOT_YET_VALID = 1 << 3,
    TLS_DOUBT_WRONG_NAME = 1 << 4,
    TLS_DOUBT_REVOKED = 1 << 5,
    TLS_DOUBT_REVOCATION_UNKNOWN = 1 << 6, /* no list, or one that is too old */
    TLS_DOUBT_WEAK = 1 << 7,               /* a key or signature that can be broken */
    TLS_DOUBT_OTHER = 1 << 8,              /* a signature that is wrong, a purpose, ... */
};

enum { TLS_SHOWN_NAME_SIZE = 256 };

/* Texts have no control characters and are cut at their size; each ends with a NUL. */
struct tls_shown {
    char fingerprint[TLS_FINGERPRINT_SIZE]; /* SHA-256, "ab:cd:..." */
    char subject[TLS_SHOWN_NAME_SIZE];      /* "CN=ftp.example,O=..." (RFC 2253) */
    char issuer[TLS_SHOWN_NAME_SIZE];
    char names[TLS_SHOWN_NAME_SIZE]; /* hosts it is for: "ftp.example, 192.0.2.1"; may be empty */
    int64_t valid_from;              /* seconds since 1970; 0: it does not say */
    int64_t valid_until;
    unsigned doubts;   /* of enum tls_doubt; 0: it holds */
    const char *words; /* borrowed: static; OpenSSL's, of the first doubt; "" without */
};

/* "it has expired; it is for another host": every doubt in words for people. */
void tls_put_doubts(unsigned doubts, struct builder *b);

/* ---- A handshake --------------------------------------------------------------- */

/*
 * Sessions that one control connection was given and its data connections resume: servers
 * ask for that as proof that both are the same client's. Any thread; it outlives the channels.
 */
struct tls_sessions;

/* NULL: no memory. */
struct tls_sessions *tls_sessions_new(void);
/* Accepts NULL. */
void tls_sessions_free(struct tls_sessions *sessions);

struct tls_client_handshake {
    struct text host;     /* borrowed for the call: name (A-labels) or address of the server */
    struct text protocol; /* borrowed for the call: ALPN, "ftp"; empty: none is named */
    /* borrowed: outlives the channel; NULL: none is kept or resumed */
    struct tls_sessions *sessions;
    bool is_data; /* resumes one of `sessions`, which a control connection fills */
    /*
     * Does the server's certificate do? Asked before anything of ours is told, by the thread
     * that shakes hands, whose time stands still meanwhile; not asked where a session is
     * resumed, whose server has proven to be the one that was asked about. NULL: one that
     * holds does.
     */
    bool (*on_certificate)(void *owner, const struct tls_shown *shown);
    void *owner; /* borrowed for the call */
};

#endif
