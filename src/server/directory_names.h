/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_names: names of one directory that are held to be sorted, up to a named
 * limit and in no more memory than they take. One thread.
 */
#ifndef FERRY_SERVER_DIRECTORY_NAMES_H
#define FERRY_SERVER_DIRECTORY_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "gate/gate.h"

struct held_name {
    uint64_t key;    /* what is compared first */
    uint32_t offset; /* of its bytes */
    enum store_kind kind;
};

/* Zeroed: none. */
struct directory_names {
    char *bytes; /* owned: the names, each with its NUL */
    size_t len;
    size_t size;
    struct held_name *held; /* owned array */
    size_t count;
    size_t room;
    size_t taken;
    size_t prefix; /* so many bytes are the same in all of them */
};

/* As many are held as may be. */
bool names_are_full(const struct directory_names *names);
/* Holds a copy; `modified` counts where they are sorted by time. FAULT_NO_MEMORY. */
enum fault names_hold(struct directory_names *names, struct text name, enum store_kind kind,
                      int64_t modified);
/* By bytes; `by_time`: the newest first, and by bytes those of the same second. */
void names_sort(struct directory_names *names, bool by_time, bool reverse);
/* The next one, NUL-terminated and held until names_clear; NULL: there are no more. */
const char *names_take(struct directory_names *names, enum store_kind *ret_kind);
/* Forgets them all; their memory is for the next ones. */
void names_clear(struct directory_names *names);
void names_done(struct directory_names *names);

#endif
