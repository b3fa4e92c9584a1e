/* SPDX-License-Identifier: Apache-2.0 */
/* Dialects of one form each. */
#include "protocol/listing_dialects.h"

/* ---- EPLF ------------------------------------------------------------------------- */

/* One fact: a letter and its value, or "up" and an octal mode. */
static void read_fact(struct text fact, struct listing_item *item)
{
    uint64_t number;
    struct text value = text_after(fact, 1);
    if (text_equal(fact, TEXT("/"))) {
        item->kind = LISTING_KIND_DIRECTORY;
    } else if (text_equal(fact, TEXT("r")) && item->kind == LISTING_KIND_OTHER) {
        item->kind = LISTING_KIND_FILE;
    } else if (fact.at[0] == 's') {
        item->has_size = text_to_number(value, UINT64_MAX, &number);
        item->size = item->has_size ? number : 0;
    } else if (fact.at[0] == 'm') {
        const int64_t last = 253402300799; /* 9999-12-31T23:59:59Z */
        if (text_to_number(value, (uint64_t)last, &number)) {
            item->modified = (int64_t)number;
            item->precision = LISTING_TIME_SECOND;
        }
    } else if (text_starts_with(fact, TEXT("up")) &&
               text_to_octal(text_after(fact, 2), 07777, &number)) {
        item->has_mode = true;
        item->mode = (unsigned)number;
    }
}

/* "+i8388621.48594,m825718503,r,s280,up644,\tname": times are in UTC. What can be neither listed
 * nor retrieved is no file. */
bool listing_eplf_read(struct listing_reader *reader, struct text line, struct listing_item *item)
{
    (void)reader;
    if (!line.len || line.at[0] != '+')
        return false;
    struct text name = text_after(line, 1);
    size_t tab = text_find(name, '\t');
    if (tab == name.len)
        return false;
    struct text facts = text_take_until(&name, '\t');
    item->kind = LISTING_KIND_OTHER;
    while (facts.len) {
        struct text fact = text_take_until(&facts, ',');
        if (fact.len)
            read_fact(fact, item);
    }
    item->name = name;
    return name.len > 0;
}

/* ---- NetWare ---------------------------------------------------------------------- */

/* "1 admin 512 ": newer ones have a count of links before the owner. */
static void drop_links(struct text *rest)
{
    struct text after = *rest;
    struct text links = listing_take_word(&after);
    struct text behind = after;
    (void)listing_take_word(&behind);
    if (listing_is_number(links) && listing_is_number(listing_take_word(&behind)))
        *rest = after;
}

/* "d [R----F--] supervisor   512   Jan 16 18:53    login": rights of the user, owner, size. */
bool listing_netware_read(struct listing_reader *reader, struct text line,
                          struct listing_item *item)
{
    enum { RIGHTS_MAX = 12 };
    struct listing_date date;
    struct text rest = line;
    if (!line.len || (line.at[0] != 'd' && line.at[0] != '-'))
        return false;
    item->kind = line.at[0] == 'd' ? LISTING_KIND_DIRECTORY : LISTING_KIND_FILE;
    rest = text_trim_start(text_after(rest, 1));
    size_t end = text_find(rest, ']');
    if (!rest.len || rest.at[0] != '[' || end == rest.len || end > RIGHTS_MAX)
        return false;
    for (size_t i = 1; i < end; i++)
        if (!listing_is_any_of(rest.at[i], TEXT("SRWCEMFA- ")))
            return false;
    rest = text_after(rest, end + 1);
    drop_links(&rest);
    item->owner = listing_take_word(&rest);
    if (!listing_size_read(listing_take_word(&rest), item) || !listing_date_take(&rest, &date))
        return false;
    listing_date_set(&date, reader->now, item);
    item->name = text_trim_start(rest); /* in a column of its own */
    return item->name.len > 0;
}

/* ---- IBM i ------------------------------------------------------------------------- */

/* Objects of IBM i: what holds others, what has bytes. */
static enum listing_kind kind_of_object(struct text type)
{
    if (listing_is_one_of(type, TEXT("*DIR *DDIR *FLR *LIB")))
        return LISTING_KIND_DIRECTORY;
    if (listing_is_one_of(type, TEXT("*FILE *MEM *STMF *DSTMF *DOC *SAVF *USRSPC")))
        return LISTING_KIND_FILE;
    return listing_is_one_of(type, TEXT("*SYMLNK")) ? LISTING_KIND_LINK : LISTING_KIND_OTHER;
}

/* Owner, size, date and time: what there is of them. */
static bool read_object(const struct listing_reader *reader, const struct text *words, size_t count,
                        struct listing_item *item)
{
    struct listing_date date;
    size_t at = 0;
    if (at < count && !listing_is_number(words[at]))
        item->owner = words[at++];
    if (at < count && listing_size_read(words[at], item))
        at++;
    if (at == count)
        return true;
    if (count - at != 2 || !listing_date_read_day(words[at], &date))
        return false;
    struct text time = words[at + 1];
    if (!listing_date_take_time(&time, &date))
        return false;
    listing_date_set(&date, reader->now, item);
    return true;
}

