/* SPDX-License-Identifier: Apache-2.0 */
#include "account/password_foreign.h"

#include <argon2.h>
#include <openssl/evp.h>

#include "account/password.h"

/* ---- Reading ----------------------------------------------------------------------- */

/* Value of a base64 digit (RFC 4648 4), or -1. Passlib writes "." for "+". */
static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '.')
        return 62;
    return c == '/' ? 63 : -1;
}

/* Base64 with or without its padding; bits that belong to no byte are zero. */
static bool decode_base64(struct text t, unsigned char *bytes, size_t size, size_t *ret_len)
{
    unsigned bits = 0;
    unsigned bit_count = 0;
    size_t len = 0;
    if (t.len % 4 == 0)
        for (unsigned i = 0; i < 2 && t.len && t.at[t.len - 1] == '='; i++)
            t.len--;
    for (size_t i = 0; i < t.len; i++) {
        int value = base64_value(t.at[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (unsigned)value;
        bit_count += 6;
        if (bit_count < 8)
            continue;
        bit_count -= 8;
        if (len == size)
            return false;
        bytes[len++] = (unsigned char)(bits >> bit_count);
        bits &= (1U << bit_count) - 1;
    }
    if (bits || bit_count == 6)
        return false;
    *ret_len = len;
    return true;
}

static bool decode_hex(struct text t, unsigned char *bytes, size_t size, size_t *ret_len)
{
    if (t.len % 2 || t.len / 2 > size)
        return false;
    for (size_t i = 0; i < t.len; i += 2) {
        int high = text_hex_value(t.at[i]);
        int low = text_hex_value(t.at[i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i / 2] = (unsigned char)(high << 4 | low);
    }
    *ret_len = t.len / 2;
    return true;
}

static bool read_salt(struct text t, struct password_foreign *foreign)
{
    if (!t.len || t.len > sizeof(foreign->salt))
        return false;
    memcpy(foreign->salt, t.at, t.len);
    foreign->salt_len = t.len;
    return true;
}

static bool decode_salt(struct text t, struct password_foreign *foreign)
{
    return decode_base64(t, foreign->salt, sizeof(foreign->salt), &foreign->salt_len) &&
           foreign->salt_len;
}

static bool decode_digest(struct text t, struct password_foreign *foreign)
{
    return decode_base64(t, foreign->digest, sizeof(foreign->digest), &foreign->digest_len) &&
           foreign->digest_len >= FOREIGN_DIGEST_MIN;
}

/* "m=65536", by its name. */
static bool read_parameter(struct text t, struct text name, uint64_t max, uint32_t *ret_number)
{
    uint64_t number;
    if (!text_starts_with(t, name) || !text_to_number(text_after(t, name.len), max, &number))
        return false;
    *ret_number = (uint32_t)number;
    return true;
}

/* [v=19$]m=65536,t=2,p=1$SALT$DIGEST: without a version it is the first one. */
static bool parse_argon2(struct text rest, struct password_foreign *foreign)
{
    foreign->version = ARGON2_VERSION_10;
    if (text_starts_with(rest, TEXT("v=")) &&
        (!read_parameter(text_take_until(&rest, '$'), TEXT("v="), UINT32_MAX, &foreign->version) ||
         (foreign->version != ARGON2_VERSION_10 && foreign->version != ARGON2_VERSION_13)))
        return false;
    struct text parameters = text_take_until(&rest, '$');
    struct text salt = text_take_until(&rest, '$');
    return read_parameter(text_take_until(&parameters, ','), TEXT("m="), FOREIGN_MEMORY_MAX_KIB,
                          &foreign->memory_kib) &&
           read_parameter(text_take_until(&parameters, ','), TEXT("t="), FOREIGN_WORK_MAX_KIB,
                          &foreign->rounds) &&
           read_parameter(parameters, TEXT("p="), FOREIGN_LANES_MAX, &foreign->lanes) &&
           foreign->rounds && foreign->lanes &&
           foreign->memory_kib >= ARGON2_SYNC_POINTS * 2 * foreign->lanes &&
           (uint64_t)foreign->memory_kib * foreign->rounds <= FOREIGN_WORK_MAX_KIB &&
           decode_salt(salt, foreign) && foreign->salt_len >= ARGON2_MIN_SALT_LENGTH &&
           decode_digest(rest, foreign);
}

static const EVP_MD *pbkdf2_digest(enum password_scheme scheme)
{
    switch (scheme) {
    case PASSWORD_PBKDF2_SHA1:
        return EVP_sha1();
    case PASSWORD_PBKDF2_SHA256:
        return EVP_sha256();
    default:
        return EVP_sha512();
    }
}

static bool parse_pbkdf2_digest(struct text rest, struct password_foreign *foreign)
{
    return decode_digest(rest, foreign) &&
           foreign->digest_len == (size_t)EVP_MD_get_size(pbkdf2_digest(foreign->scheme));
}

static bool read_rounds(struct text t, struct password_foreign *foreign)
{
    return read_parameter(t, TEXT(""), FOREIGN_ROUNDS_MAX, &foreign->rounds) && foreign->rounds;
}

/* ROUNDS$SALT$DIGEST. No digest of ours is a multiple of 3 bytes: whoever pads shows it. */
static bool parse_pbkdf2(struct text rest, struct password_foreign *foreign)
{
    struct text rounds = text_take_until(&rest, '$');
    struct text salt = text_take_until(&rest, '$');
    bool is_plain = rest.len && rest.at[rest.len - 1] == '=';
    return read_rounds(rounds, foreign) &&
           (is_plain ? read_salt(salt, foreign) : decode_salt(salt, foreign)) &&
           parse_pbkdf2_digest(rest, foreign);
}

static bool parse_pbkdf2_base64(struct text rest, struct password_foreign *foreign)
{
    struct text rounds = text_take_until(&rest, '$');
    struct text salt = text_take_until(&rest, '$');
    return read_rounds(rounds, foreign) && decode_salt(salt, foreign) &&
           parse_pbkdf2_digest(rest, foreign);
}

static bool parse_salted_sha512(struct text rest, struct password_foreign *foreign)
{
    enum { SHA512_BYTES = 64 };
    size_t end = text_find_last(rest, '$');
    return read_salt((struct text){rest.at, end}, foreign) &&
           decode_hex(text_after(rest, end + 1), foreign->digest, sizeof(foreign->digest),
                      &foreign->digest_len) &&
           foreign->digest_len == SHA512_BYTES;
}

bool password_foreign_parse(struct text hash, struct password_foreign *ret_foreign)
{
    static const struct {
        struct text prefix;
        enum password_scheme scheme;
        bool (*parse)(struct text rest, struct password_foreign *foreign);
    } rows[] = {
        {TEXT("$argon2d$"), PASSWORD_ARGON2D, parse_argon2},
        {TEXT("$argon2i$"), PASSWORD_ARGON2I, parse_argon2},
        {TEXT("$argon2id$"), PASSWORD_ARGON2ID, parse_argon2},
        {TEXT("$pbkdf2-sha1$"), PASSWORD_PBKDF2_SHA1, parse_pbkdf2},
        {TEXT("$pbkdf2-sha256$"), PASSWORD_PBKDF2_SHA256, parse_pbkdf2},
        {TEXT("$pbkdf2-sha512$"), PASSWORD_PBKDF2_SHA512, parse_pbkdf2},
        {TEXT("$pbkdf2-b64salt-sha1$"), PASSWORD_PBKDF2_SHA1, parse_pbkdf2_base64},
        {TEXT("$pbkdf2-b64salt-sha256$"), PASSWORD_PBKDF2_SHA256, parse_pbkdf2_base64},
        {TEXT("$pbkdf2-b64salt-sha512$"), PASSWORD_PBKDF2_SHA512, parse_pbkdf2_base64},
        {TEXT("$fzs-sha512$"), PASSWORD_SALTED_SHA512, parse_salted_sha512},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!text_starts_with(hash, rows[i].prefix))
            continue;
        struct password_foreign foreign = {.scheme = rows[i].scheme};
        if (!rows[i].parse(text_after(hash, rows[i].prefix.len), &foreign))
            return false;
        *ret_foreign = foreign;
        return true;
    }
    return false;
}

/* ---- Verifying --------------------------------------------------------------------- */

static enum fault make_argon2(const struct password_foreign *foreign, struct text password,
                              unsigned char *digest)
{
    static const argon2_type types[] = {
        [PASSWORD_ARGON2D] = Argon2_d,
        [PASSWORD_ARGON2I] = Argon2_i,
        [PASSWORD_ARGON2ID] = Argon2_id,
    };
    int result = argon2_hash(foreign->rounds, foreign->memory_kib, foreign->lanes, password.at,
                             password.len, foreign->salt, foreign->salt_len, digest,
                             foreign->digest_len, NULL, 0, types[foreign->scheme],
                             foreign->version);
    return result == ARGON2_OK ? FAULT_NONE : FAULT_NO_MEMORY; /* or of threads */
}

static enum fault make_pbkdf2(const struct password_foreign *foreign, struct text password,
                              unsigned char *digest)
{
    int made = PKCS5_PBKDF2_HMAC(password.at, (int)password.len, foreign->salt,
                                 (int)foreign->salt_len, (int)foreign->rounds,
                                 pbkdf2_digest(foreign->scheme), (int)foreign->digest_len, digest);
    return made == 1 ? FAULT_NONE : FAULT_NO_MEMORY;
}

static enum fault make_salted_sha512(const struct password_foreign *foreign, struct text password,
                                     unsigned char *digest)
{
    char bytes[PASSWORD_MAX + FOREIGN_SALT_MAX];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put(&b, password);
    builder_put(&b, (struct text){(const char *)foreign->salt, foreign->salt_len});
    int made = EVP_Digest(bytes, b.len, digest, NULL, EVP_sha512(), NULL);
    explicit_bzero(bytes, sizeof(bytes));
    return made == 1 ? FAULT_NONE : FAULT_NO_MEMORY;
}

enum fault password_foreign_verify(const struct password_foreign *foreign, struct text password)
{
    unsigned char digest[FOREIGN_DIGEST_MAX];
    enum fault f;
    switch (foreign->scheme) {
    case PASSWORD_ARGON2D:
    case PASSWORD_ARGON2I:
    case PASSWORD_ARGON2ID:
        f = make_argon2(foreign, password, digest);
        break;
    case PASSWORD_SALTED_SHA512:
        f = make_salted_sha512(foreign, password, digest);
        break;
    default:
        f = make_pbkdf2(foreign, password, digest);
        break;
    }
    if (f)
        return f;
    bool matches = password_equal(
        (struct text){(const char *)digest, foreign->digest_len},
        (struct text){(const char *)foreign->digest, foreign->digest_len});
    return matches ? FAULT_NONE : FAULT_LOGIN_REFUSED;
}
