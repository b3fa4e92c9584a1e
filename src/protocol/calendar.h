/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calendar: the date and time of day of a moment, in UTC, by arithmetic alone: the
 * C library's gmtime_r looks after time zones and takes a lock, for each line of a
 * listing. Pure: no clock.
 */
#ifndef FERRY_PROTOCOL_CALENDAR_H
#define FERRY_PROTOCOL_CALENDAR_H

#include <stdint.h>

/* Of the Gregorian calendar, also before it was made. */
struct calendar_time {
    int64_t year;   /* 0 is the one before 1 */
    unsigned month; /* 1 to 12 */
    unsigned day;   /* 1 to 31 */
    unsigned hour;
    unsigned minute;
    unsigned second;
};

/* Of `seconds` since 1970, whatever number it is. */
struct calendar_time calendar_time_of(int64_t seconds);

#endif
