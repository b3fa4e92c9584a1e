/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_times: how long operations took, kept as counts of times that are alike: within 3 %.
 * Adding one is a few instructions; nothing is allocated.
 */
#ifndef FERRY_BENCH_LOAD_TIMES_H
#define FERRY_BENCH_LOAD_TIMES_H

#include <stdint.h>

enum { TIMES_FINE = 32, TIMES_BUCKETS = 64 * TIMES_FINE };

struct times {
    uint64_t total;
    uint32_t counts[TIMES_BUCKETS];
};

void times_add(struct times *times, uint64_t ns);
void times_merge(struct times *into, const struct times *other);

/* The time that `part` of them (0.5: half) do not exceed, in microseconds; 0 of none. */
double times_quantile_us(const struct times *times, double part);

#endif
