/* SPDX-License-Identifier: Apache-2.0 */
#include "account/verified.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <time.h>

#include "base/memory.h"

enum { DIGEST_SIZE = 32, NONE = -1 };

struct entry {
    unsigned char digest[DIGEST_SIZE];
    time_t until; /* of CLOCK_BOOTTIME; 0: none was here */
    int16_t next; /* of its chain; NONE: it is the last */
};

/*
 * Found by the digest's first bytes: to compare with all entries took 60 us of the 135 a
 * login cost. Where a digest stands and how long that takes says nothing of the password to
 * who does not have the key.
 */
struct verified {
    pthread_mutex_t lock; /* of what is below it */
    struct entry entries[VERIFIED_ENTRIES];
    int16_t chains[VERIFIED_ENTRIES]; /* their first entries; NONE: there is none */
    size_t next;                      /* the oldest entry, or one that is still free */
    EVP_MAC_CTX *keyed;               /* owned; only copied once made: its key is set */
};

/* Time that goes on while the machine sleeps. */
static time_t now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_BOOTTIME, &time);
    return time.tv_sec;
}

/* With the lock, or before anybody else knows of it. */
static void forget_all(struct verified *verified)
{
    explicit_bzero(verified->entries, sizeof(verified->entries));
    memset(verified->chains, 0xFF, sizeof(verified->chains)); /* NONE in each */
    verified->next = 0;
}

static EVP_MAC_CTX *make_keyed(void)
{
    char kind[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, kind, 0),
        OSSL_PARAM_construct_end(),
    };
    unsigned char key[DIGEST_SIZE];
    EVP_MAC *mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    EVP_MAC_CTX *keyed = mac ? EVP_MAC_CTX_new(mac) : NULL;
    bool made = keyed && RAND_priv_bytes(key, sizeof(key)) == 1 &&
                EVP_MAC_init(keyed, key, sizeof(key), parameters) == 1;
    explicit_bzero(key, sizeof(key));
    EVP_MAC_free(mac);
    if (made)
        return keyed;
    EVP_MAC_CTX_free(keyed);
    return NULL;
}

struct verified *verified_new(void)
{
    struct verified *verified = memory_new(sizeof(*verified));
    if (!verified)
        return NULL;
    forget_all(verified);
    (void)pthread_mutex_init(&verified->lock, NULL);
    verified->keyed = make_keyed();
    if (verified->keyed)
        return verified;
    verified_free(verified);
    return NULL;
}

void verified_free(struct verified *verified)
{
    if (!verified)
        return;
    EVP_MAC_CTX_free(verified->keyed);
    (void)pthread_mutex_destroy(&verified->lock);
    memory_free_secret(verified, sizeof(*verified));
}

/* Its length first, so that no two logins run together to the same bytes. */
static bool add_text(EVP_MAC_CTX *context, struct text text)
{
    return EVP_MAC_update(context, (const unsigned char *)&text.len, sizeof(text.len)) == 1 &&
           EVP_MAC_update(context, (const unsigned char *)text.at, text.len) == 1;
}

static bool make_digest(const struct verified *verified, struct text name, struct text password,
                        struct text hash, unsigned char ret_digest[DIGEST_SIZE])
{
    /* 0.6 us instead of the 2.5 that finding SHA-256 and setting the key takes each time. */
    EVP_MAC_CTX *context = EVP_MAC_CTX_dup(verified->keyed);
    size_t len;
    bool made = context && add_text(context, name) && add_text(context, password) &&
                add_text(context, hash) &&
                EVP_MAC_final(context, ret_digest, &len, DIGEST_SIZE) == 1;
    EVP_MAC_CTX_free(context);
    return made;
}

static int16_t *chain_of(struct verified *verified, const unsigned char *digest)
{
    uint16_t start;
    memcpy(&start, digest, sizeof(start));
    return &verified->chains[start % VERIFIED_ENTRIES];
}

/* With the lock. */
static bool has_entry(struct verified *verified, const unsigned char *digest)
{
    bool has = false;
    time_t time = now();
    for (int i = *chain_of(verified, digest); i != NONE; i = verified->entries[i].next) {
        const struct entry *entry = &verified->entries[i];
        if (CRYPTO_memcmp(entry->digest, digest, DIGEST_SIZE) == 0 && entry->until > time)
            has = true;
    }
    return has;
}

/* Takes the entry that is next to be used out of its chain, if it is in one. With the lock. */
static struct entry *free_oldest(struct verified *verified)
{
    struct entry *entry = &verified->entries[verified->next];
    int16_t *link = chain_of(verified, entry->digest);
    while (*link != NONE && *link != (int16_t)verified->next)
        link = &verified->entries[*link].next;
    if (*link != NONE)
        *link = entry->next;
    return entry;
}

bool verified_has(struct verified *verified, struct text name, struct text password,
                  const char *stored_hash)
{
    unsigned char digest[DIGEST_SIZE];
    if (!verified || !make_digest(verified, name, password, text_of(stored_hash), digest))
        return false;
    pthread_mutex_lock(&verified->lock);
    bool has = has_entry(verified, digest);
    pthread_mutex_unlock(&verified->lock);
    return has;
}

void verified_add(struct verified *verified, struct text name, struct text password,
                  const char *stored_hash)
{
    unsigned char digest[DIGEST_SIZE];
    if (!verified || !make_digest(verified, name, password, text_of(stored_hash), digest))
        return;
    pthread_mutex_lock(&verified->lock);
    if (!has_entry(verified, digest)) { /* else another login was as quick */
        struct entry *entry = free_oldest(verified);
        int16_t *chain = chain_of(verified, digest);
        memcpy(entry->digest, digest, DIGEST_SIZE);
        entry->until = now() + VERIFIED_SECONDS;
        entry->next = *chain;
        *chain = (int16_t)verified->next;
        verified->next = (verified->next + 1) % VERIFIED_ENTRIES;
    }
    pthread_mutex_unlock(&verified->lock);
}

void verified_clear(struct verified *verified)
{
    if (!verified)
        return;
    pthread_mutex_lock(&verified->lock);
    forget_all(verified);
    pthread_mutex_unlock(&verified->lock);
}
