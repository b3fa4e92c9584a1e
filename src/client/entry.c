/* SPDX-License-Identifier: Apache-2.0 */
#include "client/entry.h"

#include <stdlib.h>

#include "base/memory.h"

enum {
    FIRST_ROOM = 16,
    /* Blocks double up to this: few names take little, a million of them few calls. */
    FIRST_BLOCK = 1024,
    BLOCK_MAX = 256 * 1024,
};

struct entry_names {
    struct entry_names *before; /* owned */
    size_t used;
    size_t room;
    size_t total; /* room of this one and all before */
    char bytes[];
};

/* ---- Adding -------------------------------------------------------------------------- */

static bool has_nul(struct text t)
{
    return text_find(t, '\0') < t.len;
}

static bool is_name(struct text name)
{
    return name.len && name.len <= ENTRY_NAME_MAX && !has_nul(name);
}

static enum fault reserve_entry(struct entries *entries)
{
    if (entries->count >= ENTRIES_MAX)
        return FAULT_LISTING_TOO_LARGE;
    if (entries->count < entries->room)
        return FAULT_NONE;
    size_t room = entries->room ? entries->room + entries->room / 2 : FIRST_ROOM;
    if (room > ENTRIES_MAX)
        room = ENTRIES_MAX;
    struct entry *all = memory_resize(entries->all, room, sizeof(*all));
    if (!all)
        return FAULT_NO_MEMORY;
    entries->all = all;
    entries->room = room;
    return FAULT_NONE;
}

/* A last block with room for `len` bytes more. */
static enum fault reserve_names(struct entries *entries, size_t len)
{
    struct entry_names *last = entries->names;
    if (last && last->room - last->used >= len)
        return FAULT_NONE;
    size_t room = last ? last->room * 2 : FIRST_BLOCK;
    if (room > BLOCK_MAX)
        room = BLOCK_MAX;
    if (room < len)
        room = len;
    size_t total = (last ? last->total : 0) + room;
    if (total > ENTRIES_BYTES_MAX)
        return FAULT_LISTING_TOO_LARGE;
    struct entry_names *block = memory_new(sizeof(*block) + room);
    if (!block)
        return FAULT_NO_MEMORY;
    block->before = last;
    block->room = room;
    block->total = total;
    entries->names = block;
    return FAULT_NONE;
}

/* Into the room that was reserved. */
static const char *keep(struct entry_names *block, struct text t)
{
    char *at = block->bytes + block->used;
    if (t.len)
        memcpy(at, t.at, t.len);
    at[t.len] = '\0';
    block->used += t.len + 1;
    return at;
}

enum fault entries_add(struct entries *entries, const struct entry *entry, struct text name,
                       struct text target)
{
    struct entry added = *entry; /* which may be one of this list, about to move */
    if (!is_name(name))
        return FAULT_NAME_INVALID;
    if (!is_name(target))
        target.len = 0;
    enum fault f = reserve_entry(entries);
    if (!f)
        f = reserve_names(entries, name.len + 1 + target.len + 1);
    if (f)
        return f;
    added.name = keep(entries->names, name);
    added.target = target.len ? keep(entries->names, target) : NULL;
    entries->all[entries->count++] = added;
    return FAULT_NONE;
}

void entries_clear(struct entries *entries)
{
    while (entries->names) {
        struct entry_names *before = entries->names->before;
        memory_free(entries->names);
        entries->names = before;
    }
    memory_free(entries->all);
    *entries = (struct entries){0};
}

bool entry_path(char bytes[ENTRY_PATH_SIZE], const char *directory, const char *name)
{
    struct builder b = builder_on(bytes, ENTRY_PATH_SIZE);
    builder_put_string(&b, directory);
    if (b.len && name[0] && b.at[b.len - 1] != '/')
        builder_put_byte(&b, '/');
    builder_put_string(&b, name);
    builder_end(&b);
    return !b.full;
}

const char *entries_doubt_text(enum entries_doubt doubt)
{
    static const char *const texts[] = {
        [ENTRIES_WHOLE] = "",
        [ENTRIES_ALLEGED] = "its listing had no data connection",
        [ENTRIES_UNENDED] = "its listing ends within a line",
        [ENTRIES_UNREAD] = "there is something in its listing that cannot be read",
        [ENTRIES_CUT] = "the server says that its listing is not complete",
    };
    return texts[doubt];
}

/* ---- Sorting --------------------------------------------------------------------------- */

/* What was added earlier is before another of its name: qsort need not keep their order. */
static int compare(const void *a, const void *b)
{
    const struct entry *first = a;
    const struct entry *second = b;
    int order = strcmp(first->name, second->name);
    return order ? order : (first->order > second->order) - (first->order < second->order);
}

static void drop_repeated(struct entries *entries)
{
    size_t kept = 0;
    for (size_t i = 0; i < entries->count; i++)
        if (!kept || strcmp(entries->all[kept - 1].name, entries->all[i].name) != 0)
            entries->all[kept++] = entries->all[i];
    entries->count = kept;
}

/* Most servers sort. */
static bool is_sorted(const struct entries *entries)
{
    for (size_t i = 1; i < entries->count; i++)
        if (strcmp(entries->all[i - 1].name, entries->all[i].name) >= 0)
            return false;
    return true;
}

void entries_sort(struct entries *entries)
{
    if (is_sorted(entries))
        return;
    for (size_t i = 0; i < entries->count; i++)
        entries->all[i].order = (uint32_t)i;
    qsort(entries->all, entries->count, sizeof(entries->all[0]), compare);
    drop_repeated(entries);
}

static int compare_name(struct text name, const char *with)
{
    struct text other = text_of(with);
    size_t len = name.len < other.len ? name.len : other.len;
    int order = len ? memcmp(name.at, other.at, len) : 0;
    return order ? order : (name.len > other.len) - (name.len < other.len);
}

const struct entry *entries_find(const struct entries *entries, struct text name)
{
    size_t low = 0;
    size_t high = entries->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_name(name, entries->all[middle].name);
        if (!order)
            return &entries->all[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* ---- Times -------------------------------------------------------------------------------- */

/* What a server says is a time may be any number. */
static int64_t plus(int64_t a, int64_t b)
{
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum))
        return sum;
    return b < 0 ? INT64_MIN : INT64_MAX;
}

/* The last second that it can be. */
static int64_t latest(const struct entry *entry)
{
    static const int64_t open_s[] = {
        [ENTRY_TIME_DAY] = 24 * 60 * 60 - 1,
        [ENTRY_TIME_MINUTE] = 59,
        [ENTRY_TIME_SECOND] = 0,
    };
    return plus(entry->modified, open_s[entry->precision]);
}

bool entry_is_newer(const struct entry *a, const struct entry *b, int64_t slack_s)
{
    if (!a->precision || !b->precision)
        return false;
    return a->modified > plus(latest(b), slack_s);
}

bool entry_same_time(const struct entry *a, const struct entry *b, int64_t slack_s)
{
    if (!a->precision || !b->precision)
        return false;
    return !entry_is_newer(a, b, slack_s) && !entry_is_newer(b, a, slack_s);
}
