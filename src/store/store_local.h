/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local: a store over a directory of this machine. The contract is
 * store.h's; the process's file creation mask must be 0 (modes are given).
 */
#ifndef FERRY_STORE_STORE_LOCAL_H
#define FERRY_STORE_STORE_LOCAL_H

#include "store/store.h"
#include "store/store_local_journal.h"

/*
 * Opens the tree below `directory`. `journal` (borrowed: outlives the store)
 * may be NULL: then a crash can leave hidden leftovers.
 */
enum fault store_local_open(const char *directory, struct journal *journal,
                            struct store **ret_store);

/* Is it still the one that has this name? */
bool store_local_is_current(struct store *store, const char *directory);

#endif
