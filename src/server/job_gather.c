/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a small file's upload arrive on the loop: no thread waits for them, and one
 * worker then has all that it needs to publish the file. What is longer, or takes longer, gets a
 * thread of its own, which goes on behind what came.
 */
#include "net/channel.h"
#include "net/socket.h"
#include "server/job.h"
#include "server/loop.h"
#include "server/session.h"

enum { GATHERED_MAX = 32 * 1024 };

static void gather(struct job *job)
{
    enum fault f = channel_gather(&job->channel, loop_read_buffer(job->loop), LOOP_READ_BYTES,
                                  GATHERED_MAX);
    /* Who closes all they have is judged with some patience (verbs_upload.c), not by few threads.
     */
    job->has_all = !f && !socket_peer_has_ended(job->control_fd);
    job->is_brief = job->has_all && gate_is_brief(job->file);
    if (f == FAULT_NO_MEMORY) /* some of it is lost */
        job_clear(job, f);
    else if (f != FAULT_BUSY) /* another fault is heard by the worker, too */
        job_begin_moving(job);
}

static void on_bytes(void *owner, unsigned events)
{
    struct job *job = owner;
    struct session *session = job->session;
    (void)events;
    gather(job);
    session_settle(session);
}

bool job_gather(struct job *job)
{
    const struct transfer transfer = job_transfer(job);
    /* Where the old file's bytes are copied, the disk or a lock is waited for it takes a thread
     * anyway.
     */
    bool takes_long = job->verb->action != ACTION_WRITE || job->restart ||
                      login_upload_manner(job->login)->sync;
    if (job->verb->move != move_stor || takes_long || job->channel.waits ||
        !chain_is_transparent(&transfer.plan) || throttles_limit(&job->throttles) ||
        !job_watch(job, on_bytes))
        return false;
    job->stage = JOB_GATHERING;
    if (job->channel.tls) /* bytes that came with the handshake are no event any more */
        gather(job);
    return true;
}
