/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parameters: how the next transfer represents its data (RFC 959 3.1, 3.4 and
 * 4.1.2) as one small value that is copied, never shared. An argument is read
 * completely before anything changes: a refused TYPE leaves the old one. Pure.
 */
#ifndef FERRY_PROTOCOL_PARAMETERS_H
#define FERRY_PROTOCOL_PARAMETERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* The letters of RFC 959 are the values, so that STAT and logs can print them. */
enum type { TYPE_ASCII = 'A', TYPE_EBCDIC = 'E', TYPE_IMAGE = 'I', TYPE_LOCAL = 'L' };
enum form { FORM_NON_PRINT = 'N', FORM_TELNET = 'T', FORM_CARRIAGE = 'C' };
enum structure { STRUCTURE_FILE = 'F', STRUCTURE_RECORD = 'R', STRUCTURE_PAGE = 'P' };
enum mode {
    MODE_STREAM = 'S',
    MODE_BLOCK = 'B',
    MODE_COMPRESSED = 'C',
    MODE_DEFLATE = 'Z', /* draft-preston-ftpext-deflate */
};

enum protection { PROTECTION_CLEAR = 'C', PROTECTION_PRIVATE = 'P' }; /* RFC 2228 3, PROT */

struct parameters {
    char type;         /* enum type */
    char form;         /* enum form; means something with A and E */
    uint8_t byte_size; /* of TYPE L */
    char structure;    /* enum structure */
    char mode;         /* enum mode */
    char protection;   /* enum protection */
};

/* RFC 959 5.1: the defaults are A N, File, Stream; RFC 2228 3: Clear. */
#define PARAMETERS_DEFAULT                                                                         \
    ((struct parameters){TYPE_ASCII, FORM_NON_PRINT, 8, STRUCTURE_FILE, MODE_STREAM,               \
                         PROTECTION_CLEAR})

enum parameters_result {
    PARAMETERS_OK,
    PARAMETERS_MALFORMED,   /* 501 */
    PARAMETERS_UNSUPPORTED, /* 504: no such value */
};

/* Arguments of TYPE, STRU and MODE, in any case (RFC 959 5.3). */
enum parameters_result parameters_set_type(struct parameters *parameters, struct text argument);
enum parameters_result parameters_set_structure(struct parameters *parameters,
                                                struct text argument);
enum parameters_result parameters_set_mode(struct parameters *parameters, struct text argument);

/* "A N", "I" or "L 36". */
void parameters_put_type(struct builder *b, const struct parameters *parameters);

/* Are the bytes characters? */
static inline bool parameters_are_text(const struct parameters *parameters)
{
    return parameters->type == TYPE_ASCII || parameters->type == TYPE_EBCDIC;
}

/* Of a logical byte (RFC 959 3.1.1): 8 but for TYPE L. */
static inline unsigned parameters_bits(const struct parameters *parameters)
{
    return parameters->type == TYPE_LOCAL ? parameters->byte_size : 8;
}

/*
 * Is the end of the file told on the data connection, so that it can stay open
 * for the next one (RFC 959 3.3)?
 */
static inline bool parameters_keep_connection(const struct parameters *parameters)
{
    return parameters->mode == MODE_BLOCK || parameters->mode == MODE_COMPRESSED;
}

#endif
