/* SPDX-License-Identifier: Apache-2.0 */
#include "client/listing_cache.h"

#include "base/memory.h"

struct listed {
    char *directory; /* owned: where the server was told to be, LF, the path; NULL: unused */
    struct entries entries;
    int64_t listed_ms;
    int64_t asked_ms;
};

struct listing_cache {
    struct listed all[LISTING_CACHE_DIRECTORIES];
};

enum { KEY_SIZE = 2 * ENTRY_NAME_MAX + 2 };

enum fault listing_cache_new(struct listing_cache **ret_cache)
{
    struct listing_cache *cache = memory_new(sizeof(*cache));
    if (!cache)
        return FAULT_NO_MEMORY;
    *ret_cache = cache;
    return FAULT_NONE;
}

static void forget(struct listed *listed)
{
    memory_free(listed->directory);
    entries_clear(&listed->entries);
    *listed = (struct listed){.directory = NULL};
}

void listing_cache_forget(struct listing_cache *cache)
{
    for (size_t i = 0; i < LISTING_CACHE_DIRECTORIES; i++)
        forget(&cache->all[i]);
}

void listing_cache_free(struct listing_cache *cache)
{
    if (cache)
        listing_cache_forget(cache);
    memory_free(cache);
}

static struct listed *find(struct listing_cache *cache, struct text key, int64_t now_ms)
{
    for (size_t i = 0; i < LISTING_CACHE_DIRECTORIES; i++) {
        struct listed *listed = &cache->all[i];
        if (listed->directory && text_equal(text_of(listed->directory), key) &&
            now_ms - listed->listed_ms < LISTING_CACHE_MS)
            return listed;
    }
    return NULL;
}

/* An unused place, or that of the one that nobody has asked for the longest time. */
static struct listed *make_room(struct listing_cache *cache)
{
    struct listed *oldest = &cache->all[0];
    for (size_t i = 0; i < LISTING_CACHE_DIRECTORIES && oldest->directory; i++)
        if (!cache->all[i].directory || cache->all[i].asked_ms < oldest->asked_ms)
            oldest = &cache->all[i];
    forget(oldest);
    return oldest;
}

enum fault listing_cache_list(struct listing_cache *cache, struct remote *remote, const char *path,
                              int64_t now_ms, const struct entries **ret_entries)
{
    char bytes[KEY_SIZE];
    struct builder key = builder_on(bytes, sizeof(bytes));
    if (path[0] != '/')
        builder_put(&key, remote_directory(remote));
    builder_put_byte(&key, '\n');
    builder_put_string(&key, path);
    if (key.full)
        return FAULT_NAME_INVALID;
    struct listed *listed = find(cache, builder_text(&key), now_ms);
    if (!listed) {
        struct entries entries = {0};
        enum fault f = remote_list(remote, path, &entries);
        char *directory = f ? NULL : memory_copy(key.at, key.len);
        if (!directory) {
            entries_clear(&entries);
            return f ? f : FAULT_NO_MEMORY;
        }
        entries_sort(&entries);
        listed = make_room(cache);
        *listed = (struct listed){directory, entries, now_ms, now_ms};
    }
    listed->asked_ms = now_ms;
    *ret_entries = &listed->entries;
    return FAULT_NONE;
}
