/* SPDX-License-Identifier: Apache-2.0 */
#include "client/netrc.h"

struct scan {
    struct text rest; /* borrowed: the file's text */
    size_t line;
};

enum keyword {
    KEYWORD_NONE, /* any other word */
    KEYWORD_MACHINE,
    KEYWORD_DEFAULT,
    KEYWORD_LOGIN,
    KEYWORD_PASSWORD,
    KEYWORD_ACCOUNT,
    KEYWORD_MACDEF,
    KEYWORD_END, /* of the file */
};

static const struct {
    struct text word;
    enum keyword keyword;
} keywords[] = {
    {{"machine", 7}, KEYWORD_MACHINE}, {{"default", 7}, KEYWORD_DEFAULT},
    {{"login", 5}, KEYWORD_LOGIN},     {{"password", 8}, KEYWORD_PASSWORD},
    {{"passwd", 6}, KEYWORD_PASSWORD}, /* tnftp's */
    {{"account", 7}, KEYWORD_ACCOUNT}, {{"macdef", 6}, KEYWORD_MACDEF},
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct scan *scan)
{
    while (scan->rest.len && is_blank(scan->rest.at[0])) {
        scan->line += scan->rest.at[0] == '\n';
        scan->rest = text_after(scan->rest, 1);
    }
}

static struct text take_line(struct scan *scan)
{
    scan->line += text_find(scan->rest, '\n') < scan->rest.len;
    return text_take_until(&scan->rest, '\n');
}

/* Length of the word that t begins with, quotes and all; 0: its quotes are not right. */
static size_t word_len(struct text t)
{
    const bool is_quoted = t.at[0] == '"';
    size_t i = is_quoted;
    while (i < t.len && t.at[i] != '\n' && (is_quoted ? t.at[i] != '"' : !is_blank(t.at[i])))
        i += t.at[i] == '\\' && i + 1 < t.len && t.at[i + 1] != '\n' && t.at[i + 1] != '\r' ? 2 : 1;
    if (!is_quoted)
        return i;
    const bool is_closed = i < t.len && t.at[i] == '"';
    return is_closed && (i + 1 == t.len || is_blank(t.at[i + 1])) ? i + 1 : 0;
}

/* Takes the next word as it is written: empty at the end of the file. False: malformed. */
static bool take_word(struct scan *scan, struct text *ret_word)
{
    skip_blanks(scan);
    if (!scan->rest.len) {
        *ret_word = scan->rest;
        return true;
    }
    const size_t len = word_len(scan->rest);
    *ret_word = (struct text){scan->rest.at, len};
    scan->rest = text_after(scan->rest, len);
    return len > 0;
}

/* A value must be there. */
static bool take_value(struct scan *scan, struct text *ret_word)
{
    return take_word(scan, ret_word) && ret_word->len > 0;
}

static bool take_keyword(struct scan *scan, enum keyword *ret_keyword)
{
    struct text word;
    for (;;) {
        if (!take_word(scan, &word))
            return false;
        if (!word.len || word.at[0] != '#')
            break;
        (void)take_line(scan);
    }
    *ret_keyword = word.len ? KEYWORD_NONE : KEYWORD_END;
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
        if (text_equal_any_case(word, keywords[i].word))
            *ret_keyword = keywords[i].keyword;
    return true;
}

/* What a word means. False: NUL, CR or LF in it, or too long for its place. */
static bool decode(struct text word, char place[NETRC_PART_SIZE])
{
    struct builder b = builder_on(place, NETRC_PART_SIZE);
    if (word.at[0] == '"')
        word = (struct text){word.at + 1, word.len - 2};
    while (word.len) {
        if (word.at[0] == '\\' && word.len > 1)
            word = text_after(word, 1);
        if (word.at[0] == '\0' || word.at[0] == '\r' || word.at[0] == '\n')
            return false;
        builder_put_byte(&b, word.at[0]);
        word = text_after(word, 1);
    }
    builder_end(&b);
    return !b.full;
}

/* Takes a macro behind its keyword: its lines end with an empty one, or with the file. */
static bool take_macro(struct scan *scan, struct netrc_macro *ret_macro)
{
    struct text name;
    if (!take_value(scan, &name))
        return false;
    (void)take_line(scan);
    const char *start = scan->rest.at;
    const char *end = start;
    while (scan->rest.len) {
        const struct text line = take_line(scan);
        if (!line.len || (line.len == 1 && line.at[0] == '\r'))
            break;
        end = scan->rest.at;
    }
    *ret_macro = (struct netrc_macro){name, {start, (size_t)(end - start)}};
    return true;
}

