/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/register.h"

#include <pthread.h>
#include <search.h>
#include <string.h>

#include "base/memory.h"

/* Address and scope, equal byte by byte for the same host; IPv4 as ::ffff:a.b.c.d. */
enum { ADDRESS_BYTES = 16, HOST_KEY_SIZE = ADDRESS_BYTES + sizeof(uint32_t) };

struct host {
    unsigned char key[HOST_KEY_SIZE];
    unsigned connections; /* of either kind */
    unsigned unauthenticated;
};

struct session_register {
    pthread_mutex_t lock;
    void *hosts; /* owned: tsearch's tree of struct host */
    unsigned sessions;
    unsigned unauthenticated;
};

static int compare(const void *a, const void *b)
{
    return memcmp(((const struct host *)a)->key, ((const struct host *)b)->key, HOST_KEY_SIZE);
}

static struct host key_of(const union endpoint *peer)
{
    struct host host = {.connections = 0};
    const struct endpoint_network source = endpoint_source(peer);
    memcpy(host.key, source.bytes, ADDRESS_BYTES);
    if (peer->any.sa_family == AF_INET6)
        memcpy(host.key + ADDRESS_BYTES, &peer->v6.sin6_scope_id, sizeof(uint32_t));
    return host;
}

struct session_register *register_new(void)
{
    struct session_register *reg = memory_new(sizeof(*reg));
    if (reg)
        pthread_mutex_init(&reg->lock, NULL);
    return reg;
}

void register_free(struct session_register *reg)
{
    if (!reg)
        return;
    tdestroy(reg->hosts, memory_free);
    pthread_mutex_destroy(&reg->lock);
    memory_free(reg);
}

/* With the lock held. The host's row, made if need be; NULL when out of memory. */
static struct host *host_of(struct session_register *reg, const union endpoint *peer)
{
    struct host key = key_of(peer);
    struct host **found = tfind(&key, &reg->hosts, compare);
    if (found)
        return *found;
    struct host *host = memory_new(sizeof(*host));
    if (!host)
        return NULL;
    *host = key;
    if (tsearch(host, &reg->hosts, compare))
        return host;
    memory_free(host);
    return NULL;
}

static void drop_if_empty(struct session_register *reg, struct host *host)
{
    if (host->connections)
        return;
    tdelete(host, &reg->hosts, compare);
    memory_free(host);
}

static bool is_full(unsigned count, unsigned limit)
{
    return limit && count >= limit;
}

/* No host alone may keep everybody else from logging in. */
static bool may_enter(const struct session_register *reg, const struct host *host,
                      const struct register_limits *limits)
{
    unsigned half = limits->unauthenticated / 2 + limits->unauthenticated % 2;
    return !is_full(reg->unauthenticated, limits->unauthenticated) &&
           !is_full(host->unauthenticated, half) &&
           !is_full(host->unauthenticated, limits->unauthenticated_per_host) &&
           !is_full(host->connections, limits->per_host);
}

enum fault register_enter(struct session_register *reg, const union endpoint *peer,
                          const struct register_limits *limits)
{
    enum fault f = FAULT_NONE;
    pthread_mutex_lock(&reg->lock);
    struct host *host = host_of(reg, peer);
    if (!host) {
        f = FAULT_NO_MEMORY;
    } else if (!may_enter(reg, host, limits)) {
        f = FAULT_TOO_MANY;
        drop_if_empty(reg, host);
    } else {
        host->connections++;
        host->unauthenticated++;
        reg->unauthenticated++;
    }
    pthread_mutex_unlock(&reg->lock);
    return f;
}

/* With the lock held; of a connection that was counted in. */
static struct host *find_host(struct session_register *reg, const union endpoint *peer)
{
    struct host key = key_of(peer);
    struct host **found = tfind(&key, &reg->hosts, compare);
    return found ? *found : NULL;
}

enum fault register_log_in(struct session_register *reg, const union endpoint *peer,
                           const struct register_limits *limits)
{
    enum fault f = FAULT_TOO_MANY;
    pthread_mutex_lock(&reg->lock);
    struct host *host = find_host(reg, peer);
    if (host && !is_full(reg->sessions, limits->sessions)) {
        f = FAULT_NONE;
        host->unauthenticated--;
        reg->unauthenticated--;
        reg->sessions++;
    }
    pthread_mutex_unlock(&reg->lock);
    return f;
}

void register_log_out(struct session_register *reg, const union endpoint *peer)
{
    pthread_mutex_lock(&reg->lock);
    struct host *host = find_host(reg, peer);
    if (host) {
        host->unauthenticated++;
        reg->unauthenticated++;
        reg->sessions--;
    }
    pthread_mutex_unlock(&reg->lock);
}

void register_leave(struct session_register *reg, const union endpoint *peer, bool is_logged_in)
{
    pthread_mutex_lock(&reg->lock);
    struct host *host = find_host(reg, peer);
    if (host) {
        host->connections--;
        if (is_logged_in) {
            reg->sessions--;
        } else {
            host->unauthenticated--;
            reg->unauthenticated--;
        }
        drop_if_empty(reg, host);
    }
    pthread_mutex_unlock(&reg->lock);
}

unsigned register_count(struct session_register *reg)
{
    pthread_mutex_lock(&reg->lock);
    unsigned count = reg->sessions + reg->unauthenticated;
    pthread_mutex_unlock(&reg->lock);
    return count;
}

unsigned register_count_sessions(struct session_register *reg)
{
    pthread_mutex_lock(&reg->lock);
    unsigned count = reg->sessions;
    pthread_mutex_unlock(&reg->lock);
    return count;
}
