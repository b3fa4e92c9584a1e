/* SPDX-License-Identifier: Apache-2.0 */
/*
 * type_ebcdic: TYPE E (RFC 959 3.1.1.2): characters of a code page on the wire,
 * of ISO 8859-1 in the file, one byte for one byte, so every content comes back
 * as it went. Marks pass.
 */
#ifndef FERRY_CODEC_TYPE_EBCDIC_H
#define FERRY_CODEC_TYPE_EBCDIC_H

#include "codec/code_page.h"
#include "codec/stage.h"

struct type_ebcdic {
    struct stage stage;
    struct stage_buffer buffer;
    const unsigned char *table; /* borrowed: of the code page */
};

void type_ebcdic_send_init(struct type_ebcdic *type, struct stage *next,
                           const struct code_page *page, struct stage_buffer buffer);
void type_ebcdic_receive_init(struct type_ebcdic *type, struct stage *next,
                              const struct code_page *page, struct stage_buffer buffer);

#endif
