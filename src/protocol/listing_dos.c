/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What begins with date or size, and has "<DIR>" or DIR for a directory: IIS
 * and its imitators, Windows CE, OS/2.
 *
 *   02-05-97  02:20AM       <DIR>          pub
 *   04-14-00  03:47PM                  589 readme.htm
 *   2024-01-05  10:11    <JUNCTION>     Users [C:\Users]
 */
#include "protocol/listing_dialects.h"

/* "<DIR>" and its kind, and what they say. */
static const struct {
    struct text mark;
    enum listing_kind kind;
} marks[] = {
    {{"<DIR>", 5}, LISTING_KIND_DIRECTORY},    {{"<JUNCTION>", 10}, LISTING_KIND_LINK},
    {{"<SYMLINK>", 9}, LISTING_KIND_LINK},     {{"<SYMLINKD>", 10}, LISTING_KIND_LINK},
    {{"<MOUNTPOINT>", 12}, LISTING_KIND_LINK},
};

static bool take_mark(struct text *rest, struct listing_item *item)
{
    struct text after = *rest;
    struct text word = listing_take_word(&after);
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (!text_equal_any_case(word, marks[i].mark))
            continue;
        item->kind = marks[i].kind;
        *rest = after;
        return true;
    }
    return false;
}

/* "Users [C:\Users]"; where the name or the target has " [", too, the one before a drive or root.
 */
static void split_target(struct listing_item *item)
{
    struct text name = item->name;
    size_t split = name.len;
    if (name.at[name.len - 1] != ']')
        return;
    for (size_t at = 1; at + 3 <= name.len; at++) {
        if (name.at[at] != ' ' || name.at[at + 1] != '[')
            continue;
        if (split == name.len)
            split = at;
        if (name.at[at + 2] == '\\' || (at + 3 < name.len && name.at[at + 3] == ':')) {
            split = at;
            break;
        }
    }
    if (split == name.len)
        return;
    item->link_target = (struct text){name.at + split + 2, name.len - split - 3};
    item->name.len = split;
}

bool listing_dos_read(struct listing_reader *reader, struct text line, struct listing_item *item)
{
    struct listing_date date;
    struct text rest = line;
    if (!listing_date_read_day(listing_take_word(&rest), &date) ||
        !listing_date_take_time(&rest, &date))
        return false;
    listing_date_set(&date, reader->now, item);
    if (!take_mark(&rest, item))
        return listing_size_read(listing_take_word(&rest), item) && listing_take_name(rest, item);
    /* Each server fills up the column as it likes, so that a blank of the name's own is lost. */
    while (rest.len && listing_is_blank(rest.at[0]))
        rest = text_after(rest, 1);
    item->name = rest;
    if (!rest.len)
        return false;
    if (item->kind == LISTING_KIND_LINK)
        split_target(item);
    return true;
}

/* "     0           DIR   12-30-97   12:32  name": size, attributes, date, time. */
bool listing_os2_read(struct listing_reader *reader, struct text line, struct listing_item *item)
{
    struct listing_date date;
    struct text rest = line;
    struct text size = listing_take_word(&rest);
    struct text word = listing_take_word(&rest);
    if (!listing_is_number(size) || !listing_size_read(size, item))
        return false;
    if (listing_is_one_of(word, TEXT("DIR"))) {
        item->kind = LISTING_KIND_DIRECTORY;
        word = listing_take_word(&rest);
    }
    /* A archive, H hidden, R read-only, S system; none of them is no word */
    enum { ATTRIBUTES_MAX = 4 };
    for (int i = 0; i < ATTRIBUTES_MAX && word.len && !text_is_digit(word.at[0]); i++) {
        for (size_t k = 0; k < word.len; k++)
            if (!listing_is_any_of(word.at[k], TEXT("AHRSD-")))
                return false;
        word = listing_take_word(&rest);
    }
    if (!listing_date_read_digits(word, &date) || !listing_date_take_time(&rest, &date))
        return false;
    listing_date_set(&date, reader->now, item);
    /* Two blanks before the name: no server of OS/2's file systems has names that begin with one.
     */
    item->name = listing_trim(rest);
    return item->name.len > 0;
}
