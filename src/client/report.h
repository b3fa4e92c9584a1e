/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report: how ferry tells what happened. To people in lines of English, as
 * ferryctl does: what a person reads is the server's words for the most part,
 * and those are in whatever language it has (LANG). To programs as events, one
 * JSON object a line; docs/events.md describes them.
 *
 * Texts may be the server's: they are made fit for a terminal here. The line
 * that shows progress is taken away before anything is written. One thread's,
 * or behind its owner's lock.
 */
#ifndef FERRY_CLIENT_REPORT_H
#define FERRY_CLIENT_REPORT_H

#include <stdio.h>

#include "client/entry.h"
#include "client/exit_status.h"
#include "client/progress.h"

struct report {
    FILE *out;    /* borrowed for as long as the report, as all below: events, entries */
    FILE *notes;  /* what was done, for people */
    FILE *errors; /* for people */
    struct progress *progress; /* NULL: none is shown */
    bool is_json;              /* everything is an event on `out` */
    bool is_coloured;          /* names of entries */
    uint64_t verbose;          /* as the setting; below 1 only errors and entries */
    bool greets;               /* what connections are made is told at 1 already */
    bool is_lost; /* something could not be written: the disk is full, the pipe closed */
};

/* ---- Connections -------------------------------------------------------------------- */

/* `tls` is the version that is spoken, or empty. */
void report_connected(struct report *report, struct text host, uint16_t port, struct text address,
                      struct text tls);
void report_login(struct report *report, struct text user, struct text host);

/* ---- Transfers ------------------------------------------------------------------------ */

struct report_transfer {
    struct text remote;
    struct text local;
    bool is_upload;
    uint64_t size;         /* bytes; PROGRESS_UNKNOWN */
    uint64_t resumed_from; /* 0: from the beginning */
};

struct report_outcome {
    uint64_t bytes;          /* that were moved: without those before resumed_from */
    uint64_t duration_ms;    /* that it took */
    struct text verified_by; /* "size", "SHA-256"; empty: it was not */
    bool is_direct; /* from server to server: `bytes` came through here, the size did not */
};

void report_transfer_begin(struct report *report, const struct report_transfer *transfer);
/* `bytes` have been moved so far. For people there is progress.h. */
void report_transfer_progress(struct report *report, const struct report_transfer *transfer,
                              uint64_t bytes);
void report_transfer_end(struct report *report, const struct report_transfer *transfer,
                         const struct report_outcome *outcome);

/* ---- Files ------------------------------------------------------------------------------- */

/* One of a listing of `directory`. */
void report_entry(struct report *report, struct text directory, const struct entry *entry);
/* One that was looked for: for people its path alone. */
void report_found(struct report *report, struct text path, const struct entry *entry);

/* What a directory and all that is below it come to. */
struct report_usage {
    struct text path;
    uint64_t bytes;
    uint64_t files;
    bool is_rough; /* some sizes are not known, or not exactly */
};

void report_usage(struct report *report, const struct report_usage *usage);
void report_made(struct report *report, struct text path);
void report_removed(struct report *report, struct text path);
void report_renamed(struct report *report, struct text path, struct text to);
/*
 * What was found and left as it is: "planned", what would be done ("copy", "remove"), or
 * "difference", in what two trees differ ("missing"). It is what was asked for: on `out`.
 */
void report_finding(struct report *report, const char *event, struct text word, struct text path);

/* ---- What the server says ----------------------------------------------------------------- */

/* Its reply to a command that somebody wrote, all lines, joined by LF. It is what was asked for. */
void report_reply(struct report *report, struct text command, unsigned code, struct text lines);

/* ---- What went wrong ------------------------------------------------------------------------ */

struct report_problem {
    struct text what; /* a URL without its password, a path, a host */
    unsigned code;    /* of the server's reply; 0: it is not from the server */
    struct text text; /* the reply's, or why; empty: what the fault says */
    enum fault fault;
    enum exit_status status;
};

void report_error(struct report *report, const struct report_problem *problem);
/* Something is less safe than it could be, or left out; it goes on. */
void report_warning(struct report *report, struct text what, struct text why);

struct report_totals {
    uint64_t files;
    uint64_t bytes;
    uint64_t failed;
    uint64_t skipped; /* that were there already */
    uint64_t removed;
    uint64_t duration_ms;
    bool is_plan;  /* nothing was moved: it is what would be (--dry-run) */
    bool is_check; /* nothing was moved: the trees were compared */
    uint64_t differences;
};

void report_summary(struct report *report, const struct report_totals *totals,
                    enum exit_status status);

#endif
