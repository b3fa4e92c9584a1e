/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_host: a server of OpenSSL's in a thread of its own, at the other end of a
 * channel, for tests of the user's side of TLS. Include it once a program.
 */
#ifndef FERRY_TESTS_TLS_HOST_H
#define FERRY_TESTS_TLS_HOST_H

#include <pthread.h>
#include <signal.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/channel.h"
#include "net/tls_parts.h"
#include "tests/unit/peers.h"
#include "tests/unit/tls_authority.h"

enum { HOST_PATIENCE_S = 10, HOST_BYTES = 4096 };

/* ---- The client's side ---------------------------------------------------------- */

static inline struct tls_client *client_make(struct tls_client_rules rules)
{
    char message[TLS_MESSAGE_SIZE] = "";
    struct tls_client *client = NULL;
    enum fault f = tls_client_new(&rules, &client, message);
    if (f)
        fail_msg("FAULT_%s: %s", fault_name(f), message);
    return client;
}

/* `version`: TLS1_2_VERSION or TLS1_3_VERSION, and no other; trusts that authority. */
static inline struct tls_client *client_of(const struct authority *authority, int version)
{
    struct pem ca = pem_of_certificate(authority->own);
    struct tls_client *client = client_make((struct tls_client_rules){.ca = pem_text(&ca)});
    SSL_CTX_set_min_proto_version(client->context, version);
    SSL_CTX_set_max_proto_version(client->context, version);
    return client;
}

/* ---- The server ------------------------------------------------------------------- */

struct host {
    SSL_CTX *context; /* owned */
    SSL *end;         /* owned: of the connection that there is */
    int fd;           /* owned */
    bool shook;
    void (*script)(struct host *host);
    char heard[HOST_BYTES];
    size_t heard_len;
    pthread_t thread;
};

/* Takes whatever protocol comes first. */
static inline int host_choose(SSL *end, const unsigned char **ret_chosen, unsigned char *ret_len,
                              const unsigned char *offered, unsigned len, void *nothing)
{
    (void)end;
    (void)len;
    (void)nothing;
    *ret_chosen = offered + 1;
    *ret_len = offered[0];
    return SSL_TLSEXT_ERR_OK;
}

static inline void host_open(struct host *host, const struct signed_one *shown)
{
    *host = (struct host){.context = SSL_CTX_new(TLS_server_method()), .fd = -1};
    SSL_CTX_set_security_level(host->context, 0); /* it may be weak */
    assert_int_equal(SSL_CTX_use_certificate(host->context, shown->certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(host->context, shown->key), 1);
    SSL_CTX_set_session_id_context(host->context, (const unsigned char *)"host", 4);
    SSL_CTX_set_alpn_select_cb(host->context, host_choose, NULL);
}

static inline void *host_work(void *argument)
{
    struct host *host = argument;
    host->shook = SSL_accept(host->end) == 1;
    if (host->shook && host->script)
        host->script(host);
    ERR_clear_error();
    return NULL;
}

/* Connects the channel with the host, which shakes hands and then goes by the script. */
static inline void host_begin(struct host *host, struct channel *channel,
                              void (*script)(struct host *host))
{
    int ours;
    peers_connect(&ours, &host->fd);
    socket_tune_control(ours);
    socket_tune_control(host->fd);
    socket_set_stall_timeout(host->fd, HOST_PATIENCE_S);
    channel_open(channel, ours, HOST_PATIENCE_S);
    host->end = SSL_new(host->context);
    SSL_set_fd(host->end, host->fd);
    host->script = script;
    host->heard_len = 0;
    assert_int_equal(pthread_create(&host->thread, NULL, host_work, host), 0);
}

/* Waits for the script's end; the connection stays. */
static inline void host_join(struct host *host)
{
    pthread_join(host->thread, NULL);
}

/* Sends nothing, and keeps the session for other connections, as servers do. */
static inline void host_hang_up(struct host *host)
{
    if (host->end)
        SSL_set_shutdown(host->end, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(host->end);
    host->end = NULL;
    if (host->fd >= 0)
        close(host->fd);
    host->fd = -1;
}

static inline void host_close(struct host *host)
{
    host_hang_up(host);
    SSL_CTX_free(host->context);
}

/* ---- What scripts do ----------------------------------------------------------------- */

static inline void host_says(struct host *host, const char *words)
{
    (void)SSL_write(host->end, words, (int)strlen(words));
}

static inline void host_says_clear(struct host *host, const char *words)
{
    (void)!send(host->fd, words, strlen(words), MSG_NOSIGNAL);
}

/* Hears one write of the client's, or its end. */
static inline void host_hears(struct host *host)
{
    int len = SSL_read(host->end, host->heard + host->heard_len,
                       (int)(sizeof(host->heard) - host->heard_len));
    host->heard_len += len > 0 ? (size_t)len : 0;
}

static inline void host_hears_clear(struct host *host)
{
    ssize_t len = recv(host->fd, host->heard + host->heard_len,
                       sizeof(host->heard) - host->heard_len, 0);
    host->heard_len += len > 0 ? (size_t)len : 0;
}

static inline struct text host_heard(const struct host *host)
{
    return (struct text){host->heard, host->heard_len};
}

static inline void assert_channel_reads(struct channel *channel, const char *expected)
{
    char bytes[HOST_BYTES];
    size_t len = 99;
    assert_fault(channel_read(channel, bytes, sizeof(bytes), &len), FAULT_NONE);
    assert_text(((struct text){bytes, len}), expected);
}

/* As in the client: OpenSSL writes without a flag against it. */
static inline void host_ignore_sigpipe(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
}

#endif
