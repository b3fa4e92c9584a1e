/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree: a store that several logins share: a user's root or a virtual folder
 * that SMNT selects. Counted, because a login may outlive the configuration
 * that opened it. Any thread.
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

#endif
