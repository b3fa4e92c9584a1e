/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept_file: small files of text that belong to ferry's user: those it keeps
 * in ~/.config/ferry, and ~/.netrc, which it only reads. One is read whole,
 * and who else may read or write it is looked up on the descriptor that it is
 * read from. One is changed by being written anew beside its place, brought to
 * the disk and renamed, under a lock that other ferrys respect: whoever reads
 * sees the old one or the new one.
 *
 * May block on the disk, and on the lock for a few seconds. Any thread.
 */
#ifndef FERRY_CLIENT_KEPT_FILE_H
#define FERRY_CLIENT_KEPT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "base/text.h"

enum {
    KEPT_FILE_MAX = 1024 * 1024, /* bytes in one */
    KEPT_PATH_SIZE = 4096,       /* of its path, NUL included */
};

struct kept_file {
    char *bytes; /* owned; may hold passwords: overwritten before it is freed */
    size_t len;
    bool is_private; /* it is ours, and nobody else may read or write it */
    bool is_trusted; /* it is ours or root's, and nobody else may write it */
};

/*
 * $XDG_CONFIG_HOME/ferry/NAME, or ~/.config/ferry/NAME where that is not set or
 * no absolute path (XDG Base Directory Specification). FAULT_NOT_FOUND: there is
 * no home; FAULT_NAME_INVALID: too long.
 */
enum fault kept_file_path(const char *name, char path[KEPT_PATH_SIZE]);
/* $XDG_STATE_HOME/ferry/NAME, or ~/.local/state/ferry/NAME. Likewise. */
enum fault kept_file_state_path(const char *name, char path[KEPT_PATH_SIZE]);
/* ~/NAME. Likewise. */
enum fault kept_file_home_path(const char *name, char path[KEPT_PATH_SIZE]);

/*
 * FAULT_NOT_FOUND; FAULT_NOT_PLAIN_FILE (a pipe is not waited for);
 * FAULT_TOO_LARGE beyond KEPT_FILE_MAX. Free it with kept_file_done.
 */
enum fault kept_file_read(const char *path, struct kept_file *ret_file);
/* Leaves an empty one. */
void kept_file_done(struct kept_file *file);

static inline struct text kept_file_text(const struct kept_file *file)
{
    return (struct text){file->bytes, file->len};
}

enum { KEPT_LOCK_WAIT_MS = 5000 };

/*
 * Has `rewrite` put what is to be in the file, from what is in it, and writes
 * that anew, mode 0600, while other ferrys wait. What is missing of the file
 * and of the directories it is in is made first, for nobody but us. A symbolic
 * link stays one: what it leads to is replaced. On a fault, the one that
 * `rewrite` returns too, what was there stays. FAULT_BUSY: another ferry has
 * kept it for KEPT_LOCK_WAIT_MS; FAULT_TOO_LARGE: it would be.
 */
enum fault kept_file_change(const char *path,
                            enum fault (*rewrite)(void *context, const struct kept_file *file,
                                                  struct builder *b),
                            void *context);

#endif
