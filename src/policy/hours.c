/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/hours.h"

#include <glib.h>

#include "base/memory.h"

enum {
    DAYS = 7,
    MINUTE_S = 60,
    DAY_S = 24 * 60 * MINUTE_S,
    WEEK_S = DAYS * DAY_S,
    FIRST_DAY = 3, /* 1970-01-01 was a Thursday, the fourth day of a week */
    HORIZON_S = 396 * DAY_S,
};

struct range {
    GTimeZone *zone; /* owned reference: GLib has one of each for all */
    uint32_t begin;  /* second of the day */
    uint32_t end;    /* likewise; of the day after when it is before the begin */
    unsigned days;   /* set of 1 << day, on which it begins; 0 is Monday */
};

struct hours {
    size_t count;
    struct range ranges[];
};

/* ---- Reading ------------------------------------------------------------------- */

static bool parse_day(struct text word, unsigned *ret_day)
{
    static const struct text names[DAYS] = {TEXT("Mon"), TEXT("Tue"), TEXT("Wed"), TEXT("Thu"),
                                            TEXT("Fri"), TEXT("Sat"), TEXT("Sun")};
    for (unsigned day = 0; day < DAYS; day++) {
        if (text_equal_any_case(word, names[day])) {
            *ret_day = day;
            return true;
        }
    }
    return false;
}

/* "Sat" or "Fri-Mon". */
static bool parse_day_range(struct text word, unsigned *days)
{
    unsigned first;
    unsigned last;
    bool is_range = text_find(word, '-') < word.len;
    if (!parse_day(text_take_until(&word, '-'), &first))
        return false;
    last = first;
    if (is_range && !parse_day(word, &last))
        return false;
    for (unsigned day = first; day != last; day = (day + 1) % DAYS)
        *days |= 1U << day;
    *days |= 1U << last;
    return true;
}

static bool parse_days(struct text words, unsigned *ret_days, struct complaint *ret_complaint)
{
    unsigned days = 0;
    bool more = true;
    if (text_equal_any_case(words, TEXT("daily"))) {
        *ret_days = (1U << DAYS) - 1;
        return true;
    }
    while (more) {
        more = text_find(words, ',') < words.len;
        struct text word = text_take_until(&words, ',');
        if (!parse_day_range(word, &days)) {
            *ret_complaint = (struct complaint){word, "is no day (Mon, Mon-Fri, daily)"};
            return false;
        }
    }
    *ret_days = days;
    return true;
}

/* "08:00" to "24:00". */
static bool parse_time(struct text t, uint32_t *ret_second)
{
    uint64_t hour;
    uint64_t minute;
    if (t.len != 5 || t.at[2] != ':' || !text_to_number((struct text){t.at, 2}, 24, &hour) ||
        !text_to_number(text_after(t, 3), 59, &minute) || (hour == 24 && minute))
        return false;
    *ret_second = (uint32_t)(hour * 60 + minute) * MINUTE_S;
    return true;
}

static bool parse_times(struct text t, struct range *range, struct complaint *ret_complaint)
{
    struct text end = t;
    struct text begin = text_take_until(&end, '-');
    if (parse_time(begin, &range->begin) && parse_time(end, &range->end) && range->begin < DAY_S &&
        range->begin != range->end)
        return true;
    *ret_complaint = (struct complaint){t, "is no time of the day (08:00-18:00)"};
    return false;
}

/* GLib would also read files elsewhere. */
static bool is_zone_name(struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (!g_ascii_isalnum(t.at[i]) && text_find(TEXT("/_+-"), t.at[i]) == 4)
            return false;
    return t.len && t.at[0] != '/';
}

