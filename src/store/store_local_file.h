/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_file: a plain file's bytes, and its annex, for reading. Internal
 * to store_local*.
 */
#ifndef FERRY_STORE_STORE_LOCAL_FILE_H
#define FERRY_STORE_STORE_LOCAL_FILE_H

#include "store/store.h"
#include "store/store_local_annex_form.h"
#include "store/store_local_info.h"
#include "store/store_local_path.h"

enum fault local_open_file(const struct local_identity *identity, struct local_root root,
                           const char *path, struct stream **ret_stream,
                           struct store_info *ret_info);
/*
 * `file` is local_open_file's. FAULT_BUSY when the file was replaced or changed
 * since, so that its annex may be gone already or not be there yet.
 */
enum fault local_open_annex(struct local_root root, const char *path, const struct stream *file,
                            struct stream **ret_annex);

/*
 * A stream like local_open_file's of a descriptor from another process, taken
 * over also on a fault: the bytes from `offset` up to `end` of a file that was
 * this `version` when it was opened. FAULT_IO when it is no plain file so long.
 */
enum fault local_adopt_file(int fd, int64_t offset, int64_t end,
                            const struct annex_version *version, struct stream **ret_file);
/* What local_open_annex needs to know of `file` besides its descriptor. */
struct annex_version local_file_version(const struct stream *file);

#endif
