/* SPDX-License-Identifier: Apache-2.0 */
/* account/password_foreign: whatever stands in a database, what is read keeps the limits. */
#include "account/password_foreign.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct password_foreign foreign;
    if (!password_foreign_parse((struct text){(const char *)data, size}, &foreign))
        return 0;
    PROMISE(foreign.salt_len > 0 && foreign.salt_len <= FOREIGN_SALT_MAX);
    PROMISE(foreign.digest_len >= FOREIGN_DIGEST_MIN && foreign.digest_len <= FOREIGN_DIGEST_MAX);
    switch (foreign.scheme) {
    case PASSWORD_ARGON2D:
    case PASSWORD_ARGON2I:
    case PASSWORD_ARGON2ID:
        PROMISE(foreign.rounds && foreign.lanes && foreign.lanes <= FOREIGN_LANES_MAX);
        PROMISE(foreign.memory_kib <= FOREIGN_MEMORY_MAX_KIB);
        PROMISE((uint64_t)foreign.memory_kib * foreign.rounds <= FOREIGN_WORK_MAX_KIB);
        break;
    case PASSWORD_SALTED_SHA512:
        PROMISE(foreign.digest_len == 64);
        break;
    default:
        PROMISE(foreign.rounds && foreign.rounds <= FOREIGN_ROUNDS_MAX);
        break;
    }
    return 0;
}
