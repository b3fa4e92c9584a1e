/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/policies.h"

enum { MONDAY_NOON = 1799064000 }; /* 2027-01-04T12:00:00Z */

#define NOTHING "nothing speaks against it"

static struct policy_moment from(const char *host)
{
    struct policy_moment moment = {.now = MONDAY_NOON, .is_private = true};
    assert_true(endpoint_parse_host(text_of(host), 1024, &moment.peer));
    return moment;
}

static void admits(const struct policy *policy, struct policy_moment moment, const char *expected)
{
    struct verdict verdict = policy_admit(policy, &moment);
    assert_string_equal(verdict.rule, expected);
    assert_int_equal(verdict.allowed, strcmp(expected, NOTHING) == 0);
    assert_false(verdict.hidden);
}

TEST(who_is_disabled_stays_outside_whoever_says_so)
{
    for (size_t index = 0; index < 2; index++) {
        struct people people = people_new(POLICY_USER, 2);
        people_say(&people, index, TERM_DISABLED, "on");
        people_say(&people, 1 - index, TERM_DISABLED, "off");
        struct policy *policy = people_policy(&people);
        admits(policy, from("192.0.2.1"), index ? "group staff: disabled" : "user alice: disabled");
        policy_free(policy);
    }
    struct policy *policy = policy_of(TERM_DISABLED, "off");
    admits(policy, from("192.0.2.1"), NOTHING);
    policy_free(policy);
}

TEST(an_account_is_over_from_its_date_on)
{
    struct people people = people_new(POLICY_USER, 2);
    people_say(&people, 0, TERM_EXPIRES, "2027-01-05");
    people_say(&people, 1, TERM_EXPIRES, "2027-01-04T12:00:01Z");
    struct policy *policy = people_policy(&people);
    struct policy_moment moment = from("192.0.2.1");
    admits(policy, moment, NOTHING);
    assert_int_equal(policy_ends_at(policy, moment.now), moment.now + 1);
    moment.now++;
    admits(policy, moment, "group staff: expires");
    assert_int_equal(policy_ends_at(policy, moment.now), moment.now);
    moment.now += 86400;
    admits(policy, moment, "user alice: expires");
    assert_int_equal(policy_ends_at(policy, moment.now), moment.now);
    policy_free(policy);
}

TEST(tls_is_required_by_anybody)
{
    struct people people = people_new(POLICY_USER, 2);
    people_say(&people, 1, TERM_REQUIRE_TLS, "on");
    struct policy *policy = people_policy(&people);
    struct policy_moment moment = from("192.0.2.1");
    admits(policy, moment, NOTHING);
    moment.is_private = false;
    admits(policy, moment, "group staff: require-tls");
    policy_free(policy);
}

TEST(tls_to_the_end_is_tls_at_the_beginning)
{
    struct policy *policy = policy_of(TERM_REQUIRE_TLS_CONTROL, "on");
    struct policy_moment moment = from("192.0.2.1");
    admits(policy, moment, NOTHING);
    moment.is_private = false;
    admits(policy, moment, "user alice: require-tls-control");
    policy_free(policy);
}

TEST(tls_for_data_alone_lets_in_without)
{
    struct policy *policy = policy_of(TERM_REQUIRE_TLS_DATA, "on");
    struct policy_moment moment = from("192.0.2.1");
    moment.is_private = false;
    admits(policy, moment, NOTHING);
    policy_free(policy);
}

TEST(a_network_that_anybody_denies_is_named)
{
    struct people people = people_new(POLICY_USER, 2);
    people_say(&people, 0, TERM_DENY_FROM, "192.0.2.0/25");
    people_say(&people, 0, TERM_DENY_FROM, "2001:db8::/32");
    people_say(&people, 1, TERM_DENY_FROM, "10.0.0.1");
    people_say(&people, 0, TERM_ALLOW_FROM, "10.0.0.0/8");
    people_say(&people, 0, TERM_ALLOW_FROM, "192.0.2.0/24");
    struct policy *policy = people_policy(&people);
    admits(policy, from("192.0.2.127"), "user alice: deny-from 192.0.2.0/25");
    admits(policy, from("192.0.2.128"), NOTHING);
    admits(policy, from("::ffff:192.0.2.1"), "user alice: deny-from 192.0.2.0/25");
    admits(policy, from("2001:db8::1"), "user alice: deny-from 2001:db8::/32");
    admits(policy, from("10.0.0.1"), "group staff: deny-from 10.0.0.1");
    admits(policy, from("10.0.0.2"), NOTHING);
    admits(policy, from("203.0.113.1"), "user alice: allow-from");
    policy_free(policy);
}

