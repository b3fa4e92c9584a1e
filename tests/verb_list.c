/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_list: prints the verb tables, one verb a line with tabs between:
 * table, name, flags, argument, source, help. Read by tools/conformance and
 * tools/fuzz.
 */
#include <stdio.h>

#include "server/verbs.h"

static void print(const char *table, const struct verb *verb)
{
    static const struct {
        unsigned flag;
        const char *name;
    } flags[] = {
        {NEEDS_LOGIN, "login"},
        {NEEDS_ARG, "argument"},
        {REFUSES_ARG, "no-argument"},
        {TAKES_PATH, "path"},
        {OPENS_DATA, "data"},
        {SETS_PORT, "port"},
        {WHILE_BUSY, "at-once"},
        {CANCELS, "cancels"},
        {HASHES, "hashes"},
        {IN_CLEAR, "in-clear"},
        {KEEPS_SPACES, "keeps-spaces"},
        {LONG, "long"},
        {LONG_IN_TEXT, "long-in-text"},
        {LONG_IF_WIDE, "long-if-wide"},
        {NEEDS_TLS, "tls"},
    };
    printf("%s\t%s\t", table, verb->name);
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (verb->flags & flags[i].flag)
            printf("%s ", flags[i].name);
    printf("\t%s\t%s\t%s\n", verb->argument, verb->source, verb->help);
}

int main(void)
{
    for (size_t i = 0; i < verb_count; i++)
        print("verb", &verbs[i]);
    for (size_t i = 0; i < site_verb_count; i++)
        print("site", &site_verbs[i]);
    return 0;
}
