/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descriptor: what MODE B says in a block's header and MODE C in an escape
 * sequence (RFC 959 3.4.2 and 3.4.3).
 */
#ifndef FERRY_CODEC_DESCRIPTOR_H
#define FERRY_CODEC_DESCRIPTOR_H

#include <stdbool.h>

enum descriptor {
    DESCRIPTOR_RECORD = 128,
    DESCRIPTOR_FILE = 64,
    DESCRIPTOR_SUSPECT = 32,
    DESCRIPTOR_RESTART = 16,
    DESCRIPTOR_ALL = 240,
};

/* Known codes only, or none; a restart marker is neither record nor file nor suspect. */
bool descriptor_is_valid(unsigned descriptor);

/* Codes for what stages say (stage.h), and back. */
unsigned descriptor_from_marks(unsigned marks);
unsigned descriptor_to_marks(unsigned descriptor);

#endif
