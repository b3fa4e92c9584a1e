/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor_agent: the process that is a user and opens that user's files for the
 * server. Internal to monitor.
 */
#ifndef FERRY_MONITOR_MONITOR_AGENT_H
#define FERRY_MONITOR_MONITOR_AGENT_H

/* The name that a process of this program has as an agent: all it is told. */
#define MONITOR_AGENT_NAME "ferryd-agent"

/*
 * Becomes who the first message on `socket` says, and serves their root until the
 * socket ends. Returns the exit status.
 */
int monitor_agent_run(int socket);

#endif
