/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ftp_host: an FTP server with a tree in memory, for any number of connections
 * at once, each with a thread of its own: for tests of what does not go by a
 * script. It can be told to refuse, to break off and to lie. No wait lasts
 * longer than ten seconds. Any number of hosts; include it once a program.
 */
#ifndef FERRY_TESTS_FTP_HOST_H
#define FERRY_TESTS_FTP_HOST_H

#include <netinet/tcp.h>
#include <signal.h>

#include "client/remote.h"
#include "tests/unit/ftp_host_verbs.h"

static void *ftp_visit_work(void *argument)
{
    struct ftp_visit *visit = argument;
    const int on = 1;
    char line[FTP_HOST_LINE];
    ftp_host_spare_memory();
    (void)setsockopt(visit->control, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
    (void)setsockopt(visit->control, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ftp_visit_say(visit, "220 Hello");
    while (ftp_visit_hear(visit, line) && ftp_visit_serve(visit, line))
        ;
    pthread_mutex_lock(&visit->host->lock);
    visit->host->logins -= visit->is_in;
    pthread_mutex_unlock(&visit->host->lock);
    ftp_visit_close(&visit->control);
    ftp_visit_close(&visit->data);
    ftp_visit_close(&visit->data_listener);
    free(visit);
    return NULL;
}

/* ---- The host ------------------------------------------------------------------------- */

static void *ftp_host_work(void *argument)
{
    struct ftp_host *host = argument;
    union endpoint peer;
    ftp_host_spare_memory();
    for (;;) {
        struct pollfd ready = {.fd = host->listener, .events = POLLIN};
        (void)poll(&ready, 1, -1);
        int fd = socket_accept(host->listener, true, &peer);
        if (fd < 0 || host->visit_count == FTP_HOST_VISITS)
            return NULL;
        struct ftp_visit *visit = realloc(NULL, sizeof(*visit));
        if (!visit)
            abort();
        *visit = (struct ftp_visit){.host = host, .control = fd, .data_listener = -1, .data = -1};
        socket_set_stall_timeout(fd, FTP_HOST_PATIENCE_S);
        if (pthread_create(&host->visits[host->visit_count], NULL, ftp_visit_work, visit))
            abort();
        host->visit_count++;
    }
}

/* Listens from now on. Zeroed before the first time; what is in its tree stays. */
static void ftp_host_begin(struct ftp_host *host)
{
    union endpoint local = peers_host("127.0.0.1", 0);
    (void)signal(SIGPIPE, SIG_IGN); /* as in the client */
    pthread_mutex_init(&host->lock, NULL);
    host->heard_len = host->logins = host->logins_most = host->ends = 0;
    host->visit_count = 0;
    if (!host->features)
        host->features = "";
    host->listener = socket_listen(&local, 64);
    assert_true(host->listener >= 0);
    local = socket_local(host->listener);
    host->port = endpoint_port(&local);
    assert_int_equal(pthread_create(&host->thread, NULL, ftp_host_work, host), 0);
}

/* Waits until everybody has gone. */
static void ftp_host_end(struct ftp_host *host)
{
    (void)shutdown(host->listener, SHUT_RDWR);
    pthread_join(host->thread, NULL);
    for (size_t i = 0; i < host->visit_count; i++)
        pthread_join(host->visits[i], NULL);
    close(host->listener);
    pthread_mutex_destroy(&host->lock);
    host->heard[host->heard_len] = '\0';
}

/* And forgets its tree and how it was told to be. */
static void ftp_host_reset(struct ftp_host *host)
{
    for (size_t i = 0; i < FTP_HOST_NODES; i++)
        free(host->nodes[i].bytes);
    memset(host, 0, sizeof(*host));
}

/* How many commands began so; after ftp_host_end. */
static inline unsigned ftp_host_count(const struct ftp_host *host, const char *beginning)
{
    unsigned count = 0;
    for (struct text rest = {host->heard, host->heard_len}; rest.len;)
        count += text_starts_with(text_take_until(&rest, '\n'), text_of(beginning));
    return count;
}

static inline void assert_host_has(struct ftp_host *host, const char *path, const char *content)
{
    const struct ftp_node *node = ftp_host_find(host, path);
    if (!node)
        fail_msg("%s is not there", path);
    else
        assert_text(((struct text){node->bytes, node->len}), content);
}

static enum fault ftp_host_password(void *owner, char *buffer, size_t size)
{
    (void)owner;
    (void)snprintf(buffer, size, "secret");
    return FAULT_NONE;
}

/* How to get there, once it has begun. */
static inline struct remote_settings ftp_host_settings(const struct ftp_host *host)
{
    return (struct remote_settings){
        .host = "127.0.0.1",
        .port = host->port,
        .user = "me",
        .tls = REMOTE_TLS_OFF,
        .on_password = ftp_host_password,
        .pi = {.connect_seconds = FTP_HOST_PATIENCE_S, .reply_seconds = FTP_HOST_PATIENCE_S},
        .dtp = {.host = "127.0.0.1",
                .connect_seconds = FTP_HOST_PATIENCE_S,
                .stall_seconds = FTP_HOST_PATIENCE_S},
        .tries = 1,
    };
}

#endif
