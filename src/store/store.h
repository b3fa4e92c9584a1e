/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: where files live. One store is one tree; a path is absolute within it
 * and normal ("/a/b"), any bytes but NUL, NUL-terminated. The store confines:
 * whatever links the tree holds, nothing outside it is ever touched. Whether
 * the user may is decided before, in the gate, the only one who calls this.
 *
 * Worker threads; everything may block. A store may be used by many threads at
 * once; a stream, an upload or a directory by one. What is said to be atomic
 * is so for readers and after a crash.
 */
#ifndef FERRY_STORE_STORE_H
#define FERRY_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/stream.h"
#include "base/text.h"

enum store_kind {
    STORE_FILE,
    STORE_DIRECTORY,
    STORE_LINK,
    STORE_SPECIAL, /* device, FIFO, socket: listed, never opened */
    STORE_UNKNOWN, /* store_next could not tell without another look */
};

/*
 * What the store itself may do with it, whatever the policy says. The last two
 * are for its directory to grant, and not said by open_read.
 */
enum store_access {
    STORE_MAY_SEARCH = 1,
    STORE_MAY_WRITE = 2,
    STORE_MAY_READ = 4,
    STORE_MAY_ADD = 8,     /* make another file beside it, as each transaction does */
    STORE_MAY_REMOVE = 16, /* remove, rename or replace it */
};

struct store_time {
    int64_t seconds; /* since 1970 UTC */
    uint32_t nanoseconds;
};

struct store_info {
    enum store_kind kind;
    char letter;     /* kind as ls -l writes it */
    unsigned mode;   /* permission bits with set-id and sticky */
    unsigned access; /* mask of enum store_access */
    unsigned owner;
    unsigned group;
    uint64_t links;
    uint64_t size; /* bytes */
    uint64_t device;
    uint64_t file_number;
    struct store_time modified;
    struct store_time created;
    bool has_created;
};

/* What to change; only what is in `mask`. */
enum store_change { STORE_CHANGE_MODE = 1, STORE_CHANGE_MODIFIED = 2, STORE_CHANGE_CREATED = 4 };

struct store_changes {
    unsigned mask;
    unsigned mode; /* permission bits */
    struct store_time modified;
    struct store_time created;
};

struct store_space {
    uint64_t free_bytes;
    uint64_t total_bytes;
};

enum store_upload_kind {
    STORE_REPLACE, /* the bytes become the file */
    STORE_APPEND,  /* the bytes go to its end; made when absent */
    STORE_RESUME,  /* the first `offset` bytes stay, the bytes follow them, nothing after
                      (but for a direct one, which may be one segment of several) */
    STORE_UNIQUE,  /* like REPLACE, but the name must be free when it is published */
};

/* ---- Who counts ------------------------------------------------------------ */

/* Whose upload it is; the counter's alone knows what is in it. */
struct store_claim;

/* What one change adds to the plain files of a directory; less than nothing when it takes away. */
struct store_shift {
    const char *directory; /* borrowed for the call: its real path on this machine */
    int64_t bytes;
    int64_t files;
    uint64_t size;             /* of the file that grows, afterwards */
    struct store_claim *claim; /* borrowed for the call: of an upload; NULL: of none */
};

struct store_watch;

/* Any thread; several directories at once. */
struct store_watch_type {
    /*
     * The files of a directory are about to change so; nobody else changes them
     * until `end`. A fault refuses it: only what an upload adds may be refused.
     */
    enum fault (*begin)(struct store_watch *watch, const struct store_shift *shift);
    /*
     * They have changed, and so: less than was begun when not all of it went. `other`:
     * what the same change did in another directory, or NULL.
     */
    void (*end)(struct store_watch *watch, const struct store_shift *shift,
                const struct store_shift *other);
    /* A directory went from one to another with all that is in it; nobody else changes the two. */
    void (*on_move)(struct store_watch *watch, const char *from, const char *to);
    /* Others may again: now who has one of the two and not the other can count anew. */
    void (*after_move)(struct store_watch *watch);
};

/* Told of every change to the length and number of plain files, each name one file. */
struct store_watch {
    const struct store_watch_type *type; /* borrowed: static table */
};

/* What is in one directory, in the order it is found; nobody changes it meanwhile. */
struct store_census {
    /* A directory in it. A fault ends it. */
    enum fault (*on_directory)(struct store_census *census, const char *name);
    /* All of it was seen; the files in it have so much. */
    void (*on_counted)(struct store_census *census, int64_t bytes, int64_t files);
};

/* ---- Uploads ----------------------------------------------------------------- */

