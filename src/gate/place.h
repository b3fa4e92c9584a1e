/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place: where an operation takes place: from a path as the user names it to the
 * store and the path in it, and whether the policy lets them. The only way from
 * a caller to a store; between the files of the gate.
 *
 * Rules are about where a path really leads, not what it is called. Where one may
 * depend on the path, all links are resolved first; what is then decided about is
 * acted upon in a view of the store that follows none, so that a link put there
 * meanwhile cannot lead round the rule. And what stands in the way (a file that is
 * no directory, a link to itself) is not told apart from nothing: it may be
 * something they are not to know of. Who has no such rules pays nothing for them.
 *
 * A virtual folder covers what the user's own root has at its place. Links do not
 * lead from one tree into another.
 */
#ifndef FERRY_GATE_PLACE_H
#define FERRY_GATE_PLACE_H

#include "gate/gate.h"

enum {
    PLACE_PATH_SIZE = 4096, /* PATH_MAX */
};

enum place_end {
    PLACE_FOLLOW, /* the last part may be a link, and stands for where that leads */
    PLACE_ITSELF, /* what has that name itself; or may get it */
};

struct place {
    struct tree *tree;               /* borrowed: the login's */
    struct store *store;             /* borrowed: the tree's, or its straight view */
    const char *path;                /* borrowed: in the store; part of `shown` or of `owned` */
    const char *shown;               /* borrowed: the caller's, what the user calls it */
    char *owned;                     /* owned: what they would call where it leads; NULL: `shown` */
    const struct login_mount *mount; /* borrowed: the login's; NULL: their root */
    enum fault way;                  /* what ended the way early, for place_allow to tell */
};

/*
 * Finds it, whoever may. place_done after success. FAULT_NO_MEMORY and the like:
 * what depends on the path is told by place_allow, after the policy.
 */
enum fault place_locate(const struct caller *caller, const char *path, enum place_end end,
                        struct place *ret_place);
/* Likewise of a path that begins with that of an open tree, behind which no link is followed. */
enum fault place_locate_below(const struct caller *caller, const struct gate_directory *tree,
                              const char *path, struct place *ret_place);
/* Of a path whose directory is open and leads to that of `real`: nothing is looked for. */
enum fault place_locate_in(const struct caller *caller, const char *path, const char *real,
                           struct place *ret_place);
void place_done(struct place *place);

/* Where it leads, as the user would call it. */
static inline const char *place_real(const struct place *place)
{
    return place->owned ? place->owned : place->shown;
}

/*
 * Asks the policy; a refusal is audited here and nowhere else. FAULT_DENIED;
 * FAULT_NOT_FOUND of what is hidden; else what ended the way.
 */
enum fault place_allow(const struct caller *caller, enum action action, const struct place *place);
/* Likewise, and nobody hears of it. */
bool place_may(const struct caller *caller, enum action action, const struct place *place);
/* What they may there: a mask, 1 << action. */
unsigned place_rights(const struct caller *caller, const struct place *place);
/* Finds it and asks. place_done after success. */
enum fault place_find(const struct caller *caller, enum action action, const char *path,
                      enum place_end end, struct place *ret_place);

/* Is something of that name there? To learn which right is needed. */
bool place_is_taken(const struct place *place, bool follow);

/* ---- Virtual folders in a directory ------------------------------------------- */

/* Does one begin somewhere below that path? */
bool place_has_mount_below(const struct caller *caller, const char *path);
/* The next of those that begin in it, from *index on; NULL: no more. *ret_name is its name. */
const struct login_mount *place_next_mount(const struct caller *caller, const char *directory,
                                           size_t *index, const char **ret_name);

/* ---- Audit ----------------------------------------------------------------------- */

struct audit_event place_event(const struct caller *caller, enum action action, const char *path);
/* Audits the end of an operation that is not a transfer; returns its fault. */
enum fault place_audit(const struct caller *caller, enum action action, const char *path,
                       const char *other_path, enum fault f);
/* Audits that a rule refused it; returns `f`. */
enum fault place_refuse(const struct caller *caller, enum action action, const char *path,
                        const char *rule, enum fault f);

#endif
