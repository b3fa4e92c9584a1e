/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_place: the directory that a path's last part is in, and that part: what
 * is needed to make, rename or remove a name with nobody able to lead it
 * elsewhere. The directories used last stay open, so that a file among many in
 * one costs no resolving; who moves such a directory meanwhile moves what is
 * written into it. Internal to local_tree and local_part. Any thread.
 */
#ifndef FERRY_CLIENT_LOCAL_PLACE_H
#define FERRY_CLIENT_LOCAL_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"

enum {
    LOCAL_PATH_SIZE = 4096, /* PATH_MAX */
    LOCAL_NAME_SIZE = 256,  /* NAME_MAX and its NUL */
};

struct local_recent;
struct local_directory;

struct local_tree {
    int root;                    /* O_PATH */
    struct local_recent *recent; /* owned: the directories used last */
};

/* Of an open directory, which is taken over, on a fault too. */
enum fault local_recent_new(int root, struct local_tree **ret_tree);
void local_recent_free(struct local_recent *recent);

/* A mode from elsewhere as it may be here: less the umask, and no right to run as its owner. */
unsigned local_mode(unsigned mode);

/* A number that nobody else has, in all likelihood. */
uint64_t local_random(void);
/* A number that no other file gets: neither here nor, in all likelihood, in another process. */
uint64_t local_unique(const struct local_tree *tree);

/*
 * Opens what a path in the tree leads to, links followed as long as they stay in it: FAULT_DENIED
 * else. FAULT_NAME_INVALID, without asking the system: absolute, an empty part, "." or "..", too
 * long, or the name of a part.
 */
enum fault local_resolve(const struct local_tree *tree, const char *path, unsigned flags,
                         int *ret_fd);
/* The same for what a link says, where ".." is right as long as it stays in the tree. */
enum fault local_resolve_target(const struct local_tree *tree, const char *path, unsigned flags,
                                int *ret_fd);

struct local_place {
    struct local_directory *directory; /* owned: counted; NULL: closed */
    int fd;                            /* its descriptor, O_PATH */
    const char *name;                  /* borrowed: the path's; "." the tree itself */
};

/*
 * Calls `act` with the place of a path; again, in the directory that is there now, when it finds
 * nothing because the one that stayed open was removed. `ret_place`: the place after it, closed by
 * local_place_close; NULL: nobody wants it. Faults: those of local_resolve and of `act`.
 */
enum fault local_at_place(const struct local_tree *tree, const char *path,
                          enum fault (*act)(const struct local_place *place, void *owner),
                          void *owner, struct local_place *ret_place);
void local_place_close(const struct local_tree *tree, struct local_place *place);

/* The last part of a path. */
const char *local_last_part(const char *path);

/* ---- Parts of files -------------------------------------------------------------------- */

/*
 * Removes the parts of the place's name but `own`. The directory is read once, not for each
 * file, and again only when a part was left there since: local_place_left_part.
 */
void local_place_remove_parts(const struct local_tree *tree, const struct local_place *place,
                              const char *own);
void local_place_left_part(const struct local_tree *tree, const struct local_place *place);

#endif
