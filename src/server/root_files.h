/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root_files: the files that the settings name and the server, which is somebody
 * else than root, may not read: keys, and the settings themselves. The monitor
 * opens them, at the start and on each reload. docs/adr/0020.
 */
#ifndef FERRY_SERVER_ROOT_FILES_H
#define FERRY_SERVER_ROOT_FILES_H

#include "confine/privileges.h"
#include "monitor/monitor.h"
#include "server/config.h"
#include "server/opener.h"

struct root_files;

/*
 * As root, before any thread: which files the settings name, if there is one that
 * `user` could not read; else none. FAULT_TOO_MANY; FAULT_NO_MEMORY.
 */
enum fault root_files_new(const struct config *config, const struct privileges_user *user,
                          struct root_files **ret_files);
/* Its openers are no longer used. Accepts NULL. */
void root_files_free(struct root_files *files);

/* Is a monitor needed for them? */
bool root_files_has_any(const struct root_files *files);
/* What the monitor has to know; borrowed from `files`. */
void root_files_put(const struct root_files *files, struct monitor_settings *settings);

/*
 * This process, and for what it may not read that monitor, which outlives the
 * opener. A path that was not in the settings at the start needs a restart, and the
 * reason says so. Any thread.
 */
struct opener root_files_opener(struct root_files *files, struct monitor *monitor);

#endif
