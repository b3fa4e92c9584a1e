/* SPDX-License-Identifier: Apache-2.0 */
/*
 * byte_mask: where a byte is among 64, as the bits of one number: text is
 * converted a block at a time, whose speed does not hang on how long lines are.
 */
#ifndef FERRY_CODEC_BYTE_MASK_H
#define FERRY_CODEC_BYTE_MASK_H

#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { MASK_BYTES = 64 };

/* Bit i is set where at[i] is `byte`; 64 bytes are read. */
static inline uint64_t byte_mask(const char *at, char byte)
{
    uint64_t mask = 0;
#ifdef __SSE2__
    const __m128i wanted = _mm_set1_epi8(byte);
    for (unsigned i = 0; i < MASK_BYTES; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(at + i));
        unsigned bits = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, wanted));
        mask |= (uint64_t)bits << i;
    }
#else
    for (unsigned i = 0; i < MASK_BYTES; i++)
        mask |= (uint64_t)(at[i] == byte) << i;
#endif
    return mask;
}

#endif
