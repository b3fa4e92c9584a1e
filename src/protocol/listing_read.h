/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing_read: what servers answer to LIST, whoever's they are. RFC 959 4.1.3
 * leaves the lines to the system, so that each has its own: Unix in its
 * variants, MS-DOS and IIS, VMS, z/OS, IBM i, NetWare, EPLF and more. MLSD's
 * lines are facts (protocol/facts.h); lines that we write: protocol/listing.h.
 *
 * Every line stands for itself: one that nobody understands spoils no other.
 * What was recognised before, and what SYST said, only decides who is asked
 * first. Names are as the server wrote them: with '/', "..", control characters
 * and bytes that are no UTF-8; whoever uses one checks it. Pure: a reader is a
 * plain value of fixed size, takes no memory, and reads each line in time that
 * grows with its length. One thread at a time.
 */
#ifndef FERRY_PROTOCOL_LISTING_READ_H
#define FERRY_PROTOCOL_LISTING_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum listing_kind {
    LISTING_KIND_FILE,
    LISTING_KIND_DIRECTORY, /* also a partitioned data set of z/OS, a library of IBM i */
    LISTING_KIND_LINK,
    LISTING_KIND_OTHER, /* device, socket, VSAM cluster: nothing that RETR would give */
};

/* How much of `modified` the server said; below that it is zero. */
enum listing_precision {
    LISTING_TIME_NONE,
    LISTING_TIME_DAY,
    LISTING_TIME_MINUTE,
    LISTING_TIME_SECOND,
};

struct listing_item {
    enum listing_kind kind;
    struct text name;        /* never empty, "." or ".."; no NUL, CR, LF; borrowed: as all texts
                                here, the line's bytes, or the reader's until its next line */
    struct text link_target; /* of a link; empty when it is not said */
    bool has_size;           /* of files only: what is said of others is not what RETR gives */
    bool size_is_rough;      /* said in blocks, in "33.5k" or the like */
    uint64_t size;           /* bytes; 0 without has_size */
    enum listing_precision precision;
    int64_t modified; /* seconds since 1970, the server's local time taken for UTC unless the line
                         tells its zone; 0 with LISTING_TIME_NONE */
    bool has_mode;
    unsigned mode;     /* permission bits, with set-id and sticky; 0 without has_mode */
    struct text owner; /* empty when it is not said; a name or a number */
    struct text group; /* likewise */
};

enum listing_outcome {
    LISTING_ITEM,
    LISTING_NOTHING, /* names nothing: blank, "total 12", a heading, a rule, "No members found",
                        an error without a name; and "." and ".." */
    LISTING_MORE,    /* half an entry (VMS): it is held back, the next line has the rest */
    LISTING_UNKNOWN, /* none that any dialect has, or with a NUL, CR or LF inside */
};

enum {
    LISTING_HELD_MAX = 512, /* a name of OpenVMS has at most 255 bytes, escapes doubled */
    LISTING_DIALECTS_MAX = 16,
};

/* To be looked at are `now` and `dropped`; the rest is the reader's own. */
struct listing_reader {
    int64_t now;  /* seconds since 1970 UTC, within the years 1970 to 9999 */
    bool dropped; /* the line before was held back, and this one is not its other half: that one
                     is unknown */
    bool lists_members;                 /* z/OS: under the heading of a partitioned data set */
    uint8_t seen[LISTING_DIALECTS_MAX]; /* lines of each dialect, up to a limit */
    size_t held_len;                    /* 0: no line is held back */
    char held[LISTING_HELD_MAX];        /* that line, or the name of the last item */
};

/*
 * `now` decides which year "Nov 20 10:11" is of: the last one in which that is
 * not in the future (by more than a day, for zones and clocks that differ).
 * `system` is the text of the reply to SYST ("UNIX Type: L8"), empty when there
 * was none: a hint, since many servers say anything. It is not kept.
 */
void listing_reader_init(struct listing_reader *reader, int64_t now, struct text system);
/*
 * One line without its line end; carriage returns at its end are ignored.
 * *ret_item is written with LISTING_ITEM only.
 */
enum listing_outcome listing_read_line(struct listing_reader *reader, struct text line,
                                       struct listing_item *ret_item);
/* The listing is over: true when half an entry is still held back, which then is unknown. */
bool listing_reader_end(struct listing_reader *reader);

#endif
