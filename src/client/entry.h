/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry: a name in a directory, the server's or this machine's, and what is
 * known about it; and the list of all in one directory.
 *
 * Names are bytes as they came; whether one may become a part of a local path
 * is safe_name's to say.
 */
#ifndef FERRY_CLIENT_ENTRY_H
#define FERRY_CLIENT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"

enum {
    ENTRIES_MAX = 4 * 1000 * 1000, /* in one directory */
    ENTRY_NAME_MAX = 4096,         /* bytes */
    ENTRIES_BYTES_MAX = 256 << 20, /* of all names and targets in one directory */
};

enum entry_kind { ENTRY_FILE, ENTRY_DIRECTORY, ENTRY_LINK, ENTRY_OTHER };

/* How exactly a time is known: an LIST of last year says the day alone. */
enum entry_precision { ENTRY_TIME_UNKNOWN, ENTRY_TIME_DAY, ENTRY_TIME_MINUTE, ENTRY_TIME_SECOND };

/*
 * A link is one of ENTRY_LINK as long as nobody has looked where it leads; then it is of the kind
 * it leads to, with that one's size and time, and still has its `target`.
 */
struct entry {
    const char *name;   /* owned by the list, NUL-terminated */
    const char *target; /* owned likewise: of a link, as far as it is known; NULL: not */
    enum entry_kind kind;
    enum entry_precision precision;
    uint64_t size;    /* bytes */
    int64_t modified; /* seconds since 1970 UTC: where what `precision` leaves open begins */
    unsigned mode;    /* permission bits */
    uint32_t order;   /* entries_sort's own */
    bool has_size;
    bool size_is_rough; /* blocks, or "33.5k" */
    bool has_mode;
};

/* Is its size known to the byte? */
static inline bool entry_has_exact_size(const struct entry *entry)
{
    return entry->has_size && !entry->size_is_rough;
}
/* May there be names that a listing did not bring? The worse comes later. */
enum entries_doubt {
    ENTRIES_WHOLE,
    ENTRIES_ALLEGED, /* it is empty by the server's word alone: there was no data connection */
    ENTRIES_UNENDED, /* it ended within a line: that is how some end it, or it was cut */
    ENTRIES_UNREAD,  /* there were lines, or names, that nobody can read */
    ENTRIES_CUT,     /* the server says that it is not all */
};

struct entries {
    enum entries_doubt doubt;
    struct entry *all; /* owned */
    size_t count;
    size_t room;
    struct entry_names *names; /* owned: the bytes of all names, in blocks */
};

/*
 * Copies `entry`, its name and target too; a target that has a NUL or more than ENTRY_NAME_MAX
 * bytes counts as unknown. On a fault the list is as it was. FAULT_NAME_INVALID: no bytes, a NUL
 * among them, or too many; FAULT_NO_MEMORY; FAULT_LISTING_TOO_LARGE.
 */
enum fault entries_add(struct entries *entries, const struct entry *entry, struct text name,
                       struct text target);
enum { ENTRY_PATH_SIZE = 8192 };
/* The path of a name in a directory, or of what is below one; either may be empty. False: too long.
 */
bool entry_path(char bytes[ENTRY_PATH_SIZE], const char *directory, const char *name);

/* For a person: "its listing ..."; empty of a whole one. */
const char *entries_doubt_text(enum entries_doubt doubt);
/* By the bytes of the names; of two with one name the later one is dropped. */
void entries_sort(struct entries *entries);
/* Of a sorted list; NULL: no such name. */
const struct entry *entries_find(const struct entries *entries, struct text name);
/* Leaves an empty list. */
void entries_clear(struct entries *entries);

/*
 * Can they be the same time, as exactly as both are known? With `slack_s` seconds
 * between them still (FAT knows even ones alone). False when one is unknown.
 */
bool entry_same_time(const struct entry *a, const struct entry *b, int64_t slack_s);
/* Is `a` later than `b`, and certainly so? */
bool entry_is_newer(const struct entry *a, const struct entry *b, int64_t slack_s);

#endif
