/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts: the facts of MLST and MLSD and time values (RFC 3659 2.3 and 7),
 * written and read, and what MFMT, MFCT and MFF say about a file. Pure: no clock.
 */
#ifndef FERRY_PROTOCOL_FACTS_H
#define FERRY_PROTOCOL_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* name on the wire; in the order they are written */
#define FACT_LIST(X)                                                                               \
    X(TYPE, "type")                                                                                \
    X(SIZE, "size")                                                                                \
    X(MODIFY, "modify")                                                                            \
    X(CREATE, "create")                                                                            \
    X(PERM, "perm")                                                                                \
    X(UNIQUE, "unique")                                                                            \
    X(UNIX_MODE, "UNIX.mode")                                                                      \
    X(UNIX_OWNER, "UNIX.owner")                                                                    \
    X(UNIX_GROUP, "UNIX.group")

enum fact_index {
#define FACT_INDEX(name, wire) FACT_INDEX_##name,
    FACT_LIST(FACT_INDEX)
#undef FACT_INDEX
        FACT_COUNT
};

/* A set of facts is a mask of these. */
enum fact {
#define FACT_MASK(name, wire) FACT_##name = 1 << FACT_INDEX_##name,
    FACT_LIST(FACT_MASK)
#undef FACT_MASK
};

/* On until the client says otherwise with OPTS MLST. `create` costs it a question nobody asked. */
enum { FACTS_DEFAULT = (1 << FACT_COUNT) - 1 - FACT_CREATE };

/* Seconds since 1970 UTC and nanoseconds. */
struct fact_time {
    int64_t seconds;
    uint32_t nanoseconds;
};

/*
 * Texts are borrowed: from the caller that writes, from the line that was read.
 * What one server wrote of `unique`, owner and group only that server can
 * interpret: read, they are texts; the numbers are those that ours writes.
 */
struct facts {
    unsigned present; /* mask of enum fact: what is known */
    struct text type; /* "file", "dir", "OS.unix=slink:target" */
    uint64_t size;    /* bytes */
    struct fact_time modify;
    struct fact_time create;
    struct text perm; /* letters of RFC 3659 7.5.5, any case when read; may be empty */
    struct text unique;
    uint64_t device; /* with file_number: the unique fact where `unique` is empty */
    uint64_t file_number;
    unsigned mode;          /* permission bits */
    struct text owner_name; /* a name or a number */
    struct text group_name;
    unsigned owner; /* where owner_name is empty */
    unsigned group;
};

/*
 * "type=file;size=12; " for those that are present and selected: each fact
 * ends with a semicolon, the last is followed by one space (RFC 3659 7.2).
 */
void facts_put(struct builder *b, const struct facts *facts, unsigned selected);

/*
 * Reads an entry of MLSD, "fact=value;... name" (RFC 3659 7.2), without its
 * line end. The name is everything behind the first space: it may hold and
 * begin with spaces, and is never empty. Names of facts have any case; unknown
 * ones, and values that cannot be, are as if not there: `present` says what is.
 * The final semicolon may be missing (drafts before RFC 3659). False, and both
 * outputs untouched, when it is no such line.
 * A name is whatever the server says: "..", "/etc/passwd" and "a/b" too.
 */
bool facts_parse_line(struct text line, struct facts *ret_facts, struct text *ret_name);
/*
 * The same for the line in the middle of MLST's reply: a space before the entry
 * (RFC 3659 7.2); servers leave it out, or put "250-" in its place.
 */
bool facts_parse_mlst(struct text line, struct facts *ret_facts, struct text *ret_name);

/* What the type fact says, RFC 3659 7.5.1. */
enum fact_kind {
    FACT_KIND_OTHER, /* nothing, a device, or a word of the server's own */
    FACT_KIND_FILE,
    FACT_KIND_DIRECTORY,
    FACT_KIND_CURRENT, /* cdir: the directory that is listed */
    FACT_KIND_PARENT,  /* pdir: it, or one further up */
    FACT_KIND_LINK,    /* not RFC 3659's, but everybody's "OS.unix=slink" and "OS.unix=symlink" */
};
/* *ret_target: where a link leads, a part of the type fact; empty: not said, or no link. */
enum fact_kind facts_kind(const struct facts *facts, struct text *ret_target);

/*
 * Argument of OPTS MLST ("type;size;"; the last semicolon may be missing): the
 * mask of the names in it, unknown ones left out, any case (RFC 3659 7.9).
 * False, and *ret_mask untouched, when it is no such list.
 */
bool facts_parse_selection(struct text argument, unsigned *ret_mask);
/* "type;size;modify;" of a mask, with "*" after those also in `marked`. */
void facts_put_selection(struct builder *b, unsigned mask, unsigned marked);
/*
 * Reads what facts_put_selection writes, the parameters of MLST and MFF in FEAT
 * (RFC 3659 7.8): which of our facts are there, and which of them are marked
 * with "*". Spaces around a name, and names that are none, do no harm.
 */
void facts_parse_offer(struct text parameters, unsigned *ret_mask, unsigned *ret_marked);

/* YYYYMMDDHHMMSS in UTC. Years outside 0 to 9999 are written as the nearest one inside. */
void facts_put_time(struct builder *b, int64_t seconds);
/* YYYYMMDDHHMMSS[.sss] in UTC; false unless it is a real date and the whole text. */
bool facts_parse_time(struct text t, struct fact_time *ret_time);

/* One "name=value" as MFF lists them. */
enum fact_change_result { FACT_CHANGE_OK, FACT_CHANGE_MALFORMED, FACT_CHANGE_UNSUPPORTED };

struct fact_changes {
    unsigned present; /* FACT_MODIFY, FACT_CREATE, FACT_UNIX_MODE */
    struct fact_time modify;
    struct fact_time create;
    unsigned mode;
};

/*
 * Argument of MFF up to its space: "modify=…;UNIX.mode=644;"; the last
 * semicolon may be missing (ncftp). All of it is read before anything is
 * reported. A fact that exists but cannot be changed
 * is FACT_CHANGE_UNSUPPORTED.
 */
enum fact_change_result facts_parse_changes(struct text argument, struct fact_changes *ret_changes);

#endif
