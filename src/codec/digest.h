/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest: checksums of a run of bytes, for HASH, XCRC, XMD5 and XSHA…
 * OpenSSL and zlib compute them; here is only the choice. No I/O.
 */
#ifndef FERRY_CODEC_DIGEST_H
#define FERRY_CODEC_DIGEST_H

#include "base/fault.h"
#include "base/text.h"

/* name as draft-bryan-ftpext-hash writes it, OpenSSL's name (CRC32 is zlib's) */
#define DIGEST_LIST(X)                                                                             \
    X(SHA256, "SHA-256", "SHA256")                                                                 \
    X(SHA512, "SHA-512", "SHA512")                                                                 \
    X(SHA1, "SHA-1", "SHA1")                                                                       \
    X(MD5, "MD5", "MD5")                                                                           \
    X(CRC32, "CRC32", "")

enum digest_kind {
#define DIGEST_ENUMERATOR(name, wire, openssl) DIGEST_##name,
    DIGEST_LIST(DIGEST_ENUMERATOR)
#undef DIGEST_ENUMERATOR
        DIGEST_KIND_COUNT
};

/* Hexadecimal digits of the longest digest, and a NUL. */
enum { DIGEST_HEX_SIZE = 129 };

const char *digest_kind_name(enum digest_kind kind);
/* Any case; false when it names none. */
bool digest_kind_parse(struct text name, enum digest_kind *ret_kind);

struct digest;

/* NULL when out of memory or the library refuses the kind (FIPS and MD5). */
struct digest *digest_new(enum digest_kind kind);
void digest_update(struct digest *digest, const void *bytes, size_t len);
/* Appends lower-case hexadecimal digits; the digest takes no more bytes. */
enum fault digest_finish(struct digest *digest, struct builder *b);
void digest_free(struct digest *digest);

#endif
