/* SPDX-License-Identifier: Apache-2.0 */
/*
 * landlock: the part of the file system that this process and its threads can
 * open, by the kernel's word and whatever rights they have. Nothing can be
 * executed and no special file made. Once enforced it cannot be widened. Before
 * any thread.
 */
#ifndef FERRY_CONFINE_LANDLOCK_H
#define FERRY_CONFINE_LANDLOCK_H

#include <stdbool.h>

#include "base/fault.h"

/* What may be done with a file, or with a directory and all below it. */
enum landlock_way {
    LANDLOCK_READ,
    LANDLOCK_WRITE,   /* of a file that is there: read and write it */
    LANDLOCK_CHANGE,  /* files, directories and links: read, make, change, move, remove */
    LANDLOCK_SOCKETS, /* likewise, and make UNIX sockets */
};

struct landlock {
    int rules; /* owned: a descriptor; -1: the kernel does not have it */
    int abi;   /* which version; 0 likewise */
};

/*
 * FAULT_UNSUPPORTED: the kernel has no Landlock, or one that cannot move files
 * between directories (ABI 1): it is done without. `abstract`: UNIX sockets of
 * others that are no files stay in reach.
 */
enum fault landlock_begin(bool abstract, struct landlock *ret_landlock);
/* Below that path. Of what is not there nothing is allowed, and FAULT_NOT_FOUND. */
enum fault landlock_allow(const struct landlock *landlock, const char *path, enum landlock_way way);
/* From here on. */
enum fault landlock_enforce(const struct landlock *landlock);
void landlock_end(struct landlock *landlock);

#endif
