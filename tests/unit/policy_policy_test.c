/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"
#include "tests/unit/unit.h"

static bool is_change(enum action action)
{
    return action != ACTION_NONE && action != ACTION_LOGIN && action != ACTION_LIST &&
           action != ACTION_READ && action != ACTION_HASH && action != ACTION_SITE;
}

TEST(every_action_is_decided_for_every_kind_of_login)
{
    const struct policy writer = {false, false};
    const struct policy reader = {true, false};
    const struct policy anonymous = {false, true};
    for (unsigned i = 0; i < ACTION_COUNT; i++) {
        enum action action = (enum action)i;
        assert_true(policy_decide(&writer, action).allowed);
        assert_int_equal(policy_decide(&reader, action).allowed, !is_change(action));
        assert_int_equal(policy_decide(&anonymous, action).allowed, !is_change(action));
        assert_non_null(policy_decide(&anonymous, action).rule);
    }
}

TEST(an_action_nobody_knows_is_refused_to_the_restricted)
{
    const struct policy reader = {true, false};
    assert_false(policy_decide(&reader, (enum action)4711).allowed);
}

TEST(a_refusal_names_its_rule)
{
    const struct policy anonymous = {false, true};
    assert_string_equal(policy_decide(&anonymous, ACTION_WRITE).rule, "anonymous is read-only");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(every_action_is_decided_for_every_kind_of_login),
        RUN(an_action_nobody_knows_is_refused_to_the_restricted),
        RUN(a_refusal_names_its_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
