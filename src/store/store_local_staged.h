/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_staged: uploads that are gathered first. Internal to
 * store_local*.
 *
 * The bytes go to a file without a name in the directory of the target
 * (O_TMPFILE, which a crash clears by itself) or, where the file system has no
 * such thing, to a hidden name that the journal knows. Publishing gives it the
 * target's name in one step; its annex is put in place before, under a lock
 * that is held until the file has followed. An append is gathered the same way and then
 * copied to the end of the file in one go, under a journal record that cuts
 * the file back if the process dies in between; readers of a log see it grow
 * by whole uploads and appends of several sessions never lose one another.
 */
#ifndef FERRY_STORE_STORE_LOCAL_STAGED_H
#define FERRY_STORE_STORE_LOCAL_STAGED_H

#include "store/store_local_upload.h"

/* The file that is to become the target, with the owner and mode of `old` (or NULL). */
enum fault local_open_staged(struct local_upload *upload, const struct stat *old);
/* The first `offset` bytes of `target` (taken over) are to come before ours. */
enum fault local_take_prefix_later(struct local_upload *upload, int target, uint64_t offset);
enum fault local_write_staged(struct local_upload *upload, const void *bytes, size_t len);
enum fault local_write_staged_pipe(struct local_upload *upload, int pipe, size_t len);

/* It becomes the file; or its bytes become the end of the file. */
enum fault local_publish_staged(struct local_upload *upload);
enum store_remains local_abandon_staged(struct local_upload *upload, bool keep);

/* A file that goes when its descriptor is closed. */
enum fault local_open_nameless(struct journal *journal, int parent, int *ret_fd);
/* A hidden name that nothing else has. */
void local_put_temporary_name(char *name, size_t size);
/* Its hidden name is to be this one; a crash leaves it there. */
enum fault local_move_temporary(struct local_upload *upload, int directory, const char *name);
/* Removes its hidden name, if it has one; false: it is still there. */
bool local_drop_temporary(struct local_upload *upload);

#endif
