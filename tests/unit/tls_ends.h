/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_ends: certificates, a server's link without a socket, and a client of
 * OpenSSL's at its other end, for tests of TLS. Include it once a program.
 */
#ifndef FERRY_TESTS_TLS_ENDS_H
#define FERRY_TESTS_TLS_ENDS_H

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/memory.h"
#include "net/tls_link.h"
#include "tests/unit/unit.h"

enum { ENDS_WIRE_BYTES = 512 * 1024 };

/* ---- The server's rules ---------------------------------------------------------- */

struct ends_pair {
    char *certificate; /* owned */
    char *key;         /* owned */
};

static inline struct ends_pair ends_make_pair(const char *host)
{
    struct ends_pair pair;
    assert_fault(tls_make_self_signed(host, &pair.certificate, &pair.key), FAULT_NONE);
    return pair;
}

static inline void ends_free_pair(struct ends_pair *pair)
{
    memory_free(pair->certificate);
    memory_free(pair->key);
}

/* With what a test wants otherwise in `rules`, and one pair for server.example. */
static inline struct tls *ends_make_tls(struct tls_rules rules)
{
    char message[TLS_MESSAGE_SIZE] = "";
    struct ends_pair made = ends_make_pair("server.example");
    struct tls_pair pair = {text_of(made.certificate), text_of(made.key)};
    struct tls *tls = NULL;
    if (!rules.pair_count) {
        rules.pairs = &pair;
        rules.pair_count = 1;
    }
    enum fault f = tls_new(&rules, &tls, message);
    ends_free_pair(&made);
    if (f)
        fail_msg("FAULT_%s: %s", fault_name(f), message);
    return tls;
}

/* ---- The client ---------------------------------------------------------------------- */

struct ends_client {
    SSL_CTX *context;     /* owned */
    SSL_SESSION *session; /* owned: the newest; NULL: none yet */
    unsigned tickets;
};

static inline int ends_keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct ends_client *client = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    SSL_SESSION_free(client->session);
    client->session = session;
    client->tickets++;
    return 1;
}

/* `version`: TLS1_2_VERSION or TLS1_3_VERSION, and no other. */
static inline void ends_open_client(struct ends_client *client, int version)
{
    *client = (struct ends_client){.context = SSL_CTX_new(TLS_client_method())};
    assert_non_null(client->context);
    SSL_CTX_set_min_proto_version(client->context, version);
    SSL_CTX_set_max_proto_version(client->context, version);
    SSL_CTX_set_session_cache_mode(client->context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(client->context, ends_keep_session);
    SSL_CTX_set_app_data(client->context, client);
}

static inline void ends_close_client(struct ends_client *client)
{
    SSL_SESSION_free(client->session);
    SSL_CTX_free(client->context);
}

/* ---- Both, with a wire in between ------------------------------------------------------- */

struct ends {
    struct tls_link *link;       /* owned */
    SSL *client;                 /* owned */
    BIO *to_client;              /* borrowed: the client's */
    BIO *to_server;              /* borrowed: the client's */
    char heard[ENDS_WIRE_BYTES]; /* what the server read */
    size_t heard_len;
};

static inline void ends_send_to_client(void *owner, struct text bytes)
{
    struct ends *ends = owner;
    assert_int_equal(BIO_write(ends->to_client, bytes.at, (int)bytes.len), (int)bytes.len);
}

static inline struct ends *ends_open(struct tls *tls, const char *host, struct ends_client *client)
{
    struct ends *ends = memory_new(sizeof(*ends));
    assert_non_null(ends);
    assert_fault(tls_link_new(tls, text_of(host), ends_send_to_client, ends, &ends->link),
                 FAULT_NONE);
    ends->client = SSL_new(client->context);
    ends->to_client = BIO_new(BIO_s_mem());
    ends->to_server = BIO_new(BIO_s_mem());
    SSL_set_bio(ends->client, ends->to_client, ends->to_server);
    SSL_set_connect_state(ends->client);
    return ends;
}

static inline void ends_close(struct ends *ends)
{
    tls_link_free(ends->link);
    SSL_free(ends->client);
    memory_free(ends);
}

/* The server reads what it was fed to the end. */
static inline enum tls_state ends_feed(struct ends *ends, struct text bytes)
{
    enum tls_state state;
    size_t len;
    tls_link_feed(ends->link, bytes);
    do {
        state = tls_link_read(ends->link, ends->heard + ends->heard_len,
                              sizeof(ends->heard) - ends->heard_len, &len);
        ends->heard_len += len;
    } while (len);
    return state;
}

/* What the client has said goes to the server. */
static inline enum tls_state ends_pump(struct ends *ends)
{
    static char wire[ENDS_WIRE_BYTES];
    int len = BIO_read(ends->to_server, wire, sizeof(wire));
    return len > 0 ? ends_feed(ends, (struct text){wire, (size_t)len}) : tls_link_state(ends->link);
}

/* Until neither has more to say. */
static inline enum tls_state ends_shake_hands(struct ends *ends)
{
    for (int i = 0; i < 8; i++) {
        ERR_clear_error();
        (void)SSL_do_handshake(ends->client);
        (void)ends_pump(ends);
    }
    return tls_link_state(ends->link);
}

/* What has come for the client. */
static inline struct text ends_client_read(struct ends *ends)
{
    static char bytes[ENDS_WIRE_BYTES];
    int len = SSL_read(ends->client, bytes, sizeof(bytes));
    return (struct text){bytes, len > 0 ? (size_t)len : 0};
}

static inline void ends_client_write(struct ends *ends, const char *words)
{
    assert_int_equal(SSL_write(ends->client, words, (int)strlen(words)), (int)strlen(words));
}

static inline void assert_heard(struct ends *ends, const char *expected)
{
    assert_text(((struct text){ends->heard, ends->heard_len}), expected);
    ends->heard_len = 0;
}

#endif
