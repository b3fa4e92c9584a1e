/* SPDX-License-Identifier: Apache-2.0 */
/*
 * password: hashing and verifying, by libcrypt. A hash costs milliseconds on
 * purpose: worker threads only.
 */
#ifndef FERRY_ACCOUNT_PASSWORD_H
#define FERRY_ACCOUNT_PASSWORD_H

#include <stdbool.h>

#include "base/fault.h"
#include "base/text.h"

/*
 * A new yescrypt hash with a random salt, as crypt(5) writes it. Free with
 * memory_free. FAULT_ARGUMENT when the password holds a NUL or is too long.
 */
enum fault password_hash(struct text password, char **ret_hash);

/*
 * FAULT_NONE when it is the password of `hash` (any kind that crypt(5) knows),
 * FAULT_LOGIN_REFUSED when it is not, FAULT_NO_MEMORY when nobody can say. With
 * a NULL hash it takes the time of a real one and refuses, so that nobody can
 * tell an unknown user from a wrong password.
 */
enum fault password_verify(const char *hash, struct text password);

/* Is `hash` one that crypt(5) could verify? */
bool password_hash_is_usable(const char *hash);

/* Compares two secrets in a time that depends on the lengths only. */
bool password_equal(struct text a, struct text b);

#endif
