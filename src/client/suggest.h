/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suggest: what somebody may have meant: of the names that there are the one
 * next to a word that is none, or none. Letters left out, added, changed, or of
 * which two changed places (Damerau and Levenshtein); case does not count. Pure.
 */
#ifndef FERRY_CLIENT_SUGGEST_H
#define FERRY_CLIENT_SUGGEST_H

#include <stddef.h>

#include "base/text.h"

enum { SUGGEST_WORD_MAX = 32 /* bytes; of longer ones nothing is suggested */ };

struct suggestion {
    struct text word;  /* borrowed, as the next: while names are offered */
    struct text name;  /* the nearest so far; empty: none is near enough */
    unsigned distance; /* of that */
};

/* `word` is what was written. */
struct suggestion suggest_for(struct text word);
/* Offers a name; of two as near the first stays. */
void suggest_offer(struct suggestion *suggestion, struct text name);

#endif
