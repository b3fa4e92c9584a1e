/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segments: one large file over several connections at once, each of which
 * fetches a range of it (RANG, or REST and an end of our own making). What broke off goes
 * on from where each of them was, in this run or a later one, killed or not.
 */
#ifndef FERRY_CLIENT_SEGMENTS_H
#define FERRY_CLIENT_SEGMENTS_H

#include "client/carry.h"
#include "client/crew.h"

/*
 * carry_fetch over the crew's connections, in rules->segments ranges, `remote` being asked for
 * what is to be known of the file. Where it cannot be divided (TYPE A, MODE B, a size that is not
 * known or small, a server that has no REST, refuses it or forgets it) it is carry_fetch over
 * `remote`, and where the server lets no more of us in, `remote` fetches the ranges. FAULT_BUSY:
 * another ferry fetches the same file likewise.
 */
enum fault segments_fetch(struct remote *remote, struct crew *crew, const char *path,
                          const struct local_tree *tree, const char *local,
                          const struct carry_rules *rules, struct transfer_progress *progress,
                          struct carry_outcome *ret_outcome);

#endif
