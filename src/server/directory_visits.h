/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_visits: the directories that a listing still has to go through, in
 * order, with named limits. One thread.
 */
#ifndef FERRY_SERVER_DIRECTORY_VISITS_H
#define FERRY_SERVER_DIRECTORY_VISITS_H

#include <stddef.h>

#include "base/fault.h"
#include "base/text.h"

struct visit {
    struct visit *next; /* owned: the rest of the list */
    char *path;         /* owned */
    char *shown;        /* owned: what the client calls it, with a slash at its end */
};

/* Zeroed: none. */
struct visits {
    struct visit *first; /* owned */
    size_t count;
    size_t bytes;
};

/*
 * Adds one in front of *place and sets *ret_next (may be NULL) to the place
 * after it. FAULT_LISTING_TOO_LARGE when there are too many.
 */
enum fault visits_add(struct visits *visits, struct visit **place, struct text path,
                      struct text shown, struct visit ***ret_next);
/* The directory is not there, or not for this user: nothing that a second try could change. */
bool visit_is_out_of_reach(enum fault f);
/* Takes the first one off; there must be one. Free it with visit_free. */
struct visit *visits_take(struct visits *visits);
void visits_clear(struct visits *visits);
/* Accepts NULL. */
void visit_free(struct visit *visit);

#endif
