/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing_dialects: the dialects of LIST, and what they share. For
 * listing_read.c and its dialects only.
 *
 * A dialect is a function: is this line its own, and what does it say? It is
 * given an item that is zero, and may have written to it when it says no. Its
 * order of the columns is as strict as the servers allow, so that no two
 * dialects take the same line for theirs.
 */
#ifndef FERRY_PROTOCOL_LISTING_DIALECTS_H
#define FERRY_PROTOCOL_LISTING_DIALECTS_H

#include "protocol/listing_read.h"

bool listing_unix_read(struct listing_reader *reader, struct text line, struct listing_item *item);
/* "0100644 500 101 4711 1234567890 name": mode, ids, size and time as numbers. */
bool listing_numeric_read(struct listing_reader *reader, struct text line,
                          struct listing_item *item);
bool listing_dos_read(struct listing_reader *reader, struct text line, struct listing_item *item);
bool listing_os2_read(struct listing_reader *reader, struct text line, struct listing_item *item);
bool listing_vms_read(struct listing_reader *reader, struct text line, struct listing_item *item);
bool listing_zos_read(struct listing_reader *reader, struct text line, struct listing_item *item);
bool listing_zvm_read(struct listing_reader *reader, struct text line, struct listing_item *item);
bool listing_ibmi_read(struct listing_reader *reader, struct text line, struct listing_item *item);
bool listing_nonstop_read(struct listing_reader *reader, struct text line,
                          struct listing_item *item);
/* D. J. Bernstein's Easily Parsed LIST Format. */
bool listing_eplf_read(struct listing_reader *reader, struct text line, struct listing_item *item);
bool listing_netware_read(struct listing_reader *reader, struct text line,
                          struct listing_item *item);
bool listing_vxworks_read(struct listing_reader *reader, struct text line,
                          struct listing_item *item);
/* Name, size, date, time: Nortel's routers (WfFTP), SuperTCP. */
bool listing_name_first_read(struct listing_reader *reader, struct text line,
                             struct listing_item *item);

/* Is the line the first half of an entry of VMS: a name with its version, alone? */
bool listing_vms_is_name(struct text line);
/* An entry of VMS over two lines. */
bool listing_vms_read_halves(struct listing_reader *reader, struct text name, struct text rest,
                             struct listing_item *item);

/* ---- Columns (listing_fields.c) -------------------------------------------- */

static inline bool listing_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static inline bool listing_is_any_of(char c, struct text set)
{
    return text_find(set, c) < set.len;
}

/* Without leading and trailing blanks and tabs. */
struct text listing_trim(struct text t);
/* The next word, leading blanks and tabs skipped; `rest` then begins right behind it. */
struct text listing_take_word(struct text *rest);
/* At most `max` words of t; returns how many there are, max + 1 when there are more. */
size_t listing_split(struct text t, struct text *words, size_t max);
/* Does t begin with these words (divided by single spaces), in any case? */
bool listing_begins_with(struct text t, struct text words);
/* Is it one of these words (divided by single spaces), in any case? */
bool listing_is_one_of(struct text word, struct text words);
/* Digits only, and any. */
bool listing_is_number(struct text word);
/*
 * "4711", "1,234,567", "33.5k", "12MB": sets size, size_is_rough and has_size,
 * which is false when it does not fit into 64 bits. False, and nothing set, when
 * it is no size.
 */
bool listing_size_read(struct text word, struct listing_item *item);
/* `count` pieces of `unit` bytes: likewise, and never exact. */
void listing_size_in_units(uint64_t count, uint64_t unit, struct listing_item *item);
/* What is behind the one blank (or tab) that `rest` begins with: false when it is nothing. */
bool listing_take_name(struct text rest, struct listing_item *item);

/* ---- Dates (listing_date.c) -------------------------------------------------- */

struct listing_date {
    bool has_year;
    unsigned year;
    unsigned month;
    unsigned day;
    enum listing_precision precision; /* DAY, or more when a time was said */
    unsigned hour;
    unsigned minute;
    unsigned second;
    int zone_minutes; /* east of Greenwich; 0 when not said */
};

/* 1 to 12 of a month's name in one of the languages we know, or of "11月"; 0 when it is none. */
unsigned listing_month(struct text word);
/*
 * A day in one word, in digits or with a month's name: "2024-01-05",
 * "05.01.2024", "01/05/24", "5-JAN-2024", "Jan-05-2024". Where digits leave it
 * open the day is first with dots and the month otherwise, as in what the
 * servers of Windows write. It need not be a real day.
 */
bool listing_date_read_day(struct text word, struct listing_date *ret_date);
/* The same in digits alone. */
bool listing_date_read_digits(struct text word, struct listing_date *ret_date);
/* "10:11", "10:11:12.25", "02:20PM", "2:20 pm" at the start of `rest`: takes it off. */
bool listing_date_take_time(struct text *rest, struct listing_date *date);
/* Day and time as ls and its imitators write them, whatever language, at the start of `rest`. */
bool listing_date_take(struct text *rest, struct listing_date *ret_date);
/* The same with any word for the month: then it is not known which day that is. */
bool listing_date_take_foreign(struct text *rest, struct listing_date *ret_date);
/* Sets modified and precision; a date that does not exist leaves them as they are. */
void listing_date_set(const struct listing_date *date, int64_t now, struct listing_item *item);

#endif
