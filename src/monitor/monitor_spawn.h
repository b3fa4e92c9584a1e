/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor_spawn: processes of this program, each with one socket and nothing
 * else of whoever started it. Internal to monitor.
 */
#ifndef FERRY_MONITOR_MONITOR_SPAWN_H
#define FERRY_MONITOR_MONITOR_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/fault.h"

/* Where such a process has its socket. */
enum { MONITOR_SOCKET = 3 };

/*
 * This program again, under a name that tells it what to be, with one end of a
 * new connection. It has its own memory, and of ours nothing. `quiet`: without
 * our standard output, errors and environment.
 */
enum fault monitor_spawn(const char *name, bool quiet, pid_t *ret_pid, int *ret_socket);

/* Closes all descriptors but the standard ones and MONITOR_SOCKET. */
void monitor_close_others(void);

/* A descriptor that is readable when a child stopped or ended, or -1. */
int monitor_watch_children(void);
/* As before monitor_watch_children. */
void monitor_unblock_signals(void);

#endif
