/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/tls_link: whatever a peer sends, before, in and after the handshake, it is heard as a client
 * of OpenSSL's has said it or the link is broken; what is broken or ended stays so.
 *
 * An input is steps: a byte that says what happens, one that says how much, and as many bytes.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/memory.h"
#include "net/tls_link.h"
#include "tests/fuzz/fuzz.h"

enum { HEARD_MAX = 1 << 16, WIRE_MAX = 1 << 17 };

static struct tls *tls;
static SSL_CTX *context;

static struct peer {
    struct tls_link *link; /* owned, as all below */
    SSL *client;
    BIO *to_client; /* borrowed: the client's, likewise */
    BIO *to_server;
    enum tls_state state;
    bool is_forged; /* bytes were sent that no client of OpenSSL's says */
    bool has_ended; /* the server said its end, and says no more */
    char said[HEARD_MAX];
    size_t said_len;
    size_t heard_len; /* of these */
} peer;

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char message[TLS_MESSAGE_SIZE];
    char *certificate = NULL;
    char *key = NULL;
    (void)argc;
    (void)argv;
    PROMISE(!tls_make_self_signed("server.example", &certificate, &key));
    const struct tls_pair pair = {text_of(certificate), text_of(key)};
    const struct tls_rules rules = {.pairs = &pair, .pair_count = 1, .with_tickets = true};
    PROMISE(!tls_new(&rules, &tls, message));
    context = SSL_CTX_new(TLS_client_method());
    PROMISE(context);
    memory_free(certificate);
    memory_free(key);
    return 0;
}

static void to_client(void *owner, struct text bytes)
{
    (void)owner;
    PROMISE(BIO_write(peer.to_client, bytes.at, (int)bytes.len) == (int)bytes.len);
}

/* What is broken stays so, and what has ended is at most broken. */
static void take_state(enum tls_state state)
{
    PROMISE(peer.state != TLS_BROKEN || state == TLS_BROKEN);
    PROMISE(peer.state != TLS_ENDED || state == TLS_ENDED || state == TLS_BROKEN);
    PROMISE(peer.state == TLS_HANDSHAKE || state != TLS_HANDSHAKE);
    PROMISE(state == tls_link_state(peer.link));
    peer.state = state;
}

/* Said by nobody but the client, in the order in which it said it. */
static void check_heard(const char *at, size_t len)
{
    PROMISE(len <= peer.said_len - peer.heard_len);
    PROMISE(!memcmp(at, peer.said + peer.heard_len, len));
    peer.heard_len += len;
}

static void feed(struct text bytes)
{
    char clear[1000];
    size_t len;
    if (peer.state == TLS_ENDED || peer.state == TLS_BROKEN)
        return;
    tls_link_feed(peer.link, bytes);
    do {
        take_state(tls_link_read(peer.link, clear, sizeof(clear), &len));
        check_heard(clear, len);
    } while (len);
    struct text rest = tls_link_rest(peer.link);
    PROMISE(!rest.len || peer.state == TLS_ENDED || peer.state == TLS_BROKEN);
    PROMISE(rest.len <= bytes.len && rest.at + rest.len == bytes.at + bytes.len);
}

/* What each has for the other goes there. */
static void pump(void)
{
    static char wire[WIRE_MAX];
    char waste[1000];
    int len = SSL_read(peer.client, waste, sizeof(waste));
    if (len <= 0)
        ERR_clear_error();
    len = BIO_read(peer.to_server, wire, sizeof(wire));
    if (len > 0)
        feed((struct text){wire, (size_t)len});
}

static void say(struct text bytes)
{
    if (bytes.len > sizeof(peer.said) - peer.said_len)
        return;
    if (bytes.len && SSL_write(peer.client, bytes.at, (int)bytes.len) > 0) {
        memcpy(peer.said + peer.said_len, bytes.at, bytes.len);
        peer.said_len += bytes.len;
    }
    ERR_clear_error();
}

/* Bytes of the wire itself, between those of the client. */
static void forge(struct text bytes)
{
    peer.is_forged = peer.is_forged || bytes.len;
    if (bytes.len)
        feed(bytes);
}

static void end(void)
{
    tls_link_end(peer.link);
    peer.has_ended = true;
}

static void act(uint8_t step, struct text bytes)
{
    enum { STEPS = 8 };
    switch (step % STEPS) {
    case 0:
        forge(bytes);
        break;
    case 1:
        say(bytes);
        break;
    case 2: /* the server says something */
        if (peer.state == TLS_OPEN && !peer.has_ended)
            (void)tls_link_write(peer.link, bytes);
        break;
    case 3:
        if (peer.state == TLS_OPEN && !peer.has_ended)
            (void)tls_link_send_ticket(peer.link);
        break;
    case 4:
        if (peer.state == TLS_OPEN)
            end();
        break;
    case 5:
        (void)SSL_shutdown(peer.client);
        ERR_clear_error();
        break;
    default: /* twice, as often as the others: a handshake takes several */
        pump();
        break;
    }
}

static void begin(void)
{
    peer = (struct peer){.link = NULL};
    PROMISE(!tls_link_new(tls, TEXT(""), to_client, NULL, &peer.link));
    peer.client = SSL_new(context);
    peer.to_client = BIO_new(BIO_s_mem());
    peer.to_server = BIO_new(BIO_s_mem());
    PROMISE(peer.client && peer.to_client && peer.to_server);
    SSL_set_bio(peer.client, peer.to_client, peer.to_server);
    SSL_set_connect_state(peer.client);
    PROMISE(tls_link_state(peer.link) == TLS_HANDSHAKE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = {(const char *)data, size};
    begin();
    while (rest.len > 1) {
        uint8_t step = (uint8_t)rest.at[0];
        struct text bytes = text_after(rest, 2);
        if (bytes.len > (uint8_t)rest.at[1])
            bytes.len = (uint8_t)rest.at[1];
        rest = text_after(rest, 2 + bytes.len);
        act(step, bytes);
    }
    PROMISE(peer.is_forged || peer.state != TLS_BROKEN);
    tls_link_free(peer.link);
    SSL_free(peer.client);
    return 0;
}
