/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_entry: from what the store knows of a file to a line of a listing
 * or the facts of MLST. Any thread.
 */
#ifndef FERRY_SERVER_DIRECTORY_ENTRY_H
#define FERRY_SERVER_DIRECTORY_ENTRY_H

#include "gate/gate.h"
#include "protocol/facts.h"

struct directory_entry {
    struct text name;              /* borrowed by the caller */
    const struct store_info *info; /* borrowed by the caller */
    struct text link_target;       /* empty unless it is a link whose target is known */
    const struct store_info *file; /* borrowed: the plain file that a link leads to; NULL: none */
    bool is_unknown;               /* of `info` only the kind is known, if that */
};

/* A line of LIST; `now` in seconds since 1970 decides how dates look. */
void directory_put_long(struct builder *b, const struct directory_entry *entry, int64_t now,
                        bool classify);
/* A line of NLST. */
void directory_put_name(struct builder *b, struct text prefix, const struct directory_entry *entry,
                        bool classify);
/* What the policy grants: masks, 1 << action. */
struct directory_rights {
    unsigned name;    /* to the name itself */
    unsigned content; /* to what a link there leads to, or likewise */
    unsigned within;  /* to a name in the directory */
};

/* A line of MLSD with the facts in the mask `selected`; `rights` are for perm. */
void directory_put_facts(struct builder *b, const struct caller *caller,
                         const struct directory_rights *rights, const struct directory_entry *entry,
                         unsigned selected);

/* The facts of what a path leads to; the letters of perm are kept in `letters`. */
enum { FACT_PERM_SIZE = 16 };
struct facts facts_of_info(const struct caller *caller, const char *path,
                           const struct store_info *info, char letters[FACT_PERM_SIZE]);

#endif
