/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_line: an event as docs/audit.md describes it, one JSON object and its
 * newline. Pure.
 */
#ifndef FERRY_AUDIT_JSON_LINE_H
#define FERRY_AUDIT_JSON_LINE_H

#include <time.h>

#include "audit/audit.h"

/* No line of this event is longer. */
size_t json_line_size(const struct audit_event *event);
void json_line_put(struct builder *b, const struct audit_event *event, const struct timespec *now);

enum { JSON_LINE_LOST_SIZE = 128 };
/* The line that stands for lines that were lost. */
void json_line_put_lost(struct builder *b, uint64_t lines, const struct timespec *now);

#endif
