/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "gate/budget.h"
#include "tests/unit/unit.h"

static const struct budget_limits no_limits = {BUDGET_NO_LIMIT, BUDGET_NO_LIMIT, BUDGET_NO_LIMIT,
                                               BUDGET_NO_LIMIT};

static struct budget_limits limits_of(uint64_t sessions, uint64_t transfers)
{
    struct budget_limits limits = no_limits;
    limits.sessions = sessions;
    limits.transfers = transfers;
    return limits;
}

static bool is_limited(struct throttle *throttle)
{
    struct throttles throttles = {.count = 0};
    throttles_add(&throttles, throttle);
    return throttles_limit(&throttles);
}

TEST(a_key_is_one_budget_as_long_as_somebody_holds_it)
{
    struct budgets *budgets = budgets_new();
    struct budget *first = budgets_take(budgets, "user alice", &no_limits);
    struct budget *second = budgets_take(budgets, "user alice", &no_limits);
    struct budget *other = budgets_take(budgets, "group alice", &no_limits);
    size_t full;
    assert_ptr_equal(first, second);
    assert_ptr_not_equal(first, other);
    assert_string_equal(budget_key(first), "user alice");
    assert_fault(budgets_enter(&first, 1, BUDGET_SESSION, false, &full), FAULT_NONE);
    budget_release(first);
    assert_int_equal(budget_count(second, BUDGET_SESSION), 1);
    assert_int_equal(budget_count(other, BUDGET_SESSION), 0);
    budgets_leave(&second, 1, BUDGET_SESSION);
    budget_release(second);
    budget_release(other);
    budget_release(NULL);
    budgets_free(budgets);
    budgets_free(NULL);
}

TEST(one_that_is_full_keeps_all_from_being_counted_and_is_named)
{
    struct budgets *budgets = budgets_new();
    const struct budget_limits two = limits_of(2, 0);
    const struct budget_limits one = limits_of(1, BUDGET_NO_LIMIT);
    struct budget *set[] = {budgets_take(budgets, "user alice", &two),
                            budgets_take(budgets, "group staff", &one)};
    size_t full = 99;
    assert_fault(budgets_enter(set, 2, BUDGET_SESSION, false, &full), FAULT_NONE);
    assert_int_equal(full, 99);
    assert_fault(budgets_enter(set, 2, BUDGET_SESSION, false, &full), FAULT_TOO_MANY);
    assert_int_equal(full, 1);
    assert_int_equal(budget_count(set[0], BUDGET_SESSION), 1);
    assert_fault(budgets_enter(set, 2, BUDGET_TRANSFER, false, &full), FAULT_TOO_MANY);
    assert_int_equal(full, 0);
    assert_int_equal(budget_count(set[1], BUDGET_TRANSFER), 0);
    budgets_leave(set, 2, BUDGET_SESSION);
    assert_fault(budgets_enter(set, 2, BUDGET_SESSION, false, &full), FAULT_NONE);
    assert_fault(budgets_enter(set, 0, BUDGET_SESSION, false, &full), FAULT_NONE);
    budgets_leave(set, 0, BUDGET_SESSION);
    for (size_t i = 0; i < COUNT(set); i++)
        budget_release(set[i]);
    budgets_free(budgets);
}

TEST(who_was_let_in_over_the_limit_counts)
{
    struct budgets *budgets = budgets_new();
    const struct budget_limits one = limits_of(1, 1);
    struct budget *budget = budgets_take(budgets, "k", &one);
    size_t full;
    for (int i = 0; i < 3; i++)
        assert_fault(budgets_enter(&budget, 1, BUDGET_SESSION, true, &full), FAULT_NONE);
    assert_int_equal(budget_count(budget, BUDGET_SESSION), 3);
    budgets_leave(&budget, 1, BUDGET_SESSION);
    assert_fault(budgets_enter(&budget, 1, BUDGET_SESSION, false, &full), FAULT_TOO_MANY);
    budget_release(budget);
    budgets_free(budgets);
}

