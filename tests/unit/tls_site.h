/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_site: a control connection under TLS, and its client with a data
 * connection beside it.
 */
#ifndef FERRY_TESTS_TLS_SITE_H
#define FERRY_TESTS_TLS_SITE_H

#include <pthread.h>
#include <signal.h>

#include "net/channel.h"
#include "tests/unit/peers.h"
#include "tests/unit/tls_ends.h"

enum { PATIENCE_S = 10 };

/* A control connection, and its client with a data connection beside it. */
struct site {
    struct tls *tls;
    struct ends_client client;
    struct ends *control;
    struct channel channel;
    SSL *peer;
    int peer_fd;
    unsigned stall_seconds;
    bool peer_shook;
};

/* How the client keeps a session. */
enum keeping { TICKET_1_3, TICKET_1_2, SESSION_ID_1_2, KEEPINGS };

static inline void open_control(struct site *site)
{
    site->control = ends_open(site->tls, "", &site->client);
    assert_int_equal(ends_shake_hands(site->control), TLS_OPEN);
    assert_text(ends_client_read(site->control), ""); /* takes the ticket */
    assert_non_null(site->client.session);
}

static inline void open_site(struct site *site, enum keeping keeping)
{
    *site = (struct site){.channel.fd = -1, .peer_fd = -1, .stall_seconds = PATIENCE_S};
    site->tls = ends_make_tls((struct tls_rules){.with_tickets = true});
    ends_open_client(&site->client, keeping == TICKET_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    if (keeping == SESSION_ID_1_2)
        SSL_CTX_set_options(site->client.context, SSL_OP_NO_TICKET);
    open_control(site);
}

static inline void close_peer(struct site *site)
{
    SSL_free(site->peer);
    site->peer = NULL;
    if (site->peer_fd >= 0)
        close(site->peer_fd);
    site->peer_fd = -1;
}

static inline void close_data(struct site *site)
{
    channel_close(&site->channel);
    close_peer(site);
}

static inline void close_site(struct site *site)
{
    close_data(site);
    ends_close(site->control);
    ends_close_client(&site->client);
    tls_unref(site->tls);
}

/* ---- Connecting -------------------------------------------------------------------- */

static inline void *peer_shake_hands(void *argument)
{
    struct site *site = argument;
    site->peer_shook = SSL_connect(site->peer) == 1;
    ERR_clear_error();
    return NULL;
}

static inline void connect_plain(struct site *site)
{
    int ours;
    peers_connect(&ours, &site->peer_fd);
    channel_open(&site->channel, ours, site->stall_seconds);
}

static inline enum fault secure(struct site *site, bool must_resume)
{
    struct tls_bond bond = tls_link_bond(site->control->link);
    bond.must_resume = must_resume;
    return channel_secure(&site->channel, &bond);
}

/*
 * A data connection whose client offers `session`, if there is one; a copy of
 * it, since OpenSSL's clients use one of TLS 1.3 once.
 */
static inline enum fault connect_data(struct site *site, SSL_SESSION *session, bool must_resume)
{
    pthread_t thread;
    connect_plain(site);
    site->peer = SSL_new(site->client.context);
    SSL_set_fd(site->peer, site->peer_fd);
    if (session) {
        SSL_SESSION *copy = SSL_SESSION_dup(session);
        SSL_set_session(site->peer, copy);
        SSL_SESSION_free(copy);
    }
    assert_int_equal(pthread_create(&thread, NULL, peer_shake_hands, site), 0);
    enum fault f = secure(site, must_resume);
    pthread_join(thread, NULL);
    return f;
}

static inline void open_data(struct site *site)
{
    open_site(site, TICKET_1_3);
    assert_fault(connect_data(site, site->client.session, true), FAULT_NONE);
}

static inline void assert_peer_reads(struct site *site, const char *expected)
{
    char bytes[64];
    int len = SSL_read(site->peer, bytes, sizeof(bytes));
    assert_text(((struct text){bytes, len > 0 ? (size_t)len : 0}), expected);
}

/* close_notify came: the end is the sender's own. */
static inline void assert_peer_is_at_end(struct site *site)
{
    assert_peer_reads(site, "");
    assert_int_equal(SSL_get_shutdown(site->peer) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
}

static inline void assert_peer_is_cut_off(struct site *site)
{
    assert_peer_reads(site, "");
    assert_int_equal(SSL_get_shutdown(site->peer) & SSL_RECEIVED_SHUTDOWN, 0);
    ERR_clear_error();
}

/* As on a worker, where every signal is blocked: OpenSSL writes without a flag against it. */
static inline void site_block_sigpipe(void)
{
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
}

#endif
