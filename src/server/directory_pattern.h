/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_pattern: which directories a name with wildcards speaks of. All
 * parts but the last are expanded here; the last is what names are matched
 * against while the listing goes (pathname_match). Worker thread.
 */
#ifndef FERRY_SERVER_DIRECTORY_PATTERN_H
#define FERRY_SERVER_DIRECTORY_PATTERN_H

#include "gate/gate.h"
#include "server/directory_visits.h"

/*
 * Fills the empty `visits` with the directories that `name`, as the client
 * gave it, stands for, and sets *ret_last (owned by the caller) to its last
 * part. Work is bounded by the limits of `visits`.
 */
enum fault pattern_expand(const struct caller *caller, struct text directory, struct text name,
                          struct visits *visits, char **ret_last);

#endif
