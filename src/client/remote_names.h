/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_names: the names of a server's directory that a pattern stands for,
 * for mget and mdelete. The server's listing is matched here (base/pattern.h);
 * NLST with the pattern is asked where no listing can be read.
 *
 * What comes out are names as safe_name_is_local takes them, in the order of their
 * bytes: a server that answers "*.c" with "../../.profile" is not believed.
 */
#ifndef FERRY_CLIENT_REMOTE_NAMES_H
#define FERRY_CLIENT_REMOTE_NAMES_H

#include "client/remote_files.h"

enum { REMOTE_NAMES_PATH_SIZE = 4096 };

struct remote_names {
    char directory[REMOTE_NAMES_PATH_SIZE]; /* as it goes before a name: "", "/", "pub/" */
    struct entries entries; /* owned; sorted; of NLST all are files of unknown size */
    size_t refused;         /* that matched and were no names */
};

/*
 * The last part of `pattern` may have wildcards, the directories before it none: FAULT_ARGUMENT.
 * One without any stands for itself, whether it is there or not. FAULT_NOT_FOUND: nothing fits.
 * Else remote_list's. *ret_names is the caller's to clear with no fault only.
 */
enum fault remote_names_expand(struct remote *remote, struct text pattern,
                               struct remote_names *ret_names);
/* "pub/name": false when it is too long for b. */
bool remote_names_put_path(const struct remote_names *names, size_t index, struct builder *b);
void remote_names_clear(struct remote_names *names);

#endif
