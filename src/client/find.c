/* SPDX-License-Identifier: Apache-2.0 */
#include "client/find.h"

#include <stdio.h>

#include "base/pattern.h"

enum term_kind {
    TERM_NAME,
    TERM_ANY_NAME,
    TERM_TYPE,
    TERM_SIZE,
    TERM_DAYS,
    TERM_MINUTES,
    TERM_DEEPEST,
    TERM_SHALLOWEST,
};

enum { MINUTE_S = 60, DAY_S = 24 * 60 * MINUTE_S, NUMBER_MAX = 1000 * 1000 };

static const struct {
    const char *word; /* borrowed: static */
    enum term_kind kind;
} rows[] = {
    {"-name", TERM_NAME},        {"-iname", TERM_ANY_NAME},      {"-type", TERM_TYPE},
    {"-size", TERM_SIZE},        {"-mtime", TERM_DAYS},          {"-mmin", TERM_MINUTES},
    {"-maxdepth", TERM_DEEPEST}, {"-mindepth", TERM_SHALLOWEST},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* ---- Reading ------------------------------------------------------------------------- */

static bool take_pattern(struct find_term *term, struct text value)
{
    term->pattern = value;
    return value.len && pattern_is_whole(value);
}

/* The kind of an entry as a number. */
static bool take_type(struct find_term *term, struct text value)
{
    static const struct text letters = TEXT("fdl");
    static const enum entry_kind kinds[] = {ENTRY_FILE, ENTRY_DIRECTORY, ENTRY_LINK};
    size_t which = value.len == 1 ? text_find(letters, value.at[0]) : letters.len;
    if (which < letters.len)
        term->number = kinds[which];
    return which < letters.len;
}

/* "+3" is more than 3, "-3" less. */
static struct text take_sign(struct find_term *term, struct text value)
{
    bool has_sign = value.len && (value.at[0] == '+' || value.at[0] == '-');
    if (has_sign)
        term->sign = value.at[0] == '+' ? 1 : -1;
    return text_after(value, has_sign);
}

static bool take_value(struct find_term *term, struct text value)
{
    switch ((enum term_kind)term->kind) {
    case TERM_NAME:
    case TERM_ANY_NAME:
        return take_pattern(term, value);
    case TERM_TYPE:
        return take_type(term, value);
    case TERM_SIZE:
        return text_to_size(take_sign(term, value), UINT64_MAX, &term->number);
    case TERM_DAYS:
    case TERM_MINUTES:
        return text_to_number(take_sign(term, value), NUMBER_MAX, &term->number);
    case TERM_DEEPEST:
    case TERM_SHALLOWEST:
        break;
    }
    return text_to_number(value, NUMBER_MAX, &term->number);
}

static bool find_row(const char *word, size_t *ret_row)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (text_equal(text_of(word), text_of(rows[i].word))) {
            *ret_row = i;
            return true;
        }
    }
    return false;
}

static bool complain(char message[FIND_MESSAGE_SIZE], const char *word, const char *why)
{
    (void)snprintf(message, FIND_MESSAGE_SIZE, "%.100s: %s", word, why);
    return false;
}

bool find_parse(const char *const *words, size_t count, struct find *ret_find,
                char message[FIND_MESSAGE_SIZE])
{
    struct find find = {.count = 0};
    for (size_t i = 0; i < count; i += 2) {
        size_t row;
        if (!find_row(words[i], &row))
            return complain(message, words[i],
                            "no such test; -name, -type, -size, -mtime are some");
        if (i + 1 == count)
            return complain(message, words[i], "needs a value");
        if (find.count == FIND_TERMS_MAX)
            return complain(message, words[i], "there are too many tests");
        struct find_term *term = &find.terms[find.count++];
        *term = (struct find_term){.kind = rows[row].kind};
        if (!take_value(term, text_of(words[i + 1])))
            return complain(message, words[i], "does not take that value");
    }
    *ret_find = find;
    return true;
}

/* ---- Looking -------------------------------------------------------------------------- */

static bool compares(const struct find_term *term, uint64_t value)
{
    if (term->sign)
        return term->sign > 0 ? value > term->number : value < term->number;
    return value == term->number;
}

/* find(1): how many whole units have passed; what is to come has not. */
static bool is_so_old(const struct find_term *term, const struct entry *entry, int64_t now,
                      int64_t unit_s)
{
    int64_t age_s = now > entry->modified ? now - entry->modified : 0;
    return entry->precision != ENTRY_TIME_UNKNOWN && compares(term, (uint64_t)(age_s / unit_s));
}

static struct text name_of(const char *path)
{
    struct text whole = text_of(path);
    size_t slash = text_find_last(whole, '/');
    return slash < whole.len ? text_after(whole, slash + 1) : whole;
}

static bool holds(const struct find_term *term, const char *path, unsigned depth,
                  const struct entry *entry, int64_t now)
{
    switch ((enum term_kind)term->kind) {
    case TERM_NAME:
        return pattern_fits_name(term->pattern, name_of(path), false);
    case TERM_ANY_NAME:
        return pattern_fits_name(term->pattern, name_of(path), true);
    case TERM_TYPE:
        return (uint64_t)entry->kind == term->number;
    case TERM_SIZE:
        return entry->has_size && compares(term, entry->size);
    case TERM_DAYS:
        return is_so_old(term, entry, now, DAY_S);
    case TERM_MINUTES:
        return is_so_old(term, entry, now, MINUTE_S);
    case TERM_DEEPEST:
        return depth <= term->number;
    case TERM_SHALLOWEST:
        break;
    }
    return depth >= term->number;
}

bool find_takes(const struct find *find, const char *path, unsigned depth,
                const struct entry *entry, int64_t now)
{
    for (size_t i = 0; i < find->count; i++)
        if (!holds(&find->terms[i], path, depth, entry, now))
            return false;
    return true;
}

bool find_goes_below(const struct find *find, unsigned depth)
{
    for (size_t i = 0; i < find->count; i++)
        if (find->terms[i].kind == TERM_DEEPEST && depth >= find->terms[i].number)
            return false;
    return true;
}
