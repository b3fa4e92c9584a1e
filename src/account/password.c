/* SPDX-License-Identifier: Apache-2.0 */
#include "account/password.h"

#include <crypt.h>
#include <errno.h>

#include "account/password_foreign.h"
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

static enum fault verify_by_crypt(const char *hash, struct text password)
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

/* Value of a digit in crypt(5)'s alphabet: ./0-9A-Za-z. */
static unsigned crypt_digit(char c)
{
    return (unsigned)text_find(
        TEXT("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), c);
}

/* The memory that scrypt and its kin ask for is 128 * block_size * 2^log2_count bytes. */
static bool is_affordable_memory(unsigned log2_count, unsigned block_size)
{
    enum { BLOCKS_MAX = 1024 * 1024 * 1024 / 128 };
    return log2_count < 32 && (uint64_t)block_size << log2_count <= BLOCKS_MAX;
}

/* "$y$j9T$…" as crypt_gensalt writes it: flags, log2 of the count less one, block size less one. */
static bool is_affordable_yescrypt(struct text parameters)
{
    return parameters.len > 3 && parameters.at[0] == 'j' && parameters.at[3] == '$' &&
           is_affordable_memory(crypt_digit(parameters.at[1]) + 1,
                                crypt_digit(parameters.at[2]) + 1);
}

/* "$7$CU..../....SALT$…": log2 of the count, five digits of block size, five of parallelism. */
static bool is_affordable_scrypt(struct text parameters)
{
    struct text rest = text_after(parameters, 2);
    return text_starts_with(rest, TEXT("..../....")) &&
           is_affordable_memory(crypt_digit(parameters.at[0]), crypt_digit(parameters.at[1]));
}

/* "rounds=5000$…": none is said where crypt(5) has a default. */
static bool is_affordable_count(struct text t, struct text name, uint64_t max)
{
    uint64_t rounds;
    if (!text_starts_with(t, name))
        return true;
    t = text_after(t, name.len);
    return text_to_number(text_take_until(&t, '$'), max, &rounds);
}

/* Does a login with it cost seconds at most, and no more than 1 GiB? */
static bool is_affordable(const char *hash)
{
    enum { BCRYPT_LOG2_MAX = 16, ROUNDS_MAX = 10 * 1000 * 1000 };
    struct text method = text_of(hash);
    if (method.at[0] != '$')
        return true; /* DES and its extension cost little, whatever they say */
    method = text_after(method, 1);
    struct text rest = method;
    method = text_take_until(&rest, '$');
    if (text_equal(method, TEXT("y")) || text_equal(method, TEXT("gy")))
        return is_affordable_yescrypt(rest);
    if (text_equal(method, TEXT("7")))
        return is_affordable_scrypt(rest);
    if (text_starts_with(method, TEXT("2")))
        return is_affordable_count(rest, TEXT(""), BCRYPT_LOG2_MAX);
    if (text_equal(method, TEXT("sha1")))
        return is_affordable_count(rest, TEXT(""), ROUNDS_MAX);
    /* Sun's MD5 says it behind a comma, SHA-256 and SHA-512 as the first of their parts. */
    return is_affordable_count(method, TEXT("md5,rounds="), ROUNDS_MAX) &&
           is_affordable_count(rest, TEXT("rounds="), ROUNDS_MAX);
}

static bool is_usable_by_crypt(const char *hash)
{
    int salt = crypt_checksalt(hash);
    return (salt == CRYPT_SALT_OK || salt == CRYPT_SALT_TOO_CHEAP ||
            salt == CRYPT_SALT_METHOD_LEGACY) &&
           has_a_digest(hash) && is_affordable(hash);
}

bool password_hash_is_usable(const char *hash)
{
    struct password_foreign foreign;
    return password_foreign_parse(text_of(hash), &foreign) || is_usable_by_crypt(hash);
}

enum fault password_verify(const char *hash, struct text password)
{
    struct password_foreign foreign;
    if (password.len > PASSWORD_MAX)
        return FAULT_LOGIN_REFUSED; /* whoever it is */
    bool is_foreign = hash && password_foreign_parse(text_of(hash), &foreign);
    if (!is_foreign && (!hash || !is_usable_by_crypt(hash)))
        return verify_by_crypt(NULL, password);
    enum fault f = is_foreign ? password_foreign_verify(&foreign, password)
                              : verify_by_crypt(hash, password);
    /* Other kinds may be cheap: a wrong password is to take no less than nobody's. */
    if (f == FAULT_LOGIN_REFUSED && !text_starts_with(text_of(hash), text_of(yescrypt_prefix)))
        (void)verify_by_crypt(NULL, password);
    return f;
}

bool password_equal(struct text a, struct text b)
{
    unsigned char difference = a.len != b.len;
    for (size_t i = 0; i < a.len; i++)
        difference |= (unsigned char)((unsigned char)a.at[i] ^
                                      (unsigned char)(b.len ? b.at[i % b.len] : 0));
    return difference == 0;
}
