/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_request: what a client asks of a directory: the form, the options,
 * the name. A value, made by the verb. Worker thread.
 */
#ifndef FERRY_SERVER_DIRECTORY_REQUEST_H
#define FERRY_SERVER_DIRECTORY_REQUEST_H

#include <stdatomic.h>

#include "gate/gate.h"
#include "protocol/listing.h"

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

#endif
