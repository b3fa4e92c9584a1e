/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/calendar.h"

#include <time.h>

#include "tests/unit/unit.h"

static void assert_same_as_library(int64_t seconds)
{
    struct tm tm;
    time_t when = seconds;
    struct calendar_time ours = calendar_time_of(seconds);
    assert_non_null(gmtime_r(&when, &tm));
    assert_int_equal(ours.year, (int64_t)tm.tm_year + 1900);
    assert_int_equal(ours.month, tm.tm_mon + 1);
    assert_int_equal(ours.day, tm.tm_mday);
    assert_int_equal(ours.hour, tm.tm_hour);
    assert_int_equal(ours.minute, tm.tm_min);
    assert_int_equal(ours.second, tm.tm_sec);
}

TEST(each_day_of_eight_centuries_is_the_librarys)
{
    enum { DAY = 24 * 3600 };
    const int64_t first = -11676096000; /* 1600-01-01 */
    for (int64_t day = 0; day < 2 * 146097; day++) {
        assert_same_as_library(first + day * DAY);
        assert_same_as_library(first + (day + 1) * DAY - 1);
    }
}

TEST(each_second_of_a_day_is_the_librarys)
{
    for (int64_t second = 0; second < (int64_t)24 * 3600; second++) {
        assert_same_as_library(1700000000 + second);
        assert_same_as_library(-second);
    }
}

TEST(years_are_those_that_an_int_holds_and_more)
{
    const int64_t last = 67768036191676799; /* the last second that gmtime_r takes */
    const int64_t first = -67768040609740800;
    for (int64_t i = 0; i < 1000; i++) {
        assert_same_as_library(last - i * 86399999999983);
        assert_same_as_library(first + i * 86399999999983);
    }
    assert_int_equal(calendar_time_of(INT64_MAX).year, 292277026596);
    assert_int_equal(calendar_time_of(INT64_MIN).year, -292277022657);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(each_day_of_eight_centuries_is_the_librarys),
        RUN(each_second_of_a_day_is_the_librarys),
        RUN(years_are_those_that_an_int_holds_and_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
