/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree: a store that several logins share: a user's root or a virtual folder.
 * Counted, because a login may outlive the configuration that opened it. And
 * the table of those that are open, so that all who have a directory as root
 * share one. Any thread.
 */
#ifndef FERRY_GATE_TREE_H
#define FERRY_GATE_TREE_H

#include "store/store.h"

struct tree;

/* Takes over the store. `name` ("" for a root) is copied. NULL when out of memory. */
struct tree *tree_new(const char *name, struct store *store);
struct tree *tree_ref(struct tree *tree);
/* Accepts NULL. */
void tree_unref(struct tree *tree);

const char *tree_name(const struct tree *tree);
struct store *tree_store(struct tree *tree);

/* ---- Those that are open, by directory --------------------------------------------- */

struct trees;

/* What opens stores; wired by who knows the kinds of them. */
struct tree_opener {
    /* The store of a directory. */
    enum fault (*open)(void *context, const char *directory, struct store **ret_store);
    /* Or was the directory replaced by another one of that name since it was opened? */
    bool (*is_current)(struct store *store, const char *directory);
    void *context; /* borrowed: outlives who has the opener */
};

/* NULL when out of memory. */
struct trees *trees_new(const struct tree_opener *opener);
/* When no tree of it is open any more. Accepts NULL. */
void trees_free(struct trees *trees);
/*
 * The tree of a directory: the one that somebody has, or a new one. Blocks.
 * FAULT_NO_MEMORY or what opening says.
 */
enum fault trees_take(struct trees *trees, const char *directory, struct tree **ret_tree);
/* Is it the tree of the directory that has its name now? Blocks. */
bool tree_is_current(const struct tree *tree);

#endif
