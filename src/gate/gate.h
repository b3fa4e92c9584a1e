/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate: the only door to users' files, for every front. One function per
 * operation a user can see; each asks the policy, acts on the store and audits,
 * in this order and exactly once. Verbs never open a path themselves: the
 * recurring security bugs of file servers are checks that live in verbs.
 *
 * Worker threads; everything may block, unless the caller says that nothing may. Paths are store
 * paths (store.h): absolute, normal, NUL-terminated.
 */
#ifndef FERRY_GATE_GATE_H
#define FERRY_GATE_GATE_H

#include <stdatomic.h>

#include "audit/audit.h"
#include "base/action.h"
#include "base/fault.h"
#include "gate/login.h"
#include "store/store.h"

/* Who asks, and in which of their trees. A value: the job keeps one. */
struct caller {
    struct login *login; /* borrowed: the job's reference */
    struct tree *tree;   /* borrowed: the login's */
    struct audit *audit; /* borrowed: the server's; may be NULL */
    uint64_t session;
    union endpoint peer;
    struct audit_tls tls;      /* of the control connection; of who is inside: when they came in */
    struct audit_tally *tally; /* borrowed: the job's; what it moves is added; NULL: nobody asks */
    /*
     * On a loop: nothing may be waited for. Then gate_stat, gate_enter, gate_inspect,
     * gate_open_read, gate_begin_download and gate_open_upload are all that may be asked, and
     * FAULT_BUSY, which nobody hears of, means: not so. They say nothing of creation, or of what a
     * directory grants. What was opened may be closed there, but for an upload's publishing.
     */
    bool at_once;
};

/* Who logged in leaves; their tally is what they moved meanwhile. */
void gate_leave(const struct caller *caller, enum audit_end end, uint64_t duration_ms);

/* A right that is about no path: SITE. Any thread; a refusal is audited. FAULT_DENIED. */
enum fault gate_allow(const struct caller *caller, enum action action);

/*
 * What the policy would let them do there, whatever the store says: a mask,
 * 1 << action. For listings; not audited. `follow` a link in the last part.
 */
unsigned gate_rights(const struct caller *caller, const char *path, bool follow);
/* Likewise with a name in that directory which no rule for names speaks of. */
unsigned gate_rights_within(const struct caller *caller, const char *path);

/*
 * About a path. `follow` a link in its last part. `action` is what the caller
 * wants to know it for (LIST, READ, ATTRIBUTES …); asking is not audited, a
 * refusal is.
 */
enum fault gate_stat(const struct caller *caller, enum action action, const char *path, bool follow,
                     struct store_info *ret_info);

/*
 * May it be their working directory? Where they may not list but write, too (a
 * drop box); then nothing but a directory is told apart from nothing.
 */
enum fault gate_enter(const struct caller *caller, const char *path);

/*
 * A plain file's bytes, to learn something about them (how long a transfer of
 * it would be): like gate_stat not audited. Close with stream_close.
 */
enum fault gate_inspect(const struct caller *caller, enum action action, const char *path,
                        struct stream **ret_stream);

/* ---- One file's bytes ------------------------------------------------------ */

enum { GATE_RULE_SIZE = 160 };

struct gate_file {
    struct stream *stream;       /* owned; the upload's own when `upload` is set */
    struct store_info info;      /* of a file being read */
    bool may_go_on;              /* of an upload: who broke off may take it up again */
    bool existed;                /* of an upload: it goes over or to the end of a file */
    bool is_copy;                /* of an upload: its bytes come from here; no ratio counts them */
    struct store_upload *upload; /* owned; NULL when reading */
    struct quota *quota;         /* owned: of an upload that is limited or counted; else NULL */
    char rule[GATE_RULE_SIZE];   /* of a download that the user's ratio refused; else "" */
    uint64_t download_bytes;     /* that a download has taken of the user's ratio */
    int64_t download_from;       /* where it begins */
    const struct caller *caller; /* borrowed: alive until gate_close */
    enum action action;
    char *path; /* owned */
    int64_t begun_ms;
};

struct gate_outcome {
    enum fault fault; /* of the transfer; FAULT_NONE publishes an upload */
    uint64_t bytes;   /* on the data connection */
    bool is_text;
    const char *algorithm; /* borrowed for the call: of a hash that was made; else NULL */
    struct text digest;    /* likewise */
    bool keep_partial;     /* what broke on the way may become the file, to be resumed */
};

/* `action` is READ or HASH. */
enum fault gate_open_read(const struct caller *caller, enum action action, const char *path,
                          struct gate_file **ret_file);
/*
 * All of the file's bytes from where its stream is now on are to be sent: is that within
 * the user's ratio? FAULT_DENIED is audited; gate_close gives back what was not sent.
 */
enum fault gate_begin_download(struct gate_file *file);
/*
 * What is kept beside the file (store.h: annex) that `file` has the bytes of:
 * gate_inspect's, or a gate_file's; for the same action. FAULT_NOT_FOUND: nothing
 * is. Close it before the file.
 */
