/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter: which names of a tree are meant: --include and --exclude in the order in which they
 * were given; the first pattern that matches decides, none means yes. Pure.
 *
 * A pattern without a slash is matched with the name alone, at any depth; one with a slash with
 * the path below the root, a leading one only makes that plain. One that ends with a slash is of
 * directories alone; that slash does not count. "*" and "?" do not match a slash, the part "**"
 * does (base/pattern.h); a dot in front of a name is like any other.
 */
#ifndef FERRY_CLIENT_FILTER_H
#define FERRY_CLIENT_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "base/text.h"

enum {
    FILTER_RULES_MAX = 1000,
    FILTER_PATTERN_MAX = 4096, /* bytes */
    FILTER_PATH_MAX = 8192,    /* likewise; what lies deeper is not meant when there are rules */
};

struct filter;

enum fault filter_new(struct filter **ret_filter);
/* Accepts NULL. */
void filter_free(struct filter *filter);
/*
 * FAULT_ARGUMENT: no such pattern, or one that no path can match: with an empty part, a "." or
 * "..", a NUL, a [ or \ that ends nowhere; FAULT_TOO_LARGE; FAULT_NO_MEMORY.
 */
enum fault filter_add(struct filter *filter, bool includes, struct text pattern);
/*
 * A file of patterns: one in a line, "+ " or "- " in front; empty lines and those with a "#" in
 * front say nothing. On a fault *ret_line is the line's number, from 1, and the lines before it
 * hold; nothing else sets it.
 */
enum fault filter_add_file(struct filter *filter, struct text content, size_t *ret_line);
/*
 * `path` as local_tree has them: relative, "" the root, which is always meant. A NULL filter:
 * everything. A directory that is not meant is not entered: those above `path` are not asked for.
 */
bool filter_takes(const struct filter *filter, const char *path, bool is_directory);

#endif
