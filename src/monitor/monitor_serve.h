/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor_serve: the monitor itself: one thread, root, between the server and
 * the processes of logins and users. Internal to monitor.
 */
#ifndef FERRY_MONITOR_MONITOR_SERVE_H
#define FERRY_MONITOR_MONITOR_SERVE_H

/* The name that a process of this program has as the monitor. */
#define MONITOR_NAME "ferryd-monitor"

/* Serves whoever has the other end until it is closed. Returns the exit status. */
int monitor_serve(int socket);

#endif