enum fault gate_open_annex(const struct caller *caller, enum action action, const char *path,
                           const struct stream *file, struct stream **ret_annex);
enum fault gate_open_upload(const struct caller *caller, const char *path,
                            struct store_upload_request *request, struct gate_file **ret_file);
/* What an upload can be told besides its bytes: see store_upload_type. */
enum fault gate_annex(struct gate_file *file, struct text bytes);
enum fault gate_keep(struct gate_file *file, struct store_kept *ret_kept);
enum fault gate_set_size(struct gate_file *file, uint64_t size);
/*
 * Needs the right to attributes, too: FAULT_DENIED, which is not audited, since
 * the upload goes on without.
 */
enum fault gate_change_upload(struct gate_file *file, const struct store_changes *changes);
/* An upload opened at once: may it be ended on the loop, too, when all its bytes are there? */
bool gate_is_brief(const struct gate_file *file);
/*
 * Ends it: an upload is published, or given up when the outcome has a fault
 * (*ret_remains, may be NULL, says what that left). Returns the outcome's
 * fault or that of publishing. Leaves NULL in *file_pointer; accepts a NULL one.
 */
enum fault gate_close(struct gate_file **file_pointer, const struct gate_outcome *outcome,
                      enum store_remains *ret_remains);

/* ---- Names in a directory --------------------------------------------------- */

/* How much there is to find out about what they may do with each name in a directory. */
enum gate_rights {
    GATE_RIGHTS_UNASKED,
    GATE_RIGHTS_OF_ALL,  /* nothing: they are the same for all of them */
    GATE_RIGHTS_BY_NAME, /* what the rules say of it */
    GATE_RIGHTS_BY_PATH, /* also where it leads: folders are below */
};

/* Virtual folders are among its names; hidden names are not, nor is what a folder covers. */
struct gate_directory {
    struct store_directory *directory; /* owned */
    const struct caller *caller;       /* borrowed: alive until it is closed */
    char *path;                        /* owned: what it was opened by */
    char *real;                        /* owned: where that leads, for the rules */
    size_t path_len;                   /* of the longer one */
    size_t next_folder;                /* of the login's, to be looked at when the names end */
    enum gate_rights rights;
    unsigned rights_of_all; /* mask; 0: not found out yet */
};

enum fault gate_open_directory(const struct caller *caller, const char *path,
                               struct gate_directory *ret_directory);
/* The next name, empty at the end; as store_directory_type.next. */
enum fault gate_next(struct gate_directory *directory, struct text *ret_name,
                     enum store_kind *ret_kind);
enum fault gate_entry_info(struct gate_directory *directory, const char *name, bool created,
                           struct store_info *ret_info);
enum fault gate_entry_link(struct gate_directory *directory, const char *name,
                           struct builder *target);
/*
 * As gate_rights of the name itself, and gate_rights_within of a directory that has it: of
 * most directories for nothing. 0 of a name whose path is too long.
 */
unsigned gate_entry_rights(struct gate_directory *directory, const char *name);
unsigned gate_entry_rights_within(struct gate_directory *directory, const char *name);
/* Accepts one that was never opened. */
void gate_close_directory(struct gate_directory *directory);

/* ---- A directory that is to go with all that is in it ---------------------------- */

/*
 * Holds on to a directory that they may remove, the last part of whose path is
 * not followed. It is not listed yet: a success is not audited. Not for the root.
 */
enum fault gate_open_tree(const struct caller *caller, const char *path,
                          struct gate_directory *ret_tree);
/*
 * The tree or a directory in it, and the removal of one (action
 * REMOVE_DIRECTORY) or of a file (DELETE). `path` begins with the tree's own;
 * behind that no link is followed, whoever makes one meanwhile.
 */
enum fault gate_open_below(const struct caller *caller, const struct gate_directory *tree,
                           const char *path, struct gate_directory *ret_directory);
enum fault gate_remove_below(const struct caller *caller, const struct gate_directory *tree,
                             const char *path, enum action action);

/* ---- Changing the tree -------------------------------------------------------- */

enum fault gate_remove(const struct caller *caller, const char *path);
enum fault gate_remove_directory(const struct caller *caller, const char *path);
enum fault gate_make_directory(const struct caller *caller, const char *path, unsigned mode);
/*
 * RENAME of the one, WRITE (a new name) or OVERWRITE of the other. A directory
 * goes only if the same rules hold for all that is in it under the other name.
 */
enum fault gate_rename(const struct caller *caller, const char *from, const char *to);
enum fault gate_change(const struct caller *caller, const char *path,
                       const struct store_changes *changes);
enum fault gate_make_link(const struct caller *caller, const char *target, const char *path);
enum fault gate_space(const struct caller *caller, const char *path, struct store_space *ret_space);

#endif
