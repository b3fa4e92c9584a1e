/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter: the calls that this process may make of the system (seccomp). Any
 * other is refused with EPERM, and the log says which: once for the first time,
 * and again each time the count has doubled.
 *
 *     warning seccomp-violation syscall=59 name=execve count=1
 *
 * A call that is newer than all we know is refused with ENOSYS, so that a library
 * that tries it falls back on an older one. The kernel's log has the calls, too, where
 * that is switched on; on machines other than x86-64 and aarch64 only that has.
 */
#ifndef FERRY_CONFINE_FILTER_H
#define FERRY_CONFINE_FILTER_H

#include "base/fault.h"

/* What a process does; a mask. filter_calls.c has what each takes. */
enum filter_deed {
    FILTER_LIVE = 1,     /* memory, threads, clocks, signals to itself, bytes on open descriptors */
    FILTER_FILES = 2,    /* files and directories: look, read, make, change */
    FILTER_NETWORK = 4,  /* sockets: make, listen, connect */
    FILTER_CHANNELS = 8, /* messages on sockets that are there */
    FILTER_LOOK = 16,    /* of FILTER_FILES: look and read */
    FILTER_BIND = 32,    /* of FILTER_NETWORK: sockets with an address, for others to use */
};

/*
 * From here on, in this thread and those that it starts. FAULT_UNSUPPORTED: the
 * kernel has no filters.
 */
enum fault filter_enforce(unsigned deeds);

/*
 * For a process that runs foreign code, which may need anything: what nothing
 * needs is refused with EPERM, and all else allowed. It holds in the programs that
 * it starts, too, so it is the kernel's log that hears of it. Likewise.
 */
enum fault filter_forbid(void);

#endif
