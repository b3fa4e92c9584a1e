/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer: RFC 959's data transfer process. Moves bytes between a stream
 * (bytes at rest) and a channel (a connected peer), shaped as TYPE, STRU and
 * MODE say (codec/chain.h). Worker thread; blocks. Server and client use the
 * same code.
 */
#ifndef FERRY_DTP_TRANSFER_H
#define FERRY_DTP_TRANSFER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/fault.h"
#include "base/stream.h"
#include "base/throttle.h"
#include "codec/chain.h"
#include "net/channel.h"

/* Written by the worker and read by the loop (STAT), or the other way round (ABOR). */
struct transfer_progress {
    atomic_uint_fast64_t bytes; /* on the data connection so far */
    atomic_bool cancelled;
};

/* What a received file is besides its bytes, told to who keeps it. */
struct transfer_keeper {
    /* More of the file's shape (codec/shape.h). NULL: it is not kept. */
    enum fault (*shape)(struct transfer_keeper *keeper, struct text lines);
    /*
     * A restart marker of the sender: all before it was written to the stream;
     * `state` is what chain_put_state says. NULL: they mean nothing here.
     */
    enum fault (*marker)(struct transfer_keeper *keeper, struct text marker, struct text state);
    /* The end of a file of pages: how long it is and what it has. */
    enum fault (*pages_end)(struct transfer_keeper *keeper, uint64_t size,
                            const struct page_facts *facts);
};

struct transfer {
    struct channel *channel; /* borrowed: the job's; NULL to measure */
    /*
     * How the bytes are shaped, and for sending where to begin: the stream is at
     * plan.from. Of pages `facts` tell what the file is besides them.
     */
    struct chain_plan plan;
    struct page_facts facts;
    struct stream *shape;               /* borrowed: of a file that is sent; NULL: it has none */
    struct transfer_keeper *keeper;     /* borrowed: of a file that is received; NULL: nobody */
    bool goes_on;                       /* receiving from a restart marker on, in this state */
    struct text state;                  /* borrowed: what chain_take_state takes */
    struct transfer_progress *progress; /* borrowed: the job's */
    const struct throttles *throttles;  /* borrowed: the job's; NULL: as fast as it goes */
    /* Set by receiving */
    uint64_t suspect_bytes; /* of the data as sent, that the sender said may be wrong */
};

/*
 * Sends the stream from where it is to its end, and waits until the peer has it
 * where the connection's end is the file's. In MODE B and C it stays open. FAULT_CANCELLED,
 * _CONNECTION_LOST, _TIMED_OUT or what the stream said; FAULT_IO: the shape is
 * not the file's; FAULT_OUT_OF_RANGE: it ends before plan.first.
 */
enum fault transfer_send(struct transfer *transfer, struct stream *stream);

/*
 * Likewise without waiting for anything: the bytes of a small file that are in memory and that
 * the peer takes as they come. FAULT_UNSUPPORTED: transfer_send has to do the rest, with what
 * is left in the stream. FAULT_BUSY: the peer does not have it all yet: to be asked again when
 * something comes from it, or when that has taken a while (`is_late`). Any thread; a
 * channel opened at once.
 */
enum fault transfer_send_at_once(struct transfer *transfer, struct stream *stream, bool is_late);

/* How many bytes transfer_send would send; sends none. MODE Z counts as MODE S. */
enum fault transfer_measure(struct transfer *transfer, struct stream *stream, uint64_t *ret_bytes);

/*
 * Receives until the peer ends the file and writes it to the stream. Closes
 * neither. In MODE B and C the connection may bring another file next.
 * FAULT_MALFORMED, FAULT_PAGE_TYPE: nothing of the file is to be used.
 */
enum fault transfer_receive(struct transfer *transfer, struct stream *stream);

/* Asks the worker to stop; it returns FAULT_CANCELLED soon. Any thread. */
void transfer_cancel(struct transfer_progress *progress, struct channel *channel);
/* Likewise of one that sends in MODE S: the peer hears no end, which would be the file's. */
void transfer_cancel_sending(struct transfer_progress *progress, struct channel *channel);

#endif
