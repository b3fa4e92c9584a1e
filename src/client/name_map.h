/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name_map: what a file is called on the other side: BSD's case, ntrans, nmap
 * and runique, as ftp(1) of NetBSD and GNU inetutils describes them. Pure.
 *
 * A name that comes out may be anything that its user's patterns say, ".." and
 * slashes too: whoever makes a path of it checks it (safe_name.h).
 */
#ifndef FERRY_CLIENT_NAME_MAP_H
#define FERRY_CLIENT_NAME_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum {
    NAME_MAP_LETTERS_SIZE = 256,  /* bytes of each half of ntrans */
    NAME_MAP_PATTERN_SIZE = 1024, /* of each half of nmap */
    NAME_MAP_NAME_MAX = 4096,     /* bytes of a name that goes in or comes out */
    NAME_MAP_UNIQUE_MAX = 99,     /* of runique: name.99 is the last one tried */
};

/* All zero: names stay what they are. A plain value. */
struct name_map {
    size_t from_len; /* 0: no ntrans */
    size_t to_len;
    size_t in_len; /* 0: no nmap */
    size_t out_len;
    char from[NAME_MAP_LETTERS_SIZE];
    char to[NAME_MAP_LETTERS_SIZE];
    char in[NAME_MAP_PATTERN_SIZE];
    char out[NAME_MAP_PATTERN_SIZE];
};

/*
 * ntrans: each character of a name that is in `from` becomes the one at the same
 * place in `to`, or none where `to` is shorter. A character is one of UTF-8, or
 * a byte that is none. Empty `from`: no more. False, and nothing changed: too long.
 */
bool name_map_set_letters(struct name_map *map, struct text from, struct text to);
/*
 * nmap: `in` takes a name apart: $1 to $9 are what stands up to the next byte of
 * the pattern, all other bytes stand for themselves, \x too. `out` puts the other
 * name together: $0 is the whole name, $1 to $9 the parts, [a,b] is a, or b where
 * a is empty (and so on), \x the byte x. Both empty: no more. NULL, or why not,
 * for a person: then nothing is changed.
 */
const char *name_map_set_patterns(struct name_map *map, struct text in, struct text out);

/*
 * Appends what the name becomes: ntrans, then nmap; before them, with
 * `lowers` (BSD's case, of what is fetched), small letters where no letter of
 * the name is small. What becomes nothing stays what it was. False, and nothing
 * appended: too long.
 */
bool name_map_put(const struct name_map *map, bool lowers, struct text name, struct builder *b);

/*
 * runique: appends the name, or where that is taken name.1 to name.99, the
 * first that is free. False, and nothing appended: none is, or it is too long.
 */
bool name_map_put_unique(struct text name, bool (*is_taken)(void *owner, const char *name),
                         void *owner, struct builder *b);

#endif
