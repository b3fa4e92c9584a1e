/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job: the blocking half of one verb. A value made once on the loop with
 * copies and counted references of all it needs; a worker never sees the
 * session. Its life:
 *
 *   WORKING    verb->work on a worker: opens the file, or is all there is
 *   HOLDING    on the loop: the reply waits, where a worker said so (hold_ms)
 *   AWAITING   on the loop: the data connection is accepted or made
 *   SECURING   on the loop: the TLS handshake of the data connection (job_data.c)
 *   GATHERING  on the loop: a small file arrives (job_gather.c)
 *   ENDING     on the loop: a small file was sent, and the peer closes (job_data.c)
 *   MOVING     verb->move on a worker: the transfer
 *   CLEARING   on a worker: what was opened is closed after a failure
 *   then job_on_posted ends it on the loop: done, reply, free.
 *
 * What needs no waiting (AT_ONCE in the verb table) is done on the loop without
 * any worker: WORKING, and of a small file's download MOVING.
 *
 * A session has at most one. Cancelling sets a flag and breaks the data
 * connection; the worker notices and the job ends like any other.
 */
#ifndef FERRY_SERVER_JOB_H
#define FERRY_SERVER_JOB_H

#include "base/stream.h"
#include "base/workers.h"
#include "codec/digest.h"
#include "codec/type_ascii.h"
#include "dtp/transfer.h"
#include "gate/gate.h"
#include "server/config.h"
#include "server/loop.h"
#include "server/replies.h"
#include "server/verbs.h"

enum job_stage {
    JOB_WORKING,
    JOB_HOLDING,
    JOB_AWAITING,
    JOB_SECURING,
    JOB_GATHERING,
    JOB_MOVING,
    JOB_ENDING,
    JOB_CLEARING,
};

struct job {
    struct work work;        /* first: the pool gives it back */
    struct job *next_posted; /* borrowed: the loop's inbox */
    size_t interim_count;    /* replies that wait there; guarded by its lock */
    struct session *session; /* borrowed: outlives its job. Loop thread only */
    struct loop *loop;       /* borrowed: outlives the session */
    const struct verb *verb; /* borrowed: static table */
    enum job_stage stage;

    /* What the worker is given */
    struct config *config;     /* owned reference */
    const struct realm *realm; /* borrowed: the configuration's */
    struct login *login;       /* owned reference; NULL before login */
    struct caller caller;
    struct parameters parameters;
    int deflate_level;
    enum language language;
    unsigned facts; /* mask for MLST and MLSD */
    unsigned umask;
    enum digest_kind digest;
    char *argument; /* owned */
    size_t argument_len;
    char *directory;  /* owned: the working directory */
    char *path;       /* owned: of TAKES_PATH, resolved */
    char *source;     /* owned: what RNFR or CPFR named, or the name USER gave */
    uint64_t restart; /* REST with a number */
    char *marker;     /* owned: REST with a restart marker; NULL: none */
    bool has_range;
    uint64_t range_first;
    uint64_t range_last;
    uint64_t reserve_bytes;
    enum login_certificate certificate; /* what it says of the name USER gave */
    struct tls_bond bond;               /* what a data connection under TLS is bound to */
    int control_fd;          /* borrowed: the session's; only to see whether the client is there */
    atomic_bool may_hang_up; /* QUIT was sent: the end of the control connection is no abort */

    /* What it made */
    enum fault fault;
    uint64_t hold_ms; /* how long the reply waits: against guessing (gate/guard.h) */
    char *opening;    /* owned: the 150 reply */
    char *reply;      /* owned: the final one, instead of the fault's */
    size_t opening_len;
    size_t reply_len;
    bool is_speechless;           /* there was no memory for the final reply */
    struct gate_file *file;       /* owned */
    struct audit_tally tally;     /* begun with the session's, which gets it back */
    struct stream *listing;       /* owned */
    struct stream *annex;         /* owned: of a file being sent; NULL: it has none */
    struct type_ascii ascii;      /* where a restart inside CR LF left off */
    struct marker_position from;  /* where the stream of a file being sent is */
    struct marker_position first; /* where sending is to begin */
    struct marker_kept kept;      /* what `marker` says of an upload that goes on */
    struct transfer_keeper keeper;
    bool is_kept;            /* the upload can go on from a marker */
    struct login *new_login; /* owned reference */
    char *new_path;          /* owned */

