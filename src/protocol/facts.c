/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/facts.h"

#include <time.h>

#include "protocol/calendar.h"

static const struct text fact_names[FACT_COUNT] = {
#define FACT_NAME(name, wire) [FACT_INDEX_##name] = {wire, sizeof(wire) - 1},
    FACT_LIST(FACT_NAME)
#undef FACT_NAME
};

/* As they are written. */
static const struct text fact_beginnings[FACT_COUNT] = {
#define FACT_BEGINNING(name, wire) [FACT_INDEX_##name] = {wire "=", sizeof(wire)},
    FACT_LIST(FACT_BEGINNING)
#undef FACT_BEGINNING
};

static void put_unique(struct builder *b, const struct facts *facts)
{
    if (facts->unique.len) {
        builder_put(b, facts->unique);
        return;
    }
    builder_put_hex(b, facts->device);
    builder_put_byte(b, 'g');
    builder_put_hex(b, facts->file_number);
}

static void put_owner(struct builder *b, struct text name, unsigned number)
{
    if (name.len)
        builder_put(b, name);
    else
        builder_put_number(b, number);
}

static void put_value(struct builder *b, const struct facts *facts, enum fact_index fact)
{
    switch (fact) {
    case FACT_INDEX_TYPE:
        builder_put(b, facts->type);
        break;
    case FACT_INDEX_SIZE:
        builder_put_number(b, facts->size);
        break;
    case FACT_INDEX_MODIFY:
        facts_put_time(b, facts->modify.seconds);
        break;
    case FACT_INDEX_CREATE:
        facts_put_time(b, facts->create.seconds);
        break;
    case FACT_INDEX_PERM:
        builder_put(b, facts->perm);
        break;
    case FACT_INDEX_UNIQUE:
        put_unique(b, facts);
        break;
    case FACT_INDEX_UNIX_MODE:
        builder_put_octal(b, facts->mode, 4);
        break;
    case FACT_INDEX_UNIX_OWNER:
        put_owner(b, facts->owner_name, facts->owner);
        break;
    case FACT_INDEX_UNIX_GROUP:
        put_owner(b, facts->group_name, facts->group);
        break;
    case FACT_COUNT:
        break;
    }
}

void facts_put(struct builder *b, const struct facts *facts, unsigned selected)
{
    unsigned shown = facts->present & selected;
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        if (!(shown & 1U << i))
            continue;
        builder_put(b, fact_beginnings[i]);
        put_value(b, facts, (enum fact_index)i);
        builder_put_byte(b, ';');
    }
    builder_put_byte(b, ' ');
}

/* Index of a fact's name, FACT_COUNT when there is none such. */
static unsigned fact_named(struct text name)
{
    unsigned i = 0;
    while (i < FACT_COUNT && !text_equal_any_case(name, fact_names[i]))
        i++;
    return i;
}

/* Could it be the name of a fact, of anybody's? RFC 3659 7.2 and 2.1: one or more RCHAR. */
static bool is_fact_name(struct text t)
{
    const struct text marks = TEXT(",.:!@#$%^&()-_+?/\\'\"");
    for (size_t i = 0; i < t.len; i++) {
        char c = text_upper(t.at[i]);
        if ((c < 'A' || c > 'Z') && !text_is_digit(c) && text_find(marks, c) == marks.len)
            return false;
    }
    return t.len > 0;
}

bool facts_parse_selection(struct text argument, unsigned *ret_mask)
{
    unsigned mask = 0;
    struct text rest = argument;
    while (rest.len) {
        struct text name = text_take_until(&rest, ';');
        unsigned fact = fact_named(name);
        if (!is_fact_name(name))
            return false;
        if (fact < FACT_COUNT)
            mask |= 1U << fact;
    }
    *ret_mask = mask;
    return true;
}

void facts_put_selection(struct builder *b, unsigned mask, unsigned marked)
{
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        if (!(mask & 1U << i))
            continue;
        builder_put(b, fact_names[i]);
        if (marked & 1U << i)
            builder_put_byte(b, '*');
        builder_put_byte(b, ';');
    }
}

void facts_parse_offer(struct text parameters, unsigned *ret_mask, unsigned *ret_marked)
{
    unsigned mask = 0;
    unsigned marked = 0;
    while (parameters.len) {
        struct text name = text_trim(text_take_until(&parameters, ';'));
        bool is_marked = name.len && name.at[name.len - 1] == '*';
        name.len -= is_marked;
        unsigned fact = fact_named(name);
        if (fact == FACT_COUNT)
            continue;
        mask |= 1U << fact;
        if (is_marked)
            marked |= 1U << fact;
    }
    *ret_mask = mask;
    *ret_marked = marked;
}

