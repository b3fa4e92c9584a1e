/* SPDX-License-Identifier: Apache-2.0 */
#include "load_times.h"

#include <stddef.h>

enum { FINE_BITS = 5 };
_Static_assert(1 << FINE_BITS == TIMES_FINE, "so many parts of each power of two");

/* The power of two, then the five bits behind the first. */
static size_t bucket_of(uint64_t ns)
{
    if (ns < TIMES_FINE)
        return ns;
    size_t exponent = 63 - (size_t)__builtin_clzll(ns);
    uint64_t fine = (ns >> (exponent - FINE_BITS)) & (TIMES_FINE - 1);
    return (exponent - FINE_BITS + 1) * TIMES_FINE + fine;
}

/* The middle of a bucket. */
static double ns_of(size_t bucket)
{
    if (bucket < TIMES_FINE)
        return (double)bucket;
    unsigned shift = (unsigned)(bucket / TIMES_FINE) - 1;
    return ((double)(TIMES_FINE + bucket % TIMES_FINE) + 0.5) * (double)(1ULL << shift);
}

void times_add(struct times *times, uint64_t ns)
{
    times->counts[bucket_of(ns)]++;
    times->total++;
}

void times_merge(struct times *into, const struct times *other)
{
    for (size_t i = 0; i < TIMES_BUCKETS; i++)
        into->counts[i] += other->counts[i];
    into->total += other->total;
}

double times_quantile_us(const struct times *times, double part)
{
    double wanted = part * (double)times->total;
    double seen = 0;
    for (size_t i = 0; i < TIMES_BUCKETS; i++) {
        seen += times->counts[i];
        if (times->counts[i] && seen >= wanted)
            return ns_of(i) / 1000;
    }
    return 0;
}
