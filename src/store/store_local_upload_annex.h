/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_upload_annex: the annex of an upload, gathered beside its bytes
 * and put in place before they are published. Internal to store_local*.
 */
#ifndef FERRY_STORE_STORE_LOCAL_UPLOAD_ANNEX_H
#define FERRY_STORE_STORE_LOCAL_UPLOAD_ANNEX_H

#include "store/store_local_annex.h"
#include "store/store_local_upload.h"

/* FAULT_NAME_INVALID when the file's name is too long to have one, also for no bytes. */
enum fault local_gather_annex(struct local_upload *upload, struct text bytes);

/* Around publishing: the hidden directory, if it is there or the upload has an annex. */
enum fault local_begin_publishing(struct local_upload *upload, struct local_beside *ret_beside);
void local_end_publishing(struct local_beside *beside, enum fault f);

/* What was gathered is to be the file that replaces the one that is there. */
enum fault local_put_whole_annex(struct local_upload *upload, struct local_beside *beside);
/*
 * The file `fd` was written into. An append's annex follows the one that the
 * file had: "at SIZE\n" between them tells where its bytes begin, whether it has
 * an annex or not. `before` is NULL
 * when there was no file.
 */
enum fault local_put_grown_annex(struct local_upload *upload, struct local_beside *beside, int fd,
                                 const struct local_annexed *before);
/* All of it for an upload that has written into the file itself. */
enum fault local_publish_annex_in_place(struct local_upload *upload);

#endif
