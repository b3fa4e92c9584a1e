/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mode_deflate: MODE Z (draft-preston-ftpext-deflate): what MODE S would send,
 * as one zlib stream (RFC 1950) in a connection of its own. zlib does the work;
 * its memory is bounded, whatever comes: what a few bytes unfold to is given on
 * piece by piece, so limits on the file bind as they do elsewhere.
 */
#ifndef FERRY_CODEC_MODE_DEFLATE_H
#define FERRY_CODEC_MODE_DEFLATE_H

#include <stdbool.h>

#include "codec/stage.h"

enum { DEFLATE_LEVEL_DEFAULT = 6, DEFLATE_LEVEL_MAX = 9 };

struct mode_deflate {
    struct stage stage;
    struct stage_buffer buffer;
    void *zlib; /* owned: a z_stream; NULL: none */
    bool is_sending;
    bool ended; /* receiving: the zlib stream's own end has come */
};

/* Takes what mode_stream's sending gives, MARK_FILE goes on with the last bytes. FAULT_NO_MEMORY.
 */
enum fault mode_deflate_send_init(struct mode_deflate *mode, struct stage *next, int level,
                                  struct stage_buffer buffer);
/*
 * Gives what mode_stream's receiving takes, MARK_FILE with the connection's end.
 * FAULT_MALFORMED: no zlib stream, a wrong checksum, bytes behind the end.
 * FAULT_CONNECTION_LOST: it ended before its end.
 */
enum fault mode_deflate_receive_init(struct mode_deflate *mode, struct stage *next,
                                     struct stage_buffer buffer);
/* Accepts one whose init failed, and a zeroed one. */
void mode_deflate_done(struct mode_deflate *mode);

#endif
