/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listings: what servers wrote, and what it means, as files of
 * tests/unit/listings. A line there is one of
 *
 *   # a remark
 *   < what the server wrote, as it is; at its end or where it would be unreadable
 *     \t \r \s (a blank) \xHH and \\
 *   = what that means: "nothing", "more", "unknown" or, of an item,
 *     kind size time mode owner:group "name" [-> "target"]
 *     with - for what is not said, ~ before a rough size
 *   system MVS      the listing begins here, and this is what SYST said
 *   together        the lines up to the next "apart" lean on the one before
 *
 * All is read at NOW, 2023-11-14 22:13:20 UTC.
 */
#ifndef FERRY_TESTS_LISTINGS_H
#define FERRY_TESTS_LISTINGS_H

#include "protocol/facts.h"
#include "protocol/listing_read.h"
#include "tests/unit/unit.h"

enum { NOW = 1700000000, LISTING_LINE_MAX = 1024 };

static const char *const listing_files[] = {
    "unix", "unix-dates", "unix-languages", "dos",     "vms",   "zos",     "zvm",
    "ibmi", "netware",    "eplf",           "nonstop", "other", "nothing",
};

/* ---- Meaning as text ------------------------------------------------------------- */

static inline void put_quoted(struct builder *b, struct text t)
{
    builder_put_byte(b, '"');
    while (t.len) {
        size_t len = text_utf8_len(t);
        if (len && (unsigned char)t.at[0] >= ' ') {
            builder_put(b, (struct text){t.at, len});
        } else {
            len = 1;
            builder_put_string(b, "\\x");
            builder_put_hex_byte(b, (unsigned char)t.at[0]);
        }
        t = text_after(t, len);
    }
    builder_put_byte(b, '"');
}

/* "2023-11-14 22:13:20", cut off where the server said no more. */
static inline void put_modified(struct builder *b, const struct listing_item *item)
{
    char bytes[32];
    struct builder digits = builder_on(bytes, sizeof(bytes));
    const char *const marks = "\0\0\0-\0-\0 \0:\0:\0"; /* before the n-th digit */
    static const size_t lengths[] = {
        [LISTING_TIME_DAY] = 8, [LISTING_TIME_MINUTE] = 12, [LISTING_TIME_SECOND] = 14};
    if (item->precision == LISTING_TIME_NONE) {
        builder_put_byte(b, '-');
        return;
    }
    facts_put_time(&digits, item->modified);
    for (size_t i = 0; i < lengths[item->precision]; i++) {
        if (i && marks[i - 1])
            builder_put_byte(b, marks[i - 1]);
        builder_put_byte(b, bytes[i]);
    }
}

static inline void put_or_dash(struct builder *b, struct text t)
{
    builder_put(b, t.len ? t : TEXT("-"));
}

static inline void put_item(struct builder *b, const struct listing_item *item)
{
    static const char *const kinds[] = {"file ", "directory ", "link ", "other "};
    builder_put_string(b, kinds[item->kind]);
    if (item->size_is_rough)
        builder_put_byte(b, '~');
    if (item->has_size)
        builder_put_number(b, item->size);
    else
        builder_put_byte(b, '-');
    builder_put_byte(b, ' ');
    put_modified(b, item);
    builder_put_byte(b, ' ');
    if (item->has_mode)
        builder_put_octal(b, item->mode, 4);
    else
        builder_put_byte(b, '-');
    builder_put_byte(b, ' ');
    put_or_dash(b, item->owner);
    builder_put_byte(b, ':');
    put_or_dash(b, item->group);
    builder_put_byte(b, ' ');
    put_quoted(b, item->name);
    if (item->link_target.len) {
        builder_put_string(b, " -> ");
        put_quoted(b, item->link_target);
    }
}

