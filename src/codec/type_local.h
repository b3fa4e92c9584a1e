/* SPDX-License-Identifier: Apache-2.0 */
/*
 * type_local: TYPE L n (RFC 959 3.1.1.4). On the wire logical bytes of n bits lie
 * one behind the other, the most significant bit first, the last transfer byte
 * filled with zeros. In a file each has a word of its own, right-justified, the
 * most significant byte first: 1, 2, 4 or 8 bytes, above 64 bits as many as it
 * takes. Published in docs/data-model.md, as the RFC asks.
 *
 * Where n fills its word (8, 16, 32, 64, 72, 80 …) both are the same: no stage is needed.
 *
 * Bits that make no whole logical byte at the end of a record or file and are
 * more than filling (8 or more, or not all zero) are kept: in a last word whose
 * first bit is set, which no logical byte's is; they follow it, then a set bit,
 * then zeros. So whatever came goes back.
 */
#ifndef FERRY_CODEC_TYPE_LOCAL_H
#define FERRY_CODEC_TYPE_LOCAL_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/stage.h"

enum { LOCAL_BITS_MAX = 255, LOCAL_WORD_MAX = 32 };

/* Bytes of a file's word for a logical byte of `bits` (1 to 255). */
size_t type_local_word_bytes(unsigned bits);
/* Does a logical byte fill its word, so that file and wire are the same? */
bool type_local_is_plain(unsigned bits);

/* Bits on their way between bytes: the lowest `count` ones of `held`, up to 7 from call to call. */
struct type_local_bits {
    unsigned held;
    unsigned count;
};

struct type_local {
    struct stage stage;
    struct stage_buffer buffer;
    unsigned bits;                      /* of a logical byte */
    size_t word_bytes;                  /* of a file's word */
    size_t first;                       /* the first byte of a word that has bits of it */
    unsigned first_bits;                /* how many, 1 to 8 */
    struct type_local_bits outstanding; /* of the wire: not full bytes yet, or not in a word yet */
    unsigned char part[LOCAL_WORD_MAX]; /* of what is taken in one piece: a word, or off the wire */
    size_t part_len;
};

/*
 * Takes words. MARK_RECORD and MARK_FILE fill the last transfer byte.
 * FAULT_MALFORMED: a word with more bits than a logical byte has, half a word, or a
 * last word with bits that receiving would not have kept so.
 */
void type_local_send_init(struct type_local *type, struct stage *next, unsigned bits,
                          struct stage_buffer buffer);
void type_local_receive_init(struct type_local *type, struct stage *next, unsigned bits,
                             struct stage_buffer buffer);

/*
 * What a receiving one holds back, for a restart marker: "b<bits>.<hexadecimal>",
 * nothing when it holds nothing. take: false when `state` is not such a text
 * for this size; the empty text is one.
 */
void type_local_put_state(const struct type_local *type, struct builder *b);
bool type_local_take_state(struct type_local *type, struct text state);

#endif
