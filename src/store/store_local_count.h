/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_count: how much the files of a directory have, and what is beside
 * them: that counts in bytes, not as files. Internal to store_local*.
 */
#ifndef FERRY_STORE_STORE_LOCAL_COUNT_H
#define FERRY_STORE_STORE_LOCAL_COUNT_H

#include "store/store.h"
#include "store/store_local_beside.h"

/* As store_type's count. */
enum fault local_count_directory(int root, const char *path, struct store_watch *watch,
                                 struct store_census *census);

/* What is beside one file, but for what an upload that lives has locked. */
int64_t local_count_beside(const struct local_beside *beside);

#endif
