/* SPDX-License-Identifier: Apache-2.0 */
/*
 * z/OS and z/VM (IBM: z/OS Communications Server, IP User's Guide and Commands;
 * z/VM TCP/IP User's Guide). Files of z/OS UNIX are listed as Unix does.
 *
 *   Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname
 *   APCSPL 3390   2003/05/21  1   12  FB      80  3120  PO   JCL.CNTL
 *   Migrated                                                 OLD.DATA
 *
 *    Name     VV.MM   Created       Changed      Size  Init   Mod   Id
 *   MEMBER1   01.03 2002/09/12 2002/10/11 09:37    11    11     0 KIL001
 *
 * What they have are records, not bytes: sizes are rough, where there are any.
 */
#include "protocol/listing_dialects.h"

/* Of a disk: what a track holds at most. */
enum { TRACK_BYTES_3380 = 47476, TRACK_BYTES_3390 = 56664 };

enum {
    COLUMNS_MAX = 16,
    DATA_SET_NAME_MAX = 46, /* 44 and two quotes */
    MEMBER_NAME_MAX = 8,
};

struct row {
    struct text words[COLUMNS_MAX];
    size_t count;
};

static bool has_characters(struct text t, struct text others)
{
    for (size_t i = 0; i < t.len; i++) {
        char c = t.at[i];
        bool is_letter = c >= 'A' && c <= 'Z';
        if (!is_letter && !text_is_digit(c) && text_find(others, c) == others.len)
            return false;
    }
    return t.len > 0;
}

/* "'HLQ.DATA.SET'" or, relative to the working directory, "DATA.SET". */
static bool is_data_set(struct text t)
{
    return t.len <= DATA_SET_NAME_MAX && has_characters(t, TEXT("$#@.-'")) &&
           !text_is_digit(t.at[0]);
}

static bool is_member(struct text t)
{
    return t.len <= MEMBER_NAME_MAX && has_characters(t, TEXT("$#@{")) && !text_is_digit(t.at[0]);
}

/* ---- Data sets ------------------------------------------------------------------- */

/* Used is in tracks; "++++" when it has no room. */
static void set_tracks(struct text unit, struct text used, struct listing_item *item)
{
    uint64_t tracks;
    uint64_t bytes = text_starts_with(unit, TEXT("3390"))   ? TRACK_BYTES_3390
                     : text_starts_with(unit, TEXT("3380")) ? TRACK_BYTES_3380
                                                            : 0;
    if (bytes && text_to_number(used, UINT32_MAX, &tracks))
        listing_size_in_units(tracks, bytes, item);
}

static enum listing_kind kind_of(struct text organization)
{
    if (text_starts_with(organization, TEXT("PO"))) /* PO, POU; PO-E with LISTLEVEL 1 */
        return LISTING_KIND_DIRECTORY;
    return listing_is_one_of(organization, TEXT("PS PS-E PSU PS-L DA DAU IS ISU"))
               ? LISTING_KIND_FILE
               : LISTING_KIND_OTHER;
}

/* Volume [Unit] Referred Ext Used [Recfm Lrecl BlkSz] Dsorg Dsname */
static bool read_on_disk(const struct listing_reader *reader, const struct row *row,
                         struct listing_item *item)
{
    enum { AFTER_REFERRED_MIN = 4 };
    struct listing_date date;
    const struct text *words = row->words;
    size_t at = row->count > 1 && text_is_digit(words[1].at[0]) &&
                        text_find(words[1], '/') == words[1].len
                    ? 2
                    : 1; /* servers without UNITs leave that column out */
    if (row->count < at + 1 + AFTER_REFERRED_MIN)
        return false;
    if (listing_date_read_day(words[at], &date))
        listing_date_set(&date, reader->now, item);
    else if (!text_equal(words[at], TEXT("**NONE**")))
        return false;
    struct text organization = words[row->count - 2];
    if (!listing_is_number(words[at + 1]) || !has_characters(organization, TEXT("-")) ||
        text_is_digit(organization.at[0]))
        return false;
    item->kind = kind_of(organization);
    set_tracks(at == 2 ? words[1] : TEXT(""), words[at + 2], item);
    return true;
}

/* What stands before the name where a data set has no columns. */
static const struct {
    struct text words;
    enum listing_kind kind;
} states[] = {
    {{"Migrated", 8}, LISTING_KIND_FILE}, /* to a slower device; RETR brings it back */
    {{"Tape", 4}, LISTING_KIND_FILE},
    {{"Not Direct Access Device", 24}, LISTING_KIND_FILE},
    {{"Not Mounted", 11}, LISTING_KIND_FILE},
    {{"Error determining attributes", 28}, LISTING_KIND_FILE},
    {{"Pseudo Directory", 16}, LISTING_KIND_DIRECTORY}, /* SITE DIRECTORYMODE: a qualifier */
    {{"GDG", 3}, LISTING_KIND_DIRECTORY},               /* base of generations */
    {{"VSAM", 4}, LISTING_KIND_OTHER},
    {{"PATH", 4}, LISTING_KIND_OTHER},
    {{"User catalog connector", 22}, LISTING_KIND_OTHER},
};

/* [Volume [Unit]] State Dsname */
static bool read_state(struct text line, const struct row *row, struct listing_item *item)
{
    enum { BEFORE_MAX = 2 };
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        size_t count = 1;
        for (size_t k = 0; k < states[i].words.len; k++)
            count += states[i].words.at[k] == ' ';
        if (row->count < count + 1 || row->count - count - 1 > BEFORE_MAX)
            continue;
        const char *start = row->words[row->count - count - 1].at;
        if (!listing_begins_with(text_after(line, (size_t)(start - line.at)), states[i].words))
            continue;
        item->kind = states[i].kind;
        return true;
    }
    return false;
}

