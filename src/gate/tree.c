/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/tree.h"

#include <pthread.h>
#include <search.h>
#include <stdatomic.h>

#include "base/memory.h"

struct tree {
    atomic_uint references;
    char *name;          /* owned */
    struct store *store; /* owned */
    struct trees *trees; /* borrowed: outlives its trees; NULL: it is in no table */
    char *directory;     /* owned: its key there */
};

struct trees {
    pthread_mutex_t lock;
    void *open_ones; /* owned: tsearch's tree of borrowed trees, by directory */
    struct tree_opener opener;
};

struct tree *tree_new(const char *name, struct store *store)
{
    struct tree *tree = memory_new(sizeof(*tree));
    if (!tree)
        return NULL;
    tree->name = memory_copy(name, strlen(name));
    if (!tree->name) {
        memory_free(tree);
        return NULL;
    }
    atomic_init(&tree->references, 1);
    tree->store = store;
    return tree;
}

struct tree *tree_ref(struct tree *tree)
{
    atomic_fetch_add_explicit(&tree->references, 1, memory_order_relaxed);
    return tree;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct tree *)a)->directory, ((const struct tree *)b)->directory);
}

/* The last reference is given up under the table's lock: nobody finds a tree that is going. */
static bool give_up(struct tree *tree)
{
    struct trees *trees = tree->trees;
    if (!trees)
        return atomic_fetch_sub_explicit(&tree->references, 1, memory_order_acq_rel) == 1;
    pthread_mutex_lock(&trees->lock);
    bool is_last = atomic_fetch_sub_explicit(&tree->references, 1, memory_order_acq_rel) == 1;
    const struct tree *const *found = is_last ? tfind(tree, &trees->open_ones, compare) : NULL;
    if (found && *found == tree) /* and not one that came after it was forgotten */
        tdelete(tree, &trees->open_ones, compare);
    pthread_mutex_unlock(&trees->lock);
    return is_last;
}

void tree_unref(struct tree *tree)
{
    if (!tree || !give_up(tree))
        return;
    tree->store->type->free(tree->store);
    memory_free(tree->directory);
    memory_free(tree->name);
    memory_free(tree);
}

const char *tree_name(const struct tree *tree)
{
    return tree->name;
}

struct store *tree_store(struct tree *tree)
{
    return tree->store;
}

/* ---- Those that are open, by directory --------------------------------------------- */

struct trees *trees_new(const struct tree_opener *opener)
{
    struct trees *trees = memory_new(sizeof(*trees));
    if (!trees)
        return NULL;
    pthread_mutex_init(&trees->lock, NULL);
    trees->opener = *opener;
    return trees;
}

void trees_free(struct trees *trees)
{
    if (!trees)
        return;
    pthread_mutex_destroy(&trees->lock);
    memory_free(trees);
}

/* Those who have it keep it; who comes next gets another. */
static void forget(struct trees *trees, struct tree *tree)
{
    pthread_mutex_lock(&trees->lock);
    const struct tree *const *found = tfind(tree, &trees->open_ones, compare);
    if (found && *found == tree)
        tdelete(tree, &trees->open_ones, compare);
    pthread_mutex_unlock(&trees->lock);
}

/* With the lock held. */
static struct tree *find(struct trees *trees, const char *directory)
{
    const struct tree key = {.directory = (char *)directory};
    struct tree **found = tfind(&key, &trees->open_ones, compare);
    return found ? tree_ref(*found) : NULL;
}

/* Takes over the store. */
static struct tree *make(struct trees *trees, const char *directory, struct store *store)
{
    struct tree *tree = tree_new("", store);
    if (!tree) {
        store->type->free(store);
        return NULL;
    }
    tree->directory = memory_copy(directory, strlen(directory));
    if (!tree->directory) {
        tree_unref(tree);
        return NULL;
    }
    tree->trees = trees;
    return tree;
}

/* Puts a new one in, or takes the one that somebody else has put there meanwhile. */
static enum fault put(struct trees *trees, struct tree *tree, struct tree **ret_tree)
{
    pthread_mutex_lock(&trees->lock);
    struct tree *other = find(trees, tree->directory);
    bool failed = !other && !tsearch(tree, &trees->open_ones, compare);
    pthread_mutex_unlock(&trees->lock);
    if (other || failed) {
        tree->trees = NULL; /* it is not in the table */
        tree_unref(tree);
    }
    if (failed)
        return FAULT_NO_MEMORY;
    *ret_tree = other ? other : tree;
    return FAULT_NONE;
}

bool tree_is_current(const struct tree *tree)
{
    const struct trees *trees = tree->trees;
    return !trees || trees->opener.is_current(tree->store, tree->directory);
}

enum fault trees_take(struct trees *trees, const char *directory, struct tree **ret_tree)
{
    struct store *store = NULL;
    pthread_mutex_lock(&trees->lock);
    struct tree *tree = find(trees, directory);
    pthread_mutex_unlock(&trees->lock);
    if (tree && tree_is_current(tree)) {
        *ret_tree = tree;
        return FAULT_NONE;
    }
    if (tree) {
        forget(trees, tree);
        tree_unref(tree);
    }
    enum fault f = trees->opener.open(trees->opener.context, directory, &store);
    if (f)
        return f;
    tree = make(trees, directory, store);
    return tree ? put(trees, tree, ret_tree) : FAULT_NO_MEMORY;
}
