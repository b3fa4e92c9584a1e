/* SPDX-License-Identifier: Apache-2.0 */
/* The reading half of facts.h: what servers write into MLSD and MLST. */
#include "protocol/facts.h"

enum {
    MODE_READ_MAX = 0177777, /* st_mode: some servers write the kind of file with it */
    MODE_BITS = 07777,
};

static const struct text link_types[] = {
    {"OS.unix=slink", 13},
    {"OS.unix=symlink", 15},
};

static bool starts_with_any_case(struct text t, struct text prefix)
{
    return t.len >= prefix.len && text_equal_any_case((struct text){t.at, prefix.len}, prefix);
}

/* A server may say both a name and a number: the name says more. */
static bool take_owner(struct text value, struct text *name)
{
    uint64_t number;
    if (!value.len)
        return false;
    if (!name->len || !text_to_number(value, UINT64_MAX, &number))
        *name = value;
    return true;
}

/* Each takes a value into `facts`; false: it cannot be, and nothing is changed. */

static bool take_type(struct facts *facts, struct text value)
{
    if (!value.len)
        return false;
    facts->type = value;
    return true;
}

static bool take_size(struct facts *facts, struct text value)
{
    return text_to_number(value, UINT64_MAX, &facts->size);
}

/* Years of five digits ("19100", wu-ftpd's in 2000) and local forms are no time: not known. */
static bool take_modify(struct facts *facts, struct text value)
{
    return facts_parse_time(value, &facts->modify);
}

static bool take_create(struct facts *facts, struct text value)
{
    return facts_parse_time(value, &facts->create);
}

/* Empty is a value, RFC 3659 7.5.5: nothing may be done. */
static bool take_perm(struct facts *facts, struct text value)
{
    facts->perm = value;
    return true;
}

static bool take_unique(struct facts *facts, struct text value)
{
    if (!value.len)
        return false;
    facts->unique = value;
    return true;
}

/* "0644"; "0o600", Python's, of pyftpdlib. */
static bool take_mode(struct facts *facts, struct text value)
{
    uint64_t mode;
    if (text_starts_with(value, TEXT("0o")))
        value = text_after(value, 2);
    if (!text_to_octal(value, MODE_READ_MAX, &mode))
        return false;
    facts->mode = (unsigned)mode & MODE_BITS;
    return true;
}

static bool take_owner_name(struct facts *facts, struct text value)
{
    return take_owner(value, &facts->owner_name);
}

static bool take_group_name(struct facts *facts, struct text value)
{
    return take_owner(value, &facts->group_name);
}

static const struct reader {
    struct text name;
    enum fact fact;
    bool (*take)(struct facts *facts, struct text value);
} readers[] = {
    {{"type", 4}, FACT_TYPE, take_type},
    {{"size", 4}, FACT_SIZE, take_size},
    {{"sizd", 4}, FACT_SIZE, take_size}, /* Pure-FTPd's, of a directory */
    {{"modify", 6}, FACT_MODIFY, take_modify},
    {{"create", 6}, FACT_CREATE, take_create},
    {{"perm", 4}, FACT_PERM, take_perm},
    {{"unique", 6}, FACT_UNIQUE, take_unique},
    {{"UNIX.mode", 9}, FACT_UNIX_MODE, take_mode},
    {{"UNIX.owner", 10}, FACT_UNIX_OWNER, take_owner_name},
    {{"UNIX.ownername", 14}, FACT_UNIX_OWNER, take_owner_name}, /* ProFTPD's */
    {{"UNIX.uid", 8}, FACT_UNIX_OWNER, take_owner_name},        /* Pure-FTPd's */
    {{"UNIX.group", 10}, FACT_UNIX_GROUP, take_group_name},
    {{"UNIX.groupname", 14}, FACT_UNIX_GROUP, take_group_name},
    {{"UNIX.gid", 8}, FACT_UNIX_GROUP, take_group_name},
};

static void take_fact(struct facts *facts, struct text name, struct text value)
{
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        if (!text_equal_any_case(name, readers[i].name))
            continue;
        if (readers[i].take(facts, value))
            facts->present |= (unsigned)readers[i].fact;
        return;
    }
}

/*
 * Length of the fact that t begins with: up to a semicolon or a space. A link's
 * target may hold spaces, though RFC 3659 7.2 has no way to say so (ferryd and
 * NcFTPd write them): there only the semicolon counts, if there is one.
 */
static size_t fact_len(struct text t)
{
    const struct text link = TEXT("type=OS.unix=slink:");
    const size_t semicolon = text_find(t, ';');
    if (semicolon < t.len && starts_with_any_case(t, link))
        return semicolon;
    return text_find((struct text){t.at, semicolon}, ' ');
}

bool facts_parse_line(struct text line, struct facts *ret_facts, struct text *ret_name)
{
    struct facts facts = {0};
    struct text rest = line;
    while (rest.len && rest.at[0] != ' ') {
        const size_t len = fact_len(rest);
        const struct text fact = {rest.at, len};
        const size_t equals = text_find(fact, '=');
        if (len && (equals == 0 || equals == len))
            return false;
        if (len)
            take_fact(&facts, (struct text){fact.at, equals}, text_after(fact, equals + 1));
        /* A space is left to end the facts: without the final semicolon it follows at once. */
        rest = text_after(rest, len < rest.len && rest.at[len] == ';' ? len + 1 : len);
    }
    rest = text_after(rest, 1);
    if (!rest.len)
        return false;
    *ret_facts = facts;
    *ret_name = rest;
    return true;
}

bool facts_parse_mlst(struct text line, struct facts *ret_facts, struct text *ret_name)
{
    if (text_starts_with(line, TEXT("250-")))
        line = text_after(line, 4);
    if (line.len && line.at[0] == ' ')
        line = text_after(line, 1);
    return facts_parse_line(line, ret_facts, ret_name);
}

enum fact_kind facts_kind(const struct facts *facts, struct text *ret_target)
{
    static const struct {
        struct text word;
        enum fact_kind kind;
    } words[] = {
        {{"file", 4}, FACT_KIND_FILE},
        {{"dir", 3}, FACT_KIND_DIRECTORY},
        {{"cdir", 4}, FACT_KIND_CURRENT},
        {{"pdir", 4}, FACT_KIND_PARENT},
    };
    const struct text type = facts->present & FACT_TYPE ? facts->type : TEXT("");
    *ret_target = TEXT("");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (text_equal_any_case(type, words[i].word))
            return words[i].kind;
    for (size_t i = 0; i < sizeof(link_types) / sizeof(link_types[0]); i++) {
        if (!starts_with_any_case(type, link_types[i]))
            continue;
        struct text rest = text_after(type, link_types[i].len);
        if (rest.len && rest.at[0] != ':')
            continue;
        *ret_target = text_after(rest, 1);
        return FACT_KIND_LINK;
    }
    return FACT_KIND_OTHER;
}