/* ---- Entries ---------------------------------------------------------------------- */

struct search {
    struct scan scan;
    struct text host;
    struct text user;
    bool is_inside; /* an entry of the host */
    struct netrc_entry entry;
};

static bool take_part(struct search *search, char place[NETRC_PART_SIZE], bool *has_part)
{
    struct text word;
    if (!take_value(&search->scan, &word))
        return false;
    if (!search->is_inside)
        return true;
    *has_part = true;
    return decode(word, place);
}

/* What is in an entry. False: malformed. */
static bool take_inside(struct search *search, enum keyword keyword)
{
    struct netrc_entry *entry = &search->entry;
    struct netrc_macro macro;
    switch (keyword) {
    case KEYWORD_LOGIN:
        return take_part(search, entry->login, &entry->has_login);
    case KEYWORD_PASSWORD:
        return take_part(search, entry->password, &entry->has_password);
    case KEYWORD_ACCOUNT:
        return take_part(search, entry->account, &entry->has_account);
    case KEYWORD_MACDEF:
        return take_macro(&search->scan, &macro);
    default:
        return true;
    }
}

/* Behind `machine` or `default`. False: malformed. */
static bool begin_entry(struct search *search, enum keyword keyword)
{
    char name[NETRC_PART_SIZE];
    struct text word;
    explicit_bzero(&search->entry, sizeof(search->entry));
    search->entry.is_default = keyword == KEYWORD_DEFAULT;
    search->is_inside = keyword == KEYWORD_DEFAULT;
    if (keyword == KEYWORD_MACHINE) {
        if (!take_value(&search->scan, &word))
            return false;
        /* A name that cannot be one is another's. */
        search->is_inside = decode(word, name) && text_equal_any_case(text_of(name), search->host);
    }
    search->entry.macros = search->scan.rest;
    return true;
}

/* The entry that ends here: is it the one? */
static bool is_wanted(const struct search *search)
{
    const struct netrc_entry *entry = &search->entry;
    return search->is_inside && (!search->user.len || !entry->has_login ||
                                 text_equal(text_of(entry->login), search->user));
}

static enum netrc_result find(struct search *search)
{
    enum keyword keyword;
    for (;;) {
        const struct text before = search->scan.rest;
        if (!take_keyword(&search->scan, &keyword))
            return NETRC_MALFORMED;
        const bool begins = keyword == KEYWORD_MACHINE || keyword == KEYWORD_DEFAULT;
        if ((begins || keyword == KEYWORD_END) && is_wanted(search)) {
            search->entry.macros.len -= before.len;
            return NETRC_FOUND;
        }
        if (keyword == KEYWORD_END)
            return NETRC_NONE;
        if (begins ? !begin_entry(search, keyword) : !take_inside(search, keyword))
            return NETRC_MALFORMED;
    }
}

enum netrc_result netrc_find(struct text file, struct text host, struct text user,
                             struct netrc_entry *ret_entry, size_t *ret_line)
{
    const struct text mark = TEXT("\xEF\xBB\xBF"); /* Windows' editors begin UTF-8 with it */
    struct search search = {.scan = {file, 1}, .host = host, .user = user};
    if (text_starts_with(file, mark))
        search.scan.rest = text_after(file, mark.len);
    const enum netrc_result result = find(&search);
    if (result == NETRC_FOUND)
        *ret_entry = search.entry;
    if (result == NETRC_MALFORMED)
        *ret_line = search.scan.line;
    explicit_bzero(&search.entry, sizeof(search.entry));
    return result;
}

bool netrc_take_macro(struct text *macros, struct netrc_macro *ret_macro)
{
    struct scan scan = {*macros, 1};
    enum keyword keyword = KEYWORD_END;
    struct text value;
    bool is_macro = false;
    while (!is_macro && take_keyword(&scan, &keyword) && keyword != KEYWORD_END) {
        is_macro = keyword == KEYWORD_MACDEF && take_macro(&scan, ret_macro);
        if (keyword != KEYWORD_MACDEF && keyword != KEYWORD_NONE && !take_value(&scan, &value))
            break;
    }
    *macros = scan.rest;
    return is_macro;
}
