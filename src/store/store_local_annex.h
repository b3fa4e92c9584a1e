/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_annex: the annexes of files, in files beside them (".annex"; the
 * form is in store_local_annex_form.h). Internal to store_local*.
 *
 * An annex belongs to one version of its file: of a size and a time of its last
 * change. So a program that knows nothing of annexes does no harm when it
 * changes, replaces or removes the file. Before the store itself makes another
 * version, it puts an annex file in place that holds the annexes of both: at
 * every moment, and after a crash, the version that is there finds its own.
 */
#ifndef FERRY_STORE_STORE_LOCAL_ANNEX_H
#define FERRY_STORE_STORE_LOCAL_ANNEX_H

#include <stdint.h>
#include <sys/stat.h>

#include "store/store_local_annex_form.h"
#include "store/store_local_beside.h"

#define LOCAL_ANNEX ".annex"
/* It while it is written. */
#define LOCAL_ANNEX_NEW ".annex-new"

/* An annex, or a piece of one: `bytes` of a file, from `offset` on. */
struct local_annex {
    int fd; /* owned; -1 when there is none, of no bytes */
    uint64_t offset;
    uint64_t bytes;
};

/* A version of a file and its annex. */
struct local_annexed {
    struct annex_version version;
    struct local_annex annex;
};

/* An annex to be: its pieces one after the other. */
struct local_annex_draft {
    struct annex_version version;
    const struct local_annex *first; /* borrowed, as all here: for the call; may be NULL */
    struct text between;
    const struct local_annex *last; /* borrowed; may be NULL */
};

struct annex_version local_version_of(const struct stat *info);

/* FAULT_NOT_FOUND when the annex file, or it, has none of this version. */
enum fault local_find_annex(const struct local_beside *beside, const struct annex_version *version,
                            struct local_annex *ret_annex);
/* The same of a plain file, and no fault when it has no annex. */
enum fault local_find_annexed(const struct local_beside *beside, const struct stat *info,
                              struct local_annexed *ret_annexed);
/* Likewise of what has the place's name, if that is a plain file. */
enum fault local_find_present(const struct local_beside *beside, struct local_annexed *ret_annexed);
/* In an annex file that is open. */
enum fault local_find_annex_in(int fd, const struct annex_version *version,
                               struct local_annex *ret_annex);
void local_close_annex(struct local_annex *annex);

/*
 * Puts an annex file in place with the annex `next` of the version to come and
 * the one of the version that is there. `mode` is the file's. With sync, on the
 * disk when it returns.
 */
enum fault local_put_annex(struct local_beside *beside, const struct local_annex_draft *next,
                           const struct local_annexed *present, mode_t mode, bool sync);
/* The file of this `info` is to have another time, and no other annex; on the disk. */
enum fault local_keep_annex(struct local_beside *beside, const struct stat *info,
                            const struct store_time *modified);
/* The file has got this mode. */
void local_change_annex_mode(const struct local_beside *beside, mode_t mode);

/* The file followed, or did not: an annex that no version needs is not left beside it. */
void local_settle_annex(const struct local_beside *beside, bool has_followed);
/* The file is gone. */
void local_drop_annex(const struct local_beside *beside);

#endif