    /* The data connection. Open from the beginning when an earlier transfer left it so. */
    struct channel channel;
    struct watch *watch;  /* owned: while an active AWAITING; SECURING, GATHERING, ENDING */
    struct moment moment; /* while ENDING */
    bool has_place;       /* among the transfers that the server runs at once */
    bool has_all;         /* that the peer sends was gathered: nothing is to be waited for */
    bool is_brief;        /* and nothing to store it: it is done on the loop */
    int connecting;       /* owned: a descriptor on its way; -1 */
    uint64_t deadline_ms;
    bool is_counted; /* as a transfer of its login */
    struct throttles throttles;
    struct transfer_progress progress;
};

/* ---- On the loop ------------------------------------------------------------ */

/*
 * Begins the verb's work; the reply comes when it ends, or at once when it
 * cannot begin. Takes over `source` (may be NULL), what an earlier verb left.
 */
void job_start(struct session *session, const struct verb *verb, struct text argument,
               char *source);
/* A worker handed the job back. */
void job_on_posted(struct job *job);
/* A worker has an interim reply (110) for the client. */
void job_on_interim(struct job *job, struct text reply);
/* The passive data connection that it may be waiting for has come. */
void job_on_data_connection(struct job *job);
void job_on_tick(struct job *job, uint64_t now_ms);
/* Asks it to end early; it ends with FAULT_CANCELLED, or well if it was about to. */
void job_cancel(struct job *job);
/* Is the data connection being made or used? */
bool job_is_transfer(const struct job *job);

/* ---- Between the files of job --------------------------------------------------- */

/* Goes on with a data connection that stands, or a kept one: TLS first, if it is to be under it. */
void job_take_connection(struct job *job);
/* Watches the data connection from now on. False: no memory. */
bool job_watch(struct job *job, watch_callback *on_event);
/* Begins to gather what an upload brings. False: it is nothing to be gathered. */
bool job_gather(struct job *job);
/* MOVING on a worker, whatever was waited for; or here and now, if it is_brief. */
void job_begin_moving(struct job *job);
/* The end, on the loop. */
void job_finish(struct job *job);
/* Ends it before that. */
void job_clear(struct job *job, enum fault f);

/* ---- On a worker -------------------------------------------------------------- */

/* The final reply. Arguments as the text asks for; NULL at means none. */
void job_reply(struct job *job, enum reply_id id, struct text first, struct text second);
/* The final reply, several lines, already formatted. Takes the bytes over. */
void job_take_reply(struct job *job, char *bytes, size_t len);
/*
 * The final reply of a transfer that succeeded: a 226, or its 250 when the data
 * connection stays open (RFC 959 3.2).
 */
void job_reply_complete(struct job *job, enum reply_id id);
/* A reply now, while the job goes on. */
void job_reply_interim(struct job *job, enum reply_id id, struct text first, struct text second);
/* The 150 before the data connection opens, or its 125 when it is open already. */
void job_set_opening(struct job *job, enum reply_id id, struct text first, struct text second);

static inline struct text job_argument(const struct job *job)
{
    return (struct text){job->argument, job->argument_len};
}

/*
 * The path a name means in the job's directory, as an owned string.
 * FAULT_NAME_INVALID, FAULT_NO_MEMORY.
 */
enum fault job_resolve(const struct job *job, struct text name, char **ret_path);
bool job_is_cancelled(const struct job *job);
/* How the data of this job travel. */
struct transfer job_transfer(struct job *job);
/* TYPE A or E with line ends to be converted. */
bool job_is_sent_as_text(const struct job *job);
/* Is what travels the file's bytes as they are? */
bool job_is_byte_for_byte(const struct job *job);
uint64_t job_bytes_moved(struct job *job);
/* REST said a marker that nobody gave. */
enum fault job_refuse_marker(struct job *job);
/* Something is wrong with the file, which is open already: closes it. */
enum fault job_refuse_file(struct job *job, enum fault f);
/*
 * Moves a file's stream to where the transfer of its text would be after
 * job->restart bytes (RFC 3659 5.3). FAULT_OUT_OF_RANGE when it is shorter.
 */
enum fault job_seek_in_text(struct job *job, struct stream *stream);
/* What a descriptor page says of a file. */
struct page_facts job_page_facts(const struct store_info *info);
/* Must a file be read to know how far a transfer of it has come? */
bool job_counts_out(struct job *job);
/* TYPE A with line ends to be converted: text as a file, not as records or pages. */
bool job_is_text(const struct job *job);
/* On the loop: job->path becomes what a later verb is about, in *place; NULL after a fault. */
void job_keep_path(struct job *job, char **place);

#endif
