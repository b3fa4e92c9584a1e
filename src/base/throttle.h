/* SPDX-License-Identifier: Apache-2.0 */
/*
 * throttle: a token bucket that many transfers share: bytes in a second, with a
 * burst of a quarter of a second. Fair among those who wait: each takes in
 * small parts, in the order of coming. Any thread; taking blocks.
 */
#ifndef FERRY_BASE_THROTTLE_H
#define FERRY_BASE_THROTTLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct throttle;

/* Bytes in a second; 0: no limit. NULL when out of memory. */
struct throttle *throttle_new(uint64_t rate);
/* Those who wait go on by the new rate. */
void throttle_set_rate(struct throttle *throttle, uint64_t rate);
/* Nobody waits any more. Accepts NULL. */
void throttle_free(struct throttle *throttle);

/* A user's or the anonymous class's, those of 64 groups, an address's, the server's. */
enum { THROTTLES_MAX = 68 };

/* All that one transfer is held to at once. A value. */
struct throttles {
    struct throttle *all[THROTTLES_MAX]; /* borrowed: as long as the login */
    size_t count;
};

/* Adds one; one without a limit at present may get one later and counts. NULL adds nothing. */
void throttles_add(struct throttles *throttles, struct throttle *throttle);
/* Is there any that limits at present? Else the transfer needs no small parts. */
bool throttles_limit(const struct throttles *throttles);
/*
 * Waits until each lets `wanted` bytes or fewer pass, the same number through
 * all, and takes them: at least 1, or 0 when `cancelled` (may be NULL) became
 * true, which it looks at several times in a second.
 */
size_t throttles_take(const struct throttles *throttles, size_t wanted,
                      const atomic_bool *cancelled);
/* What was taken and not used. */
void throttles_give_back(const struct throttles *throttles, size_t bytes);

#endif
