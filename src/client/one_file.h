/* SPDX-License-Identifier: Apache-2.0 */
/*
 * one_file: a file fetched or sent for a person: shown while it moves, told when
 * it is there, counted in the run. Standard streams, devices and FIFOs ("-",
 * /dev/null) are written as it comes, and its size is compared behind it; they are
 * sent likewise, as are files that say no size (/proc). Everything else by carry.h.
 *
 * The run's thread.
 */
#ifndef FERRY_CLIENT_ONE_FILE_H
#define FERRY_CLIENT_ONE_FILE_H

#include "client/run.h"

struct one_file {
    const struct site *site; /* borrowed */
    struct remote *remote;   /* borrowed: connected */
    struct carry_rules rules;
    struct stream *source; /* borrowed: what is sent, in place of a file's bytes; NULL: those */
};

/*
 * `local` is a path of this machine, "-", or what `source` is called; why it failed is told. Who
 * has read enough of a pipe, head(1), a pager, ends it well. A site whose URL says ;type=d is asked
 * for the names in `path`.
 */
void one_file_get(struct run *run, const struct one_file *file, const char *path,
                  const char *local);
void one_file_put(struct run *run, const struct one_file *file, const char *local,
                  const char *path);
/* Is it a pipe, "-" standard output, that nobody reads any more? */
bool one_file_is_left(const char *path);

#endif