/* How much an upload had when it was kept. */
struct store_kept {
    /* Of the upload's own: what an append appends to is not among them. Of an upload that writes
     * into the file itself: of the file. */
    uint64_t bytes;
    uint64_t annex_bytes;
    uint64_t id; /* of what was kept: not 0, and that of no other upload */
};

struct store_upload_request {
    enum store_upload_kind kind;
    uint64_t offset;        /* of STORE_RESUME */
    uint64_t reserve_bytes; /* room to make sure of now; 0: none */
    unsigned mode;          /* permission bits of a new file */
    bool direct;            /* write into the file itself, no transaction */
    bool sync;              /* on the disk before publish returns */
    /* STORE_REPLACE and STORE_APPEND: go on with what keep() kept, from there; else
     * FAULT_OUT_OF_RANGE */
    bool goes_on;
    struct store_kept kept;
    /* borrowed for the call: files the bytes will come from; FAULT_ARGUMENT when `path` is one */
    const struct store_info *sources;
    size_t source_count;
    struct store_claim *claim; /* borrowed: alive as long as the upload; NULL: none */
};

/* What an upload that was given up left behind. */
enum store_remains {
    STORE_LEFT_NOTHING,
    STORE_LEFT_PARTIAL, /* what arrived is now the file, to be resumed */
    STORE_LEFT_OLD,     /* the file is what it was before */
    STORE_LEFT_CHANGED, /* a direct upload: the file holds what arrived */
    STORE_LEFT_KEPT,    /* the file is what it was; what keep() kept is there, to go on with */
};

struct store_upload;

struct store_upload_type {
    /*
     * Makes the upload the file, at once and completely, or faults and leaves
     * what was there. FAULT_EXISTS of STORE_UNIQUE; FAULT_BUSY when what is
     * continued was changed by others meanwhile. With sync, when only the last
     * step onto the disk failed, the file is in place although the fault is
     * told. Frees the upload either way; what keep() kept stays after a fault.
     */
    enum fault (*publish)(struct store_upload *upload);
    /*
     * Gives the upload up and frees it. With keep, what arrived becomes the
     * file if there was none, so that the client can resume. A file is never
     * shorter for an upload that got no byte.
     */
    enum store_remains (*abandon)(struct store_upload *upload, bool keep);
    /*
     * Everything so far, the annex too, is on the disk when it returns, apart from
     * the file, and stays there when the upload or this process breaks off, until
     * it is gone on with, done anew or the file removed; for some days at least.
     * Not what set_size and change said. FAULT_BUSY: another upload of the name, of
     * this kind, is kept and alive. FAULT_UNSUPPORTED: this one cannot be kept. The
     * upload goes on after both; any other fault is one of its own bytes.
     */
    enum fault (*keep)(struct store_upload *upload, struct store_kept *ret_kept);
    /*
     * More of the annex (see open_annex). Published with the file; that of an
     * append follows the one that the file has, a line "at SIZE" of the file
     * before between them, which is there also when the append has none.
     * FAULT_NAME_INVALID: the name is too long to have one; no bytes ask for that.
     */
    enum fault (*annex)(struct store_upload *upload, struct text bytes);
    /*
     * The file is to be so long when it is published, a hole at its end if need
     * be. FAULT_UNSUPPORTED of an append or continuation, as change and the
     * stream's seek.
     */
    enum fault (*set_size)(struct store_upload *upload, uint64_t size);
    /* What the file is to have when it is published; not the time of its creation. */
    enum fault (*change)(struct store_upload *upload, const struct store_changes *changes);
    /*
     * Of one that was opened at once, when all of it is there: does nothing that is left wait for
     * anything? What is left then comes at once, too. NULL: something always does.
     */
    bool (*is_brief)(struct store_upload *upload);
};

struct store_upload {
    struct stream stream;                 /* write only; never closed by itself */
    const struct store_upload_type *type; /* borrowed: static table */
    bool existed;                         /* there was a file of that name at the start */
};

struct store_directory;

