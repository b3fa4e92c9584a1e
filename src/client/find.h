/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find: which files of a tree somebody looks for, in the words of find(1). All
 * terms must hold. Pure.
 *
 *   -name PATTERN, -iname PATTERN   the name alone (base/pattern.h)
 *   -type f|d|l                     file, directory, link
 *   -size [+|-]N[k|M|G|T]           bytes: exactly, more than, less than
 *   -mtime [+|-]DAYS, -mmin [+|-]MINUTES   whole ones since the change
 *   -maxdepth N, -mindepth N        1 is what is in the directory itself
 */
#ifndef FERRY_CLIENT_FIND_H
#define FERRY_CLIENT_FIND_H

#include <stdbool.h>

#include "client/entry.h"

enum { FIND_TERMS_MAX = 32, FIND_MESSAGE_SIZE = 256 };

struct find {
    struct find_term {
        unsigned kind; /* find.c's own, as `sign` */
        int sign;
        uint64_t number;
        struct text pattern; /* borrowed: the words' bytes */
    } terms[FIND_TERMS_MAX];
    size_t count;
};

/*
 * Words from "-name" on. Borrowed while *ret_find is used. False with a line in `message`.
 */
bool find_parse(const char *const *words, size_t count, struct find *ret_find,
                char message[FIND_MESSAGE_SIZE]);
/*
 * `now` is seconds since 1970 UTC. What is not known of an entry holds for no
 * term that asks for it. A size known in blocks alone is compared as it is.
 */
bool find_takes(const struct find *find, const char *path, unsigned depth,
                const struct entry *entry, int64_t now);
/* Could anything deeper be taken? */
bool find_goes_below(const struct find *find, unsigned depth);

#endif
