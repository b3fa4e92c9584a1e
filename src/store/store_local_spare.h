/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_spare: hidden names that files had for a moment, while they were published, and that
 * the journal still has as such. The next file that needs one in that directory takes it: then the
 * journal says what it has to already, and nothing is written. Any thread.
 */
#ifndef FERRY_STORE_STORE_LOCAL_SPARE_H
#define FERRY_STORE_STORE_LOCAL_SPARE_H

#include <sys/types.h>

#include "store/store_local_journal.h"
#include "store/store_local_path.h"

struct local_spares;

struct local_spare {
    struct local_spare *next; /* owned: the rest of the list, while it is in one */
    journal_record record;
    char name[LOCAL_NAME_SIZE];
    dev_t device; /* of the directory that was at that path */
    ino_t number;
    int64_t seen_ms; /* when it was */
    size_t len;
    char directory[]; /* its path when the record was written */
};

/* The journal's. NULL: no memory. */
struct local_spares *local_spares_new(void);
/* Accepts NULL. */
void local_spares_free(struct local_spares *spares);

/*
 * One that was given back, in the directory `parent`; NULL: there is none. Neither waits nor writes
 * anything. That the directory has been moved it may hear a second later.
 */
struct local_spare *local_spare_take(struct journal *journal, int parent);
/* A name in the directory `parent` that nobody else gets until it is given back. */
enum fault local_spare_borrow(struct journal *journal, int parent, struct local_spare **ret_spare);
/* Takes it over. `is_free`: nothing has the name any more; else its record stays in force. */
void local_spare_give_back(struct journal *journal, struct local_spare *spare, bool is_free);

#endif
