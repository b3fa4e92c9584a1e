/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirror: makes a tree like another one, the server's like ours or ours like
 * the server's: directory by directory, each compared when both its listings
 * are whole, the files of all carried side by side.
 *
 * A directory that could not be listed costs nothing: nothing in it is deleted.
 */
#ifndef FERRY_CLIENT_MIRROR_H
#define FERRY_CLIENT_MIRROR_H

#include "client/carry.h"
#include "client/compare.h"
#include "client/crew.h"
#include "client/safe_name.h"

enum mirror_direction { MIRROR_DOWN, MIRROR_UP };

enum { MIRROR_DEPTH_MAX = 200 }; /* directories in each other; what is deeper is told and left */

enum mirror_event {
    MIRROR_COPIED,
    MIRROR_REPLACED, /* in a dry run: would be copied over another one */
    MIRROR_MADE_DIRECTORY,
    MIRROR_LINKED,
    MIRROR_DELETED,
    MIRROR_SKIPPED, /* with the reason, as the next */
    MIRROR_DOUBTED, /* a directory whose listing may not have everything; nothing is lost by it */
    MIRROR_CONFLICT,
    MIRROR_FAILED, /* with fault, reason and, where it was the server, its code */
};

struct mirror_rules {
    enum mirror_direction direction;
    struct compare_rules compare; /* but for target_dates_it, which is the server's to say */
    struct carry_rules carry;  /* with CARRY_CHECK_DIGEST what seems to be the same is looked at */
    bool is_dry_run;           /* tells what it would do, and does nothing */
    bool is_target_missing;    /* in a dry run: there is no directory of ours yet */
    enum safe_name_rule names; /* what may be a name here */
    /*
     * What happened to one name, one call after the other, from any thread.
     * `path` is below the roots. NULL: nobody listens.
     */
    void (*on_event)(void *owner, enum mirror_event event, const char *path, enum fault f,
                     struct text reason, unsigned code, const struct carry_outcome *outcome);
    /* A file of so many bytes is to be carried. Any thread; NULL: nobody listens. */
    void (*on_plan)(void *owner, uint64_t bytes);
    void *owner; /* borrowed: outlives the run */
};

struct mirror_tally {
    uint64_t files;       /* copied */
    uint64_t bytes;       /* of these, moved now */
    uint64_t directories; /* made */
    uint64_t deleted;
    uint64_t same;
    uint64_t skipped;
    uint64_t failed;
};

/*
 * `tree` is ours, `path` the server's. Blocks until all is done or the crew is stopped;
 * `progress` counts bytes of all. FAULT_NONE when nothing failed, else the first fault. A server
 * that has gone for good is told as such, once, and the rest is left.
 */
enum fault mirror_run(struct crew *crew, const struct local_tree *tree, const char *path,
                      const struct mirror_rules *rules, struct transfer_progress *progress,
                      struct mirror_tally *ret_tally);

#endif
