/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standing_quota: which trees of a standing are counted, and the limits that
 * hold for each. Between standing.c and the ledger.
 */
#ifndef FERRY_GATE_STANDING_QUOTA_H
#define FERRY_GATE_STANDING_QUOTA_H

#include "gate/standing.h"

/* The home's tree, if the user or a group has a quota; and the ratio. */
enum fault standing_count_home(struct standing *standing, const struct realm *realm);
/* A virtual folder's tree, if the folder has a quota. */
enum fault standing_count_folder(struct standing *standing, struct ledger *ledger,
                                 const struct account_folder *folder, struct tree *tree);
void standing_close_quotas(struct standing *standing);

#endif
