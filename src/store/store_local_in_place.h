/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_in_place: uploads that write into the file itself. Internal to
 * store_local*.
 *
 * A partial, the marked file that an interrupted upload left, is resumed so:
 * every byte it has is right, and what arrives before the next interruption is
 * not lost. It is locked meanwhile: two that resume it would spoil it. A direct
 * upload (uploads = direct) is for those who must follow its growth; several
 * may send segments of one file at once.
 *
 * Neither makes the file shorter before bytes have arrived.
 */
#ifndef FERRY_STORE_STORE_LOCAL_IN_PLACE_H
#define FERRY_STORE_STORE_LOCAL_IN_PLACE_H

#include <sys/stat.h>

#include "store/store_local_upload.h"

/* `target` (taken over) is a marked file, and its lock is ours. */
enum fault local_open_partial(struct local_upload *upload, int target, const struct stat *info,
                              uint64_t offset);
enum fault local_open_direct(struct local_upload *upload);
enum fault local_write_in_place(struct local_upload *upload, const void *bytes, size_t len);

/* FAULT_BUSY when the file was changed or replaced by others; it is left as it is then. */
enum fault local_publish_partial(struct local_upload *upload);
enum fault local_publish_direct(struct local_upload *upload);
enum store_remains local_abandon_partial(struct local_upload *upload);
enum store_remains local_abandon_direct(struct local_upload *upload);

#endif
