/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "base/clock.h"
#include "tests/unit/unit.h"

TEST(it_never_goes_back)
{
    int64_t before = clock_running_ns();
    for (int i = 0; i < 100000; i++) {
        int64_t now = clock_running_ns();
        assert_true(now >= before);
        before = now;
    }
}

TEST(what_was_slept_has_passed)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    int64_t before_ms = clock_running_ms();
    nanosleep(&pause, NULL);
    assert_true(clock_running_ms() - before_ms >= 19);
}

TEST(both_units_are_of_one_clock)
{
    int64_t before_ms = clock_running_ms();
    int64_t between_ms = clock_running_ns() / 1000000;
    assert_true(before_ms <= between_ms && between_ms <= clock_running_ms());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(it_never_goes_back),
        RUN(what_was_slept_has_passed),
        RUN(both_units_are_of_one_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
