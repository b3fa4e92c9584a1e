/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_dialogue: a client and a server under TLS, and the sessions of one control
 * connection, for tests of channels on the user's side. Include it once a program.
 */
#ifndef FERRY_TESTS_TLS_DIALOGUE_H
#define FERRY_TESTS_TLS_DIALOGUE_H

#include "tests/unit/tls_host.h"

enum { DIALOGUE_DAYS_2_S = 2 * AUTHORITY_DAY_S };

static struct authority authority; /* made once, as all below */
static struct signed_one shown;

/* A client and a server of OpenSSL's, and the sessions of one control connection. */
struct dialogue {
    struct tls_client *client;
    struct tls_sessions *sessions;
    struct host host;
    struct channel channel;
};

static inline void open_dialogue(struct dialogue *dialogue, int version)
{
    dialogue->client = client_of(&authority, version);
    dialogue->sessions = tls_sessions_new();
    assert_non_null(dialogue->sessions);
    host_open(&dialogue->host, &shown);
}

static inline void close_connection(struct dialogue *dialogue)
{
    channel_close(&dialogue->channel);
    host_hang_up(&dialogue->host);
}

static inline void close_dialogue(struct dialogue *dialogue)
{
    close_connection(dialogue);
    host_close(&dialogue->host);
    tls_sessions_free(dialogue->sessions);
    tls_client_unref(dialogue->client);
}

static inline enum fault secure(struct channel *channel, struct tls_client *client,
                                struct tls_sessions *sessions, bool is_data)
{
    char message[TLS_MESSAGE_SIZE];
    struct tls_client_handshake how = {.host = TEXT("ftp.example"),
                                       .protocol = TEXT("ftp"),
                                       .sessions = sessions,
                                       .is_data = is_data};
    return channel_secure_client(channel, client, &how, message);
}

static inline void connect_secure(struct dialogue *dialogue, bool is_data,
                                  void (*script)(struct host *))
{
    host_begin(&dialogue->host, &dialogue->channel, script);
    assert_fault(secure(&dialogue->channel, dialogue->client, dialogue->sessions, is_data),
                 FAULT_NONE);
}

static inline void greet(struct host *host)
{
    host_says(host, "230 hello");
}

static inline int dialogue_make_authority(void **state)
{
    (void)state;
    host_ignore_sigpipe();
    authority = authority_make("authority");
    shown = authority_sign(&authority, "ftp", "DNS:ftp.example", 2, DIALOGUE_DAYS_2_S);
    return 0;
}

static inline int dialogue_free_authority(void **state)
{
    (void)state;
    signed_one_free(&shown);
    authority_free(&authority);
    return 0;
}

#endif
