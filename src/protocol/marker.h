/* SPDX-License-Identifier: Apache-2.0 */
/*
 * marker: restart markers as text (RFC 959 3.4.2 and 3.5): what we put into the
 * data that we send, and what a 110 says of data that we received. To the
 * other side they are only printable characters without a space. Pure.
 */
#ifndef FERRY_PROTOCOL_MARKER_H
#define FERRY_PROTOCOL_MARKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum {
    MARKER_MAX = 255, /* the longest one that is taken; RFC 959 sets no limit */
    MARKER_STATE_MAX = 160,
};

/* Of printable characters without a space, and not too long? */
bool marker_is_valid(struct text marker);

/*
 * A place in what is sent: how much has gone, whatever MODE. "BYTES", as REST
 * of RFC 3659 5 counts, or "BYTES.RECORDS" with STRU R.
 */
struct marker_position {
    uint64_t bytes;
    uint64_t records; /* how many have ended before it */
};

void marker_put_position(struct builder *b, const struct marker_position *position);
bool marker_parse_position(struct text marker, struct marker_position *ret_position);

/*
 * What an upload had when it was kept: "S" (STOR) or "A" (APPE), bytes in the
 * store, then ".BYTES" of what is kept beside the file and "-STATE" of the
 * chain, each only when there is any, and "@ID" of the upload in hexadecimal:
 * another one of the same name may have been kept meanwhile.
 */
struct marker_kept {
    bool appends;
    uint64_t bytes;
    uint64_t annex_bytes;
    struct text state; /* borrowed: the marker's own bytes */
    uint64_t id;
};

void marker_put_kept(struct builder *b, const struct marker_kept *kept);
bool marker_parse_kept(struct text marker, struct marker_kept *ret_kept);

#endif
