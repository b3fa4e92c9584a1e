/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_directory: the names in a directory, and what is below it.
 * Internal to store_local*.
 */
#ifndef FERRY_STORE_STORE_LOCAL_DIRECTORY_H
#define FERRY_STORE_STORE_LOCAL_DIRECTORY_H

#include "store/store.h"
#include "store/store_local_info.h"

/* Takes over `fd`, also on a fault. `identity` and `watch` are borrowed: the store's. */
enum fault local_new_directory(const struct local_identity *identity, int fd,
                               struct store_watch *watch, struct store_directory **ret_directory);

#endif
