/* SPDX-License-Identifier: Apache-2.0 */
#include "client/suggest.h"

struct suggestion suggest_for(struct text word)
{
    return (struct suggestion){.word = word, .name = TEXT_NONE};
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static bool is_same(char a, char b)
{
    return text_upper(a) == text_upper(b);
}

/* Neither is longer than SUGGEST_WORD_MAX. Row i: from the first i bytes of a to those of b. */
static unsigned distance_between(struct text a, struct text b)
{
    unsigned rows[3][SUGGEST_WORD_MAX + 1];
    for (unsigned j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i - 1) % 3];
        const unsigned *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            unsigned changed = is_same(a.at[i - 1], b.at[j - 1]) ? 0 : 1;
            row[j] = least(above[j - 1] + changed, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && is_same(a.at[i - 1], b.at[j - 2]) &&
                is_same(a.at[i - 2], b.at[j - 1]))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

void suggest_offer(struct suggestion *suggestion, struct text name)
{
    const struct text word = suggestion->word;
    if (!word.len || !name.len || word.len > SUGGEST_WORD_MAX || name.len > SUGGEST_WORD_MAX)
        return;
    /* A slip in three letters, and something in common: "x" is nearer to nothing. */
    unsigned distance = distance_between(word, name);
    if (distance > (word.len + 2) / 3 || distance >= word.len + (name.len > word.len))
        return;
    if (suggestion->name.len && distance >= suggestion->distance)
        return;
    suggestion->name = name;
    suggestion->distance = distance;
}
