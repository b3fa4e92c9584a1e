/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a small file's upload arrive on the loop: no thread waits for them, and one
 * worker then has all that it needs to publish the file. What is longer, or takes longer, gets a
 * thread of its own, which goes on behind what came.
 */
#include "net/channel.h"
#include "server/job.h"
#include "server/loop.h"
#include "server/session.h"

enum { GATHERED_MAX = 32 * 1024 };

void job_end_gathering(struct job *job)
{
    watch_stop(job->watch);
    job->watch = NULL;
    job_begin_moving(job);
}

static void on_bytes(void *owner, unsigned events)
{
    struct job *job = owner;
    struct session *session = job->session;
    (void)events;
    enum fault f = channel_gather(&job->channel, loop_read_buffer(job->loop), LOOP_READ_BYTES,
                                  GATHERED_MAX);
    job->has_all = !f;
    if (f == FAULT_NO_MEMORY) /* some of it is lost */
        job_clear(job, f);
    else if (f != FAULT_BUSY) /* another fault is heard by the worker, too */
        job_end_gathering(job);
    session_settle(session);
}

bool job_gather(struct job *job)
{
    const struct transfer transfer = job_transfer(job);
    if (job->verb->move != move_stor || job->parameters.protection == PROTECTION_PRIVATE ||
        job->channel.waits || !chain_is_transparent(&transfer.plan) ||
        throttles_limit(&job->throttles) || login_upload_manner(job->login)->sync)
        return false; /* as for the last, waiting for the disk takes a thread anyway */
    job->watch = watch_start(job->loop, job->channel.fd, WATCH_READ, on_bytes, job);
    if (!job->watch)
        return false;
    job->stage = JOB_GATHERING;
    return true;
}
