/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter_calls: which system calls a deed takes. Internal to confine.
 */
#ifndef FERRY_CONFINE_FILTER_CALLS_H
#define FERRY_CONFINE_FILTER_CALLS_H

#include <stdbool.h>
#include <stdint.h>

enum filter_condition {
    FILTER_ALWAYS,
    FILTER_MASKED,   /* (argument & mask) == value */
    FILTER_TO_SELF,  /* argument is our own process */
    FILTER_NOT_HERE, /* refused as if the kernel were older: there is another way to do it */
};

struct filter_call {
    const char *name; /* borrowed: static text */
    unsigned deed;    /* enum filter_deed */
    enum filter_condition condition;
    unsigned argument; /* which one, from 0 */
    uint64_t mask;
    uint64_t value;
};

/* Ends with a NULL name. Several rows of one call: any of them allows it. */
extern const struct filter_call filter_calls[];

#endif