/* "*FILE" */
static bool is_object_type(struct text word)
{
    enum { TYPE_MAX = 10 };
    return word.len > 2 && word.len <= TYPE_MAX && word.at[0] == '*' && word.at[1] >= 'A' &&
           word.at[1] <= 'Z';
}

/*
 * "BAILEYSE  5263360 06/11/97 12:27:39 *FILE  BPTFSAVF" (IBM i, FTP, "File and
 * directory entries in IBM i format"): owner, size, date and time are blank
 * where there is none, as for members of a file.
 */
bool listing_ibmi_read(struct listing_reader *reader, struct text line, struct listing_item *item)
{
    enum { BEFORE_TYPE_MAX = 4 };
    struct text rest = line;
    struct text before[BEFORE_TYPE_MAX];
    size_t count = 0;
    struct text word = listing_take_word(&rest);
    for (; word.len && !is_object_type(word); word = listing_take_word(&rest)) {
        if (count == BEFORE_TYPE_MAX)
            return false;
        before[count++] = word;
    }
    item->kind = kind_of_object(word);
    item->name = text_trim_start(rest);
    return item->name.len > 0 && read_object(reader, before, count, item);
}

/* ---- HP NonStop --------------------------------------------------------------------- */

/* "IARPTS01  101  16354 18-Mar-09 15:09:12 244, 10 \"nnnn\"": code, end of file, owner, who may. */
bool listing_nonstop_read(struct listing_reader *reader, struct text line,
                          struct listing_item *item)
{
    enum { NAME_MAX_LEN = 8, PERMISSION_LEN = 4 };
    struct listing_date date;
    struct text rest = line;
    struct text name = listing_take_word(&rest);
    struct text code = listing_take_word(&rest);
    if (listing_is_one_of(code, TEXT("O"))) /* it is open */
        code = listing_take_word(&rest);
    if (!name.len || name.len > NAME_MAX_LEN || !listing_is_number(code) ||
        !listing_size_read(listing_take_word(&rest), item) ||
        !listing_date_read_day(listing_take_word(&rest), &date) ||
        !listing_date_take_time(&rest, &date))
        return false;
    rest = listing_trim(rest);
    size_t quote = text_find(rest, '"');
    if (quote + PERMISSION_LEN + 2 != rest.len || rest.at[rest.len - 1] != '"')
        return false;
    struct text owner = listing_trim((struct text){rest.at, quote});
    struct text group = text_take_until(&owner, ',');
    if (!listing_is_number(group) || !listing_is_number(listing_trim(owner)))
        return false;
    listing_date_set(&date, reader->now, item);
    item->group = group;
    item->owner = listing_trim(owner);
    item->name = name;
    return true;
}

/* ---- VxWorks, Nortel, SuperTCP ------------------------------------------------------- */

/* "     512    Jan-01-1980 00:00:00   name              <DIR>" */
bool listing_vxworks_read(struct listing_reader *reader, struct text line,
                          struct listing_item *item)
{
    const struct text mark = TEXT("<DIR>");
    struct listing_date date;
    struct text rest = line;
    struct text size = listing_take_word(&rest);
    struct text day = listing_take_word(&rest);
    if (!listing_is_number(size) || !listing_size_read(size, item) ||
        listing_date_read_digits(day, &date) /* OS/2's */ || !listing_date_read_day(day, &date) ||
        !listing_date_take_time(&rest, &date))
        return false;
    listing_date_set(&date, reader->now, item);
    rest = listing_trim(rest);
    if (rest.len > mark.len && text_equal(text_after(rest, rest.len - mark.len), mark) &&
        listing_is_blank(rest.at[rest.len - mark.len - 1])) {
        item->kind = LISTING_KIND_DIRECTORY;
        rest = listing_trim((struct text){rest.at, rest.len - mark.len});
    }
    item->name = rest;
    return rest.len > 0;
}

/* "a1abr.exe   1234  08/22/04  Sun.  12:34:56", "PUB  <DIR>  11-16-94  17:16" */
bool listing_name_first_read(struct listing_reader *reader, struct text line,
                             struct listing_item *item)
{
    struct listing_date date;
    struct text rest = line;
    struct text name = listing_take_word(&rest);
    struct text size = listing_take_word(&rest);
    if (text_equal_any_case(size, TEXT("<DIR>")))
        item->kind = LISTING_KIND_DIRECTORY;
    else if (!listing_is_number(size) || !listing_size_read(size, item))
        return false;
    if (!listing_date_read_digits(listing_take_word(&rest), &date))
        return false;
    struct text after = rest;
    if (listing_is_one_of(listing_take_word(&after),
                          TEXT("Mon. Tue. Wed. Thu. Thur. Fri. Sat. Sun.")))
        rest = after;
    if (!listing_date_take_time(&rest, &date) || listing_trim(rest).len)
        return false;
    listing_date_set(&date, reader->now, item);
    item->name = name;
    return true;
}
