/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_beside: what is kept beside files, in a hidden directory of the
 * directory that they are in. It is made when it is needed and goes when it is
 * empty. Internal to store_local*.
 *
 * Of the file NAME there can be its annex (store_local_annex) and an upload of
 * it that was kept (store_local_kept), under NAME and a suffix. Whoever puts
 * one there or takes one away has the directory locked until the file itself
 * has followed. So the journal knows nothing of it: what a crash leaves is
 * NAME's, and goes with the next that is done to NAME.
 *
 * Its bytes count as the directory's, but not what an upload that lives has
 * locked: that is reserved by it. Whoever has the directory locked tells what
 * became of NAME's when it is unlocked, or before the last step, which may still
 * be refused then.
 */
#ifndef FERRY_STORE_STORE_LOCAL_BESIDE_H
#define FERRY_STORE_STORE_LOCAL_BESIDE_H

#include <dirent.h>

#include "store/store.h"
#include "store/store_local_path.h"
#include "store/store_local_target.h"

enum {
    /* So long may the name of a file be that has something beside it: a suffix has to fit. */
    LOCAL_BESIDE_NAME_MAX = 240,
};

struct local_beside {
    int fd;                          /* owned: the hidden directory; -1: there is none */
    const struct local_place *place; /* borrowed: of the file, alive until it is closed */
    bool is_locked;
    bool has_put;              /* an annex was put there for the file that is to follow */
    struct store_watch *watch; /* borrowed: the store's; NULL: nobody counts */
    int64_t counted;           /* what there is of the file's, as was told last */
    struct store_claim *claim; /* borrowed: of the upload that puts something there, or NULL */
};

/*
 * Opens and locks it, made if absent with `make`: then FAULT_NAME_INVALID for a
 * name that is too long. Without, one that is not there or not for us to open
 * is none, and no fault. FAULT_BUSY when the lock is not to be had so long.
 */
enum fault local_open_beside(const struct local_place *place, bool make, enum local_wait wait,
                             struct store_watch *watch, struct local_beside *ret_beside);
/* For looking only: not locked. FAULT_NOT_FOUND. */
enum fault local_look_beside(const struct local_place *place, struct local_beside *ret_beside);
/* Is what there is by now allowed? Then it is told. Accepts none. */
enum fault local_tell_beside(struct local_beside *beside, struct store_claim *claim);
/* Removes it when there is nothing left in it. Accepts none. */
void local_close_beside(struct local_beside *beside);

/* The place's name with the suffix. FAULT_NAME_INVALID when that is too long. */
enum fault local_name_beside(const struct local_place *place, const char *suffix,
                             char name[LOCAL_NAME_SIZE]);
/* A plain file of the place's; FAULT_NOT_FOUND also of one that is not for us to open. */
enum fault local_open_file_beside(const struct local_beside *beside, const char *suffix, int flags,
                                  int *ret_fd);
void local_remove_beside(const struct local_beside *beside, const char *suffix);
/* FAULT_NOT_FOUND; FAULT_BUSY, and it stays, when somebody has it locked. */
enum fault local_remove_unheld_beside(const struct local_beside *beside, const char *suffix);
/* Removes what is meant of all that is in it, whatever its file, unless somebody has it locked. */
void local_sweep_beside(struct local_beside *beside,
                        bool (*is_meant)(int directory, const char *name));

/*
 * Empties a directory that holds nothing but what was beside files that are gone.
 * False when it holds more, or some of that is in use.
 */
bool local_clear_beside(const struct local_place *directory, struct store_watch *watch);

/* The names in a directory that is open already; NULL when there is no descriptor for it. */
DIR *local_names_of(int directory);

/* Is anything beside the files of a directory, that is ours to see? */
bool local_is_beside_there(int directory);
/* Locks what is beside the files of a directory, for counting it. FAULT_NOT_FOUND: nothing. */
enum fault local_lock_all_beside(int directory, int *ret_fd);

#endif
