/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_tree: operations on several files that are made of the gate's single
 * ones, so that each file touched is decided and audited by itself. Worker
 * threads; each stops early with FAULT_CANCELLED when *cancelled becomes true.
 */
#ifndef FERRY_GATE_GATE_TREE_H
#define FERRY_GATE_GATE_TREE_H

#include "gate/gate.h"

/*
 * Copies one plain file and its annex over or to a name, as an upload does:
 * whole or not at all. FAULT_ARGUMENT for a direct upload over the file itself.
 */
enum fault gate_copy(const struct caller *caller, const char *from, const char *to, unsigned mode,
                     const atomic_bool *cancelled);

/*
 * Appends `parts` (count of them) to the file `target`, made if absent, as one
 * upload, then removes the parts. All of them are looked at first, and nothing
 * is changed when one cannot be read or removed, or FAULT_ARGUMENT: when one is
 * the target itself or comes twice, whatever its name. *ret_part: the fault is
 * of a part, not of the target.
 */
enum fault gate_combine(const struct caller *caller, const char *target, char *const *parts,
                        size_t count, unsigned mode, const atomic_bool *cancelled, bool *ret_part);

/* Removes a directory and all that is in it. Links are removed, not followed. */
enum fault gate_remove_tree(const struct caller *caller, const char *path,
                            const atomic_bool *cancelled);

#endif
