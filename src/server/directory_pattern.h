/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_pattern: which directories a name with wildcards speaks of. All
 * parts but the last are expanded here; the last is what names are matched
 * against while the listing goes (pattern_match). Worker thread.
 */
#ifndef FERRY_SERVER_DIRECTORY_PATTERN_H
#define FERRY_SERVER_DIRECTORY_PATTERN_H

#include "server/directory_request.h"
#include "server/directory_visits.h"

/*
 * Fills the empty `visits` with the directories that the request's name stands
 * for, and sets *ret_last (owned by the caller) to the name's last part. Work
 * is bounded by the limits of `visits`. FAULT_NAME_INVALID of a part longer
 * than a name can be, FAULT_CANCELLED.
 */
enum fault pattern_expand(const struct directory_request *request, struct visits *visits,
                          char **ret_last);

#endif
