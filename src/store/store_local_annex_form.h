/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_annex_form: an annex file as text. Pure; what is read may be
 * anybody's. Internal to store_local*.
 *
 *     ferry-annex 1
 *     file <size> <seconds>.<nanoseconds> <bytes>
 *     … so many bytes: the annex of that version of the file …
 *
 * and, while one version takes the place of another, a second such block. The
 * time has nine digits behind its point.
 */
#ifndef FERRY_STORE_STORE_LOCAL_ANNEX_FORM_H
#define FERRY_STORE_STORE_LOCAL_ANNEX_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "store/store.h"

enum {
    ANNEX_LINE_MAX = 96, /* the longest line, its end included */
    ANNEX_BLOCKS_MAX = 2,
};

/* Which version of a file: what programs that know nothing of annexes change with it. */
struct annex_version {
    uint64_t size;
    struct store_time modified;
};

struct annex_block {
    struct annex_version version;
    uint64_t bytes;
};

/* Where either time has no nanoseconds (tar's, FAT's) the seconds suffice. */
bool annex_is_version(const struct annex_version *a, const struct annex_version *b);

void annex_put_first_line(struct builder *b);
void annex_put_block_line(struct builder *b, const struct annex_block *block);

/* Each takes its line off the text; false and nothing taken when there is no such line. */
bool annex_take_first_line(struct text *rest);
bool annex_take_block_line(struct text *rest, struct annex_block *ret_block);

#endif
