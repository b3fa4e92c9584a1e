/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing: the lines of LIST and NLST and the options clients send with them.
 * Pure. MLSD's lines are facts (protocol/facts.h).
 *
 * Lines end with LF: a listing is text of TYPE A, which makes it CR LF on the
 * wire (RFC 959 4.1.3). A newline inside a name is written as NUL, as on the
 * control connection, so that a name never looks like two.
 */
#ifndef FERRY_PROTOCOL_LISTING_H
#define FERRY_PROTOCOL_LISTING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct listing_options {
    bool all;       /* -a: names with a leading dot, "." and ".." */
    bool almost;    /* -A: names with a leading dot */
    bool long_form; /* -l */
    bool recursive; /* -R */
    bool by_time;   /* -t: newest first */
    bool reverse;   /* -r */
    bool classify;  /* -F: / after directories, * after programs, @ after links */
    bool directory; /* -d: the directory itself */
    bool given;     /* any but -1, which asks for what NLST gives anyway */
};

/*
 * Takes leading options ("-la", "-C -F", "--") off `argument` and returns the
 * path that is left. Letters without a meaning here (columns, colours, sizes)
 * are accepted: clients send what their users type to ls.
 */
struct text listing_parse_options(struct text argument, struct listing_options *ret_options);

struct listing_entry {
    char kind;     /* first letter of ls -l: '-', 'd', 'l', 'p', 's', 'b', 'c' */
    unsigned mode; /* permission bits with set-id and sticky */
    uint64_t links;
    unsigned owner;
    unsigned group;
    uint64_t size;           /* bytes */
    int64_t modified;        /* seconds since 1970 UTC */
    struct text name;        /* borrowed by the caller */
    struct text link_target; /* of kind 'l', empty when not known; borrowed by the caller */
};

/*
 * "-rw-r--r--   1 0        0            12 Nov 20 10:11 name\n". Times are UTC;
 * one that is more than half a year before or an hour after `now` shows its
 * year instead of the hour, as ls does.
 */
void listing_put_long(struct builder *b, const struct listing_entry *entry, int64_t now,
                      bool classify);
/*
 * The same columns of a file of which nothing but its kind (of struct
 * listing_entry, or '?') and its name is known: a question mark in each, as ls
 * has it.
 */
void listing_put_unknown(struct builder *b, char kind, struct text name);
/* "prefix" "name" and -F's sign, "\n". */
void listing_put_name(struct builder *b, struct text prefix, const struct listing_entry *entry,
                      bool classify);
/* A name with its newlines as NUL. */
void listing_put_plain_name(struct builder *b, struct text name);

#endif
