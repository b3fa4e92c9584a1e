/* SPDX-License-Identifier: Apache-2.0 */
/*
 * completion: what a word that somebody has begun could become: names of a
 * list, files here, files there. A match is the whole word, its directories
 * too, and '/' behind it where it is a directory.
 *
 * Names with control characters are left out: they cannot be typed, and are
 * not to reach the terminal. So are those that begin with a dot, as long as what
 * was written does not. One thread at a time; _add_local and _add_remote block.
 */
#ifndef FERRY_CLIENT_COMPLETION_H
#define FERRY_CLIENT_COMPLETION_H

#include "client/listing_cache.h"
#include "client/shell_words.h"

enum { COMPLETION_MATCHES_MAX = 100 * 1000 };

struct completion;

/* `word` is what stands there up to the cursor, its quotes taken off (struct shell_place). Copied.
 */
enum fault completion_new(struct text word, struct completion **ret_completion);
/* Accepts NULL. */
void completion_free(struct completion *completion);

/* Takes the name if the word is its beginning, in the same case. */
enum fault completion_add_name(struct completion *completion, struct text name);
/* Files here that fit; a directory that cannot be read has none. "~/" is HOME. */
enum fault completion_add_local(struct completion *completion);
/* Files there that fit. Faults are remote_list's: a directory that is none, a connection lost. */
enum fault completion_add_remote(struct completion *completion, struct listing_cache *cache,
                                 struct remote *remote, int64_t now_ms);

/* Sorts by bytes; to be called before those below. */
void completion_sort(struct completion *completion);
size_t completion_count(const struct completion *completion);
/* The last part alone, "name" or "name/", as lists of matches show it. Borrowed. */
struct text completion_shown(const struct completion *completion, size_t index);
/*
 * Appends what is to stand in the word's place, from place->begin to the
 * cursor: what all matches begin with, quoted; a single one that is no directory with a
 * blank behind it. False, and nothing appended: there is none, or it does not fit.
 */
bool completion_put(const struct completion *completion, const struct shell_place *place,
                    struct builder *b);

#endif
