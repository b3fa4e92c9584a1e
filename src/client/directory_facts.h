/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_facts: the times and modes that directories of a tree are to have once all that is in
 * them is done: whatever is made, renamed or removed in a directory changes its time, and a mode
 * may forbid it. What is noted last is set first: a directory is noted before those in it.
 *
 * Facts that a place does not keep, or does not let us set, are left: no name and no byte depends
 * on them. A server that refuses one for good is not asked for the next.
 */
#ifndef FERRY_CLIENT_DIRECTORY_FACTS_H
#define FERRY_CLIENT_DIRECTORY_FACTS_H

#include "client/entry.h"
#include "client/local_tree.h"
#include "client/remote_files.h"

struct directory_fact;

struct directory_facts {
    struct directory_fact *last; /* owned, with all that were noted before */
};

/*
 * `path` is the target's, `entry` the source's: what is wanted of it, and known. One thread at a
 * time. FAULT_NO_MEMORY: nothing is noted.
 */
enum fault directory_facts_note(struct directory_facts *facts, const char *path,
                                const struct entry *entry, bool keeps_time, bool keeps_mode);
/* In a tree here; none is left. */
void directory_facts_set_here(struct directory_facts *facts, const struct local_tree *tree);
/* There; none is left. FAULT_CONNECTION_LOST and the like: the server is gone. */
enum fault directory_facts_set_there(struct directory_facts *facts, struct remote *remote);
/* Leaves them undone. */
void directory_facts_clear(struct directory_facts *facts);

#endif
