/* SPDX-License-Identifier: Apache-2.0 */
/*
 * password_foreign: password hashes that crypt(5) does not know, of other
 * servers' users:
 *
 *   $argon2id$v=19$m=65536,t=2,p=1$SALT$DIGEST   and argon2i, argon2d
 *   $pbkdf2-sha256$ROUNDS$SALT$DIGEST            and -sha1, -sha512; SALT in base64, or, when
 *                                                the digest is padded with "=", as it stands
 *                                                (SFTPGo's way)
 *   $pbkdf2-b64salt-sha256$ROUNDS$SALT$DIGEST    SALT in base64 whatever the padding; what
 *                                                FileZilla Server 1 keeps fits in it
 *   $fzs-sha512$SALT$HEX                         FileZilla Server 0.9: SHA-512 of password
 *                                                and salt; a "$" may be in the salt
 *
 * Parsing is pure; verifying costs milliseconds: worker threads.
 */
#ifndef FERRY_ACCOUNT_PASSWORD_FOREIGN_H
#define FERRY_ACCOUNT_PASSWORD_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"

enum {
    FOREIGN_SALT_MAX = 256,
    FOREIGN_DIGEST_MAX = 64,
    FOREIGN_DIGEST_MIN = 16,
    /* What one login may cost us at most. */
    FOREIGN_MEMORY_MAX_KIB = 1024 * 1024,
    FOREIGN_WORK_MAX_KIB = 4 * 1024 * 1024, /* memory of argon2 times passes */
    FOREIGN_LANES_MAX = 16,
    FOREIGN_ROUNDS_MAX = 5000000,
};

enum password_scheme {
    PASSWORD_ARGON2D,
    PASSWORD_ARGON2I,
    PASSWORD_ARGON2ID,
    PASSWORD_PBKDF2_SHA1,
    PASSWORD_PBKDF2_SHA256,
    PASSWORD_PBKDF2_SHA512,
    PASSWORD_SALTED_SHA512,
};

struct password_foreign {
    enum password_scheme scheme;
    uint32_t rounds;     /* of argon2: passes */
    uint32_t memory_kib; /* argon2's alone, as the next two */
    uint32_t lanes;
    uint32_t version;
    unsigned char salt[FOREIGN_SALT_MAX];
    size_t salt_len;
    unsigned char digest[FOREIGN_DIGEST_MAX];
    size_t digest_len;
};

/* False when it is none of these, is malformed, or would cost more than the limits above. */
bool password_foreign_parse(struct text hash, struct password_foreign *ret_foreign);

/*
 * As password_verify: FAULT_NONE, FAULT_LOGIN_REFUSED, FAULT_NO_MEMORY. The
 * password has at most PASSWORD_MAX bytes.
 */
enum fault password_foreign_verify(const struct password_foreign *foreign, struct text password);

#endif
