/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_local_path: the only file that opens user paths. Every one of them is
 * resolved by the kernel below the root's descriptor (openat2 with
 * RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS): "..", absolute links and races
 * between a check and its use cannot leave the tree, and nobody compares
 * strings. Nor does a path lead to one of the store's own names, by a link either:
 * FAULT_NOT_FOUND. Internal to store_local*.
 */
#ifndef FERRY_STORE_STORE_LOCAL_PATH_H
#define FERRY_STORE_STORE_LOCAL_PATH_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "base/text.h"

/* The tree's root, and how paths below it are followed. */
struct local_root {
    int fd;           /* owned: the store's */
    bool is_straight; /* following no link: FAULT_BUSY where one is in the way */
    bool at_once;     /* not waiting: FAULT_BUSY where a disk would have to be read */
    bool in_memory;   /* at once: all of it is on a file system that has no disk */
};

/* Names of the store's own temporaries begin so; no user can see or name one. */
#define LOCAL_TEMPORARY_PREFIX ".ferry-upload-"
/* The directory of what is kept beside files (store_local_beside); likewise. */
#define LOCAL_HIDDEN_DIRECTORY ".ferry"

enum {
    LOCAL_PATH_SIZE = 4096, /* PATH_MAX */
    LOCAL_NAME_SIZE = 256,  /* NAME_MAX and its NUL */
    /* "/proc/self/fd/" and a number */
    LOCAL_PROC_PATH_SIZE = 32,
};

/* The directory a path's last part is in, and that part. */
struct local_place {
    int parent;                 /* owned: O_PATH; -1 when closed */
    char name[LOCAL_NAME_SIZE]; /* "" for the root itself */
};

bool local_is_temporary(struct text name);
/* One of the store's own names, which users neither see nor reach. */
bool local_is_hidden(struct text name);
/* Is one of the path's parts such a name? */
bool local_names_hidden(const char *path);

/* An O_PATH descriptor of a path; with `follow` of what a link there points to. */
enum fault local_open_path(struct local_root root, const char *path, bool follow, int *ret_fd);
/* A directory, for reading its names; with `follow` also what a link in the last part leads to. */
enum fault local_open_directory(struct local_root root, const char *path, bool follow, int *ret_fd);
/* Likewise, by names below an open one; no link on the way is followed, whoever makes it. */
enum fault local_open_directory_below(int directory, const char *path, int *ret_fd);

enum fault local_open_place(struct local_root root, const char *path,
                            struct local_place *ret_place);
/* By names below an open directory, following no link. */
enum fault local_open_place_below(int directory, const char *path, struct local_place *ret_place);
/*
 * Like local_open_place, but when the last part is a link, the place it points
 * to, link after link: where writing through it would put the file.
 */
enum fault local_open_place_followed(struct local_root root, const char *path,
                                     struct local_place *ret_place);
void local_close_place(struct local_place *place);

/*
 * Where a path leads: the one without links that stands for the same file or, in
 * a directory that is there, for the same free name. A link in its last part stays
 * unless `follow`.
 */
enum fault local_real_path(struct local_root root, const char *path, bool follow,
                           struct builder *real);

/* About the last part of a place, not following it. */
enum fault local_stat_place(const struct local_place *place, struct stat *ret_stat);
/* On a loop: FAULT_BUSY where it is not in memory, or another file system's. */
enum fault local_stat_place_at_once(const struct local_place *place, struct stat *ret_stat);

/*
 * Opens what an O_PATH descriptor stands for, the same file whatever its name
 * means by now.
 */
enum fault local_reopen(int path_fd, int flags, int *ret_fd);

/* "/proc/self/fd/N": a name for system calls that take no descriptor. */
void local_proc_path(int fd, char path[LOCAL_PROC_PATH_SIZE]);
/* The absolute path of a descriptor as the system knows it. */
enum fault local_absolute_path(int fd, char path[LOCAL_PATH_SIZE]);

#endif
