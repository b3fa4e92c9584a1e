/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privileges: from root to somebody else, for good.
 */
#ifndef FERRY_MONITOR_PRIVILEGES_H
#define FERRY_MONITOR_PRIVILEGES_H

#include <sys/types.h>

#include "base/fault.h"

/*
 * Becomes that user with these groups, and nothing else of what root had:
 * looked at afterwards, and so that no program it starts gets any more.
 * FAULT_DENIED; then end the process.
 */
enum fault privileges_give_up(uid_t uid, gid_t gid, const gid_t *groups, size_t group_count);

/* Likewise, an account of the system. FAULT_NOT_FOUND: there is none. FAULT_ARGUMENT: it is root.
 */
enum fault privileges_become(const char *name);

#endif
