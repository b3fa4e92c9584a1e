/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "base/memory.h"
#include "net/tls_parts.h"

/* An upload takes a ticket and leaves those unread that come with it: enough for some at once. */
enum { FRESH_MAX = 8 };

/* What an end knows of its sessions. */
struct door {
    struct tls_sessions *sessions; /* borrowed: contains it */
    bool is_data;
};

struct tls_sessions {
    struct door doors[2];          /* of a control connection, of data connections */
    pthread_mutex_t lock;          /* of what is below it */
    SSL_SESSION *fresh[FRESH_MAX]; /* owned: never resumed, the newest last */
    size_t fresh_count;
    SSL_SESSION *used; /* owned: the one that was resumed last; NULL: none was */
};

struct tls_sessions *tls_sessions_new(void)
{
    struct tls_sessions *sessions = memory_new(sizeof(*sessions));
    if (!sessions)
        return NULL;
    (void)pthread_mutex_init(&sessions->lock, NULL);
    for (int i = 0; i < 2; i++)
        sessions->doors[i] = (struct door){sessions, i != 0};
    return sessions;
}

void tls_sessions_free(struct tls_sessions *sessions)
{
    if (!sessions)
        return;
    for (size_t i = 0; i < sessions->fresh_count; i++)
        SSL_SESSION_free(sessions->fresh[i]);
    SSL_SESSION_free(sessions->used);
    (void)pthread_mutex_destroy(&sessions->lock);
    memory_free(sessions);
}

void tls_sessions_attach(struct tls_sessions *sessions, SSL *end, bool is_data)
{
    (void)SSL_set_app_data(end, sessions ? &sessions->doors[is_data] : NULL);
}

/* The oldest makes room. */
static void push(struct tls_sessions *sessions, SSL_SESSION *session)
{
    if (sessions->fresh_count == FRESH_MAX) {
        SSL_SESSION_free(sessions->fresh[0]);
        sessions->fresh_count--;
        for (size_t i = 0; i < sessions->fresh_count; i++)
            sessions->fresh[i] = sessions->fresh[i + 1];
    }
    sessions->fresh[sessions->fresh_count++] = session;
}

/*
 * The session of a data connection that resumed none proves nothing about the
 * control connection. Copies are kept and given out: an end goes on writing to
 * its own, and marks one that it used, or that broke, as good for nothing.
 */
int tls_sessions_keep(SSL *end, SSL_SESSION *session)
{
    const struct door *door = SSL_get_app_data(end);
    if (!door || (door->is_data && !SSL_session_reused(end)))
        return 0;
    SSL_SESSION *copy = SSL_SESSION_dup(session);
    if (!copy)
        return 0;
    (void)pthread_mutex_lock(&door->sessions->lock);
    push(door->sessions, copy);
    (void)pthread_mutex_unlock(&door->sessions->lock);
    return 0; /* the caller's stays the caller's */
}

/*
 * RFC 8446 C.4 wants a ticket used once, so that nobody can tell that two connections are of
 * the same client; of ours everybody can. So what is used up is offered again: a server that
 * gives one ticket a session (or gives new ones during an upload, in which nothing is read)
 * still gets its proof. TLS 1.2 has one session for all.
 */
SSL_SESSION *tls_sessions_take(struct tls_sessions *sessions)
{
    (void)pthread_mutex_lock(&sessions->lock);
    if (sessions->fresh_count) {
        SSL_SESSION_free(sessions->used);
        sessions->used = sessions->fresh[--sessions->fresh_count];
    }
    SSL_SESSION *copy = sessions->used ? SSL_SESSION_dup(sessions->used) : NULL;
    (void)pthread_mutex_unlock(&sessions->lock);
    return copy;
}
