/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_stream: a listing as a stream: what LIST, NLST, MLSD and STAT send.
 * It reads names as it goes and holds only a bounded number of them, so that
 * the first lines leave at once however large the directory is; a listing that
 * cannot be completed ends in a fault, never as if it were whole.
 * Worker thread.
 */
#ifndef FERRY_SERVER_DIRECTORY_STREAM_H
#define FERRY_SERVER_DIRECTORY_STREAM_H

#include <stdatomic.h>

#include "base/stream.h"
#include "gate/gate.h"
#include "protocol/listing.h"

/* Room that a read must offer: the longest line there is. */
enum { DIRECTORY_LINE_MAX = 12 * 1024 };

enum directory_form {
    DIRECTORY_LONG,  /* LIST */
    DIRECTORY_NAMES, /* NLST */
    DIRECTORY_FACTS, /* MLSD: neither options nor wildcards (RFC 3659 2.2.2) */
};

struct directory_request {
    const struct caller *caller; /* borrowed: alive until the stream is closed */
    enum directory_form form;
    struct listing_options options;
    unsigned facts;        /* mask, of DIRECTORY_FACTS */
    struct text directory; /* working directory; alive until the stream is closed */
    struct text name;      /* as the client gave it, may be empty; likewise */
    int64_t now;           /* seconds since 1970 */
    /* borrowed: likewise; may be NULL. Set by any thread, the listing ends in FAULT_CANCELLED */
    const atomic_bool *cancelled;
};

static inline bool directory_is_cancelled(const struct directory_request *request)
{
    return request->cancelled && atomic_load_explicit(request->cancelled, memory_order_acquire);
}

/*
 * Takes ls's options off the request's name, unless there is a file of that
 * very name.
 */
void directory_take_options(struct directory_request *request);

/*
 * Begins a listing of a directory, of one file, or of the names a pattern
 * matches. Lines end with LF. FAULT_NOT_FOUND and others when there is nothing
 * to begin with; FAULT_NOT_DIRECTORY of DIRECTORY_FACTS.
 *
 * An entry that is gone when its turn comes is left out. One whose facts may
 * not be known (its directory may be read, not searched) shows its name and,
 * where the directory itself tells, its kind.
 */
enum fault directory_stream_open(const struct directory_request *request,
                                 struct stream **ret_stream);

#endif
