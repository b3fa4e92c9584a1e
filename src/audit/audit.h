/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: what happened, for whoever has to answer for it: one JSON object a
 * line (docs/audit.md), and the classic xferlog beside it. Events come from
 * the gate and the login, exactly once each.
 *
 * Recording formats the line and hands it to one writer thread, so nothing
 * that happens on a loop or in a transfer waits for the disk. The queue has a
 * named limit, in lines and in bytes; what does not fit or cannot be written is counted and
 * reported, and the service goes on. Any thread may record.
 */
#ifndef FERRY_AUDIT_AUDIT_H
#define FERRY_AUDIT_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/action.h"
#include "base/endpoint.h"
#include "base/fault.h"
#include "base/text.h"

/* Whoever may log in anonymously chooses it: it must not fill the disk. */
enum { AUDIT_DETAIL_MAX = 256 };

struct audit_event {
    enum action action;
    enum fault fault;
    const char *rule; /* borrowed: of a refusal by policy; else NULL */
    uint64_t session;
    struct text host; /* the virtual one; empty: the default */
    struct text user;
    struct text detail; /* what anonymous gave as its address; cut to AUDIT_DETAIL_MAX bytes */
    bool anonymous;
    union endpoint peer;
    struct text folder; /* the virtual one the paths are in; empty: the user's root */
    struct text path;
    struct text other_path; /* of a rename or copy */
    bool is_transfer;       /* the rest means something */
    bool inbound;           /* to us */
    bool is_text;           /* converted (TYPE A) */
    uint64_t bytes;
    uint64_t duration_ms;
};

struct audit;

/*
 * Opens the files (NULL: none of that kind) for appending and starts the
 * writer. FAULT_NO_MEMORY, or what the first file that failed said.
 */
enum fault audit_open(const char *json_file, const char *xferlog_file, struct audit **ret_audit);

/* Writes what is queued, then frees. Accepts NULL. */
void audit_close(struct audit *audit);

/* Opens the files again under their names: after rotation. Any thread. */
void audit_reopen(struct audit *audit);

/* Never blocks and never fails the caller. Accepts a NULL audit. */
void audit_record(struct audit *audit, const struct audit_event *event);

/* Lines lost since the start, for want of memory, of room in the queue or on the disk. */
uint64_t audit_lost(struct audit *audit);

#endif
