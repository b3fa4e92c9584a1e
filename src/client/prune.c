/* SPDX-License-Identifier: Apache-2.0 */
#include "client/prune.h"

/* One place while what is in it is gone through; either side. */
struct place {
    const struct local_tree *tree; /* borrowed, as all below; NULL: a server's */
    struct remote *remote;
    const struct filter *filter;
    unsigned depth_left;
};

static enum fault prune(const struct place *place, const char *there, const char *path,
                        const struct entry *entry, bool *ret_is_kept);

static enum fault prune_each(const struct place *place, const char *there, const char *path,
                             const struct entries *entries, bool *ret_is_kept)
{
    char below_there[ENTRY_PATH_SIZE];
    char below[ENTRY_PATH_SIZE];
    enum fault f = FAULT_NONE;
    for (size_t i = 0; !f && i < entries->count; i++) {
        const struct entry *entry = &entries->all[i];
        struct text name = text_of(entry->name);
        bool is_part = text_find(name, '/') == name.len && !text_equal(name, TEXT(".")) &&
                       !text_equal(name, TEXT(".."));
        f = is_part && entry_path(below_there, there, entry->name) &&
                    entry_path(below, path, entry->name)
                ? prune(place, below_there, below, entry, ret_is_kept)
                : FAULT_NAME_INVALID;
    }
    return f;
}

/*
 * Some call a link what it leads to (pyftpdlib 1.5, in MLSD): DELE removes the link, and no
 * directory (RFC 959 4.1.3), before anything that it leads to is touched.
 */
static bool is_link_there(struct remote *remote, const char *there)
{
    bool may_be = features_has(remote_features(remote), FEATURE_MLST) && !remote_is_ferry(remote);
    return may_be && !remote_remove(remote, there);
}

static enum fault prune_directory(const struct place *place, const char *there, const char *path,
                                  bool *ret_is_kept)
{
    struct entries entries = {0};
    const struct place inside = {place->tree, place->remote, place->filter, place->depth_left - 1};
    bool is_kept = false;
    if (!place->depth_left)
        return FAULT_LINK_LOOP;
    if (!place->tree && is_link_there(place->remote, there))
        return FAULT_NONE;
    enum fault f = place->tree ? local_tree_list(place->tree, path, &entries)
                               : remote_list(place->remote, there, &entries);
    entries_sort(&entries);
    if (!f)
        f = prune_each(&inside, there, path, &entries, &is_kept);
    entries_clear(&entries);
    *ret_is_kept = *ret_is_kept || is_kept;
    if (f || is_kept)
        return f;
    return place->tree ? local_tree_remove(place->tree, path)
                       : remote_remove_directory(place->remote, there);
}

static enum fault prune(const struct place *place, const char *there, const char *path,
                        const struct entry *entry, bool *ret_is_kept)
{
    bool is_directory = entry->kind == ENTRY_DIRECTORY && !entry->target;
    if (place->filter && !filter_takes(place->filter, path, is_directory)) {
        *ret_is_kept = true;
        return FAULT_NONE;
    }
    if (is_directory)
        return prune_directory(place, there, path, ret_is_kept);
    return place->tree ? local_tree_remove(place->tree, path) : remote_remove(place->remote, there);
}

enum fault prune_here(const struct local_tree *tree, const char *path, const struct entry *entry,
                      const struct filter *filter, bool *ret_is_kept)
{
    const struct place place = {tree, NULL, filter, PRUNE_DEPTH_MAX};
    *ret_is_kept = false;
    return prune(&place, "", path, entry, ret_is_kept);
}

enum fault prune_there(struct remote *remote, const char *there, const char *path,
                       const struct entry *entry, const struct filter *filter, bool *ret_is_kept)
{
    const struct place place = {NULL, remote, filter, PRUNE_DEPTH_MAX};
    *ret_is_kept = false;
    if (entry->kind == ENTRY_DIRECTORY && !filter &&
        features_has(remote_features(remote), FEATURE_RMDA)) {
        enum fault f = remote_command(remote, "RMDA", text_of(there), false);
        if (!remote_lacks_command(remote))
            return f;
        remote_forget_feature(remote, FEATURE_RMDA);
    }
    return prune(&place, there, path, entry, ret_is_kept);
}
