/* SPDX-License-Identifier: Apache-2.0 */
#include "base/terms.h"

#include <time.h>

#include "base/memory.h"

const struct term_row term_rows[TERM_NUMBER_OF] = {
#define TERM_ROW(name, word, kind, owners, argument, help)                                         \
    [TERM_##name] = {word, TERM_##kind, owners, argument, help},
    TERMS_LIST(TERM_ROW)
#undef TERM_ROW
};

enum term term_find(struct text word)
{
    unsigned term = 0;
    while (term < TERM_NUMBER_OF && !text_equal(word, text_of(term_rows[term].word)))
        term++;
    return (enum term)term;
}

struct unit {
    char letter; /* upper case; 0 ends a table */
    uint64_t factor;
};

static const struct unit no_units[] = {{0}};
static const struct unit byte_units[] = {
    {'K', 1ULL << 10}, {'M', 1ULL << 20}, {'G', 1ULL << 30}, {'T', 1ULL << 40}, {0}};
static const struct unit second_units[] = {
    {'S', 1}, {'M', 60}, {'H', (uint64_t)60 * 60}, {'D', (uint64_t)24 * 60 * 60}, {0}};

/* Digits and at most one unit. */
static bool parse_number(struct text t, const struct unit *units, uint64_t max,
                         uint64_t *ret_number)
{
    uint64_t factor = 1;
    for (const struct unit *unit = units; t.len && unit->letter; unit++) {
        if (text_upper(t.at[t.len - 1]) == unit->letter) {
            factor = unit->factor;
            t.len--;
            break;
        }
    }
    uint64_t number;
    if (!text_to_number(t, max / factor, &number))
        return false;
    *ret_number = number * factor;
    return true;
}

static bool parse_flag(struct text t, uint64_t *ret_number)
{
    static const char *const words[][2] = {{"off", "on"}, {"no", "yes"}, {"false", "true"}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        for (unsigned value = 0; value < 2; value++) {
            if (text_equal_any_case(t, text_of(words[i][value]))) {
                *ret_number = value;
                return true;
            }
        }
    }
    return false;
}

/* Digits where the shape has a 0, else what it has. */
static bool has_shape(struct text t, struct text shape)
{
    if (t.len != shape.len)
        return false;
    for (size_t i = 0; i < t.len; i++)
        if (shape.at[i] == '0' ? !text_is_digit(t.at[i]) : t.at[i] != shape.at[i])
            return false;
    return true;
}

static int digits_at(struct text t, size_t at, size_t len)
{
    uint64_t number = 0;
    (void)text_to_number((struct text){t.at + at, len}, UINT64_MAX, &number); /* has_shape */
    return (int)number;
}

/* RFC 3339 5.6, in UTC and to the second. */
static bool parse_date(struct text t, uint64_t *ret_number)
{
    bool has_time = has_shape(t, TEXT("0000-00-00T00:00:00Z"));
    if (!has_time && !has_shape(t, TEXT("0000-00-00")))
        return false;
    struct tm tm = {
        .tm_year = digits_at(t, 0, 4) - 1900,
        .tm_mon = digits_at(t, 5, 2) - 1,
        .tm_mday = digits_at(t, 8, 2),
    };
    if (has_time) {
        tm.tm_hour = digits_at(t, 11, 2);
        tm.tm_min = digits_at(t, 14, 2);
        tm.tm_sec = digits_at(t, 17, 2);
    }
    /* What there is not (a 30th of February, 24:00) would be carried over into the date. */
    struct tm normal = tm;
    int64_t seconds = timegm(&normal);
    if (seconds < 0 || tm.tm_mon != normal.tm_mon || tm.tm_mday != normal.tm_mday ||
        tm.tm_hour != normal.tm_hour || tm.tm_min != normal.tm_min || tm.tm_sec != normal.tm_sec)
        return false;
    *ret_number = (uint64_t)seconds;
    return true;
}

static bool parse_proportion(struct text t, struct term_value *value)
{
    struct text up = text_take_until(&t, ':');
    return text_to_number(up, TERM_SMALL_NUMBER_MAX, &value->number) && value->number &&
           text_to_number(t, TERM_SMALL_NUMBER_MAX, &value->second) && value->second;
}

static bool parse_value(enum term_kind kind, struct text t, struct term_value *value)
{
    switch (kind) {
    case TERM_FLAG:
        return parse_flag(t, &value->number);
    case TERM_COUNT:
        return parse_number(t, no_units, TERM_NUMBER_MAX, &value->number);
    case TERM_BYTES:
        return parse_number(t, byte_units, TERM_NUMBER_MAX, &value->number);
    case TERM_RATE:
        return parse_number(t, byte_units, TERM_NUMBER_MAX, &value->number) && value->number;
    case TERM_SECONDS:
        return parse_number(t, second_units, TERM_SMALL_NUMBER_MAX, &value->number);
    case TERM_DATE:
        return parse_date(t, &value->number);
    case TERM_PROPORTION:
        return parse_proportion(t, value);
    case TERM_LIST:
        break;
    }
    return false;
}

/* Of a value that is not of its kind. */
static const char *kind_complaint(enum term_kind kind)
{
    static const char *const texts[] = {
        [TERM_FLAG] = "is not on or off",
        [TERM_COUNT] = "is not a number",
        [TERM_BYTES] = "is not a number of bytes (digits, k, M, G or T)",
        [TERM_RATE] = "is not a number of bytes in a second (digits, k, M, G or T; not 0)",
        [TERM_SECONDS] = "is not a time (digits, s, m, h or d)",
        [TERM_DATE] = "is not a date (2027-01-31 or 2027-01-31T18:00:00Z)",
        [TERM_PROPORTION] = "is not a ratio (UP:DOWN, neither 0)",
        [TERM_LIST] = "is not a text of UTF-8 without control characters",
    };
    return texts[kind];
}

/* False, for who returns it. */
static bool complain(enum term term, struct text value, const char *wrong,
                     char message[TERMS_MESSAGE_SIZE])
{
    enum { SHOWN_MAX = 200 };
    struct builder b = builder_on(message, TERMS_MESSAGE_SIZE);
    builder_put_string(&b, term_rows[term].word);
    builder_put_string(&b, ": \"");
    builder_put(&b, (struct text){value.at, text_cut_utf8(value, SHOWN_MAX)});
    builder_put_string(&b, "\" ");
    builder_put_string(&b, wrong);
    builder_end(&b);
    return false;
}

static bool is_list_text(struct text t)
{
    if (!t.len)
        return false;
    while (t.len) {
        size_t len = text_utf8_len(t);
        bool is_control = (unsigned char)t.at[0] < ' ' || t.at[0] == '\x7F';
        if (!len || is_control)
            return false;
        t = text_after(t, len);
    }
    return true;
}

static bool add_text(struct term_value *value, struct text t)
{
    char **texts = memory_resize(value->texts, value->text_count + 1, sizeof(char *));
    if (!texts)
        return false;
    value->texts = texts;
    texts[value->text_count] = memory_copy(t.at, t.len);
    if (!texts[value->text_count])
        return false;
    value->text_count++;
    value->is_set = true;
    return true;
}

bool terms_set(struct terms *terms, enum term term, struct text value,
               char message[TERMS_MESSAGE_SIZE])
{
    struct term_value *old = &terms->values[term];
    enum term_kind kind = term_rows[term].kind;
    if (text_equal(value, TEXT("none")))
        return complain(term, value, "is no value", message);
    if (kind != TERM_LIST) {
        struct term_value parsed = {.is_set = true};
        if (!parse_value(kind, value, &parsed))
            return complain(term, value, kind_complaint(kind), message);
        *old = parsed;
        return true;
    }
    if (!is_list_text(value))
        return complain(term, value, kind_complaint(kind), message);
    if (value.len > TERM_TEXT_MAX)
        return complain(term, value, "is too long", message);
    if (old->text_count >= TERM_LIST_MAX)
        return complain(term, value, "is one too many", message);
    return add_text(old, value) || complain(term, value, "finds no memory", message);
}

static void put_date(struct builder *b, uint64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm tm;
    gmtime_r(&when, &tm); /* parse_date's: the year has four digits */
    builder_put_number_padded(b, (unsigned)(tm.tm_year + 1900), 4);
    builder_put_byte(b, '-');
    builder_put_number_padded(b, (unsigned)(tm.tm_mon + 1), 2);
    builder_put_byte(b, '-');
    builder_put_number_padded(b, (unsigned)tm.tm_mday, 2);
    builder_put_byte(b, 'T');
    builder_put_number_padded(b, (unsigned)tm.tm_hour, 2);
    builder_put_byte(b, ':');
    builder_put_number_padded(b, (unsigned)tm.tm_min, 2);
    builder_put_byte(b, ':');
    builder_put_number_padded(b, (unsigned)tm.tm_sec, 2);
    builder_put_byte(b, 'Z');
}

void terms_put(const struct terms *terms, enum term term, struct builder *b)
{
    const struct term_value *value = &terms->values[term];
    switch (term_rows[term].kind) {
    case TERM_FLAG:
        builder_put_string(b, value->number ? "on" : "off");
        break;
    case TERM_DATE:
        put_date(b, value->number);
        break;
    case TERM_PROPORTION:
        builder_put_number(b, value->number);
        builder_put_byte(b, ':');
        builder_put_number(b, value->second);
        break;
    case TERM_COUNT:
    case TERM_BYTES:
    case TERM_RATE:
    case TERM_SECONDS:
        builder_put_number(b, value->number);
        break;
    case TERM_LIST:
        break;
    }
}

void terms_clear(struct terms *terms, enum term term)
{
    struct term_value *value = &terms->values[term];
    for (size_t i = 0; i < value->text_count; i++)
        memory_free(value->texts[i]);
    memory_free(value->texts);
    *value = (struct term_value){0};
}

void terms_done(struct terms *terms)
{
    for (unsigned term = 0; term < TERM_NUMBER_OF; term++)
        terms_clear(terms, (enum term)term);
}

static bool copy_texts(const struct term_value *from, struct term_value *to)
{
    if (!from->text_count)
        return true;
    to->texts = memory_new_array(from->text_count, sizeof(char *));
    if (!to->texts)
        return false;
    for (size_t i = 0; i < from->text_count; i++) {
        to->texts[i] = memory_copy(from->texts[i], strlen(from->texts[i]));
        if (!to->texts[i])
            return false;
        to->text_count++;
    }
    return true;
}

bool terms_copy(const struct terms *from, struct terms *ret_to)
{
    struct terms copy = {0};
    for (unsigned term = 0; term < TERM_NUMBER_OF; term++) {
        const struct term_value *value = &from->values[term];
        copy.values[term] = (struct term_value){value->is_set, value->number, value->second, 0, 0};
        if (!copy_texts(value, &copy.values[term])) {
            terms_done(&copy);
            return false;
        }
    }
    *ret_to = copy;
    return true;
}
