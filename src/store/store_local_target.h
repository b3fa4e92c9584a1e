/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_target: the file that an upload makes, replaces or continues:
 * looked at, opened, locked, marked and handed to the disk. Internal to
 * store_local*.
 *
 * Locks are flock's, so they are between processes too. Who publishes an append
 * or goes on with a partial has it alone; direct uploads share it.
 */
#ifndef FERRY_STORE_STORE_LOCAL_TARGET_H
#define FERRY_STORE_STORE_LOCAL_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "store/store_local_info.h"
#include "store/store_local_path.h"

/* The extended attribute of a file that an interrupted upload left. */
#define LOCAL_PARTIAL_MARK "user.ferry.partial"

/* What is there, which must be a plain file that may be written; NOT_FOUND when the name is free.
 */
enum fault local_stat_target(const struct local_identity *identity, const struct local_place *place,
                             struct stat *ret_info);
/* Likewise, of one that was looked at. */
enum fault local_check_target(const struct local_identity *identity,
                              const struct local_place *place, const struct stat *info);
/* Opens what the place names, which is known to be a plain file; for writing: it loses its set-id
 * bits. */
enum fault local_open_target(const struct local_place *place, int flags, int *ret_fd);
/* Does the place still name the file that `fd` is? */
bool local_is_target(const struct local_place *place, int fd);

/* How long a lock is waited for. */
enum local_wait {
    /* For one that is held between two system calls. */
    LOCAL_WAIT_MOMENT_MS = 50,
    /* For somebody who may try again. */
    LOCAL_WAIT_MS = 4000,
    /* For an upload that is complete: all that was sent would be in vain. */
    LOCAL_WAIT_PUBLISHING_MS = 60 * 1000,
};

/* LOCK_EX or LOCK_SH; waits so long, then FAULT_BUSY. */
enum fault local_lock(int fd, int operation, enum local_wait wait);
/*
 * Has somebody it alone? Nothing else tells half an append from what others did
 * to a file. An upload that wants the lock meanwhile waits for this moment.
 */
bool local_is_locked(int fd);
/* Opens for writing and locks the file that the name means once the lock is held. */
enum fault local_lock_target(const struct local_place *place, int *ret_fd, struct stat *ret_info);
/*
 * Takes the lock of a marked file for as long as the descriptor is open.
 * FAULT_BUSY when somebody has it; *ret_is_partial is false when there is no
 * mark, or no lock to be had here.
 */
enum fault local_lock_partial(int fd, bool *ret_is_partial);

bool local_has_mark(int fd);
void local_set_mark(int fd);
/* With sync, on the disk too. */
enum fault local_clear_mark(int fd, bool sync);

/* Makes sure of room for `bytes` from `offset` on, without making the file longer. */
enum fault local_reserve(int fd, uint64_t offset, uint64_t bytes);
/*
 * All that was written is the file system's now: on the disk with sync, else as
 * far as it tells.
 */
enum fault local_settle(int fd, bool sync);
enum fault local_sync_directory(int parent);

#endif
