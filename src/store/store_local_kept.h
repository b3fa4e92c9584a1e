/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_kept: uploads that outlive a break, apart from their file.
 * Internal to store_local*.
 *
 * What is gathered gets a name beside the file (store_local_beside): ".kept",
 * or ".tail" when it is to be appended; and its annex likewise. Uploads that
 * write into the file itself are kept there, but for their annex. Each of these
 * files is locked while its upload lives, so one that is not locked may be
 * replaced. A file at a name of these is never in the journal.
 */
#ifndef FERRY_STORE_STORE_LOCAL_KEPT_H
#define FERRY_STORE_STORE_LOCAL_KEPT_H

#include "store/store_local_beside.h"
#include "store/store_local_upload.h"

/*
 * FAULT_UNSUPPORTED of a continuation (STORE_RESUME) but a direct one, of an
 * append in place, for a name that is too long, and where nothing can be put
 * beside the file.
 */
enum fault local_keep(struct local_upload *upload, struct store_kept *ret_kept);

/*
 * Takes up what was kept, to be written on where the request says.
 * FAULT_NOT_FOUND when there is nothing; FAULT_OUT_OF_RANGE when it is less.
 */
enum fault local_go_on(struct local_upload *upload);
/* Its annex alone, of an upload in place; one of no bytes need not be there. */
enum fault local_go_on_with_annex(struct local_upload *upload);

/* FAULT_OUT_OF_RANGE when `fd` is not the file of the upload that the request goes on with. */
enum fault local_check_kept(const struct local_upload *upload);

/* It stays when the upload is freed. */
void local_leave_kept(struct local_upload *upload);
/* Frees what there is for keeping; the annex goes, unless it was left. */
void local_end_kept(struct local_upload *upload);

/* Takes away what dead uploads of this kind kept. */
void local_drop_kept(const struct local_beside *beside, enum store_upload_kind kind);

#endif
