/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/tree.h"

#include <stdatomic.h>

#include "base/memory.h"

struct tree {
    atomic_uint references;
    char *name;          /* owned */
    struct store *store; /* owned */
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

void tree_unref(struct tree *tree)
{
    if (!tree || atomic_fetch_sub_explicit(&tree->references, 1, memory_order_acq_rel) != 1)
        return;
    tree->store->type->free(tree->store);
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
