/* SPDX-License-Identifier: Apache-2.0 */
#include "account/password.h"

#include <crypt.h>
#include <errno.h>

#include "base/memory.h"

/* Of a random password that was thrown away, at the cost that password_hash gives. */
static const char nobody_hash[] =
    "$y$j9T$a7bRIDNYhMiyaN/xsLnee/$O3j3hJdQ7LP/iHImeZrx0I4CxhrfGQBnCO1GeCpL2mB";

static const char yescrypt_prefix[] = "$y$";

/* Hashes with the settings in `setting`; NULL when libcrypt refuses. Result inside data. */
static const char *hash_with(struct crypt_data *data, struct text password, const char *setting)
{
    char phrase[CRYPT_MAX_PASSPHRASE_SIZE + 1];
    struct builder b = builder_on(phrase, sizeof(phrase));
    builder_put(&b, password);
    builder_end(&b);
    const char *hash = NULL;
    if (!b.full && text_find(password, '\0') == password.len)
        hash = crypt_rn(phrase, setting, data, sizeof(*data));
    explicit_bzero(phrase, sizeof(phrase));
    return hash;
}

enum fault password_hash(struct text password, char **ret_hash)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    if (!crypt_gensalt_rn(yescrypt_prefix, 0, NULL, 0, setting, sizeof(setting)))
        return FAULT_IO;
    struct crypt_data *data = memory_new(sizeof(*data));
    if (!data)
        return FAULT_NO_MEMORY;
    const char *hash = hash_with(data, password, setting);
    enum fault f = hash ? FAULT_NONE : FAULT_ARGUMENT;
    if (hash) {
        *ret_hash = memory_copy(hash, strlen(hash));
        f = *ret_hash ? FAULT_NONE : FAULT_NO_MEMORY;
    }
    memory_free_secret(data, sizeof(*data));
    return f;
}

enum fault password_verify(const char *hash, struct text password)
{
    struct crypt_data *data = memory_new(sizeof(*data));
    if (!data)
        return FAULT_NO_MEMORY;
    const char *made = hash_with(data, password, hash ? hash : nobody_hash);
    bool matches = made && hash && password_equal(text_of(made), text_of(hash));
    memory_free_secret(data, sizeof(*data));
    return matches ? FAULT_NONE : FAULT_LOGIN_REFUSED;
}

/* Of the setting alone libcrypt judges: to it the word "secret" is a DES salt and more. */
static bool has_a_digest(const char *hash)
{
    enum { DES_LENGTH = 13, BSDI_LENGTH = 20, SHORTEST_MODULAR = 26 };
    size_t length = strlen(hash);
    if (hash[0] == '$')
        return length >= SHORTEST_MODULAR; /* MD5's, with an empty salt */
    return length == (hash[0] == '_' ? BSDI_LENGTH : DES_LENGTH);
}

bool password_hash_is_usable(const char *hash)
{
    int salt = crypt_checksalt(hash);
    return (salt == CRYPT_SALT_OK || salt == CRYPT_SALT_TOO_CHEAP ||
            salt == CRYPT_SALT_METHOD_LEGACY) &&
           has_a_digest(hash);
}

bool password_equal(struct text a, struct text b)
{
    unsigned char difference = a.len != b.len;
    for (size_t i = 0; i < a.len; i++)
        difference |= (unsigned char)((unsigned char)a.at[i] ^
                                      (unsigned char)(b.len ? b.at[i % b.len] : 0));
    return difference == 0;
}
