/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/digest.h"

#include <openssl/evp.h>
#include <zlib.h>

#include "base/memory.h"

static const struct {
    const char *name;    /* borrowed: static text */
    const char *openssl; /* borrowed: static text */
} kinds[DIGEST_KIND_COUNT] = {
#define DIGEST_ROW(name, wire, openssl) [DIGEST_##name] = {wire, openssl},
    DIGEST_LIST(DIGEST_ROW)
#undef DIGEST_ROW
};

struct digest {
    EVP_MD_CTX *evp; /* owned; NULL for CRC32 */
    uint32_t crc;
    bool failed; /* the library refused some bytes: there is no digest */
};

const char *digest_kind_name(enum digest_kind kind)
{
    return kinds[kind].name;
}

bool digest_kind_parse(struct text name, enum digest_kind *ret_kind)
{
    for (unsigned i = 0; i < DIGEST_KIND_COUNT; i++) {
        if (text_equal_any_case(name, text_of(kinds[i].name))) {
            *ret_kind = (enum digest_kind)i;
            return true;
        }
    }
    return false;
}

struct digest *digest_new(enum digest_kind kind)
{
    struct digest *digest = memory_new(sizeof(*digest));
    if (!digest || kind == DIGEST_CRC32)
        return digest;
    const EVP_MD *type = EVP_get_digestbyname(kinds[kind].openssl);
    digest->evp = EVP_MD_CTX_new();
    if (!digest->evp || !type || EVP_DigestInit_ex(digest->evp, type, NULL) != 1) {
        digest_free(digest);
        return NULL;
    }
    return digest;
}

void digest_update(struct digest *digest, const void *bytes, size_t len)
{
    if (digest->evp)
        digest->failed |= EVP_DigestUpdate(digest->evp, bytes, len) != 1;
    else
        digest->crc = (uint32_t)crc32_z(digest->crc, bytes, len);
}

enum fault digest_finish(struct digest *digest, struct builder *b)
{
    unsigned char value[EVP_MAX_MD_SIZE];
    unsigned len = sizeof(digest->crc);
    if (digest->evp) {
        if (digest->failed || EVP_DigestFinal_ex(digest->evp, value, &len) != 1)
            return FAULT_BUG;
    } else {
        for (unsigned i = 0; i < len; i++)
            value[i] = (unsigned char)(digest->crc >> (24 - 8 * i));
    }
    for (unsigned i = 0; i < len; i++)
        builder_put_hex_byte(b, value[i]);
    return FAULT_NONE;
}

void digest_free(struct digest *digest)
{
    if (!digest)
        return;
    EVP_MD_CTX_free(digest->evp);
    memory_free(digest);
}
