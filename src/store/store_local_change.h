/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_change: mode and times set by hand. Internal to store_local*.
 */
#ifndef FERRY_STORE_STORE_LOCAL_CHANGE_H
#define FERRY_STORE_STORE_LOCAL_CHANGE_H

#include "store/store.h"

/*
 * Changes the file that the O_PATH descriptor stands for, all of it or nothing.
 * FAULT_UNSUPPORTED when the file system cannot hold a time, to the second.
 */
enum fault local_change_file(int path_fd, const struct store_changes *changes);

#endif
