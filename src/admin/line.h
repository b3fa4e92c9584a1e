/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line: what both ends of the socket have in common: a line of JSON in a buffer
 * that grows, and its address. There may be a password in it: it is wiped.
 */
#ifndef FERRY_ADMIN_LINE_H
#define FERRY_ADMIN_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/un.h>

#include "base/fault.h"
#include "base/text.h"

struct line_buffer {
    char *bytes; /* owned */
    size_t len;
    size_t size;
};

/* Room for `count` more bytes behind those there are; NULL when that would be over `max`. */
char *line_room(struct line_buffer *line, size_t count, size_t max);
/* The first line with its end, or empty when there is no whole one. */
struct text line_first(const struct line_buffer *line);
/* Takes the first `count` bytes away. */
void line_drop(struct line_buffer *line, size_t count);
/* Appends a value as one line. */
enum fault line_write(struct line_buffer *line, const json_t *value);
void line_free(struct line_buffer *line);

/* False: the path is too long for a socket. */
bool line_address(const char *path, struct sockaddr_un *ret_address);

#endif
