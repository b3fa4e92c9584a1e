/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>

#include "server/config.h"
#include "server/loop.h"
#include "server/watch.h"
#include "tests/unit/peers.h"

/* Two ends of a connection, of which ours is watched, and what has been told of it. */
struct end {
    int ours;
    int theirs;
    struct watch *watch;
    struct end *stops; /* whose watch ends when this one is told something */
    unsigned told;
    unsigned events; /* of the last time */
};

static struct loop *loop;

static struct loop *new_loop(void)
{
    char *argv[] = {(char *)"ferryd", (char *)"--root", (char *)"/tmp"};
    char message[CONFIG_MESSAGE_SIZE];
    struct config_request request;
    struct config *config = config_load(COUNT(argv), argv, &request, message);
    assert_non_null(config);
    struct loop *made = loop_new(NULL, config);
    config_unref(config);
    assert_non_null(made);
    return made;
}

static int set_up(void **unused)
{
    (void)unused;
    loop = new_loop();
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    loop_free(loop);
    return 0;
}

static void on_event(void *owner, unsigned events)
{
    struct end *end = owner;
    end->told++;
    end->events = events;
    if (end->stops)
        watch_stop(end->stops->watch);
}

static void open_end(struct end *end, unsigned events)
{
    *end = (struct end){.told = 0};
    peers_connect(&end->ours, &end->theirs);
    end->watch = watch_start(loop, end->ours, events, on_event, end);
    assert_non_null(end->watch);
}

static void close_end(struct end *end)
{
    watch_stop(end->watch);
    close(end->ours);
    close(end->theirs);
}

/* What has happened by now. False: nothing, nor was the loop woken. */
static bool turn_of(struct loop *which)
{
    struct watches *watches = loop_watches(which);
    watches_await(watches, 0);
    bool is_something = watches->event_count > 0;
    watches_tell(watches);
    return is_something;
}

static void say(const struct end *end)
{
    assert_int_equal(send(end->theirs, "x", 1, 0), 1);
    peers_await(end->ours, POLLIN);
}

TEST(what_is_awaited_is_told_until_it_is_dealt_with)
{
    struct end end;
    char byte;
    open_end(&end, WATCH_READ);
    assert_false(turn_of(loop));
    assert_int_equal(end.told, 0);
    say(&end);
    (void)turn_of(loop);
    (void)turn_of(loop);
    assert_int_equal(end.told, 2);
    assert_int_equal(end.events, WATCH_READ);
    assert_int_equal(recv(end.ours, &byte, 1, 0), 1);
    (void)turn_of(loop);
    assert_int_equal(end.told, 2);
    close_end(&end);
}

TEST(what_is_awaited_can_be_changed)
{
    struct end end;
    open_end(&end, WATCH_READ);
    say(&end);
    watch_change(end.watch, WATCH_WRITE);
    (void)turn_of(loop);
    assert_int_equal(end.events, WATCH_WRITE);
    watch_change(end.watch, WATCH_READ | WATCH_WRITE);
    (void)turn_of(loop);
    assert_int_equal(end.events, WATCH_READ | WATCH_WRITE);
    assert_int_equal(end.told, 2);
    watch_change(end.watch, 0);
    (void)turn_of(loop);
    assert_int_equal(end.told, 2);
    watch_change(end.watch, WATCH_READ);
    (void)turn_of(loop);
    assert_int_equal(end.events, WATCH_READ);
    close_end(&end);
}

TEST(urgent_bytes_are_told)
{
    struct end end;
    open_end(&end, WATCH_URGENT);
    assert_int_equal(send(end.theirs, "!", 1, MSG_OOB), 1);
    peers_await(end.ours, POLLPRI);
    (void)turn_of(loop);
    assert_int_equal(end.events, WATCH_URGENT);
    close_end(&end);
}

TEST(an_error_is_told_once_until_something_is_awaited_again)
{
    struct end end;
    open_end(&end, WATCH_READ);
    peers_reset(end.theirs);
    end.theirs = -1;
    peers_await(end.ours, POLLIN);
    for (int i = 0; i < 3; i++)
        (void)turn_of(loop);
    assert_int_equal(end.told, 1);
    assert_int_equal(end.events, WATCH_READ | WATCH_WRITE | WATCH_FAILED);
    watch_change(end.watch, WATCH_WRITE);
    (void)turn_of(loop);
    assert_int_equal(end.told, 2);
    close_end(&end);
}

