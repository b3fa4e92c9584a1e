/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a wait takes is never asserted: only that no more passes than the rate
 * and the burst allow in the time that it took, and that a wait ends at all.
 */
#include <pthread.h>
#include <time.h>

#include "base/throttle.h"
#include "tests/unit/unit.h"

enum { TAKERS = 4, WANTED_AT_ONCE = 65536 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct throttles set_of(struct throttle *first, struct throttle *second)
{
    struct throttles throttles = {.count = 0};
    throttles_add(&throttles, first);
    throttles_add(&throttles, second);
    return throttles;
}

TEST(without_a_limit_all_passes_at_once)
{
    struct throttle *open = throttle_new(0);
    const struct throttles none = {.count = 0};
    const struct throttles one = set_of(open, NULL);
    assert_int_equal(one.count, 1);
    assert_false(throttles_limit(&none));
    assert_false(throttles_limit(&one));
    assert_true(throttles_take(&none, SIZE_MAX, NULL) == SIZE_MAX);
    assert_true(throttles_take(&one, SIZE_MAX, NULL) == SIZE_MAX);
    throttle_free(open);
    throttle_free(NULL);
}

struct taker {
    struct throttles throttles;
    atomic_bool *told; /* NULL: until it has what it wants */
    uint64_t wanted;
    uint64_t taken;
    pthread_t thread;
};

/* Takes until it has all, and then tells the others; or until it is told. */
static void *take(void *argument)
{
    struct taker *taker = argument;
    while (taker->taken < taker->wanted) {
        uint64_t left = taker->wanted - taker->taken;
        size_t taken = throttles_take(&taker->throttles,
                                      left < WANTED_AT_ONCE ? left : WANTED_AT_ONCE, taker->told);
        if (!taken)
            return NULL;
        taker->taken += taken;
    }
    if (taker->told)
        atomic_store(taker->told, true);
    return NULL;
}

static void begin(struct taker *taker, struct throttles throttles, uint64_t wanted,
                  atomic_bool *told)
{
    *taker = (struct taker){.throttles = throttles, .wanted = wanted, .told = told};
    assert_int_equal(pthread_create(&taker->thread, NULL, take, taker), 0);
}

/* What several take at once, each of them `wanted`, in seconds. */
static double take_together(struct throttles throttles, uint64_t wanted)
{
    struct taker takers[TAKERS];
    double start = now();
    for (int i = 0; i < TAKERS; i++)
        begin(&takers[i], throttles, wanted, NULL);
    for (int i = 0; i < TAKERS; i++)
        pthread_join(takers[i].thread, NULL);
    return now() - start;
}

TEST(all_together_keep_to_the_rate_and_its_burst)
{
    enum { RATE = 1 << 20, EACH = RATE / 3 };
    struct throttle *throttle = throttle_new(RATE);
    double seconds = take_together(set_of(throttle, NULL), EACH);
    assert_true(TAKERS * EACH <= RATE * seconds + RATE / 4.0);
    throttle_free(throttle);
}

TEST(of_several_the_slowest_decides)
{
    enum { RATE = 100000, EACH = RATE / 4 };
    struct throttle *slow = throttle_new(RATE);
    struct throttle *fast = throttle_new(RATE * 1000ULL);
    double seconds = take_together(set_of(fast, slow), EACH);
    assert_true(TAKERS * EACH <= RATE * seconds + RATE / 4.0);
    throttle_free(slow);
    throttle_free(fast);
}

TEST(who_rests_saves_up_no_more_than_a_burst)
{
    enum { RATE = 400000, TAKEN = RATE / 2 };
    struct throttle *throttle = throttle_new(RATE);
    const struct throttles throttles = set_of(throttle, NULL);
    const struct timespec rest = {.tv_nsec = 600 * 1000 * 1000};
    nanosleep(&rest, NULL);
    double start = now();
    struct taker taker = {.throttles = throttles, .wanted = TAKEN};
    (void)take(&taker);
    assert_true(TAKEN <= RATE * (now() - start) + RATE / 4.0);
    throttle_free(throttle);
}

TEST(those_who_wait_get_about_the_same)
{
    enum { RATE = 40000, EACH = 8192 };
    struct taker takers[TAKERS];
    atomic_bool told = false;
    struct throttle *throttle = throttle_new(RATE);
    struct taker first = {.throttles = set_of(throttle, NULL), .wanted = RATE / 4};
    (void)take(&first); /* the burst, for which nobody would wait */
    for (int i = 0; i < TAKERS; i++)
        begin(&takers[i], first.throttles, EACH, &told);
    for (int i = 0; i < TAKERS; i++)
        pthread_join(takers[i].thread, NULL);
    for (int i = 0; i < TAKERS; i++)
        assert_in_range(takers[i].taken, EACH / 4, EACH);
    throttle_free(throttle);
}

/* With the rates of before, each of these two would outlast the time a test may take. */
TEST(a_new_rate_holds_for_those_who_wait)
{
    enum { DAYS = 1000000 };
    struct taker taker;
    struct throttle *throttle = throttle_new(1);
    begin(&taker, set_of(throttle, NULL), DAYS, NULL);
    throttle_set_rate(throttle, 100ULL * DAYS);
    pthread_join(taker.thread, NULL);
    throttle_set_rate(throttle, 1);
    begin(&taker, set_of(throttle, NULL), DAYS, NULL);
    throttle_set_rate(throttle, 0);
    pthread_join(taker.thread, NULL);
    assert_int_equal(taker.taken, DAYS);
    throttle_free(throttle);
}

TEST(a_limit_that_comes_later_counts_from_then)
{
    enum { RATE = 100000 };
    struct throttle *throttle = throttle_new(0);
    const struct throttles throttles = set_of(throttle, NULL);
    assert_int_equal(throttles_take(&throttles, 1000 * RATE, NULL), 1000 * RATE);
    throttle_set_rate(throttle, RATE);
    assert_true(throttles_limit(&throttles));
    double start = now();
    struct taker taker = {.throttles = throttles, .wanted = RATE / 2};
    (void)take(&taker);
    assert_true(taker.wanted <= RATE * (now() - start) + RATE / 4.0);
    throttle_free(throttle);
}

TEST(who_waits_can_be_cancelled)
{
    struct taker taker;
    atomic_bool told = false;
    struct throttle *throttle = throttle_new(1);
    begin(&taker, set_of(throttle, NULL), 1000, &told);
    atomic_store(&told, true);
    pthread_join(taker.thread, NULL);
    assert_int_not_equal(taker.taken, 1000);
    assert_int_equal(throttles_take(&taker.throttles, 1, &told), 0);
    throttle_free(throttle);
}

/* A thousand bytes at four in a second would outlast the time a test may take. */
TEST(what_was_given_back_can_be_taken_again)
{
    struct throttle *throttle = throttle_new(4);
    const struct throttles throttles = set_of(throttle, NULL);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(throttles_take(&throttles, 1000, NULL), 1);
        throttles_give_back(&throttles, 1);
    }
    throttle_free(throttle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(without_a_limit_all_passes_at_once),
        RUN(all_together_keep_to_the_rate_and_its_burst),
        RUN(of_several_the_slowest_decides),
        RUN(who_rests_saves_up_no_more_than_a_burst),
        RUN(those_who_wait_get_about_the_same),
        RUN(a_new_rate_holds_for_those_who_wait),
        RUN(a_limit_that_comes_later_counts_from_then),
        RUN(who_waits_can_be_cancelled),
        RUN(what_was_given_back_can_be_taken_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
