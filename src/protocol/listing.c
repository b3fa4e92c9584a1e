/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/listing.h"

#include <time.h>

enum {
    MODE_SET_UID = 04000,
    MODE_SET_GID = 02000,
    MODE_STICKY = 01000,
    HALF_YEAR_SECONDS = 182 * 24 * 3600,
    HOUR_SECONDS = 3600,
};

static void set_option(struct listing_options *options, char letter)
{
    options->given |= letter != '1';
    switch (letter) {
    case 'a':
        options->all = true;
        break;
    case 'A':
        options->almost = true;
        break;
    case 'l':
    case 'g':
    case 'n':
    case 'o':
        options->long_form = true;
        break;
    case 'R':
        options->recursive = true;
        break;
    case 't':
        options->by_time = true;
        break;
    case 'r':
        options->reverse = true;
        break;
    case 'F':
    case 'p':
        options->classify = true;
        break;
    case 'd':
        options->directory = true;
        break;
    case '1':
    case 'C':
    default:
        break; /* one name a line is all we do */
    }
}

struct text listing_parse_options(struct text argument, struct listing_options *ret_options)
{
    struct listing_options options = {0};
    struct text rest = argument;
    bool any = false;
    while (rest.len >= 2 && rest.at[0] == '-' && rest.at[1] != ' ') {
        struct text word = text_take_word(&rest);
        any = true;
        if (text_equal(word, TEXT("--")))
            break;
        for (size_t i = 1; i < word.len; i++)
            set_option(&options, word.at[i]);
    }
    *ret_options = options;
    return any ? rest : argument;
}

static void put_mode(struct builder *b, char kind, unsigned mode)
{
    char letters[10] = {kind};
    for (unsigned i = 0; i < 9; i++)
        letters[1 + i] = mode & (0400U >> i) ? "rwx"[i % 3] : '-';
    if (mode & MODE_SET_UID)
        letters[3] = mode & 0100 ? 's' : 'S';
    if (mode & MODE_SET_GID)
        letters[6] = mode & 0010 ? 's' : 'S';
    if (mode & MODE_STICKY)
        letters[9] = mode & 0001 ? 't' : 'T';
    builder_put(b, (struct text){letters, sizeof(letters)});
}

static void put_number_right(struct builder *b, uint64_t number, size_t width)
{
    char digits[24];
    struct builder text = builder_on(digits, sizeof(digits));
    builder_put_number(&text, number);
    builder_put_right(b, builder_text(&text), width);
}

static void put_number_left(struct builder *b, uint64_t number, size_t width)
{
    size_t end = b->len + width;
    builder_put_number(b, number);
    while (b->len < end && !b->full)
        builder_put_byte(b, ' ');
}

static void put_date(struct builder *b, int64_t when, int64_t now)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm tm;
    time_t seconds = when;
    if (!gmtime_r(&seconds, &tm)) { /* a year that does not fit an int */
        builder_put(b, TEXT("Jan  1  1970"));
        return;
    }
    builder_put(b, (struct text){months + (ptrdiff_t)tm.tm_mon * 3, 3});
    put_number_right(b, (unsigned)tm.tm_mday, 3);
    builder_put_byte(b, ' ');
    if (when > now - HALF_YEAR_SECONDS && when < now + HOUR_SECONDS) {
        builder_put_number_padded(b, (unsigned)tm.tm_hour, 2);
        builder_put_byte(b, ':');
        builder_put_number_padded(b, (unsigned)tm.tm_min, 2);
    } else {
        int64_t year = (int64_t)tm.tm_year + 1900;
        put_number_right(b, year > 0 ? (uint64_t)year : 0, 5);
    }
}

void listing_put_plain_name(struct builder *b, struct text name)
{
    for (;;) {
        size_t newline = text_find(name, '\n');
        builder_put(b, (struct text){name.at, newline});
        if (newline == name.len)
            return;
        builder_put_byte(b, '\0');
        name = text_after(name, newline + 1);
    }
}

static void put_sign(struct builder *b, const struct listing_entry *entry)
{
    if (entry->kind == 'd')
        builder_put_byte(b, '/');
    else if (entry->kind == 'l')
        builder_put_byte(b, '@');
    else if (entry->kind == '-' && entry->mode & 0111)
        builder_put_byte(b, '*');
}

void listing_put_long(struct builder *b, const struct listing_entry *entry, int64_t now,
                      bool classify)
{
    put_mode(b, entry->kind, entry->mode);
    put_number_right(b, entry->links, 4);
    builder_put_byte(b, ' ');
    put_number_left(b, entry->owner, 8);
    builder_put_byte(b, ' ');
    put_number_left(b, entry->group, 8);
    builder_put_byte(b, ' ');
    put_number_right(b, entry->size, 12);
    builder_put_byte(b, ' ');
    put_date(b, entry->modified, now);
    builder_put_byte(b, ' ');
    listing_put_plain_name(b, entry->name);
    if (entry->link_target.len) {
        builder_put(b, TEXT(" -> "));
        listing_put_plain_name(b, entry->link_target);
    } else if (classify) {
        put_sign(b, entry);
    }
    builder_put_byte(b, '\n');
}

void listing_put_unknown(struct builder *b, char kind, struct text name)
{
    builder_put_byte(b, kind);
    builder_put(b, TEXT("?????????   ? ?        ?                   ?   ?  ?     ? "));
    listing_put_plain_name(b, name);
    builder_put_byte(b, '\n');
}

void listing_put_name(struct builder *b, struct text prefix, const struct listing_entry *entry,
                      bool classify)
{
    listing_put_plain_name(b, prefix);
    listing_put_plain_name(b, entry->name);
    if (classify)
        put_sign(b, entry);
    builder_put_byte(b, '\n');
}
