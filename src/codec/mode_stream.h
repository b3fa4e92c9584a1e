/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mode_stream: MODE S (RFC 959 3.4.1). With STRU R a control code of two bytes,
 * the first all ones, tells the end of a record (1), of the file (2), of both
 * (3), and a data byte of all ones is sent twice. With any other structure
 * every byte is data, and the end of the connection the end of the file.
 * Restart markers do not exist here: they are dropped.
 */
#ifndef FERRY_CODEC_MODE_STREAM_H
#define FERRY_CODEC_MODE_STREAM_H

#include <stdbool.h>

#include "codec/stage.h"

struct mode_stream {
    struct stage stage;
    bool has_records; /* sending: STRU R */
    bool escaped;     /* receiving: an escape byte came, its second has not */
    bool ended;       /* receiving: the control code of the end has come */
};

/* Takes data and marks, gives wire bytes; MARK_FILE goes on (with no bytes or the last ones). */
void mode_stream_send_init(struct mode_stream *mode, struct stage *next, bool has_records);

/*
 * Takes wire bytes, and MARK_FILE where the connection ended; gives data and
 * marks. FAULT_MALFORMED: a code that is none, or bytes behind the end;
 * FAULT_CONNECTION_LOST: with records, an end that was not told.
 */
void mode_stream_receive_init(struct mode_stream *mode, struct stage *next, bool has_records);

#endif
