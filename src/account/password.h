/* SPDX-License-Identifier: Apache-2.0 */
/*
 * password: hashing and verifying. New ones are yescrypt; what crypt(5) knows
 * (yescrypt, bcrypt, scrypt, sha512crypt …), argon2 and what other servers left
 * us ($pbkdf2-…$ of SFTPGo and FileZilla Server, its older salted SHA-512) is
 * verified. A hash costs milliseconds on purpose: worker threads only.
 */
#ifndef FERRY_ACCOUNT_PASSWORD_H
#define FERRY_ACCOUNT_PASSWORD_H

#include <stdbool.h>

#include "base/fault.h"
#include "base/text.h"

enum { PASSWORD_MAX = 511 }; /* bytes: as many as crypt(5) takes */

/*
 * A new yescrypt hash with a random salt, as crypt(5) writes it. Free with
 * memory_free. FAULT_ARGUMENT when the password holds a NUL or is too long.
 */
enum fault password_hash(struct text password, char **ret_hash);

/*
 * FAULT_NONE when it is the password of `hash`, FAULT_LOGIN_REFUSED when it is
 * not, FAULT_NO_MEMORY when nobody can say. With a NULL hash it takes the time
 * of a real one and refuses, so that nobody can tell an unknown user from a
 * wrong password.
 */
enum fault password_verify(const char *hash, struct text password);

/* Is `hash` one that could be verified? */
bool password_hash_is_usable(const char *hash);

/*
 * Is it good enough to be set? NULL, or what is wrong with it, as a sentence's
 * end in English: "is shorter than 8 characters".
 */
const char *password_weakness(struct text password, struct text user_name);

/* Compares two secrets in a time that depends on the lengths only. */
bool password_equal(struct text a, struct text b);

#endif
