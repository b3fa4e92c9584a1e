/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page_facts: what the descriptor page of STRU P says of the file as a whole
 * (RFC 959 3.1.2.3), in the words of RFC 3659 7.5:
 *
 *     size=12;modify=20240229115958.5;unix.mode=0644;
 */
#ifndef FERRY_CODEC_PAGE_FACTS_H
#define FERRY_CODEC_PAGE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "protocol/facts.h"

/* The longest that is written. */
enum { PAGE_FACTS_MAX = 80 };

struct page_facts {
    bool has_size;
    bool has_modified;
    bool has_mode;
    uint64_t size; /* in bytes, at most INT64_MAX */
    struct fact_time modified;
    unsigned mode; /* permission bits */
};

void page_facts_put(struct builder *b, const struct page_facts *facts);
/*
 * Adds what `t` says. False, and nothing changed, when it is no such text: a
 * fact that is none of the three, or a value that is none. Empty, it says nothing.
 */
bool page_facts_parse(struct text t, struct page_facts *facts);

#endif
