/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carry_parts: what both directions and segments have in common, for them alone.
 */
#ifndef FERRY_CLIENT_CARRY_PARTS_H
#define FERRY_CLIENT_CARRY_PARTS_H

#include "client/carry.h"

/* carry_rules.on_begin. */
void carry_announce(const struct carry_rules *rules, const struct entry *entry, uint64_t begun);
/* What is small and begins at its beginning may share a data connection with others. */
struct parameters carry_parameters(const struct remote *remote, const struct carry_rules *rules,
                                   const struct entry *entry, uint64_t begun);
/* REST's argument; empty for the beginning. */
struct text carry_number(uint64_t number, char bytes[24]);

/*
 * Nothing goes on in the middle here: there is no REST, or not for this. 451 is ProFTPD's (1.3.8)
 * without AllowStoreRestart or AllowRetrieveRestart, and comes for the STOR or RETR behind it.
 */
bool carry_refuses_restart(const struct remote *remote, enum fault f);

/* FAULT_IO, with outcome->differs. */
enum fault carry_differ(struct carry_outcome *outcome);
bool carry_wants_digest(const struct carry_rules *rules, const struct carry_outcome *outcome);
/* A server that cannot tell, or will not, has not said that anything is wrong. */
enum fault carry_check_digest(struct remote *remote, const char *path, struct stream *ours,
                              struct carry_outcome *outcome);

#endif
