/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "policy/hours.h"
#include "tests/unit/unit.h"

/* Seconds since 1970 of "2027-01-04T08:00:00Z". */
static int64_t at(const char *date)
{
    struct tm tm = {0};
    assert_non_null(strptime(date, "%Y-%m-%dT%H:%M:%SZ", &tm));
    return timegm(&tm);
}

static struct hours *make(const char *const *texts, size_t count)
{
    struct hours *hours = NULL;
    struct complaint complaint = {{NULL, 0}, NULL};
    if (hours_new((char *const *)(uintptr_t)texts, count, &hours, &complaint))
        fail_msg("\"%.*s\" %s", TEXT_ARGS(complaint.what), complaint.why);
    return hours;
}

static bool is_open(const char *text, const char *date)
{
    struct hours *hours = make(&text, 1);
    bool open = hours_are_open(hours, at(date));
    hours_free(hours);
    return open;
}

static void ends(const char *const *texts, size_t count, const char *from, const char *expected)
{
    struct hours *hours = make(texts, count);
    int64_t end = hours_end(hours, at(from));
    assert_int_equal(end, expected ? at(expected) : INT64_MAX);
    if (expected) {
        assert_false(hours_are_open(hours, end));
        assert_true(end == at(from) || hours_are_open(hours, end - 1));
    }
    hours_free(hours);
}

static void one_ends(const char *text, const char *from, const char *expected)
{
    ends(&text, 1, from, expected);
}

/* 2027-01-04 is a Monday. */

TEST(it_is_open_from_the_first_second_to_the_last)
{
    static const char hours[] = "Mon-Fri 08:00-18:00";
    assert_false(is_open(hours, "2027-01-04T07:59:59Z"));
    assert_true(is_open(hours, "2027-01-04T08:00:00Z"));
    assert_true(is_open(hours, "2027-01-04T17:59:59Z"));
    assert_false(is_open(hours, "2027-01-04T18:00:00Z"));
}

