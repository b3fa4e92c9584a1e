/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_kept: uploads that outlive a break, apart from their file.
 * Internal to store_local*.
 *
 * What is gathered gets a name beside the file (store_local_beside): ".kept",
 * or ".tail" when it is to be appended; and its annex likewise. A direct upload
 * is kept in the file itself, but for its annex. Each of these files is locked
 * while its upload lives, so one that is not locked may be replaced, goes when
 * anything is published under the name, and some time after it was given up. A
 * file at a name of these is never in the journal.
 */
#ifndef FERRY_STORE_STORE_LOCAL_KEPT_H
#define FERRY_STORE_STORE_LOCAL_KEPT_H

#include "store/store_local_beside.h"
#include "store/store_local_upload.h"

#define LOCAL_KEPT ".kept"
#define LOCAL_KEPT_ANNEX ".kept-annex"
#define LOCAL_TAIL ".tail"
#define LOCAL_TAIL_ANNEX ".tail-annex"

/*
 * FAULT_UNSUPPORTED of a continuation that is gathered (STORE_RESUME), of an
 * append in place, to which others may append meanwhile, of a partial, which
 * is left as it is anyway, for a name that is too long, where the file system
 * tells no time of birth, and whenever what is beside the file is not as it
 * has to be.
 */
enum fault local_keep(struct local_upload *upload, struct store_kept *ret_kept);

/*
 * Takes up what was kept, to be written on where the request says. `old`: the
 * file of that name, or NULL. FAULT_OUT_OF_RANGE when there is nothing, less, or
 * what another upload kept.
 */
enum fault local_go_on(struct local_upload *upload, const struct stat *old);
/* Likewise in the file that is open; an annex of no bytes need not be there. */
enum fault local_go_on_in_place(struct local_upload *upload);

/* What was promised stays when the upload is freed. */
void local_leave_kept(struct local_upload *upload);
/* Frees what there is for keeping; the annex goes, unless it was left. */
void local_end_kept(struct local_upload *upload);

/* Takes away what dead uploads of the name kept; false when there was nothing. */
bool local_drop_kept(const struct local_beside *beside);

#endif
