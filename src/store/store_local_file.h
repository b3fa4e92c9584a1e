/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_file: a plain file's bytes, and its annex, for reading. Internal
 * to store_local*.
 */
#ifndef FERRY_STORE_STORE_LOCAL_FILE_H
#define FERRY_STORE_STORE_LOCAL_FILE_H

#include "store/store.h"
#include "store/store_local_info.h"

enum fault local_open_file(const struct local_identity *identity, int root, const char *path,
                           struct stream **ret_stream, struct store_info *ret_info);
/*
 * `file` is local_open_file's. FAULT_BUSY when the file was replaced or changed
 * since, so that its annex may be gone already or not be there yet.
 */
enum fault local_open_annex(int root, const char *path, const struct stream *file,
                            struct stream **ret_annex);

#endif
