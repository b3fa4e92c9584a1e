/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xferlog: the line of wu-ftpd's transfer log that every statistics program
 * reads (xferlog(5)). Pure.
 */
#ifndef FERRY_AUDIT_XFERLOG_H
#define FERRY_AUDIT_XFERLOG_H

#include "audit/audit.h"

/* Is it an event that xferlog knows: a file sent, received or deleted? */
bool xferlog_wants(const struct audit_event *event);

/* No line of this event is longer. */
size_t xferlog_size(const struct audit_event *event);
/* Appends the line with its newline; `now` is seconds since 1970, in local time as is the custom.
 */
void xferlog_put(struct builder *b, const struct audit_event *event, int64_t now);

#endif
