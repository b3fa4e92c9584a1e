/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune: removes what only one of two trees has, here or on a server, with all that is in it, but
 * for what a filter does not take: that stays, and so do the directories that it is in. Links are
 * removed, never followed.
 */
#ifndef FERRY_CLIENT_PRUNE_H
#define FERRY_CLIENT_PRUNE_H

#include "client/filter.h"
#include "client/local_tree.h"
#include "client/remote_files.h"

enum { PRUNE_DEPTH_MAX = 200 }; /* directories in each other: FAULT_LINK_LOOP */

/*
 * `path` is below the tree's root and the filter's (NULL: everything goes). *ret_is_kept: something
 * in it is what the filter leaves out.
 */
enum fault prune_here(const struct local_tree *tree, const char *path, const struct entry *entry,
                      const struct filter *filter, bool *ret_is_kept);
/*
 * `there` is the server's name of it. Without a filter a server that removes trees by itself (RMDA)
 * is asked to.
 */
enum fault prune_there(struct remote *remote, const char *there, const char *path,
                       const struct entry *entry, const struct filter *filter, bool *ret_is_kept);

#endif
