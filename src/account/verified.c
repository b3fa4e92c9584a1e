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

enum { DIGEST_SIZE = 32 };

struct entry {
    unsigned char digest[DIGEST_SIZE];
    time_t until; /* of CLOCK_BOOTTIME; 0: none was here */
};

struct verified {
    pthread_mutex_t lock; /* of what is below it */
    struct entry entries[VERIFIED_ENTRIES];
    size_t next; /* the oldest, or one that is still free */
    /* Not changed once made. */
    EVP_MAC *mac; /* owned */
    unsigned char key[DIGEST_SIZE];
};

/* Time that goes on while the machine sleeps. */
static time_t now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_BOOTTIME, &time);
    return time.tv_sec;
}

struct verified *verified_new(void)
{
    struct verified *verified = memory_new(sizeof(*verified));
    if (!verified)
        return NULL;
    (void)pthread_mutex_init(&verified->lock, NULL);
    verified->mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    if (verified->mac && RAND_priv_bytes(verified->key, sizeof(verified->key)) == 1)
        return verified;
    verified_free(verified);
    return NULL;
}

void verified_free(struct verified *verified)
{
    if (!verified)
        return;
    EVP_MAC_free(verified->mac);
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
    char kind[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, kind, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(verified->mac);
    size_t len;
    bool made = context &&
                EVP_MAC_init(context, verified->key, sizeof(verified->key), parameters) == 1 &&
                add_text(context, name) && add_text(context, password) && add_text(context, hash) &&
                EVP_MAC_final(context, ret_digest, &len, DIGEST_SIZE) == 1;
    EVP_MAC_CTX_free(context);
    return made;
}

/* Looks at every entry whichever fits. With the lock. */
static struct entry *find_entry(struct verified *verified, const unsigned char *digest)
{
    struct entry *found = NULL;
    time_t time = now();
    for (size_t i = 0; i < VERIFIED_ENTRIES; i++) {
        struct entry *entry = &verified->entries[i];
        if (CRYPTO_memcmp(entry->digest, digest, DIGEST_SIZE) == 0 && entry->until > time)
            found = entry;
    }
    return found;
}

bool verified_has(struct verified *verified, struct text name, struct text password,
                  const char *stored_hash)
{
    unsigned char digest[DIGEST_SIZE];
    if (!verified || !make_digest(verified, name, password, text_of(stored_hash), digest))
        return false;
    pthread_mutex_lock(&verified->lock);
    bool has = find_entry(verified, digest) != NULL;
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
    if (!find_entry(verified, digest)) { /* else another login was as quick */
        struct entry *entry = &verified->entries[verified->next];
        memcpy(entry->digest, digest, DIGEST_SIZE);
        entry->until = now() + VERIFIED_SECONDS;
        verified->next = (verified->next + 1) % VERIFIED_ENTRIES;
    }
    pthread_mutex_unlock(&verified->lock);
}

void verified_clear(struct verified *verified)
{
    if (!verified)
        return;
    pthread_mutex_lock(&verified->lock);
    explicit_bzero(verified->entries, sizeof(verified->entries));
    verified->next = 0;
    pthread_mutex_unlock(&verified->lock);
}
