/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_upload: uploads to a POSIX tree as transactions. Internal to
 * store_local*.
 *
 * The bytes go to a file without a name in the directory of the target
 * (O_TMPFILE, which a crash clears by itself) or, where the file system has no
 * such thing, to a hidden name that the journal knows. Publishing gives it the
 * target's name in one step. An append is gathered the same way and then
 * copied to the end of the file in one go, under a journal record that cuts
 * the file back if the process dies in between; readers of a log see it grow
 * by whole uploads and appends of several sessions never lose one another.
 *
 * A file that an interrupted upload left is marked with the extended attribute
 * LOCAL_PARTIAL_MARK. Resuming one writes into it directly: every byte it has
 * is right, and what arrives before the next interruption is not lost.
 */
#ifndef FERRY_STORE_STORE_LOCAL_UPLOAD_H
#define FERRY_STORE_STORE_LOCAL_UPLOAD_H

#include "store/store.h"
#include "store/store_local_journal.h"

#define LOCAL_PARTIAL_MARK "user.ferry.partial"

/* `journal` (borrowed: outlives the upload) may be NULL: then a crash can leave leftovers. */
enum fault local_open_upload(int root, struct journal *journal, const char *path,
                             const struct store_upload_request *request,
                             struct store_upload **ret_upload);

#endif
