/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern: names and paths against patterns: what clients list by and what
 * administrators lay down. * is any run of characters, ? one character, [a-z]
 * [!a-z] one of a set, \x the character x itself; a [ that no ] ends is itself.
 * A character is one of UTF-8, or a byte that is none. Time is at most the
 * product of both lengths, whatever the pattern. Pure; any thread.
 */
#ifndef FERRY_BASE_PATTERN_H
#define FERRY_BASE_PATTERN_H

#include <stdbool.h>

#include "base/text.h"

/* Has it a *, ? or [ that would be treated as a wildcard? */
bool pattern_has_wildcard(struct text pattern);

/* Does a name match, as in a shell: no wildcard stands for a leading dot. */
bool pattern_match(struct text pattern, struct text name);

/*
 * Does a name fit what is laid down? A leading dot is nothing special. With
 * `any_case` upper and lower case are the same, character by character as
 * Unicode has it; bytes that are no UTF-8 are only themselves.
 */
bool pattern_fits_name(struct text pattern, struct text name, bool any_case);

/*
 * Does a path fit, both absolute and normal? Each part by itself as above; the
 * part ** stands for any number of parts, also for none: a pattern that ends in it
 * fits the directory before it and all that is below.
 */
bool pattern_fits_path(struct text pattern, struct text path, bool any_case);

/*
 * Does it depend on the name whether a name in that directory fits the pattern of a
 * path? If not, none of them does or all.
 */
bool pattern_tells_names_apart(struct text pattern, struct text directory, bool any_case);

/* Has each [ its ], and each \ what it stands before? Else somebody meant another one. */
bool pattern_is_whole(struct text pattern);

/* Appends the pattern that fits this text and no other. */
void pattern_put_literal(struct builder *b, struct text text);

#endif
