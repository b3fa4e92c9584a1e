/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor_confine: what each of the monitor's processes is held to. There is no
 * way back. A layer that the kernel does not have is done without, which the log
 * says; the server says so, too. docs/adr/0020. Internal to monitor.
 */
#ifndef FERRY_MONITOR_MONITOR_CONFINE_H
#define FERRY_MONITOR_MONITOR_CONFINE_H

#include "monitor/monitor.h"

/*
 * The monitor, before it hears of the first request. Sessions are its children, and
 * what PAM's modules start are theirs: they have the same.
 */
enum fault monitor_confine(const struct monitor_settings *settings);

/* An agent, which is its user already: the files below that root, and no more. */
enum fault monitor_confine_agent(const char *root);

#endif
