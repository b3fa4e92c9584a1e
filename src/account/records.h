/* SPDX-License-Identifier: Apache-2.0 */
/*
 * records: what must survive besides accounts: how much is in each tree, and
 * who is banned. Worker threads: everything may block. Any number at once.
 */
#ifndef FERRY_ACCOUNT_RECORDS_H
#define FERRY_ACCOUNT_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"

/* Of one tree or user; by a key that the ledger makes (gate/ledger.h). */
struct usage_record {
    uint64_t bytes;
    uint64_t files;
    uint64_t uploaded_bytes; /* since ever, for ratios */
    uint64_t downloaded_bytes;
    bool is_open; /* somebody is changing it: after a crash the numbers are to be counted anew */
};

struct ban_record {
    char subject[80]; /* "192.0.2.1", "2001:db8::/64", or "user NAME" cut to fit */
    char reason[80];
    int64_t until; /* seconds since 1970; INT64_MAX: for ever */
};

struct records;

struct records_type {
    /* FAULT_NOT_FOUND: never counted. */
    enum fault (*load_usage)(struct records *records, const char *key, struct usage_record *ret);
    enum fault (*save_usage)(struct records *records, const char *key,
                             const struct usage_record *record);
    /* Calls for each ban that has not ended by `now`, and forgets the others. */
    enum fault (*each_ban)(struct records *records, int64_t now,
                           void (*on_ban)(void *context, const struct ban_record *ban),
                           void *context);
    enum fault (*put_ban)(struct records *records, const struct ban_record *ban);
    /* FAULT_NOT_FOUND */
    enum fault (*remove_ban)(struct records *records, const char *subject);
};

struct records {
    const struct records_type *type; /* borrowed: static table */
};

#endif
