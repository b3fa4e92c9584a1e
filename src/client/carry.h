/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carry: one file from a server to here, or from here to a server: all of it
 * or nothing. It comes under another name, which it keeps until it is complete and has been
 * verified; what broke off goes on from where it was, in this run or a later
 * one, if it is still the same file.
 */
#ifndef FERRY_CLIENT_CARRY_H
#define FERRY_CLIENT_CARRY_H

#include "client/local_tree.h"
#include "client/remote_files.h"

enum carry_check {
    CARRY_CHECK_NOTHING,
    CARRY_CHECK_SIZE,   /* as far as both ends can tell */
    CARRY_CHECK_DOUBT,  /* and, of what did not come in one piece, as with DIGEST */
    CARRY_CHECK_DIGEST, /* and HASH or its kin, when the server has one */
};

enum carry_name {
    CARRY_NAME_AUTO,  /* another one, but where a STOR that breaks off changes nothing anyway */
    CARRY_NAME_OTHER, /* always, and renamed when it is complete */
    CARRY_NAME_OWN,
};

struct carry_rules {
    struct parameters parameters;
    bool resumes;
    bool appends;   /* APPE instead of STOR */
    bool is_unique; /* STOU */
    enum carry_check check;
    enum carry_name upload_name;
    /*
     * A small file goes in MODE B, whose data connection stays for the next one (RFC 959 3.4.2,
     * 5.2): with a server that is known to do so, ferryd.
     */
    bool shares_connection;
    bool keeps_time;
    bool keeps_mode;
    bool keeps_line_ends;     /* TYPE A fetched as it comes, CR LF and all: BSD's cr off */
    uint64_t marker_interval; /* sending: as user_dtp_order has it, with the two below */
    void (*on_marker)(void *owner, struct text ours, struct text theirs);
    void *marker_owner; /* borrowed: outlives the transfer */
    /*
     * Bytes are about to move, in this try: so many of how many are there (UINT64_MAX: nobody
     * knows). NULL: nobody listens.
     */
    void (*on_begin)(void *owner, uint64_t begun, uint64_t size);
    void *begin_owner; /* borrowed: outlives the transfer */
    unsigned tries;    /* how often in a row it begins or goes on and gets no further; at least 1 */
    unsigned segments; /* in how many parts it is fetched at once (segments.h); at least 1 */
};

enum { CARRY_UNIQUE_SIZE = 256 };

struct carry_outcome {
    uint64_t begun;       /* bytes that were there from an earlier try or run */
    uint64_t size;        /* bytes of the whole file, when it is there */
    uint64_t duration_ms; /* that it took; said by who has it carried */
    bool in_pieces;       /* resumed, or in segments: more can be wrong than what TCP would see */
    bool was_checked;     /* its size */
    bool was_digested;
    enum digest_kind digest; /* with was_digested */
    bool differs;            /* the fault is that of a check: size or digest are not the same */
    /* What the server called it (STOU), as it said it: to be shown as hostile. "": it did not. */
    char unique_name[CARRY_UNIQUE_SIZE];
};

/*
 * `known` is what a listing said of it, or NULL: it is asked for. `progress`
 * counts what moves on data connections, all tries together. FAULT_IO with outcome->differs:
 * what came is not what the server has; nothing has been published.
 */
enum fault carry_fetch(struct remote *remote, const char *path, const struct entry *known,
                       const struct local_tree *tree, const char *local,
                       const struct carry_rules *rules, struct transfer_progress *progress,
                       struct carry_outcome *ret_outcome);
enum fault carry_send(struct remote *remote, const struct local_tree *tree, const char *local,
                      const char *path, const struct carry_rules *rules,
                      struct transfer_progress *progress, struct carry_outcome *ret_outcome);

/*
 * Likewise of what has no size, and can be read only once: it is tried once, and gets its name when
 * it has ended in order.
 */
enum fault carry_send_stream(struct remote *remote, struct stream *stream, const char *path,
                             const struct carry_rules *rules, struct transfer_progress *progress,
                             struct carry_outcome *ret_outcome);

/*
 * Do both have the same bytes, as far as a digest of the server's tells? ret_outcome->differs.
 * FAULT_UNSUPPORTED: it has none.
 */
enum fault carry_compare(struct remote *remote, const char *path, const struct local_tree *tree,
                         const char *local, struct carry_outcome *ret_outcome);

/* ---- What fetching in segments shares ------------------------------------------------------ */

/* What stays the same as long as it is the same file; 0: nobody knows. */
uint64_t carry_identify(const char *path, const struct entry *entry);
/* Can it go on in the middle, at the byte of the file that a number says? */
bool carry_is_exact(const struct parameters *parameters);
/* May what went wrong go well the next time? */
bool carry_is_worth_another_try(const struct remote *remote, enum fault f);
/*
 * Has the server itself said that what it sent or got is not right (RFC 959 4.2: 4yz and 5yz)? Not
 * when it is a connection that broke: what moved before did move.
 */
bool carry_is_taken_back(const struct remote *remote, enum fault f);
/* The tries of one transfer; zeroed before the first. */
struct carry_tries {
    unsigned failed;  /* in a row, since it got further */
    uint64_t reached; /* bytes that are there, and need not be moved again */
};
/*
 * Makes ready for another try behind one that failed with *f, and has left `reached` bytes to go
 * on from: waits, unless it got further than any before, and reconnects where the control
 * connection was lost. False: no more, and *f is why.
 */
bool carry_try_again(struct remote *remote, const struct carry_rules *rules, uint64_t reached,
                     struct carry_tries *tries, enum fault *f);
/*
 * All bytes are there: checked as the rules say, it gets its time, mode and name. The part is
 * still to be closed.
 */
enum fault carry_finish(struct remote *remote, const char *path, const struct entry *entry,
                        const struct local_tree *tree, const struct carry_rules *rules,
                        struct local_part *part, struct carry_outcome *outcome);

#endif
