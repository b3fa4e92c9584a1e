/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer: RFC 959's data transfer process. Moves bytes between a stream
 * (bytes at rest) and a channel (a connected peer), shaped as TYPE, STRU and
 * MODE say. Worker thread; blocks. Server and client use the same code.
 */
#ifndef FERRY_DTP_TRANSFER_H
#define FERRY_DTP_TRANSFER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/fault.h"
#include "base/stream.h"
#include "codec/type_ascii.h"
#include "net/channel.h"
#include "protocol/parameters.h"

/* Written by the worker and read by the loop (STAT), or the other way round (ABOR). */
struct transfer_progress {
    atomic_uint_fast64_t bytes; /* on the data connection so far */
    atomic_bool cancelled;
};

struct transfer {
    struct channel *channel; /* borrowed: the job's */
    struct parameters parameters;
    struct type_ascii ascii;            /* where a restart inside CR LF left off */
    struct transfer_progress *progress; /* borrowed: the job's */
};

/*
 * Sends the stream from where it is to its end and waits until the peer has
 * it. FAULT_CANCELLED, _CONNECTION_LOST, _TIMED_OUT or what the stream said.
 */
enum fault transfer_send(struct transfer *transfer, struct stream *stream);

/* Receives until the peer ends the file and writes it to the stream. Closes neither. */
enum fault transfer_receive(struct transfer *transfer, struct stream *stream);

/* Asks the worker to stop; it returns FAULT_CANCELLED soon. Any thread. */
void transfer_cancel(struct transfer_progress *progress, struct channel *channel);

#endif
