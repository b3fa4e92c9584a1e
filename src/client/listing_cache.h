/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing_cache: the directories of a server that were listed a moment ago, for
 * completion, which asks for the same one with each TAB. One server's; the
 * clock is given (base/clock.h). One thread at a time.
 */
#ifndef FERRY_CLIENT_LISTING_CACHE_H
#define FERRY_CLIENT_LISTING_CACHE_H

#include "client/remote_files.h"

enum {
    LISTING_CACHE_DIRECTORIES = 16, /* the one asked for longest ago makes room */
    LISTING_CACHE_MS = 60 * 1000,   /* for so long it is believed */
};

struct listing_cache;

enum fault listing_cache_new(struct listing_cache **ret_cache);
/* Accepts NULL. */
void listing_cache_free(struct listing_cache *cache);

/*
 * Of a directory as remote_list takes it: sorted, and borrowed until the next
 * call. A relative one is below remote_directory. Faults are remote_list's; none is kept.
 */
enum fault listing_cache_list(struct listing_cache *cache, struct remote *remote, const char *path,
                              int64_t now_ms, const struct entries **ret_entries);
/* Forgets everything: for whoever has changed something there, or speaks with another server. */
void listing_cache_forget(struct listing_cache *cache);

#endif
