/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_walk: visits a tree of a server, directory by directory. Links are
 * told, never followed; depth and length of a path are bounded, so that a
 * server whose directories contain themselves has an end.
 */
#ifndef FERRY_CLIENT_REMOTE_WALK_H
#define FERRY_CLIENT_REMOTE_WALK_H

#include "client/remote_files.h"

enum {
    REMOTE_WALK_DEPTH_MAX = 256, /* directories in each other below the root */
    REMOTE_WALK_PATH_MAX = 4096, /* bytes */
};

/* Paths are as the server takes them, and begin with the root's. A fault ends the walk, and is its.
 */
struct remote_visitor {
    /*
     * Something in a directory; a directory before what is in it. `depth` is 1 in the root.
     * *ret_enters, true before: whether to go into it; of directories alone.
     */
    enum fault (*on_entry)(void *owner, const char *path, unsigned depth, const struct entry *entry,
                           bool *ret_enters);
    /* A directory of which everything has been visited, the root (depth 0) last. NULL: no need. */
    enum fault (*on_leave)(void *owner, const char *path, unsigned depth);
    /*
     * A directory that cannot be listed (remote_reason), is too deep (FAULT_LINK_LOOP), or a name
     * that is no part of a path (FAULT_NAME_INVALID). What it returns ends the walk, or lets it
     * go on; on_leave comes all the same, but not for a name. NULL: it ends.
     */
    enum fault (*on_fault)(void *owner, const char *path, enum fault f);
    void *owner; /* borrowed */
};

/* "" is the working directory; then paths are relative. In each directory sorted by name. */
enum fault remote_walk(struct remote *remote, const char *root,
                       const struct remote_visitor *visitor);

#endif
