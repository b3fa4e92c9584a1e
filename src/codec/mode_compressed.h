/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mode_compressed: MODE C (RFC 959 3.4.3). Strings of up to 127 bytes, up to 63
 * times one byte, up to 63 fillers, and escape sequences with the descriptors of
 * MODE B, which are about the string that comes next.
 *
 * We send each descriptor with an empty string of fillers behind it, one byte,
 * so that those who read it as about the string before understand us, too.
 */
#ifndef FERRY_CODEC_MODE_COMPRESSED_H
#define FERRY_CODEC_MODE_COMPRESSED_H

#include <stdbool.h>

#include "codec/descriptor.h"
#include "codec/stage.h"

enum { COMPRESSED_STRING_MAX = 127, COMPRESSED_REPEAT_MAX = 63 };

/* What the next byte received is. */
enum compressed_byte { COMPRESSED_HEAD, COMPRESSED_DATA, COMPRESSED_REPEATED, COMPRESSED_CODES };

struct mode_compressed {
    struct stage stage;
    struct stage_buffer buffer; /* sending: wire bytes; receiving: repeated ones, or a marker */
    size_t used;                /* of it */
    char filler;
    /* Sending */
    size_t literal_len; /* of the string of bytes that the buffer ends with; 0: none */
    char run_byte;      /* what came last, and in no string yet … */
    size_t run_len;     /* … so many times */
    bool is_suspect;    /* so are the literal and the run */
    /* Receiving */
    enum compressed_byte expected;
    size_t left;         /* bytes to come of a string, or times one byte */
    unsigned descriptor; /* of the string that comes next, or has begun; 0: none */
    bool ended;          /* the end of the file has come */
    struct text beyond;  /* what was taken behind it: the next file's */
};

/* The filler of RFC 959 3.4.3 for a TYPE: a space in A, in E EBCDIC's, else zero. */
char mode_compressed_filler(char type);

/*
 * Takes data and marks, a marker in one piece; gives wire bytes, the same ones
 * for any split, MARK_FILE with the last ones. FAULT_BUG: a marker that is none, or
 * longer than a string.
 */
void mode_compressed_send_init(struct mode_compressed *mode, struct stage *next, char filler,
                               struct stage_buffer buffer);

/*
 * As mode_block_receive_init. A connection that ends behind an escape sequence
 * with the end of the file has told it, though no string follows.
 */
void mode_compressed_receive_init(struct mode_compressed *mode, struct stage *next, char filler,
                                  struct stage_buffer buffer);

/* Receiving: an escape sequence with the end of the file has come, and no string behind it yet. */
bool mode_compressed_awaits_last_string(const struct mode_compressed *mode);

#endif
