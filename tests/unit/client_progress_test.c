/* SPDX-License-Identifier: Apache-2.0 */
#include "client/progress.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

static char bytes[PROGRESS_LINE_SIZE + 16];

static struct text size_of(uint64_t size)
{
    struct builder b = builder_on(bytes, sizeof(bytes));
    progress_put_bytes(&b, size);
    return builder_text(&b);
}

static struct text time_of(uint64_t seconds)
{
    struct builder b = builder_on(bytes, sizeof(bytes));
    progress_put_seconds(&b, seconds);
    return builder_text(&b);
}

static struct text line_of(const struct progress_state *state, uint64_t speed, size_t width)
{
    struct builder b = builder_on(bytes, sizeof(bytes));
    progress_put_line(&b, state, speed, width);
    assert_false(b.full);
    return builder_text(&b);
}

TEST(a_size_is_short_and_has_a_unit)
{
    static const struct {
        uint64_t size;
        const char *expected;
    } cases[] = {
        {0, "0 B"},
        {999, "999 B"},
        {1000, "0.9 KiB"},
        {1024, "1.0 KiB"},
        {1536, "1.5 KiB"},
        {100 * KIB - 1, "99.9 KiB"},
        {100 * KIB, "100 KiB"},
        {999 * KIB, "999 KiB"},
        {1000 * KIB, "0.9 MiB"},
        {MIB, "1.0 MiB"},
        {UINT64_C(5) << 40, "5.0 TiB"},
        {UINT64_MAX, "15.9 EiB"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_text(size_of(cases[i].size), cases[i].expected);
}

TEST(a_time_is_hours_minutes_and_seconds)
{
    static const struct {
        uint64_t seconds;
        const char *expected;
    } cases[] = {
        {0, "0:00"},          {5, "0:05"},       {65, "1:05"},
        {3599, "59:59"},      {3600, "1:00:00"}, {3723, "1:02:03"},
        {359999, "99:59:59"}, {360000, "--:--"}, {PROGRESS_UNKNOWN, "--:--"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_text(time_of(cases[i].seconds), cases[i].expected);
}

TEST(columns_are_those_of_a_terminal)
{
    assert_int_equal(progress_columns(TEXT("")), 0);
    assert_int_equal(progress_columns(TEXT("abc")), 3);
    assert_int_equal(progress_columns(TEXT("\xC3\xA4\xE2\x82\xAC")), 2); /* ä, € */
    assert_int_equal(progress_columns(TEXT("\xE6\x97\xA5\xE6\x9C\xAC")), 4);
    assert_int_equal(progress_columns(TEXT("\xF0\x9F\x98\x80")), 2);
    assert_int_equal(progress_columns(TEXT("\xFF\xC3")), 2);
}

TEST(a_line_says_what_how_much_how_fast_and_how_long)
{
    const struct progress_state one = {TEXT("pub/file.iso"), 45 * MIB, 100 * MIB, 0, 1};
    assert_text(line_of(&one, 11 * MIB, 60),
                "pub/file.iso             45%  45.0 MiB  11.0 MiB/s      0:05");
    const struct progress_state many = {TEXT("pub/file.iso"), 45 * MIB, 100 * MIB, 12, 340};
    assert_text(line_of(&many, 11 * MIB, 60),
                "12/340 pub/file.iso      45%  45.0 MiB  11.0 MiB/s      0:05");
}

TEST(what_is_not_known_is_not_said)
{
    const struct progress_state state = {TEXT("a"), 45 * MIB, PROGRESS_UNKNOWN, 0, 0};
    assert_text(line_of(&state, PROGRESS_UNKNOWN, 60),
                "a                             45.0 MiB                 --:--");
    assert_text(line_of(&state, 0, 60),
                "a                             45.0 MiB       0 B/s     --:--");
}

TEST(only_what_is_complete_is_all_of_it)
{
    static const struct {
        uint64_t done;
        uint64_t total;
        const char *expected;
    } cases[] = {
        {0, 1, "  0%"},
        {999, 1000, " 99%"},
        {1000, 1000, "100%"},
        {2000, 1000, "100%"},
        {0, 0, "100%"},
        {99, 199, " 49%"},
        {198, 199, " 99%"},
        {UINT64_MAX - 2, UINT64_MAX - 1, " 99%"},
        {UINT64_MAX - 1, UINT64_MAX - 1, "100%"},
        {5, PROGRESS_UNKNOWN, "    "},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct progress_state state = {TEXT("a"), cases[i].done, cases[i].total, 0, 0};
        assert_text(line_of(&state, 1, 5), cases[i].expected);
    }
}

TEST(a_narrow_terminal_gets_less_and_never_more_than_it_is_wide)
{
    static const struct text name = {"dir/\xE6\x97\xA5\xE6\x9C\xAC/a long \x1B[31mname\xFF.tar.gz",
                                     35};
    for (size_t width = 0; width < 2 * PROGRESS_WIDTH_MAX; width++) {
        const struct progress_state state = {name, 45 * MIB, 100 * MIB, 12, 340};
        struct text line = line_of(&state, 11 * MIB, width);
        if (progress_columns(line) > width || progress_columns(line) > PROGRESS_WIDTH_MAX)
            fail_msg("%zu columns are too many: \"%.*s\"", width, TEXT_ARGS(line));
        for (size_t i = 0; i < line.len; i++)
            assert_true((unsigned char)line.at[i] >= ' ' && line.at[i] != 0x7F);
    }
    const struct progress_state state = {TEXT("some/directory/file.iso"), 45 * MIB, 100 * MIB, 0,
                                         1};
    assert_text(line_of(&state, 11 * MIB, 42), "...ory/file.iso  45%  11.0 MiB/s      0:05");
}

TEST(the_end_of_a_name_is_what_is_shown)
{
    static char name[5000];
    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = 'z';
    const struct progress_state state = {{name, sizeof(name)}, 1, 2, 0, 1};
    struct text line = line_of(&state, 1, 30);
    assert_true(text_starts_with(line, TEXT("...aaaa")));
    assert_true(text_find(line, 'z') < line.len);
}

TEST(speed_is_that_of_the_last_seconds)
{
    struct progress_speed speed = {.count = 0};
    assert_int_equal(progress_speed_of(&speed, 1000, 0), PROGRESS_UNKNOWN);
    assert_int_equal(progress_speed_of(&speed, 1000, 500), PROGRESS_UNKNOWN);
    assert_int_equal(progress_speed_of(&speed, 2000, 1000), 1000);
    for (int i = 1; i <= 200; i++) /* ten seconds of 1000, then of 5000 in a second */
        (void)progress_speed_of(&speed, 2000 + i * 50, 1000 + (uint64_t)i * 50);
    assert_in_range(progress_speed_of(&speed, 12000, 11000), 990, 1010);
    uint64_t last = 0;
    for (int i = 1; i <= 200; i++) {
        uint64_t now = progress_speed_of(&speed, 12000 + i * 50, 11000 + (uint64_t)i * 250);
        assert_true(now >= last); /* it goes up by and by */
        last = now;
    }
    assert_in_range(last, 4950, 5050);
}

TEST(a_stall_brings_the_speed_down_and_it_recovers)
{
    struct progress_speed speed = {.count = 0};
    (void)progress_speed_of(&speed, 0, 0);
    for (int i = 1; i <= 100; i++)
        (void)progress_speed_of(&speed, i * 100, (uint64_t)i * 1000);
    assert_in_range(progress_speed_of(&speed, 10000, 100000), 9900, 10100);
    for (int i = 1; i <= 60; i++)
        (void)progress_speed_of(&speed, 10000 + i * 100, 100000);
    assert_int_equal(progress_speed_of(&speed, 16100, 100000), 0);
    /* and nothing was asked for a minute: it is not known for less than that */
    assert_in_range(progress_speed_of(&speed, 76100, 160000), 990, 1010);
}

TEST(fewer_bytes_than_before_begin_anew)
{
    struct progress_speed speed = {.count = 0};
    (void)progress_speed_of(&speed, 0, 1000);
    assert_int_equal(progress_speed_of(&speed, 1000, 2000), 1000);
    assert_int_equal(progress_speed_of(&speed, 2000, 500), PROGRESS_UNKNOWN);
    assert_int_equal(progress_speed_of(&speed, 3000, 600), 100);
    assert_int_equal(progress_speed_of(&speed, 2500, 700), PROGRESS_UNKNOWN);
    struct progress_speed fast = {.count = 0};
    (void)progress_speed_of(&fast, 0, 0);
    assert_true(progress_speed_of(&fast, 1000, UINT64_MAX / 2) > UINT64_MAX / 3); /* no overflow */
}

/* ---- Drawing -------------------------------------------------------------------------- */

struct screen {
    int ours;
    int programs;
};

static struct screen open_screen(unsigned short columns)
{
    char name[64];
    struct winsize size = {.ws_col = columns, .ws_row = 24};
    struct screen screen = {.ours = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
    assert_true(screen.ours >= 0 && !grantpt(screen.ours) && !unlockpt(screen.ours));
    assert_int_equal(ptsname_r(screen.ours, name, sizeof(name)), 0);
    screen.programs = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(screen.programs >= 0);
    assert_int_equal(ioctl(screen.programs, TIOCSWINSZ, &size), 0);
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    return screen;
}

static void close_screen(struct screen *screen)
{
    close(screen->ours);
    close(screen->programs);
}

static struct text seen(int fd)
{
    static char shown[4096];
    ssize_t n = read(fd, shown, sizeof(shown));
    return (struct text){shown, n > 0 ? (size_t)n : 0};
}

TEST(a_terminal_gets_a_line_some_times_a_second)
{
    struct progress progress;
    struct screen screen = open_screen(41);
    const struct progress_state state = {TEXT("name"), 1 * MIB, 2 * MIB, 0, 1};
    progress_init(&progress, screen.programs, SETTINGS_AUTO);
    progress_show(&progress, &state, 1000);
    assert_text(seen(screen.ours), ""); /* it may be done at once */
    progress_show(&progress, &state, 1199);
    assert_text(seen(screen.ours), "");
    progress_show(&progress, &state, 1200);
    assert_text(seen(screen.ours), "\rname           50%       0 B/s     --:--\x1B[K");
    progress_show(&progress, &state, 1300);
    assert_text(seen(screen.ours), "");
    progress_clear(&progress);
    assert_text(seen(screen.ours), "\r\x1B[K");
    progress_clear(&progress);
    assert_text(seen(screen.ours), "");
    close_screen(&screen);
}

TEST(a_terminal_that_changes_gets_lines_as_wide_as_it_is)
{
    struct progress progress;
    struct screen screen = open_screen(100);
    struct winsize size = {.ws_col = 30, .ws_row = 24};
    const struct progress_state state = {TEXT("name"), 1, 2, 0, 1};
    progress_init(&progress, screen.programs, SETTINGS_AUTO);
    progress_show(&progress, &state, 0);
    progress_show(&progress, &state, 1000);
    assert_int_equal(progress_columns(seen(screen.ours)), 99 + 4);
    assert_int_equal(ioctl(screen.programs, TIOCSWINSZ, &size), 0);
    progress_show(&progress, &state, 2000);
    assert_true(progress_columns(seen(screen.ours)) <= 29 + 4);
    close_screen(&screen);
}

TEST(a_pipe_gets_nothing_unless_it_is_asked_for)
{
    struct progress progress;
    int ends[2];
    const struct progress_state state = {TEXT("name"), 1, 2, 0, 1};
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    progress_init(&progress, ends[1], SETTINGS_AUTO);
    progress_show(&progress, &state, 0);
    progress_show(&progress, &state, 1000);
    progress_clear(&progress);
    assert_text(seen(ends[0]), "");
    progress_init(&progress, ends[1], SETTINGS_ON);
    progress_show(&progress, &state, 0);
    progress_show(&progress, &state, 1000);
    assert_int_equal(progress_columns(seen(ends[0])), 79 + 4);
    close(ends[0]);
    close(ends[1]);
}

TEST(a_terminal_that_is_dumb_or_does_not_want_it_gets_nothing)
{
    struct progress progress;
    struct screen screen = open_screen(80);
    progress_init(&progress, screen.programs, SETTINGS_AUTO);
    assert_true(progress.is_on);
    progress_init(&progress, screen.programs, SETTINGS_OFF);
    assert_false(progress.is_on);
    assert_int_equal(setenv("TERM", "dumb", 1), 0);
    progress_init(&progress, screen.programs, SETTINGS_AUTO);
    assert_false(progress.is_on);
    close_screen(&screen);
}

TEST(other_transfers_have_another_speed)
{
    struct progress progress;
    struct screen screen = open_screen(80);
    const struct progress_state state = {TEXT("name"), 1, 2, 0, 1};
    progress_init(&progress, screen.programs, SETTINGS_ON);
    progress_show(&progress, &state, 0);
    progress_show(&progress, &state, 1000);
    (void)seen(screen.ours);
    progress_restart(&progress);
    assert_text(seen(screen.ours), "\r\x1B[K");
    assert_int_equal(progress.speed.count, 0);
    progress_show(&progress, &state, 1100);
    assert_text(seen(screen.ours), "");
    close_screen(&screen);
}

TEST(a_mark_is_made_for_each_block_once)
{
    struct progress_marks marks = {.each = 1024};
    char marks_bytes[4];
    int ends[2];
    struct builder b = builder_on(marks_bytes, sizeof(marks_bytes));
    assert_false(progress_put_marks(&b, &marks, 1023));
    assert_int_equal(b.len, 0);
    assert_false(progress_put_marks(&b, &marks, 2048));
    assert_text(builder_text(&b), "##");
    assert_true(progress_put_marks(&b, &marks, 10 * 1024));
    assert_text(builder_text(&b), "####");
    assert_false(b.full);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    progress_write_marks(ends[1], &marks, 1000 * 1024);
    struct text all = seen(ends[0]);
    assert_int_equal(all.len, 996);
    progress_write_marks(ends[1], &marks, 1000 * 1024);
    assert_text(seen(ends[0]), "");
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_size_is_short_and_has_a_unit),
        RUN(a_time_is_hours_minutes_and_seconds),
        RUN(columns_are_those_of_a_terminal),
        RUN(a_line_says_what_how_much_how_fast_and_how_long),
        RUN(what_is_not_known_is_not_said),
        RUN(only_what_is_complete_is_all_of_it),
        RUN(a_narrow_terminal_gets_less_and_never_more_than_it_is_wide),
        RUN(the_end_of_a_name_is_what_is_shown),
        RUN(speed_is_that_of_the_last_seconds),
        RUN(a_stall_brings_the_speed_down_and_it_recovers),
        RUN(fewer_bytes_than_before_begin_anew),
        RUN(a_terminal_gets_a_line_some_times_a_second),
        RUN(a_terminal_that_changes_gets_lines_as_wide_as_it_is),
        RUN(a_pipe_gets_nothing_unless_it_is_asked_for),
        RUN(a_terminal_that_is_dumb_or_does_not_want_it_gets_nothing),
        RUN(other_transfers_have_another_speed),
        RUN(a_mark_is_made_for_each_block_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