static char *put_two_digits(char *at, unsigned number)
{
    at[0] = (char)('0' + number / 10);
    at[1] = (char)('0' + number % 10);
    return at + 2;
}

void facts_put_time(struct builder *b, int64_t seconds)
{
    const int64_t first = -62167219200; /* 0000-01-01T00:00:00Z */
    const int64_t last = 253402300799;  /* 9999-12-31T23:59:59Z */
    char digits[14];
    struct calendar_time time = calendar_time_of(seconds < first  ? first
                                                 : seconds > last ? last
                                                                  : seconds);
    char *at = put_two_digits(digits, (unsigned)time.year / 100);
    at = put_two_digits(at, (unsigned)time.year % 100);
    at = put_two_digits(at, time.month);
    at = put_two_digits(at, time.day);
    at = put_two_digits(at, time.hour);
    at = put_two_digits(at, time.minute);
    put_two_digits(at, time.second);
    builder_put(b, (struct text){digits, sizeof(digits)});
}

static bool take_digits(struct text *t, size_t count, int *ret_number)
{
    uint64_t number;
    if (t->len < count || !text_to_number((struct text){t->at, count}, 9999, &number))
        return false;
    *t = text_after(*t, count);
    *ret_number = (int)number;
    return true;
}

/* ".sss": digits after the ninth are dropped. */
static bool parse_fraction(struct text t, uint32_t *ret_nanoseconds)
{
    uint32_t nanoseconds = 0;
    uint32_t unit = 100000000;
    if (!t.len)
        return true;
    if (t.at[0] != '.' || t.len < 2)
        return false;
    for (size_t i = 1; i < t.len; i++, unit /= 10) {
        if (!text_is_digit(t.at[i]))
            return false;
        nanoseconds += (uint32_t)(t.at[i] - '0') * unit;
    }
    *ret_nanoseconds = nanoseconds;
    return true;
}

bool facts_parse_time(struct text t, struct fact_time *ret_time)
{
    struct tm tm = {0};
    struct fact_time parsed = {0, 0};
    if (!take_digits(&t, 4, &tm.tm_year) || !take_digits(&t, 2, &tm.tm_mon) ||
        !take_digits(&t, 2, &tm.tm_mday) || !take_digits(&t, 2, &tm.tm_hour) ||
        !take_digits(&t, 2, &tm.tm_min) || !take_digits(&t, 2, &tm.tm_sec) ||
        !parse_fraction(t, &parsed.nanoseconds))
        return false;
    if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    /* RFC 3659 2.3 allows second 60: the next minute's first. timegm would carry it over into the
     * date, which has to come out as it was given. */
    int leap_second = tm.tm_sec == 60;
    tm.tm_sec -= leap_second;
    struct tm normal = tm;
    parsed.seconds = timegm(&normal) + leap_second;
    if (normal.tm_mon != tm.tm_mon || normal.tm_mday != tm.tm_mday)
        return false;
    *ret_time = parsed;
    return true;
}

static enum fact_change_result parse_change(struct text name, struct text value,
                                            struct fact_changes *changes)
{
    uint64_t mode;
    unsigned fact = fact_named(name);
    switch (fact) {
    case FACT_INDEX_MODIFY:
        if (!facts_parse_time(value, &changes->modify))
            return FACT_CHANGE_MALFORMED;
        break;
    case FACT_INDEX_CREATE:
        if (!facts_parse_time(value, &changes->create))
            return FACT_CHANGE_MALFORMED;
        break;
    case FACT_INDEX_UNIX_MODE:
        if (!text_to_octal(value, 0777, &mode))
            return FACT_CHANGE_MALFORMED;
        changes->mode = (unsigned)mode;
        break;
    default:
        return FACT_CHANGE_UNSUPPORTED;
    }
    changes->present |= 1U << fact;
    return FACT_CHANGE_OK;
}

enum fact_change_result facts_parse_changes(struct text argument, struct fact_changes *ret_changes)
{
    struct fact_changes changes = {0};
    struct text rest = argument;
    if (!rest.len)
        return FACT_CHANGE_MALFORMED;
    while (rest.len) {
        struct text value = text_take_until(&rest, ';');
        if (text_find(value, '=') == value.len)
            return FACT_CHANGE_MALFORMED;
        struct text name = text_take_until(&value, '=');
        enum fact_change_result result = parse_change(name, value, &changes);
        if (result != FACT_CHANGE_OK)
            return result;
    }
    *ret_changes = changes;
    return FACT_CHANGE_OK;
}