TEST(new_limits_hold_for_all_who_have_it)
{
    struct budgets *budgets = budgets_new();
    struct budget_limits limits = limits_of(1, 1);
    struct budget *budget = budgets_take(budgets, "k", &no_limits);
    size_t full;
    assert_false(is_limited(budget_downloads(budget)));
    assert_false(is_limited(budget_uploads(budget)));
    assert_fault(budgets_enter(&budget, 1, BUDGET_SESSION, false, &full), FAULT_NONE);
    limits.download_rate = 1000;
    limits.upload_rate = 0; /* nobody says so; it is not "no limit" in any case */
    struct budget *again = budgets_take(budgets, "k", &limits);
    assert_fault(budgets_enter(&budget, 1, BUDGET_SESSION, false, &full), FAULT_TOO_MANY);
    assert_true(is_limited(budget_downloads(budget)));
    assert_true(is_limited(budget_uploads(budget)));
    budget_release(again);
    budget_release(budgets_take(budgets, "k", &no_limits));
    assert_fault(budgets_enter(&budget, 1, BUDGET_SESSION, false, &full), FAULT_NONE);
    assert_false(is_limited(budget_downloads(budget)));
    budget_release(budget);
    budgets_free(budgets);
}

enum { TURNS = 2000, CROWD = 4, PLACES = 3 };

struct crowd {
    struct budgets *budgets;
    uint64_t most;
    pthread_t thread;
};

static void *come_and_go(void *argument)
{
    struct crowd *crowd = argument;
    const struct budget_limits limits = limits_of(PLACES, PLACES);
    for (int i = 0; i < TURNS; i++) {
        size_t full;
        struct budget *set[] = {budgets_take(crowd->budgets, "a", &limits),
                                budgets_take(crowd->budgets, "b", &limits)};
        if (budgets_enter(set, 2, BUDGET_TRANSFER, false, &full) == FAULT_NONE) {
            uint64_t count = budget_count(set[i % 2], BUDGET_TRANSFER);
            crowd->most = count > crowd->most ? count : crowd->most;
            budgets_leave(set, 2, BUDGET_TRANSFER);
        }
        budget_release(set[0]);
        budget_release(set[1]);
    }
    return NULL;
}

TEST(older_limits_change_nothing)
{
    struct budgets *budgets = budgets_new();
    size_t full = 0;
    const struct budget_limits newer = {1, 1, BUDGET_NO_LIMIT, BUDGET_NO_LIMIT, 2};
    const struct budget_limits older = {9, 9, BUDGET_NO_LIMIT, BUDGET_NO_LIMIT, 1};
    struct budget *first = budgets_take(budgets, "k", &newer);
    struct budget *second = budgets_take(budgets, "k", &older);
    assert_fault(budgets_enter(&first, 1, BUDGET_SESSION, false, &full), FAULT_NONE);
    assert_fault(budgets_enter(&second, 1, BUDGET_SESSION, false, &full), FAULT_TOO_MANY);
    budgets_leave(&first, 1, BUDGET_SESSION);
    budget_release(first);
    budget_release(second);
    budgets_free(budgets);
}

TEST(a_limit_holds_whoever_comes_at_once)
{
    struct crowd crowds[CROWD];
    struct budgets *budgets = budgets_new();
    struct budget *held = budgets_take(budgets, "a", &no_limits);
    for (int i = 0; i < CROWD; i++) {
        crowds[i] = (struct crowd){.budgets = budgets};
        assert_int_equal(pthread_create(&crowds[i].thread, NULL, come_and_go, &crowds[i]), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        pthread_join(crowds[i].thread, NULL);
        assert_in_range(crowds[i].most, 1, PLACES);
    }
    assert_int_equal(budget_count(held, BUDGET_TRANSFER), 0);
    budget_release(held);
    budgets_free(budgets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_key_is_one_budget_as_long_as_somebody_holds_it),
        RUN(one_that_is_full_keeps_all_from_being_counted_and_is_named),
        RUN(who_was_let_in_over_the_limit_counts),
        RUN(new_limits_hold_for_all_who_have_it),
        RUN(older_limits_change_nothing),
        RUN(a_limit_holds_whoever_comes_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
