/* SPDX-License-Identifier: Apache-2.0 */
/* As base_memory_faults_test: what limits do when there is no more memory. */
#include "gate/budget.h"
#include "gate/guard.h"
#include "gate/register.h"
#include "tests/unit/failing_memory.h"

static union endpoint host(const char *address)
{
    union endpoint e;
    assert_true(endpoint_parse_host(text_of(address), 4711, &e));
    return e;
}

static enum fault count_in(void)
{
    static const struct register_limits limits = {0};
    const union endpoint peer = host("192.0.2.1");
    struct session_register *reg = register_new();
    if (!reg)
        return FAULT_NO_MEMORY;
    enum fault f = register_enter(reg, &peer, &limits);
    end_shortage();
    assert_int_equal(register_count(reg), f ? 0 : 1);
    if (!f)
        register_leave(reg, &peer, false);
    register_free(reg);
    return f;
}

TEST(who_could_not_be_counted_is_not_inside)
{
    until_enough(count_in);
}

static enum fault take_budget(void)
{
    static const struct budget_limits limits = {1, 1, 1000, 1000};
    struct budgets *budgets = budgets_new();
    if (!budgets)
        return FAULT_NO_MEMORY;
    struct budget *budget = budgets_take(budgets, "user a", &limits);
    end_shortage();
    enum fault f = budget ? FAULT_NONE : FAULT_NO_MEMORY;
    budget_release(budget);
    budgets_free(budgets);
    return f;
}

TEST(a_budget_is_whole_or_not_there)
{
    until_enough(take_budget);
}

static enum fault guard_against_guesses(void)
{
    static const struct guard_rules rules = {500, 5000, 2, 2, 600, 600, NULL, 0};
    const union endpoint peer = host("192.0.2.1");
    struct guard *guard = NULL;
    size_t wrong;
    enum fault f = guard_new(NULL, &guard);
    if (f)
        return f;
    assert_true(guard_set_rules(guard, &rules, &wrong));
    uint64_t first_ms = guard_fail(guard, &peer, TEXT("a"));
    uint64_t second_ms = guard_fail(guard, &peer, TEXT("a"));
    f = guard_ban(guard, TEXT("203.0.113.1"), 0, TEXT(""));
    end_shortage();
    assert_true(first_ms + second_ms >= 500); /* who cannot be counted waits longest */
    bool is_banned = guard_is_banned(guard, &peer) && guard_user_is_banned(guard, TEXT("a"), &peer);
    guard_free(guard);
    return f || !is_banned ? FAULT_NO_MEMORY : FAULT_NONE;
}

TEST(guesses_are_delayed_when_they_cannot_be_counted)
{
    until_enough(guard_against_guesses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(who_could_not_be_counted_is_not_inside),
        RUN(a_budget_is_whole_or_not_there),
        RUN(guesses_are_delayed_when_they_cannot_be_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
