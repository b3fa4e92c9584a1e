/* SPDX-License-Identifier: Apache-2.0 */
#include "client/remote_walk.h"

struct walk {
    struct remote *remote; /* borrowed, as all below */
    const struct remote_visitor *visitor;
    struct builder path; /* of what is visited, on the walk's own bytes */
};

static enum fault judge(const struct walk *walk, enum fault f)
{
    const struct remote_visitor *visitor = walk->visitor;
    return visitor->on_fault ? visitor->on_fault(visitor->owner, walk->path.at, f) : f;
}

/* Makes the path that of a name in it. False: that is no part of a path, or too long a one. */
static bool go_to(struct walk *walk, const char *name)
{
    struct builder *path = &walk->path;
    const struct text part = text_of(name);
    bool is_part = text_find(part, '/') == part.len && !text_equal(part, TEXT(".")) &&
                   !text_equal(part, TEXT(".."));
    if (path->len && path->at[path->len - 1] != '/')
        builder_put_byte(path, '/');
    builder_put(path, part);
    builder_end(path);
    return is_part && !path->full;
}

static void go_back(struct walk *walk, size_t len)
{
    walk->path.len = len;
    walk->path.full = false;
    builder_end(&walk->path);
}

static enum fault visit_directory(struct walk *walk, unsigned depth);

static enum fault visit_entry(struct walk *walk, unsigned depth, const struct entry *entry)
{
    const struct remote_visitor *visitor = walk->visitor;
    bool enters = true;
    if (!go_to(walk, entry->name))
        return judge(walk, FAULT_NAME_INVALID);
    enum fault f = visitor->on_entry(visitor->owner, walk->path.at, depth, entry, &enters);
    if (f || entry->kind != ENTRY_DIRECTORY || !enters)
        return f;
    return visit_directory(walk, depth);
}

/* No deeper than REMOTE_WALK_DEPTH_MAX. */
static enum fault visit_directory(struct walk *walk, unsigned depth)
{
    const struct remote_visitor *visitor = walk->visitor;
    struct entries entries = {0};
    size_t len = walk->path.len;
    enum fault f = depth <= REMOTE_WALK_DEPTH_MAX
                       ? remote_list(walk->remote, walk->path.at, &entries)
                       : FAULT_LINK_LOOP;
    if (!f && entries.doubt > ENTRIES_UNENDED && visitor->on_fault)
        f = FAULT_MALFORMED; /* there may be more than what is visited */
    if (f)
        f = judge(walk, f);
    entries_sort(&entries);
    for (size_t i = 0; !f && i < entries.count; i++) {
        f = visit_entry(walk, depth + 1, &entries.all[i]);
        go_back(walk, len);
    }
    entries_clear(&entries);
    if (!f && visitor->on_leave)
        f = visitor->on_leave(visitor->owner, walk->path.at, depth);
    return f;
}

enum fault remote_walk(struct remote *remote, const char *root,
                       const struct remote_visitor *visitor)
{
    char bytes[REMOTE_WALK_PATH_MAX + 1];
    struct walk walk = {remote, visitor, builder_on(bytes, sizeof(bytes))};
    builder_put_string(&walk.path, root);
    builder_end(&walk.path);
    return walk.path.full ? FAULT_NAME_INVALID : visit_directory(&walk, 0);
}