TEST(where_the_user_is_mute_every_group_must_allow_the_address)
{
    struct people people = people_new(POLICY_USER, 4);
    people_say(&people, 1, TERM_ALLOW_FROM, "192.0.2.0/24");
    people_say(&people, 2, TERM_ALLOW_FROM, "192.0.2.64/26");
    struct policy *policy = people_policy(&people);
    admits(policy, from("192.0.2.65"), NOTHING);
    admits(policy, from("192.0.2.1"), "group guests: allow-from 192.0.2.64/26");
    admits(policy, from("10.0.0.1"), "group staff: allow-from 192.0.2.0/24");
    policy_free(policy);
}

TEST(what_the_user_allows_counts_and_not_what_groups_allow)
{
    struct people people = people_new(POLICY_USER, 2);
    people_say(&people, 0, TERM_ALLOW_FROM, "10.0.0.0/8");
    people_say(&people, 1, TERM_ALLOW_FROM, "192.0.2.0/24");
    struct policy *policy = people_policy(&people);
    admits(policy, from("10.1.2.3"), NOTHING);
    admits(policy, from("192.0.2.1"), "user alice: allow-from 10.0.0.0/8");
    policy_free(policy);
}

TEST(the_hours_of_everybody_hold)
{
    struct people people = people_new(POLICY_USER, 2);
    people_say(&people, 0, TERM_HOURS, "Mon 08:00-13:00");
    people_say(&people, 0, TERM_HOURS, "Mon 13:00-18:00");
    people_say(&people, 1, TERM_HOURS, "Mon-Fri 11:00-15:00 Europe/Madrid");
    struct policy *policy = people_policy(&people);
    struct policy_moment moment = from("192.0.2.1");
    admits(policy, moment, NOTHING);
    assert_int_equal(policy_ends_at(policy, moment.now), MONDAY_NOON + 2 * 3600);
    moment.now = MONDAY_NOON + 2 * 3600;
    admits(policy, moment, "group staff: hours Mon-Fri 11:00-15:00 Europe/Madrid");
    moment.now = MONDAY_NOON + 6 * 3600;
    admits(policy, moment, "user alice: hours");
    assert_int_equal(policy_ends_at(policy, moment.now), moment.now);
    policy_free(policy);
}

TEST(who_has_neither_hours_nor_a_date_stays)
{
    struct policy *policy = policy_of(TERM_READ_ONLY, "on");
    assert_int_equal(policy_ends_at(policy, MONDAY_NOON), INT64_MAX);
    policy_free(policy);
}

TEST(what_makes_no_sense_names_its_field)
{
    assert_string_equal(complaint_about(TERM_HOURS, "Mon-Fry 08:00-18:00"),
                        "user alice: hours: \"Mon-Fry\" is no day (Mon, Mon-Fri, daily)");
    static const char suffix[] =
        "\" is no address or network (192.0.2.0/24, nothing set behind the 24 bits)";
    static const char *const wrong[] = {"10.0.0.1/8", "host.example", "10.0.0.0/33"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        char expected[TERMS_MESSAGE_SIZE];
        struct builder b = builder_on(expected, sizeof(expected));
        builder_put_string(&b, "user alice: allow-from: \"");
        builder_put_string(&b, wrong[i]);
        builder_put_string(&b, suffix);
        assert_string_equal(complaint_about(TERM_ALLOW_FROM, wrong[i]), builder_end(&b));
        assert_true(text_starts_with(text_of(complaint_about(TERM_DENY_FROM, wrong[i])),
                                     TEXT("user alice: deny-from: \"")));
    }
}

TEST(what_makes_no_sense_is_refused_also_where_it_would_not_count)
{
    char message[TERMS_MESSAGE_SIZE];
    struct policy *policy = NULL;
    struct people people = people_new(POLICY_USER, 2);
    people_say(&people, 0, TERM_ALLOW_FROM, "10.0.0.0/8");
    people_say(&people, 1, TERM_ALLOW_FROM, "10.0.0.0/99");
    assert_fault(people_try(&people, &policy, message), FAULT_ARGUMENT);
    assert_true(text_starts_with(text_of(message), TEXT("group staff: allow-from: ")));
    people_done(&people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(who_is_disabled_stays_outside_whoever_says_so),
        RUN(an_account_is_over_from_its_date_on),
        RUN(tls_is_required_by_anybody),
        RUN(tls_to_the_end_is_tls_at_the_beginning),
        RUN(tls_for_data_alone_lets_in_without),
        RUN(a_network_that_anybody_denies_is_named),
        RUN(where_the_user_is_mute_every_group_must_allow_the_address),
        RUN(what_the_user_allows_counts_and_not_what_groups_allow),
        RUN(the_hours_of_everybody_hold),
        RUN(who_has_neither_hours_nor_a_date_stays),
        RUN(what_makes_no_sense_names_its_field),
        RUN(what_makes_no_sense_is_refused_also_where_it_would_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
