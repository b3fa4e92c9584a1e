/* SPDX-License-Identifier: Apache-2.0 */
/*
 * type_ascii: TYPE A (RFC 959 3.1.1.1). Here a line ends with LF, on the wire
 * with CR LF. Pure transforms that keep what crosses a call in a small struct;
 * any split of the input gives the same output.
 *
 * The two directions undo each other for every content: each LF sent becomes
 * CR LF, each CR LF received becomes LF, and nothing else is touched (a CR
 * that is not followed by LF is data, RFC 959 3.1.2's closing note).
 */
#ifndef FERRY_CODEC_TYPE_ASCII_H
#define FERRY_CODEC_TYPE_ASCII_H

#include <stdbool.h>

#include "base/text.h"
#include "codec/stage.h"

struct type_ascii {
    /*
     * Sending: the CR of the next LF went out already (a restart between the
     * two). Receiving: a CR was held back, since an LF may follow.
     */
    bool after_cr;
};

/*
 * Converts from `in` to `out` (at least 2 bytes of room). Returns how much of
 * `in` was used and sets *ret_len to the bytes written. Call again with the
 * rest: less than all is used only when `out` is full.
 */
size_t type_ascii_send(struct type_ascii *state, struct text in, char *out, size_t size,
                       size_t *ret_len);
size_t type_ascii_receive(struct type_ascii *state, struct text in, char *out, size_t size,
                          size_t *ret_len);

/*
 * After the last byte received: the CR that was still held back, if any.
 * Returns 0 or 1 bytes written to `out`.
 */
size_t type_ascii_receive_end(struct type_ascii *state, char *out);

/*
 * How far `in` reaches on the wire. Takes bytes of `in` while their wire
 * length fits *wire_left, which is reduced by it; returns how many. When it
 * stops in front of an LF with 1 left, the restart is between CR and LF: that
 * 1 is taken too and state->after_cr set (RFC 3659 5.3: REST counts the bytes
 * of the transfer, not of the file).
 */
size_t type_ascii_measure(struct type_ascii *state, struct text in, uint64_t *wire_left);

/*
 * The same as stages. Marks go on behind the converted bytes; what receiving
 * holds back goes in front of MARK_RECORD and MARK_FILE, not of a restart marker.
 */
struct type_ascii_stage {
    struct stage stage;
    struct stage_buffer buffer;
    struct type_ascii state;
};

void type_ascii_send_init(struct type_ascii_stage *ascii, struct stage *next,
                          struct stage_buffer buffer);
void type_ascii_receive_init(struct type_ascii_stage *ascii, struct stage *next,
                             struct stage_buffer buffer);

/*
 * What a receiving one holds back, for a restart marker: "r", nothing when it
 * holds nothing. take: false when `state` is neither.
 */
void type_ascii_put_state(const struct type_ascii_stage *ascii, struct builder *b);
bool type_ascii_take_state(struct type_ascii_stage *ascii, struct text state);

#endif