/* What the reader makes of a line. */
static inline struct text meaning_of(struct listing_reader *reader, struct text line)
{
    static char bytes[4 * LISTING_LINE_MAX];
    static const char *const words[] = {
        [LISTING_NOTHING] = "nothing", [LISTING_MORE] = "more", [LISTING_UNKNOWN] = "unknown"};
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct listing_item item;
    enum listing_outcome outcome = listing_read_line(reader, line, &item);
    if (outcome == LISTING_ITEM)
        put_item(&b, &item);
    else
        builder_put_string(&b, words[outcome]);
    return builder_text(&b);
}

/* ---- Files ---------------------------------------------------------------------------- */

/* One line of a server, and what it means; kept by the caller. */
struct listed {
    const char *file; /* borrowed: a literal of listing_files */
    unsigned number;
    bool begins;        /* the first line, or behind "system" */
    bool leans;         /* it needs the ones before it */
    struct text system; /* borrowed: as all texts here, buffers of each_listed */
    struct text line;
    struct text meaning;
};

static inline unsigned hex_digit(char c)
{
    const char *const digits = "0123456789abcdef";
    const char *at = strchr(digits, c);
    assert_non_null(at);
    return (unsigned)(at - digits);
}

static inline struct text unescaped(struct text t, char *buffer)
{
    struct builder b = builder_on(buffer, LISTING_LINE_MAX);
    for (size_t i = 0; i < t.len; i++) {
        if (t.at[i] != '\\') {
            builder_put_byte(&b, t.at[i]);
            continue;
        }
        char c = ++i < t.len ? t.at[i] : '\0';
        switch (c) {
        case 't':
            builder_put_byte(&b, '\t');
            break;
        case 'r':
            builder_put_byte(&b, '\r');
            break;
        case 's':
            builder_put_byte(&b, ' ');
            break;
        case 'x':
            assert_true(i + 2 < t.len);
            builder_put_byte(&b, (char)(hex_digit(t.at[i + 1]) << 4 | hex_digit(t.at[i + 2])));
            i += 2;
            break;
        default:
            assert_int_equal(c, '\\');
            builder_put_byte(&b, '\\');
        }
    }
    assert_false(b.full);
    return builder_text(&b);
}

/* Calls `on_listed` for every line of a file in which each is written with its meaning. */
static inline unsigned each_listed(const char *name,
                                   void (*on_listed)(const struct listed *listed, void *context),
                                   void *context)
{
    char path[512];
    char bytes[LISTING_LINE_MAX];
    char line[LISTING_LINE_MAX];
    char system[LISTING_LINE_MAX];
    struct listed listed = {.file = name, .begins = true};
    bool is_together = false;
    unsigned count = 0;
    (void)snprintf(path, sizeof(path), LISTING_FILES "/%s.txt", name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (unsigned number = 1; fgets(bytes, sizeof(bytes), f); number++) {
        struct text t = text_of(bytes);
        assert_true(t.len && t.at[t.len - 1] == '\n');
        t.len--;
        if (text_starts_with(t, TEXT("< "))) {
            if (listed.line.at)
                fail_msg("%s:%u: no meaning", name, number - 1);
            listed.line = unescaped(text_after(t, 2), line);
            listed.number = number;
        } else if (text_starts_with(t, TEXT("= "))) {
            if (!listed.line.at)
                fail_msg("%s:%u: the meaning of what?", name, number);
            listed.meaning = text_after(t, 2);
            on_listed(&listed, context);
            count++;
            listed.begins = false;
            listed.leans = is_together;
            listed.line = (struct text){NULL, 0};
        } else if (text_starts_with(t, TEXT("system"))) {
            listed.system = unescaped(text_trim(text_after(t, 6)), system);
            listed.begins = true;
        } else if (text_equal(t, TEXT("together")) || text_equal(t, TEXT("apart"))) {
            is_together = t.at[0] == 't';
            listed.leans = false;
        } else if (t.len && t.at[0] != '#') {
            fail_msg("%s:%u: what is this?", name, number);
        }
    }
    assert_int_equal(fclose(f), 0);
    assert_null(listed.line.at);
    return count;
}

#endif
