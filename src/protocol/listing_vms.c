/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DIRECTORY of OpenVMS, as its own server, MultiNet, UCX, TCPware and CMU write
 * it. A name that is too long for its column stands on a line of its own.
 *
 *   README.TXT;4          10/12      29-JAN-1996 03:33:12  [GROUP,OWNER]  (RWED,RWED,RE,)
 *   A_LONG_NAME_THAT_NEEDS_THE_WHOLE_LINE.DOCUMENT;1
 *                         213        29-JAN-1996 03:33     [OWNER]        (RWED,RWED,,)
 *
 * Which columns there are, and in which order, is up to the server: each is
 * known by its form. Files keep their version, which is part of what names
 * them; a directory NAME.DIR;1 is named NAME, as CWD wants it.
 */
#include "protocol/listing_dialects.h"

enum { BLOCK_BYTES = 512 };

struct columns {
    bool has_size;
    bool has_owner;
    bool has_protection;
    bool has_error;
    bool has_date;
};

/* ---- Names ---------------------------------------------------------------------- */

/* "NAME.TYPE;12": how much of it is before the version, or the whole length when it has none. */
static size_t version_at(struct text name)
{
    size_t at = text_find_last(name, ';');
    return at < name.len && listing_is_number(text_after(name, at + 1)) ? at : name.len;
}

bool listing_vms_is_name(struct text line)
{
    struct text rest = line;
    struct text name = listing_take_word(&rest);
    size_t at = version_at(name);
    return at > 0 && at < name.len && !listing_trim(rest).len && text_find(name, '.') < at;
}

static void set_name(struct text name, struct listing_item *item)
{
    const struct text directory = TEXT(".DIR");
    size_t version = version_at(name);
    item->name = name;
    if (version > directory.len &&
        text_equal_any_case((struct text){name.at + version - directory.len, directory.len},
                            directory)) {
        item->kind = LISTING_KIND_DIRECTORY;
        item->name.len = version - directory.len;
    }
}

/* ---- Columns --------------------------------------------------------------------- */

/* "10", "10/12" (used and allocated) blocks; "1.5KB" where the process counts in bytes. */
static bool read_size(struct text word, struct listing_item *item)
{
    struct text rest = word;
    struct text used = text_take_until(&rest, '/');
    uint64_t blocks;
    if (used.len < word.len && !listing_is_number(rest))
        return false;
    if (!listing_is_number(used))
        return used.len == word.len && text_upper(word.at[word.len - 1]) == 'B' &&
               listing_size_read(word, item);
    if (text_to_number(used, UINT64_MAX, &blocks))
        listing_size_in_units(blocks, BLOCK_BYTES, item);
    return true;
}

/* "[GROUP,OWNER]" or "[OWNER]", with blanks where an identifier is short. */
static bool take_owner(struct text *rest, struct listing_item *item)
{
    size_t end = text_find(*rest, ']');
    if (end == rest->len)
        return false;
    struct text owner = {rest->at + 1, end - 1};
    *rest = text_after(*rest, end + 1);
    if (listing_is_one_of(listing_trim(owner), TEXT("DIR"))) {
        item->kind = LISTING_KIND_DIRECTORY;
        return true;
    }
    size_t comma = text_find(owner, ',');
    if (comma < owner.len)
        item->group = listing_trim(text_take_until(&owner, ','));
    item->owner = listing_trim(owner);
    return true;
}

/* Of RWED, what there is of it as rwx; false when there are other letters. */
static bool read_rights(struct text letters, unsigned *ret_bits)
{
    unsigned bits = 0;
    for (size_t i = 0; i < letters.len; i++) {
        size_t letter = text_find(TEXT("XEWRDC"), text_upper(letters.at[i]));
        if (letter > 5)
            return false;
        bits |= letter == 1 ? 1U : letter == 2 ? 2U : letter == 3 ? 4U : 0;
    }
    *ret_bits = bits;
    return true;
}

/* "(RWED,RWED,RE,)": system, owner, group, world. */
static bool take_protection(struct text *rest, struct listing_item *item)
{
    enum { CLASSES = 4 };
    size_t end = text_find(*rest, ')');
    unsigned mode = 0;
    if (end == rest->len)
        return false;
    struct text classes = {rest->at + 1, end - 1};
    *rest = text_after(*rest, end + 1);
    for (int i = 0; i < CLASSES; i++) {
        unsigned bits;
        bool is_last = text_find(classes, ',') == classes.len;
        if (is_last != (i == CLASSES - 1) ||
            !read_rights(listing_trim(text_take_until(&classes, ',')), &bits))
            return true; /* an access list, or another system's: no mode */
        mode = i ? mode << 3 | bits : 0;
    }
    item->has_mode = true;
    item->mode = mode;
    return true;
}

/* The server could not look at the file, and says so where its columns would be. */
static bool is_error(struct text rest)
{
    return rest.at[0] == '%' || listing_begins_with(rest, TEXT("No privilege")) ||
           listing_begins_with(rest, TEXT("insufficient privilege"));
}

static bool take_date(struct text *rest, struct listing_date *date)
{
    struct text after = *rest;
    struct text word = listing_take_word(&after);
    if (!text_is_digit(word.at[0]) || text_find(word, '-') == word.len ||
        !listing_date_read_day(word, date))
        return false;
    (void)listing_date_take_time(&after, date);
    *rest = after;
    return true;
}

/* One column, whichever it is, of a rest that begins with one. */
static bool take_column(struct text *rest, struct columns *columns, struct listing_date *date,
                        struct listing_item *item)
{
    if (rest->at[0] == '[' && !columns->has_owner)
        return columns->has_owner = take_owner(rest, item);
    if (rest->at[0] == '(' && !columns->has_protection)
        return columns->has_protection = take_protection(rest, item);
    if (!columns->has_date && take_date(rest, date))
        return columns->has_date = true;
    if (columns->has_size)
        return false;
    return columns->has_size = read_size(listing_take_word(rest), item);
}

static bool read_columns(struct listing_reader *reader, struct text rest, struct columns *columns,
                         struct listing_item *item)
{
    struct listing_date date;
    for (rest = listing_trim(rest); rest.len; rest = listing_trim(rest)) {
        columns->has_error = is_error(rest);
        if (columns->has_error)
            break;
        if (!take_column(&rest, columns, &date, item))
            return false;
    }
    if (columns->has_date)
        listing_date_set(&date, reader->now, item);
    return true;
}

/* ---- Lines -------------------------------------------------------------------------- */

bool listing_vms_read_halves(struct listing_reader *reader, struct text name, struct text rest,
                             struct listing_item *item)
{
    struct columns columns = {0};
    if (!rest.len || !listing_is_blank(rest.at[0]) || !read_columns(reader, rest, &columns, item))
        return false;
    set_name(listing_trim(name), item);
    return columns.has_date || columns.has_error || columns.has_size;
}

bool listing_vms_read(struct listing_reader *reader, struct text line, struct listing_item *item)
{
    struct columns columns = {0};
    struct text rest = line;
    struct text name = listing_take_word(&rest);
    size_t version = version_at(name);
    if (text_find(name, '.') >= version || !read_columns(reader, rest, &columns, item))
        return false;
    set_name(name, item);
    if (version < name.len)
        return columns.has_date || columns.has_error || columns.has_size;
    /* Some leave the versions out: then only all of the columns together are VMS's. */
    return columns.has_date && (columns.has_owner || columns.has_protection);
}
