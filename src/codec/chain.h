/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain: the stages between a file's bytes and the wire, as TYPE, STRU and MODE
 * ask for. The one place that knows their order:
 *
 *     sending     file -> format -> STRU -> TYPE -> restart -> MODE -> last
 *     receiving   MODE -> TYPE -> STRU -> last
 *
 * STRU is the file's side of TYPE, so that none needs another's setting. Where
 * RFC 959 leaves nothing to do a stage is left out: with STRU R a line end is
 * the record's, so TYPE A has none to convert; pages are bytes of the TYPE's
 * size and no text. Where there are no records their ends mean nothing.
 */
#ifndef FERRY_CODEC_CHAIN_H
#define FERRY_CODEC_CHAIN_H

#include <stdbool.h>

#include "codec/code_page.h"
#include "codec/shape.h"
#include "codec/stage.h"
#include "codec/stru_page.h"
#include "protocol/marker.h"
#include "protocol/parameters.h"

/* What a chain is made for. */
struct chain_plan {
    struct parameters parameters;
    const struct code_page *code_page; /* borrowed, as all here: lives as long. Of TYPE E */
    bool keeps_line_ends;              /* TYPE A without converting them, against RFC 959 */
    /* Sending */
    int deflate_level;
    uint64_t marker_interval;     /* bytes between restart markers in MODE B and C; 0: none */
    struct shape_source *source;  /* borrowed: the file's shape; NULL: it has none */
    bool is_carriage;             /* the file is text with ASA carriage control */
    struct marker_position from;  /* what is given begins there */
    struct marker_position first; /* sending begins there */
    bool after_cr;                /* the CR of the first LF has gone already (TYPE A) */
    /* Receiving */
    bool appends;             /* to a file that is there */
    struct shape_sink *shape; /* borrowed */
    struct page_sink *pages;  /* borrowed */
};

struct chain;

/* Do file and wire have the same bytes, so that no chain is needed? */
bool chain_is_transparent(const struct chain_plan *plan);

/* FAULT_NO_MEMORY, FAULT_ARGUMENT: pages of logical bytes that cannot hold a header. */
enum fault chain_new_send(const struct chain_plan *plan, struct stage *last, struct chain **ret);
enum fault chain_new_receive(const struct chain_plan *plan, struct stage *last, struct chain **ret);
/* Accepts NULL. */
void chain_free(struct chain *chain);

/* Where the file's bytes go in, or the wire's; pages of STRU P are put in with page_send_…. */
struct stage *chain_first(struct chain *chain);

/* Receiving: has the data told the end of the file? Always false in MODE S with STRU F. */
bool chain_has_ended(const struct chain *chain);
/*
 * Receiving in MODE C: the end was told of a string that has not begun. Who reads
 * RFC 959 3.4.3 as about the string before sends none.
 */
bool chain_awaits_last_string(const struct chain *chain);
/* Receiving: how many bytes of data the sender said may be wrong (RFC 959 3.4.2). */
uint64_t chain_suspect_bytes(const struct chain *chain);
/* Receiving in MODE B and C: what was taken behind the end; as long as what was taken last. */
struct text chain_beyond(const struct chain *chain);

/*
 * Receiving: what has come and is not in the file yet, as a text for a marker
 * ("" for nothing). FAULT_UNSUPPORTED: a restart could not go on from here.
 */
enum fault chain_put_state(struct chain *chain, struct builder *b);
/* Of a new chain; false when `state` is none of a chain of this plan. */
bool chain_take_state(struct chain *chain, struct text state);

#endif