static bool parse_zone(struct text t, struct range *range, struct complaint *ret_complaint)
{
    enum { ZONE_SIZE = 64 };
    char name[ZONE_SIZE];
    struct builder b = builder_on(name, sizeof(name));
    builder_put(&b, t.len ? t : TEXT("UTC"));
    builder_end(&b);
    if (!b.full && is_zone_name(builder_text(&b)))
        range->zone = g_time_zone_new_identifier(name);
    if (range->zone)
        return true;
    *ret_complaint = (struct complaint){t, "is no time zone (Europe/Madrid)"};
    return false;
}

static bool parse_range(struct text text, struct range *range, struct complaint *ret_complaint)
{
    struct text days = text_take_word(&text);
    struct text times = text_take_word(&text);
    return parse_days(days, &range->days, ret_complaint) &&
           parse_times(times, range, ret_complaint) &&
           parse_zone(text_trim(text), range, ret_complaint);
}

enum fault hours_new(char *const *texts, size_t count, struct hours **ret_hours,
                     struct complaint *ret_complaint)
{
    struct hours *hours = memory_new(sizeof(*hours) + count * sizeof(struct range));
    if (!hours)
        return FAULT_NO_MEMORY;
    for (; hours->count < count; hours->count++) {
        struct range *range = &hours->ranges[hours->count];
        if (!parse_range(text_of(texts[hours->count]), range, ret_complaint)) {
            hours_free(hours);
            return FAULT_ARGUMENT;
        }
    }
    *ret_hours = hours;
    return FAULT_NONE;
}

void hours_free(struct hours *hours)
{
    for (size_t i = 0; hours && i < hours->count; i++)
        g_time_zone_unref(hours->ranges[i].zone);
    memory_free(hours);
}

/* ---- Asking -------------------------------------------------------------------- */

/* Between two times when clocks are put, the difference from UTC is the same. */
static int period(const struct range *range, int64_t now)
{
    return g_time_zone_find_interval(range->zone, G_TIME_TYPE_UNIVERSAL, now);
}

/* How long it is open from now on if no clock is put; 0: it is closed. */
static int64_t seconds_left(const struct range *range, int64_t now)
{
    int64_t local = now + g_time_zone_get_offset(range->zone, period(range, now));
    int64_t of_week = ((local + FIRST_DAY * (int64_t)DAY_S) % WEEK_S + WEEK_S) % WEEK_S;
    unsigned day = (unsigned)(of_week / DAY_S);
    unsigned day_before = (day + DAYS - 1) % DAYS;
    int64_t second = of_week % DAY_S;
    bool over_midnight = range->end < range->begin;
    if (range->days & 1U << day && second >= range->begin) {
        if (over_midnight)
            return DAY_S - second + range->end;
        if (second < range->end)
            return range->end - second;
    }
    if (over_midnight && range->days & 1U << day_before && second < range->end)
        return range->end - second;
    return 0;
}

/*
 * The first second after `now` when it may be closed: its end, or when clocks are
 * put if that is before; `now` when it is closed.
 */
static int64_t next_look(const struct range *range, int64_t now)
{
    int64_t left = seconds_left(range, now);
    int64_t same = now; /* the latest that is known to be of the same period */
    int64_t next = now + left;
    int current = period(range, now);
    if (!left || period(range, next) == current)
        return next;
    while (next - same > 1) {
        int64_t middle = same + (next - same) / 2;
        if (period(range, middle) == current)
            same = middle;
        else
            next = middle;
    }
    return next;
}

bool hours_are_open(const struct hours *hours, int64_t now)
{
    for (size_t i = 0; i < hours->count; i++)
        if (seconds_left(&hours->ranges[i], now))
            return true;
    return false;
}

int64_t hours_end(const struct hours *hours, int64_t now)
{
    int64_t end = now;
    while (end - now < HORIZON_S) {
        int64_t look = end;
        for (size_t i = 0; i < hours->count; i++) {
            int64_t next = next_look(&hours->ranges[i], end);
            if (next > look)
                look = next;
        }
        if (look == end)
            return end;
        end = look;
    }
    return INT64_MAX;
}