/* ---- Members of a partitioned data set ----------------------------------------------- */

/* Name VV.MM Created Changed Time Size Init Mod Id; Size is in lines. */
static bool read_member(const struct listing_reader *reader, const struct row *row,
                        struct listing_item *item)
{
    enum { VERSION = 1, CREATED, CHANGED, TIME, SIZE, ID = 8 };
    const struct text *words = row->words;
    struct listing_date date;
    if (row->count < SIZE || words[VERSION].len != 5 || words[VERSION].at[2] != '.' ||
        !listing_date_read_day(words[CREATED], &date) ||
        !listing_date_read_day(words[CHANGED], &date))
        return false;
    struct text time = words[TIME];
    if (!listing_date_take_time(&time, &date))
        return false;
    listing_date_set(&date, reader->now, item);
    if (row->count > ID)
        item->owner = words[ID];
    return true;
}

/* Name Size TTR [Alias-of] AC Attributes Amode Rmode; Size is in hexadecimal, of the program. */
static bool read_load_module(const struct row *row, struct listing_item *item)
{
    enum { SIZE = 1, TTR, COLUMNS_MIN = 5, HEX_MIN = 6, HEX_MAX = 8 };
    uint64_t size = 0;
    if (row->count < COLUMNS_MIN ||
        !listing_is_one_of(row->words[row->count - 1], TEXT("24 31 64 ANY")) ||
        !listing_is_one_of(row->words[row->count - 2], TEXT("24 31 64 ANY MIN")))
        return false;
    for (size_t word = SIZE; word <= TTR; word++) {
        struct text hex = row->words[word];
        if (hex.len < HEX_MIN || hex.len > HEX_MAX)
            return false;
        for (size_t i = 0; i < hex.len; i++) {
            size_t digit = text_find(TEXT("0123456789ABCDEF"), hex.at[i]);
            if (digit > 15)
                return false;
            if (word == SIZE)
                size = size << 4 | digit;
        }
    }
    listing_size_in_units(size, 1, item);
    return true;
}

/* ---- Lines --------------------------------------------------------------------------- */

bool listing_zos_read(struct listing_reader *reader, struct text line, struct listing_item *item)
{
    struct row row;
    row.count = listing_split(line, row.words, COLUMNS_MAX);
    if (!row.count || row.count > COLUMNS_MAX)
        return false;
    struct text first = row.words[0];
    struct text last = row.words[row.count - 1];
    if (is_member(first)) {
        item->name = first;
        /* Members without statistics are names alone; so is any word without that heading. */
        if ((row.count == 1 && reader->lists_members) || read_member(reader, &row, item) ||
            read_load_module(&row, item))
            return true;
    }
    item->name = last;
    return is_data_set(last) && (read_on_disk(reader, &row, item) || read_state(line, &row, item));
}

/* ---- z/VM --------------------------------------------------------------------------- */

/* A file of CMS is "PROFILE.EXEC" for FTP, and two words in a listing. */
static bool join_name(struct listing_reader *reader, struct text name, struct text type,
                      struct listing_item *item)
{
    struct builder b = builder_on(reader->held, sizeof(reader->held));
    builder_put(&b, name);
    builder_put(&b, TEXT("."));
    builder_put(&b, type);
    item->name = builder_text(&b);
    return !b.full;
}

/* Format, longest record, records, blocks: what F has is exact, V at most this. */
static bool read_records(const struct text *words, struct listing_item *item)
{
    uint64_t length;
    uint64_t records;
    if (!listing_is_one_of(words[0], TEXT("F V")) || !listing_is_number(words[1]) ||
        !listing_is_number(words[2]) || !listing_is_number(words[3]))
        return false;
    if (text_to_number(words[1], UINT64_MAX, &length) &&
        text_to_number(words[2], UINT64_MAX, &records))
        listing_size_in_units(records, length, item);
    if (text_upper(words[0].at[0]) == 'F')
        item->size_is_rough = false;
    return true;
}

/* Name Type Format Length Records Blocks Date Time [Owner]; a directory has dashes. */
bool listing_zvm_read(struct listing_reader *reader, struct text line, struct listing_item *item)
{
    enum { NAME, TYPE, FORMAT, COLUMNS_FIXED = 6, OWNER = 8, NAME_MAX_LEN = 16 };
    struct listing_date date;
    struct row row;
    row.count = listing_split(line, row.words, COLUMNS_MAX);
    const struct text *words = row.words;
    size_t at = FORMAT;
    if (row.count > OWNER + 1 || row.count < FORMAT + 4 || words[NAME].len > NAME_MAX_LEN ||
        words[TYPE].len > NAME_MAX_LEN)
        return false;
    while (at < row.count && text_equal(words[at], TEXT("-")))
        at++;
    bool is_directory = at > FORMAT && text_equal_any_case(words[TYPE], TEXT("DIR"));
    if (!is_directory)
        at = COLUMNS_FIXED;
    if (row.count < at + 2 || !listing_date_read_day(words[at], &date))
        return false;
    struct text time = words[at + 1];
    if (!listing_date_take_time(&time, &date))
        return false;
    listing_date_set(&date, reader->now, item);
    if (row.count > at + 2 && !text_equal(words[at + 2], TEXT("-")))
        item->owner = words[at + 2];
    if (is_directory) {
        item->kind = LISTING_KIND_DIRECTORY;
        item->name = words[NAME];
        return true;
    }
    return read_records(&words[FORMAT], item) && join_name(reader, words[NAME], words[TYPE], item);
}
