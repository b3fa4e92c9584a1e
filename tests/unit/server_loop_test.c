/* SPDX-License-Identifier: Apache-2.0 */
#include "server/loop.h"

#include "server/config.h"
#include "tests/unit/peers.h"

static struct loop *loop;

static int set_up(void **unused)
{
    (void)unused;
    char *argv[] = {(char *)"ferryd", (char *)"--root", (char *)"/tmp"};
    char message[CONFIG_MESSAGE_SIZE];
    struct config_request request;
    struct config *config = config_load(COUNT(argv), argv, &request, message);
    assert_non_null(config);
    loop = loop_new(NULL, config);
    config_unref(config);
    assert_non_null(loop);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    loop_free(loop);
    return 0;
}

/* One round: it has no session, so that there is nothing to stay for. */
static void turn(void)
{
    loop_tell(loop, LOOP_DRAIN);
    loop_run(loop);
}

struct guest {
    struct errand errand;
    int number;
    unsigned load; /* while it was seen to */
};

static int seen[4];
static size_t seen_count;

static void on_errand(struct errand *errand, struct loop *by)
{
    struct guest *guest = (struct guest *)errand;
    assert_ptr_equal(by, loop);
    guest->load = loop_load(loop);
    seen[seen_count++] = guest->number;
}

static struct guest guest_of(int number)
{
    return (struct guest){{.on_errand = on_errand}, number, 0};
}

TEST(who_is_brought_counts_at_once_and_is_seen_to_in_order)
{
    struct guest guests[3];
    seen_count = 0;
    assert_int_equal(loop_load(loop), 0);
    for (int i = 0; i < 3; i++) {
        guests[i] = guest_of(i);
        assert_true(loop_bring(loop, &guests[i].errand));
        assert_int_equal(loop_load(loop), i + 1);
    }
    assert_int_equal(seen_count, 0);
    turn();
    assert_int_equal(seen_count, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(seen[i], i);
        assert_int_equal(guests[i].load, 2 - i);
    }
    assert_int_equal(loop_load(loop), 0);
}

static struct guest late;

static void bring_another(struct errand *errand, struct loop *by)
{
    on_errand(errand, by);
    late = guest_of(2);
    assert_true(loop_bring(by, &late.errand));
}

TEST(who_comes_in_the_last_round_is_seen_to_before_the_loop_is_left)
{
    struct guest guest = guest_of(1);
    guest.errand.on_errand = bring_another;
    seen_count = 0;
    assert_true(loop_bring(loop, &guest.errand));
    turn();
    assert_int_equal(seen_count, 2);
    assert_int_equal(seen[1], 2);
}

TEST(a_loop_that_has_ended_takes_nobody)
{
    struct guest guest = guest_of(1);
    seen_count = 0;
    turn();
    assert_false(loop_bring(loop, &guest.errand));
    assert_int_equal(loop_load(loop), 0);
    loop_free(loop);
    loop = NULL;
    assert_int_equal(seen_count, 0);
}

TEST(who_waits_for_a_loop_that_never_ran_is_seen_to_when_it_is_freed)
{
    struct guest guest = guest_of(1);
    seen_count = 0;
    assert_true(loop_bring(loop, &guest.errand));
    loop_free(loop);
    loop = NULL;
    assert_int_equal(seen_count, 1);
}

static struct errand farewell;
static uint64_t brought_in; /* which round */
static uint64_t let_go_in;

static void let_go(struct errand *errand, struct loop *by)
{
    assert_ptr_equal(errand, &farewell);
    let_go_in = loop_round(by);
    loop_let_go(by);
}

static void bring_farewell(struct errand *errand, struct loop *by)
{
    (void)errand;
    brought_in = loop_round(by);
    farewell.on_errand = let_go;
    assert_true(loop_bring(by, &farewell));
}

TEST(a_loop_that_is_kept_runs_until_it_is_let_go)
{
    struct errand errand = {.on_errand = bring_farewell};
    loop_keep(loop);
    assert_true(loop_bring(loop, &errand));
    turn(); /* it is told to end in the first round */
    assert_int_equal(let_go_in, brought_in + 1);
    assert_false(loop_bring(loop, &errand));
}

#define ON_A_LOOP(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_LOOP(who_is_brought_counts_at_once_and_is_seen_to_in_order),
        ON_A_LOOP(who_comes_in_the_last_round_is_seen_to_before_the_loop_is_left),
        ON_A_LOOP(a_loop_that_has_ended_takes_nobody),
        ON_A_LOOP(who_waits_for_a_loop_that_never_ran_is_seen_to_when_it_is_freed),
        ON_A_LOOP(a_loop_that_is_kept_runs_until_it_is_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
