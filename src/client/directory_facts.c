/* SPDX-License-Identifier: Apache-2.0 */
#include "client/directory_facts.h"

#include "base/memory.h"

struct directory_fact {
    struct directory_fact *before; /* owned */
    int64_t modified;              /* INT64_MIN: not to be set */
    unsigned mode;
    bool has_mode;
    char path[]; /* the target's */
};

enum fault directory_facts_note(struct directory_facts *facts, const char *path,
                                const struct entry *entry, bool keeps_time, bool keeps_mode)
{
    bool has_time = keeps_time && entry->precision != ENTRY_TIME_UNKNOWN;
    bool has_mode = keeps_mode && entry->has_mode;
    size_t len = strlen(path);
    if (!has_time && !has_mode)
        return FAULT_NONE;
    struct directory_fact *fact = memory_new(sizeof(*fact) + len + 1);
    if (!fact)
        return FAULT_NO_MEMORY;
    fact->before = facts->last;
    fact->modified = has_time ? entry->modified : INT64_MIN;
    fact->mode = entry->mode & 0777;
    fact->has_mode = has_mode;
    memcpy(fact->path, path, len);
    facts->last = fact;
    return FAULT_NONE;
}

static void drop_last(struct directory_facts *facts)
{
    struct directory_fact *fact = facts->last;
    facts->last = fact->before;
    memory_free(fact);
}

void directory_facts_set_here(struct directory_facts *facts, const struct local_tree *tree)
{
    for (const struct directory_fact *fact; (fact = facts->last); drop_last(facts)) {
        if (fact->has_mode)
            (void)local_tree_set_mode(tree, fact->path, fact->mode);
        (void)local_tree_set_time(tree, fact->path, fact->modified);
    }
}

/* What the server can do and allows, as far as it has said; RFC 959 4.2.1: 5yz is for good. */
struct manners {
    bool sets_modes;
    bool sets_times;
};

static enum fault set_there(const struct directory_fact *fact, struct remote *remote,
                            struct manners *manners)
{
    enum fault f = FAULT_NONE;
    if (fact->has_mode && manners->sets_modes) {
        f = remote_set_mode(remote, fact->path, fact->mode);
        manners->sets_modes = !f || remote_code(remote) < 500;
    }
    if (fault_is_of_the_way(f) || fact->modified == INT64_MIN || !manners->sets_times)
        return f;
    f = remote_set_time(remote, fact->path, fact->modified);
    manners->sets_times = !f || remote_code(remote) < 500;
    return f;
}

enum fault directory_facts_set_there(struct directory_facts *facts, struct remote *remote)
{
    struct manners manners = {.sets_modes = true, .sets_times = true};
    enum fault f = FAULT_NONE;
    for (; facts->last && !fault_is_of_the_way(f); drop_last(facts))
        f = set_there(facts->last, remote, &manners);
    directory_facts_clear(facts);
    return fault_is_of_the_way(f) ? f : FAULT_NONE;
}

void directory_facts_clear(struct directory_facts *facts)
{
    while (facts->last)
        drop_last(facts);
}