TEST(who_rests_is_not_told_that_the_peer_is_gone_and_the_loop_does_not_spin)
{
    struct end end;
    open_end(&end, WATCH_READ);
    watch_change(end.watch, 0);
    peers_reset(end.theirs);
    end.theirs = -1;
    peers_await(end.ours, POLLIN);
    for (int i = 0; i < 3; i++)
        (void)turn_of(loop);
    assert_int_equal(end.told, 0);
    assert_int_equal(loop_watches(loop)->event_count, 0);
    watch_change(end.watch, WATCH_READ);
    (void)turn_of(loop);
    assert_int_equal(end.told, 1);
    close_end(&end);
}

/* Both directions have ended, without an error: who reads hears of it. */
TEST(a_hang_up_is_told_as_what_is_awaited)
{
    struct end end;
    open_end(&end, WATCH_READ);
    assert_int_equal(shutdown(end.ours, SHUT_WR), 0);
    assert_int_equal(shutdown(end.theirs, SHUT_WR), 0);
    peers_await(end.ours, POLLHUP);
    (void)turn_of(loop);
    assert_int_equal(end.events, WATCH_READ);
    watch_change(end.watch, WATCH_WRITE);
    (void)turn_of(loop);
    assert_int_equal(end.events, WATCH_WRITE);
    close_end(&end);
}

TEST(what_was_stopped_hears_nothing_not_even_of_what_has_happened_by_then)
{
    struct end one;
    struct end other;
    open_end(&one, WATCH_READ);
    open_end(&other, WATCH_READ);
    one.stops = &other;
    other.stops = &one;
    say(&one);
    say(&other);
    (void)turn_of(loop);
    assert_int_equal(one.told + other.told, 1);
    struct end *left = one.told ? &one : &other;
    watch_stop(left->watch);
    one.watch = NULL;
    other.watch = NULL;
    close_end(&one);
    close_end(&other);
}

static int wakes;

static void *wake(void *which)
{
    for (int i = 0; i < wakes; i++)
        watches_wake(which);
    return NULL;
}

TEST(a_wait_is_ended_from_another_thread_and_by_a_wish_before_it)
{
    pthread_t thread;
    wakes = 1;
    assert_int_equal(pthread_create(&thread, NULL, wake, loop_watches(loop)), 0);
    watches_await(loop_watches(loop), -1);
    assert_int_equal(loop_watches(loop)->event_count, 1);
    watches_tell(loop_watches(loop));
    pthread_join(thread, NULL);
    assert_false(turn_of(loop));
    wakes = 1000;
    (void)wake(loop_watches(loop));
    assert_true(turn_of(loop));
    assert_false(turn_of(loop));
    (void)wake(loop_watches(loop));
    assert_true(turn_of(loop));
}

TEST(what_cannot_be_watched_is_told_so)
{
    struct end end = {.told = 0};
    int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_null(watch_start(loop, file, WATCH_READ, on_event, &end)); /* it is always ready */
    close(file);
    assert_null(watch_start(loop, -1, WATCH_READ, on_event, &end));
    watch_stop(NULL);
}

#define ON_A_LOOP(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_LOOP(what_is_awaited_is_told_until_it_is_dealt_with),
        ON_A_LOOP(what_is_awaited_can_be_changed),
        ON_A_LOOP(urgent_bytes_are_told),
        ON_A_LOOP(an_error_is_told_once_until_something_is_awaited_again),
        ON_A_LOOP(who_rests_is_not_told_that_the_peer_is_gone_and_the_loop_does_not_spin),
        ON_A_LOOP(a_hang_up_is_told_as_what_is_awaited),
        ON_A_LOOP(what_was_stopped_hears_nothing_not_even_of_what_has_happened_by_then),
        ON_A_LOOP(a_wait_is_ended_from_another_thread_and_by_a_wish_before_it),
        ON_A_LOOP(what_cannot_be_watched_is_told_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
