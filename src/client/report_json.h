/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_json: one event as a JSON object on a line of its own, in ASCII: what
 * is not is escaped, so that a terminal obeys nothing in it. Out of memory is
 * looked at once, at the end.
 */
#ifndef FERRY_CLIENT_REPORT_JSON_H
#define FERRY_CLIENT_REPORT_JSON_H

#include <stdio.h>

#include "base/text.h"

enum { JSON_TEXT_MAX = 8192 }; /* bytes of one that is no UTF-8; what is more is dropped */

struct json_t;

struct json_event {
    struct json_t *object; /* owned; NULL: out of memory */
};

/* {"event": NAME} */
struct json_event json_event_begin(const char *name);
/*
 * A text that is no UTF-8 has U+FFFD for what is none, and all its bytes in
 * hexadecimal as KEY_hex beside it.
 */
void json_event_put_text(struct json_event *event, const char *key, struct text value);
void json_event_put_number(struct json_event *event, const char *key, uint64_t value);
void json_event_put_flag(struct json_event *event, const char *key, bool value);
/* Writes and frees it. False: it could not be made, or not be written. */
bool json_event_write(struct json_event *event, FILE *file);

#endif
