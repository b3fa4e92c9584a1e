/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare: two directories of the same place, one to be like the other: what
 * is to be done. Pure.
 *
 * A link is one where links are taken as links; else it is what it leads to, and
 * one of which nobody knows that (ENTRY_LINK) is skipped, see client/entry.h.
 */
#ifndef FERRY_CLIENT_COMPARE_H
#define FERRY_CLIENT_COMPARE_H

#include "client/entry.h"
#include "client/filter.h"

struct compare_rules {
    bool deletes;         /* what only the target has, and what is of another kind there */
    bool only_missing;    /* what the target has is left as it is */
    bool only_newer;      /* what the target has is replaced by what is certainly newer alone */
    bool ignores_time;    /* the size alone tells a difference */
    bool ignores_size;    /* the time alone does */
    bool is_text;         /* TYPE A: sizes differ on both sides */
    bool target_dates_it; /* a later time there is none: servers that have no MFMT */
    bool takes_links;     /* as links; else what they lead to, as far as that is known */
    int64_t slack_s;
    const struct filter *filter; /* borrowed; NULL: everything */
};

/*
 * Files are another when a size or a time that is known of both differs; rough sizes (LIST of
 * VMS counts blocks) are not known. When nothing at all is known of both, nothing says that they
 * are the same: they are another unless neither time nor size counts.
 */
enum compare_deed {
    COMPARE_COPY,           /* the target has no such file, or another one */
    COMPARE_MAKE_DIRECTORY, /* and then go into it */
    COMPARE_DESCEND,
    COMPARE_LINK,
    /* A file, a link (an entry with `target`: never what it leads to) or a directory of the target,
     * with what is in it, as far as the filter takes that. */
    COMPARE_DELETE,
    COMPARE_SAME, /* or left as it is */
    /* Nothing that could be copied: a device, a link that leads nowhere, a name that is none. */
    COMPARE_SKIP,
    COMPARE_CONFLICT, /* of another kind in the target, which may not be deleted */
};

struct compare_action {
    enum compare_deed deed;
    const struct entry *source; /* borrowed: of the lists; NULL: it has none */
    const struct entry *target; /* borrowed: likewise; NULL also once it was deleted */
};

/*
 * Goes through both, sorted, in the order of names. `path` is that of both below
 * their roots, for the filter. `on_action` may stop it with a fault.
 *
 * Each name of the source that the filter takes gives one action. Where a file stands in a
 * directory's or link's place, or the other way round, deletes gives two: DELETE first; when that
 * returns FAULT_EXISTS, it is still there, and the second is not given. Of a name that the filter
 * does not take nothing is said and nothing deleted.
 */
enum fault compare_directories(const struct compare_rules *rules, const char *path,
                               const struct entries *source, const struct entries *target,
                               enum fault (*on_action)(void *owner,
                                                       const struct compare_action *action),
                               void *owner);

#endif
