/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code_page: an EBCDIC code page as two tables of 256 bytes, made with iconv
 * when the configuration is read. Files hold ISO 8859-1; a code page character
 * that it has not gets one of the bytes that are left, in ascending order, so
 * that both tables undo each other for every byte.
 *
 * A line ends with NL (0x15) in EBCDIC and with LF in files: they are each
 * other's, whatever iconv says (RFC 959 3.1.1.2).
 */
#ifndef FERRY_CODEC_CODE_PAGE_H
#define FERRY_CODEC_CODE_PAGE_H

#include "base/fault.h"

enum { EBCDIC_NEW_LINE = 0x15, EBCDIC_SPACE = 0x40 };

struct code_page {
    unsigned char to_file[256];   /* from EBCDIC */
    unsigned char from_file[256]; /* to EBCDIC */
};

/*
 * `name` as iconv knows it ("cp1047", "CP037" …). FAULT_ARGUMENT when it does
 * not know it, or when it is no EBCDIC code page of single bytes: the space is not 0x40,
 * or a digit not 0xF0 to 0xF9.
 */
enum fault code_page_load(const char *name, struct code_page *ret_page);

#endif
