/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bare_listing: a directory as text, in the form of `ls -ln` or names only, in the order the file
 * system has. Memory does not grow with the directory. Of bench_bare and bench_limits.
 */
#ifndef FERRY_BENCH_BARE_LISTING_H
#define FERRY_BENCH_BARE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LISTING_ENTRIES_BYTES = 64 * 1024, /* of getdents64 at once */
    LISTING_TEXT_BYTES = 128 * 1024,
    LISTING_FIRST_BYTES = 8 * 1024, /* of text, so that the first byte leaves early */
};

struct listing {
    int directory; /* owned */
    bool is_long;
    bool has_ended;    /* the directory; text may be left */
    int64_t now;       /* when it began: files of the last half year show the hour */
    int64_t day;       /* that day_text is of, in days since 1970 */
    size_t entries_at; /* in entries */
    size_t entries_len;
    size_t text_at; /* what has been sent of text */
    size_t text_len;
    uint64_t count;    /* entries written so far */
    char day_text[8];  /* "Nov 22 " */
    char year_text[8]; /* " 2025 " */
    char entries[LISTING_ENTRIES_BYTES];
    char text[LISTING_TEXT_BYTES];
};

/* The descriptor of the directory is the listing's from now on. */
void listing_begin(struct listing *l, int directory, bool is_long);
/* More text behind what was there: false when the directory could not be read. */
bool listing_fill(struct listing *l);
void listing_end(struct listing *l);

#endif
