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
    unsigned sessions;
};

struct session_register {
    pthread_mutex_t lock;
    void *hosts; /* owned: tsearch's tree of struct host */
    unsigned sessions;
};

static int compare(const void *a, const void *b)
{
    return memcmp(((const struct host *)a)->key, ((const struct host *)b)->key, HOST_KEY_SIZE);
}

static struct host key_of(const union endpoint *peer)
{
    static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    struct host host = {.sessions = 0};
    if (peer->any.sa_family == AF_INET) {
        memcpy(host.key, mapped, sizeof(mapped));
        memcpy(host.key + sizeof(mapped), &peer->v4.sin_addr, sizeof(peer->v4.sin_addr));
    } else {
        /* Whoever has an IPv6 address has the 2^64 of its network (RFC 7934): they are one host.
         * On the link-local network everybody is. */
        bool alone = IN6_IS_ADDR_LINKLOCAL(&peer->v6.sin6_addr);
        memcpy(host.key, &peer->v6.sin6_addr, alone ? ADDRESS_BYTES : ADDRESS_BYTES / 2);
        memcpy(host.key + ADDRESS_BYTES, &peer->v6.sin6_scope_id, sizeof(uint32_t));
    }
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
    if (host->sessions)
        return;
    tdelete(host, &reg->hosts, compare);
    memory_free(host);
}

enum fault register_enter(struct session_register *reg, const union endpoint *peer,
                          const struct register_limits *limits)
{
    enum fault f = FAULT_NONE;
    pthread_mutex_lock(&reg->lock);
    struct host *host = host_of(reg, peer);
    if (!host) {
        f = FAULT_NO_MEMORY;
    } else if ((limits->sessions && reg->sessions >= limits->sessions) ||
               (limits->sessions_per_host && host->sessions >= limits->sessions_per_host)) {
        f = FAULT_TOO_MANY;
        drop_if_empty(reg, host);
    } else {
        host->sessions++;
        reg->sessions++;
    }
    pthread_mutex_unlock(&reg->lock);
    return f;
}

void register_leave(struct session_register *reg, const union endpoint *peer)
{
    struct host key = key_of(peer);
    pthread_mutex_lock(&reg->lock);
    struct host **found = tfind(&key, &reg->hosts, compare);
    if (found) {
        (*found)->sessions--;
        reg->sessions--;
        drop_if_empty(reg, *found);
    }
    pthread_mutex_unlock(&reg->lock);
}

unsigned register_count(struct session_register *reg)
{
    pthread_mutex_lock(&reg->lock);
    unsigned count = reg->sessions;
    pthread_mutex_unlock(&reg->lock);
    return count;
}
