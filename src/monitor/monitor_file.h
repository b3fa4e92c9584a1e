/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor_file: opens a file of root's for somebody who is not, and may have
 * turned against us. Internal to monitor.
 */
#ifndef FERRY_MONITOR_MONITOR_FILE_H
#define FERRY_MONITOR_MONITOR_FILE_H

#include "base/fault.h"

/*
 * For reading, by an absolute path. Links are followed: certificates that are
 * renewed have some. But every directory and every link on the way has to be
 * root's, and none of the directories writable by others (where they can remove
 * only what is theirs, as in /tmp, directories of root's may lie): else whoever can
 * write there could have /etc/shadow opened. FAULT_DENIED then.
 * FAULT_NOT_PLAIN_FILE; does not wait for the other end of a pipe.
 */
enum fault monitor_file_open(const char *path, int *ret_fd);

#endif
