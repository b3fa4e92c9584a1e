/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verified: logins that were right a moment ago, so that devices which log in
 * for every file do not pay a password hash each time. An entry is a keyed hash
 * (HMAC-SHA-256, a key of this process that never leaves it) of the name, the
 * password and the stored hash: it says nothing to who reads our memory without
 * the key, and a changed password has no entry. Any thread.
 */
#ifndef FERRY_ACCOUNT_VERIFIED_H
#define FERRY_ACCOUNT_VERIFIED_H

#include <stdbool.h>

#include "base/text.h"

struct verified;

enum { VERIFIED_ENTRIES = 4096, VERIFIED_SECONDS = 600 };

/* NULL when out of memory or without random numbers. */
struct verified *verified_new(void);
/* Accepts NULL, as all: then nothing is remembered. */
void verified_free(struct verified *verified);
bool verified_has(struct verified *verified, struct text name, struct text password,
                  const char *stored_hash);
void verified_add(struct verified *verified, struct text name, struct text password,
                  const char *stored_hash);
void verified_clear(struct verified *verified);

#endif