struct store_directory_type {
    /*
     * The next name, without "." and ".." and the store's own temporaries; an
     * empty name at the end. The text lives until the next call.
     */
    enum fault (*next)(struct store_directory *directory, struct text *ret_name,
                       enum store_kind *ret_kind);
    /*
     * About one name in it, not following a link. `created` costs another look,
     * at what was set by hand, and is known only if asked for. FAULT_NOT_FOUND
     * when the name is gone by now.
     */
    enum fault (*info)(struct store_directory *directory, const char *name, bool created,
                       struct store_info *ret_info);
    /* Appends where a link in it points. */
    enum fault (*link)(struct store_directory *directory, const char *name, struct builder *target);
    /*
     * A directory, or the removal of one or of any other file, by names with
     * slashes between ("" is the directory itself). No link on the way is
     * followed, whoever makes one meanwhile: FAULT_LINK_LOOP.
     */
    enum fault (*open_below)(struct store_directory *directory, const char *path,
                             struct store_directory **ret_directory);
    enum fault (*remove_below)(struct store_directory *directory, const char *path,
                               bool is_directory);
    void (*close)(struct store_directory *directory);
};

struct store_directory {
    const struct store_directory_type *type; /* borrowed: static table */
};

struct store;

struct store_type {
    /* About a path; `follow` a link in its last part. */
    enum fault (*stat)(struct store *store, const char *path, bool follow,
                       struct store_info *ret_info);
    /*
     * Appends where a path really leads: the path without links of the same file,
     * or of the same free name. A link in its last part stays unless `follow`.
     * What has no file on the way is as it was given; another fault that ends the
     * way early is returned.
     */
    enum fault (*real_path)(struct store *store, const char *path, bool follow,
                            struct builder *real);
    /* A plain file for reading. FAULT_IS_DIRECTORY, FAULT_NOT_PLAIN_FILE. */
    enum fault (*open_read)(struct store *store, const char *path, struct stream **ret_stream,
                            struct store_info *ret_info);
    /*
     * The annex: what was kept beside the file that `file` (open_read's) has the
     * bytes of. It goes where the file goes by rename, and ends with it. It
     * counts only as long as nobody but the store changed the file.
     * FAULT_NOT_FOUND: there is none; FAULT_BUSY: the file was replaced or
     * changed since it was opened.
     */
    enum fault (*open_annex)(struct store *store, const char *path, const struct stream *file,
                             struct stream **ret_annex);
    /* FAULT_BUSY when an interrupted upload of that name is being resumed by somebody. */
    enum fault (*open_upload)(struct store *store, const char *path,
                              const struct store_upload_request *request,
                              struct store_upload **ret_upload);
    /* `follow` a link in its last part, else FAULT_NOT_DIRECTORY. */
    enum fault (*open_directory)(struct store *store, const char *path, bool follow,
                                 struct store_directory **ret_directory);
    /*
     * A file, link or special file, not a directory. Atomic. Or what a dead upload
     * of the name kept, when there is nothing else.
     */
    enum fault (*remove)(struct store *store, const char *path);
    enum fault (*remove_directory)(struct store *store, const char *path);
    enum fault (*make_directory)(struct store *store, const char *path, unsigned mode);
    /* Atomic; replaces a file that has the new name. */
    enum fault (*rename)(struct store *store, const char *from, const char *to);
    /* All or nothing; FAULT_UNSUPPORTED for a time that cannot be kept, to the second. */
    enum fault (*change)(struct store *store, const char *path,
                         const struct store_changes *changes);
    /* A symbolic link at `path` that says `target`. FAULT_NOT_FOUND: it names what is the store's.
     */
    enum fault (*make_link)(struct store *store, const char *target, const char *path);
    enum fault (*space)(struct store *store, const char *path, struct store_space *ret_space);
    /*
     * Where on this machine the tree is: appends the real path of its root.
     * FAULT_UNSUPPORTED of a store that does not tell who counts, as `count`.
     */
    enum fault (*locate)(struct store *store, struct builder *path);
    /*
     * Counts the files of one directory, not of those in it. No link is followed.
     * on_counted is called unless there is a fault.
     */
    enum fault (*count)(struct store *store, const char *path, struct store_census *census);
    void (*free)(struct store *store);
};

struct store {
    const struct store_type *type; /* borrowed: static table */
    /*
     * borrowed: the store's own; itself of such a one. The same tree for paths that
     * are real: no link is followed, FAULT_BUSY where somebody put one meanwhile.
     */
    struct store *straight;
    /*
     * borrowed: the store's own; NULL: it may always have to wait. The same tree for who must not
     * wait, a loop: FAULT_BUSY where something is not in memory, of another file system, or
     * perhaps not. Only stat, real_path and open_read, which leave out what takes
     * another look (times of creation, and what its directory grants for a name), and
     * open_upload of what replaces a file: the faults of making the new one come with its first
     * bytes, and its end may wait as any upload's.
     */
    struct store *at_once;
    /* borrowed: outlives the store; NULL: nobody counts. Set before the store is used. */
    struct store_watch *watch;
};

#endif
