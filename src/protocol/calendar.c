/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/calendar.h"

#include <stdbool.h>

enum {
    DAY_SECONDS = 24 * 3600,
    CYCLE_DAYS = 146097, /* 400 years, after which the calendar begins anew */
    CYCLE_YEARS = 400,
    CENTURY_DAYS = 36524,   /* but for the last of a cycle, which has a day more */
    FOUR_YEARS_DAYS = 1460, /* but for the leap day */
    YEAR_DAYS = 365,
    EPOCH_DAYS = 719468, /* from 1 March of the year 0 to 1970 */
};

/*
 * Years are counted from 1 March, so that the leap day is a year's last, and months
 * have 31 30 31 30 31 days twice and what is left: 153 days in five of them.
 */
struct calendar_time calendar_time_of(int64_t seconds)
{
    int64_t days = seconds / DAY_SECONDS;
    int64_t second = seconds % DAY_SECONDS;
    if (second < 0) {
        second += DAY_SECONDS;
        days--;
    }
    days += EPOCH_DAYS;
    int64_t cycle = (days >= 0 ? days : days - (CYCLE_DAYS - 1)) / CYCLE_DAYS;
    unsigned day = (unsigned)(days - cycle * CYCLE_DAYS);
    unsigned year = (day - day / FOUR_YEARS_DAYS + day / CENTURY_DAYS - day / (CYCLE_DAYS - 1)) /
                    YEAR_DAYS;
    day -= year * YEAR_DAYS + year / 4 - year / 100;
    unsigned month = (5 * day + 2) / 153;
    bool is_next_year = month >= 10;
    return (struct calendar_time){
        .year = cycle * CYCLE_YEARS + year + is_next_year,
        .month = is_next_year ? month - 9 : month + 3,
        .day = day - (153 * month + 2) / 5 + 1,
        .hour = (unsigned)second / 3600,
        .minute = (unsigned)second / 60 % 60,
        .second = (unsigned)second % 60,
    };
}
