/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job: the blocking half of one verb. A value made once on the loop with
 * copies and counted references of all it needs; a worker never sees the
 * session. Its life:
 *
 *   WORKING    verb->work on a worker: opens the file, or is all there is
 *   AWAITING   on the loop: the data connection is accepted or made
 *   MOVING     verb->move on a worker: the transfer
 *   CLEARING   on a worker: what was opened is closed after a failure
 *   then job_on_posted ends it on the loop: done, reply, free.
 *
 * A session has at most one. Cancelling sets a flag and breaks the data
 * connection; the worker notices and the job ends like any other.
 */
#ifndef FERRY_SERVER_JOB_H
#define FERRY_SERVER_JOB_H

#include "base/stream.h"
#include "base/workers.h"
#include "codec/digest.h"
#include "dtp/transfer.h"
#include "gate/gate.h"
#include "server/config.h"
#include "server/replies.h"
#include "server/verbs.h"

struct loop;
struct watch;

enum job_stage { JOB_WORKING, JOB_AWAITING, JOB_MOVING, JOB_CLEARING };

struct job {
    struct work work;        /* first: the pool gives it back */
    struct job *next_posted; /* borrowed: the loop's inbox */
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
    enum language language;
    unsigned facts; /* mask for MLST and MLSD */
    unsigned umask;
    enum digest_kind digest;
    char *argument; /* owned */
    size_t argument_len;
    char *directory; /* owned: the working directory */
    char *path;      /* owned: of TAKES_PATH, resolved */
    char *source;    /* owned: what RNFR or CPFR named, or the name USER gave */
    uint64_t restart;
    bool has_range;
    uint64_t range_first;
    uint64_t range_last;
    uint64_t reserve_bytes;
    int control_fd;          /* borrowed: the session's; only to see whether the client is there */
    atomic_bool may_hang_up; /* QUIT was sent: the end of the control connection is no abort */

    /* What it made */
    enum fault fault;
    char *opening; /* owned: the 150 reply */
    char *reply;   /* owned: the final one, instead of the fault's */
    size_t opening_len;
    size_t reply_len;
    struct gate_file *file;  /* owned */
    struct stream *listing;  /* owned */
    struct type_ascii ascii; /* where a restart inside CR LF left off */
    struct login *new_login; /* owned reference */
    char *new_path;          /* owned */

    /* The data connection */
    struct channel channel;
    struct watch *watch; /* owned: while an active AWAITING */
    int connecting;      /* owned: a descriptor on its way; -1 */
    uint64_t deadline_ms;
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
/* The passive data connection that it may be waiting for has come. */
void job_on_data_connection(struct job *job);
void job_on_tick(struct job *job, uint64_t now_ms);
/* Asks it to end early; it ends with FAULT_CANCELLED, or well if it was about to. */
void job_cancel(struct job *job);
/* Is the data connection being made or used? */
bool job_is_transfer(const struct job *job);

/* ---- On a worker -------------------------------------------------------------- */

/* The final reply. Arguments as the text asks for; NULL at means none. */
void job_reply(struct job *job, enum reply_id id, struct text first, struct text second);
/* The final reply, several lines, already formatted. Takes the bytes over. */
void job_take_reply(struct job *job, char *bytes, size_t len);
/* The 150 before the data connection opens. */
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
/* TYPE A with conversion switched on. */
bool job_is_text(const struct job *job);
/* On the loop: job->path becomes what a later verb is about, in *place; NULL after a fault. */
void job_keep_path(struct job *job, char **place);

#endif