TEST(days_are_single_or_ranges_or_all)
{
    static const struct {
        const char *days;
        const char *open; /* a + for each day from Monday on */
    } cases[] = {
        {"Mon-Fri", "+++++--"}, {"Sat,Sun", "-----++"}, {"Mon-Wed,Fri", "+++-+--"},
        {"daily", "+++++++"},   {"Fri-Mon", "+---+++"}, {"Sun", "------+"},
        {"tue-TUE", "-+-----"}, {"Mon-Sun", "+++++++"}, {"Sun-Mon", "+-----+"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        struct builder b = builder_on(text, sizeof(text));
        builder_put_string(&b, cases[i].days);
        builder_put_string(&b, " 08:00-18:00");
        const char *hours_text = builder_end(&b);
        struct hours *hours = make(&hours_text, 1);
        for (int day = 0; day < 7; day++)
            if (hours_are_open(hours, at("2027-01-04T12:00:00Z") + day * 86400) !=
                (cases[i].open[day] == '+'))
                fail_msg("%s, day %d", cases[i].days, day);
        hours_free(hours);
    }
}

TEST(over_midnight_belongs_to_the_day_it_begins)
{
    static const char hours[] = "Fri 22:00-06:00";
    assert_false(is_open(hours, "2027-01-08T05:59:59Z"));
    assert_false(is_open(hours, "2027-01-08T21:59:59Z"));
    assert_true(is_open(hours, "2027-01-08T22:00:00Z"));
    assert_true(is_open(hours, "2027-01-08T23:59:59Z"));
    assert_true(is_open(hours, "2027-01-09T00:00:00Z"));
    assert_true(is_open(hours, "2027-01-09T05:59:59Z"));
    assert_false(is_open(hours, "2027-01-09T06:00:00Z"));
    one_ends(hours, "2027-01-08T22:00:00Z", "2027-01-09T06:00:00Z");
    /* The week begins again. */
    assert_true(is_open("Sun 22:00-06:00", "2027-01-11T05:00:00Z"));
    one_ends("Sun 22:00-06:00", "2027-01-10T23:00:00Z", "2027-01-11T06:00:00Z");
}

TEST(a_day_ends_at_24_or_at_0)
{
    assert_true(is_open("Mon 08:00-24:00", "2027-01-04T23:59:59Z"));
    assert_false(is_open("Mon 08:00-24:00", "2027-01-05T00:00:00Z"));
    assert_true(is_open("Mon 08:00-00:00", "2027-01-04T23:59:59Z"));
    assert_false(is_open("Mon 08:00-00:00", "2027-01-05T00:00:00Z"));
    assert_true(is_open("Mon 00:00-24:00", "2027-01-04T00:00:00Z"));
}

TEST(a_zone_has_its_own_clock_and_its_own_days)
{
    static const char madrid[] = "Mon-Fri 08:00-18:00 Europe/Madrid";
    /* One hour before UTC in winter, two in summer. */
    assert_false(is_open(madrid, "2027-01-04T06:59:59Z"));
    assert_true(is_open(madrid, "2027-01-04T07:00:00Z"));
    assert_false(is_open(madrid, "2027-01-04T17:00:00Z"));
    assert_false(is_open(madrid, "2027-07-05T05:59:59Z"));
    assert_true(is_open(madrid, "2027-07-05T06:00:00Z"));
    assert_false(is_open(madrid, "2027-07-05T16:00:00Z"));
    /* Monday begins on Sunday, as UTC has it. */
    assert_true(is_open("Mon 00:00-24:00 Asia/Tokyo", "2027-01-03T15:00:00Z"));
    assert_false(is_open("Mon 00:00-24:00 Asia/Tokyo", "2027-01-04T15:00:00Z"));
    assert_true(is_open("Mon 00:00-24:00 Pacific/Honolulu", "2027-01-05T09:59:59Z"));
    assert_true(is_open("Mon 08:00-18:00 UTC", "2027-01-04T08:00:00Z"));
}

/* 2027-03-28: 02:00 in Madrid is followed by 03:00 (01:00 UTC). */
TEST(clocks_put_forward_close_when_they_show_it)
{
    one_ends("Sat 22:00-06:00 Europe/Madrid", "2027-03-27T21:00:00Z", "2027-03-28T04:00:00Z");
    one_ends("Sun 00:00-05:00 Europe/Madrid", "2027-03-28T00:00:00Z", "2027-03-28T03:00:00Z");
    /* They never show 02:30: closed when they would. */
    one_ends("Sun 00:00-02:30 Europe/Madrid", "2027-03-28T00:00:00Z", "2027-03-28T01:00:00Z");
    assert_false(is_open("Sun 02:00-03:00 Europe/Madrid", "2027-03-28T00:59:59Z"));
    assert_false(is_open("Sun 02:00-03:00 Europe/Madrid", "2027-03-28T01:00:00Z"));
    one_ends("daily 08:00-18:00 Europe/Madrid", "2027-03-27T07:00:00Z", "2027-03-27T17:00:00Z");
    one_ends("daily 08:00-18:00 Europe/Madrid", "2027-03-28T06:00:00Z", "2027-03-28T16:00:00Z");
}

/* 2027-10-31: 03:00 in Madrid is followed by 02:00 (01:00 UTC). */
TEST(clocks_put_back_show_an_hour_twice)
{
    one_ends("Sat 22:00-06:00 Europe/Madrid", "2027-10-30T20:00:00Z", "2027-10-31T05:00:00Z");
    static const char hours[] = "Sun 02:00-02:30 Europe/Madrid";
    assert_false(is_open(hours, "2027-10-30T23:59:59Z"));
    one_ends(hours, "2027-10-31T00:00:00Z", "2027-10-31T00:30:00Z");
    one_ends(hours, "2027-10-31T00:30:00Z", "2027-10-31T00:30:00Z");
    one_ends(hours, "2027-10-31T01:00:00Z", "2027-10-31T01:30:00Z");
    /* At what would be 03:00 it is 02:00 again: not closed yet. */
    one_ends("Sun 01:00-03:00 Europe/Madrid", "2027-10-30T23:00:00Z", "2027-10-31T02:00:00Z");
    one_ends("Sun 01:00-02:30 Europe/Madrid", "2027-10-30T23:00:00Z", "2027-10-31T00:30:00Z");
}

TEST(several_texts_are_one_union)
{
    static const char *const day[] = {"Mon 08:00-12:00", "Mon 12:00-18:00", "Mon 20:00-21:00"};
    ends(day, COUNT(day), "2027-01-04T08:00:00Z", "2027-01-04T18:00:00Z");
    ends(day, COUNT(day), "2027-01-04T20:30:00Z", "2027-01-04T21:00:00Z");
    static const char *const overlap[] = {"Mon 08:00-14:00", "Mon 10:00-11:00", "Mon 13:00-15:00"};
    ends(overlap, COUNT(overlap), "2027-01-04T08:00:00Z", "2027-01-04T15:00:00Z");
    static const char *const week[] = {"Mon-Fri 00:00-24:00", "Sat 00:00-24:00"};
    ends(week, COUNT(week), "2027-01-04T08:00:00Z", "2027-01-10T00:00:00Z");
    ends(week, COUNT(week), "2027-01-10T00:00:00Z", "2027-01-10T00:00:00Z");
}

TEST(hours_without_a_gap_never_end)
{
    one_ends("daily 00:00-24:00", "2027-01-04T08:00:00Z", NULL);
    one_ends("Mon-Sun 00:00-24:00 Europe/Madrid", "2027-01-04T08:00:00Z", NULL);
    static const char *const shifts[] = {"daily 22:00-06:00", "daily 06:00-22:00"};
    ends(shifts, COUNT(shifts), "2027-01-04T08:00:00Z", NULL);
    /* In summer Madrid is an hour further, and a gap opens. */
    static const char *const zones[] = {"daily 00:00-13:00 Europe/Madrid", "daily 12:00-23:00 UTC"};
    ends(zones, COUNT(zones), "2027-01-04T08:00:00Z", "2027-03-28T11:00:00Z");
}

/* Second by second against the clock of every minute: what is asked and what is foretold agree. */
TEST(the_end_is_where_it_stops_being_open)
{
    static const char *const texts[] = {"Sat 23:00-02:30 Europe/Madrid",
                                        "Sun 02:45-04:10 Europe/Madrid", "Sun 03:00-03:20"};
    static const char *const from[] = {"2027-03-27T20:00:00Z", "2027-10-30T20:00:00Z"};
    struct hours *hours = make(texts, COUNT(texts));
    for (size_t i = 0; i < COUNT(from); i++) {
        int64_t last = at(from[i]) + 12 * 3600;
        int64_t end = last;
        while (hours_are_open(hours, end))
            end++;
        for (int64_t now = last - 1; now >= at(from[i]); now--) {
            if (!hours_are_open(hours, now))
                end = now;
            if (now % 60 == 0 || now % 60 == 59)
                assert_int_equal(hours_end(hours, now), end);
        }
    }
    hours_free(hours);
}

TEST(what_is_no_time_is_refused)
{
    static const struct {
        const char *text;
        const char *what;
        const char *why;
    } cases[] = {
        {"", "", "is no day (Mon, Mon-Fri, daily)"},
        {"Mon-Fry 08:00-18:00", "Mon-Fry", "is no day (Mon, Mon-Fri, daily)"},
        {"Mon, 08:00-18:00", "", "is no day (Mon, Mon-Fri, daily)"},
        {"Mon-Tue-Wed 08:00-18:00", "Mon-Tue-Wed", "is no day (Mon, Mon-Fri, daily)"},
        {"08:00-18:00", "08:00-18:00", "is no day (Mon, Mon-Fri, daily)"},
        {"Monday 08:00-18:00", "Monday", "is no day (Mon, Mon-Fri, daily)"},
        {"daily,Mon 08:00-18:00", "daily", "is no day (Mon, Mon-Fri, daily)"},
        {"Mon", "", "is no time of the day (08:00-18:00)"},
        {"Mon 8:00-18:00", "8:00-18:00", "is no time of the day (08:00-18:00)"},
        {"Mon 08:00-25:00", "08:00-25:00", "is no time of the day (08:00-18:00)"},
        {"Mon 08:00-24:01", "08:00-24:01", "is no time of the day (08:00-18:00)"},
        {"Mon 08:60-18:00", "08:60-18:00", "is no time of the day (08:00-18:00)"},
        {"Mon 24:00-18:00", "24:00-18:00", "is no time of the day (08:00-18:00)"},
        {"Mon 08:00-08:00", "08:00-08:00", "is no time of the day (08:00-18:00)"},
        {"Mon 00:00-00:00", "00:00-00:00", "is no time of the day (08:00-18:00)"},
        {"Mon 08:00", "08:00", "is no time of the day (08:00-18:00)"},
        {"Mon 08:00 - 18:00", "08:00", "is no time of the day (08:00-18:00)"},
        {"Mon -1:00-18:00", "-1:00-18:00", "is no time of the day (08:00-18:00)"},
        {"Mon 08:00-18:00 Europe/Madird", "Europe/Madird", "is no time zone (Europe/Madrid)"},
        {"Mon 08:00-18:00 UTC x", "UTC x", "is no time zone (Europe/Madrid)"},
        {"Mon 08:00-18:00 /etc/localtime", "/etc/localtime", "is no time zone (Europe/Madrid)"},
        {"Mon 08:00-18:00 ../zoneinfo/UTC", "../zoneinfo/UTC", "is no time zone (Europe/Madrid)"},
        {"Mon 08:00-18:00 Europe", "Europe", "is no time zone (Europe/Madrid)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hours *hours = NULL;
        struct complaint complaint = {{NULL, 0}, NULL};
        char *text = (char *)(uintptr_t)cases[i].text;
        if (hours_new(&text, 1, &hours, &complaint) != FAULT_ARGUMENT)
            fail_msg("\"%s\" is taken", cases[i].text);
        assert_null(hours);
        assert_text(complaint.what, cases[i].what);
        assert_string_equal(complaint.why, cases[i].why);
    }
}

TEST(one_wrong_text_spoils_all)
{
    static const char *const texts[] = {"Mon 08:00-18:00 Europe/Madrid", "Tue"};
    struct hours *hours = NULL;
    struct complaint complaint;
    assert_fault(hours_new((char *const *)(uintptr_t)texts, 2, &hours, &complaint), FAULT_ARGUMENT);
    assert_null(hours);
}

TEST(no_hours_at_all_are_never_open)
{
    struct hours *hours = make(NULL, 0);
    assert_false(hours_are_open(hours, 0));
    assert_int_equal(hours_end(hours, 1000), 1000);
    hours_free(hours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(it_is_open_from_the_first_second_to_the_last),
        RUN(days_are_single_or_ranges_or_all),
        RUN(over_midnight_belongs_to_the_day_it_begins),
        RUN(a_day_ends_at_24_or_at_0),
        RUN(a_zone_has_its_own_clock_and_its_own_days),
        RUN(clocks_put_forward_close_when_they_show_it),
        RUN(clocks_put_back_show_an_hour_twice),
        RUN(several_texts_are_one_union),
        RUN(hours_without_a_gap_never_end),
        RUN(the_end_is_where_it_stops_being_open),
        RUN(what_is_no_time_is_refused),
        RUN(one_wrong_text_spoils_all),
        RUN(no_hours_at_all_are_never_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
