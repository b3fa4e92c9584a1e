/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_tree: a directory of this machine that a server's names are written
 * into or read from. Whatever those names are, nothing above the directory is
 * opened, made or removed: paths are resolved beneath its descriptor
 * (openat2, RESOLVE_BENEATH), and links in it that lead out are refused.
 *
 * Paths are relative, "" the directory itself, parts joined by "/". Any thread.
 * Faults: FAULT_DENIED also for what would lead out; FAULT_NAME_INVALID, before the
 * system is asked anything, for an absolute path, an empty part, "." and "..", and what
 * local_part calls its parts; those of errno. FAULT_UNSUPPORTED: a Linux before 5.6.
 */
#ifndef FERRY_CLIENT_LOCAL_TREE_H
#define FERRY_CLIENT_LOCAL_TREE_H

#include <stdbool.h>

#include "base/stream.h"
#include "client/entry.h"

struct local_place;
struct local_tree;

/* Of an existing directory; with `make` also of one that is not there yet, and its parents. */
enum fault local_tree_open(const char *path, bool make, struct local_tree **ret_tree);
/* Accepts NULL. No part of it may be open. */
void local_tree_free(struct local_tree *tree);

/*
 * Everything in it but "." and "..", and the parts of files that local_part left; unsorted. Links
 * are links. A fresh list, whatever *ret_entries was.
 */
enum fault local_tree_list(const struct local_tree *tree, const char *path,
                           struct entries *ret_entries);
/* What is there, without name and target. Of a link what it leads to; nowhere, or out: the link. */
enum fault local_tree_look(const struct local_tree *tree, const char *path,
                           struct entry *ret_entry);

/*
 * For reading; a plain file, FAULT_IS_DIRECTORY and FAULT_NOT_PLAIN_FILE else. It ends where it
 * ended when it was opened, and begins where file_offset is set to.
 */
enum fault local_tree_read(const struct local_tree *tree, const char *path,
                           struct stream **ret_stream);
/* FAULT_NONE too when the directory is there. */
enum fault local_tree_make_directory(const struct local_tree *tree, const char *path);
/* A file, a link, or an empty directory: one with nothing but parts of files is. */
enum fault local_tree_remove(const struct local_tree *tree, const char *path);
/*
 * A link whose target stays in the tree, whatever else will be made there; FAULT_DENIED else, and
 * for one with ".." behind a name. Replaces a link; FAULT_EXISTS: there is something else.
 */
enum fault local_tree_link(const struct local_tree *tree, const char *path, const char *target);
/*
 * What the user gives nobody (umask) is given nobody by modes from elsewhere either. Asked for
 * once, before there are threads; 022 until then.
 */
void local_take_umask(void);
/* Of what is there, of a link its own; `seconds` INT64_MIN: not changed. */
enum fault local_tree_set_time(const struct local_tree *tree, const char *path, int64_t seconds);
/* Of a file or directory; reading, writing and executing of `mode`, less the umask. */
enum fault local_tree_set_mode(const struct local_tree *tree, const char *path, unsigned mode);

/* ---- Files that come ------------------------------------------------------------------- */

/*
 * ".NAME.HEX.ferry-part": what a file on its way is called, here and on a server; a long name is
 * cut, and has a hash of the whole.
 */
void local_put_part_name(struct builder *b, struct text name, uint64_t number);
/* Is it such a name? Pure, as the one above. */
bool local_is_part(struct text name);

/*
 * A file on its way: written beside its place under a name that says what it
 * is of, and renamed when it is complete. So a later run finds it, and only if
 * it is still of the same file. One thread at a time.
 *
 * Two that write the same file at once, in one process or two, harm nobody: either both write
 * the same bytes, or none has the other's name to rename. The slower one hears FAULT_BUSY.
 */
struct local_part {
    struct stream *stream;     /* owned: for writing, at `begun`; may be sought in (identity 0) */
    uint64_t begun;            /* bytes that were there already */
    char *path;                /* owned: where it is to be */
    char *part;                /* owned: where it is */
    struct local_place *place; /* owned: the directory of both */
    bool is_findable;          /* by a later run: its name says what it is of */
};

/*
 * `identity` is of the file that comes: the same number means the same content (size, time, where
 * it is from); 0: nobody knows, and nothing that is there goes on. With `resumes` false what is
 * there is begun anew, under a name that no later run finds: whoever may still be writing the old
 * one must not publish ours. Parts of another identity of the same name are removed, and what has
 * the part's name but is no plain file of ours with this one name. Whoever cannot go on from a
 * count of bytes (TYPE A, STRU P) has 0.
 */
enum fault local_part_open(const struct local_tree *tree, const char *path, uint64_t identity,
                           bool resumes, struct local_part *ret_part);
/* Writing more than that is FAULT_TOO_LARGE. */
void local_part_limit(struct local_part *part, uint64_t bytes);
/* How many bytes it has; its stream may be read, once from its beginning on, to check them. */
uint64_t local_part_bytes(const struct local_part *part);
/*
 * Bytes at a place of their own, beside the stream: several threads may write so at once, and read
 * what is there. FAULT_IO of reading: it ends before.
 */
enum fault local_part_put(const struct local_part *part, uint64_t at, struct text bytes);
enum fault local_part_get(const struct local_part *part, uint64_t at, char *buffer, size_t len);
/*
 * Nobody else of us writes it in pieces until it is closed; FAULT_BUSY: somebody does, or has just
 * published it.
 */
enum fault local_part_lock(const struct local_part *part);
/* It ends there from now on, be that shorter or longer. With nobody writing. */
enum fault local_part_set_end(struct local_part *part, uint64_t bytes);
/* What was written is on the disk, whatever becomes of the machine. */
enum fault local_part_flush(const struct local_part *part);
/*
 * Complete: gets its time and mode (INT64_MIN and 0: the usual ones), as far as the file system
 * keeps them, and its name, which a file or link loses, but no directory. FAULT_NO_SPACE and the
 * like also when the disk says so only now, or said so before: then it is removed.
 */
enum fault local_part_publish(const struct local_tree *tree, struct local_part *part,
                              int64_t modified, unsigned mode);
/*
 * Broken off: stays if `keep`, to be resumed, unless it is empty, has holes or nobody would find
 * it; else is removed. Accepts one that was published.
 */
void local_part_close(const struct local_tree *tree, struct local_part *part, bool keep);

#endif
