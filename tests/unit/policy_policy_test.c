/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/policies.h"

static bool is_change(enum action action)
{
    return action != ACTION_NONE && action != ACTION_LOGIN && action != ACTION_LIST &&
           action != ACTION_READ && action != ACTION_HASH && action != ACTION_SITE;
}

static struct policy *make(enum policy_who who, bool read_only)
{
    struct people anna = people_new(who, 1);
    people_say(&anna, 0, TERM_READ_ONLY, read_only ? "on" : "off");
    return people_policy(&anna);
}

TEST(every_action_is_decided_for_every_kind_of_login)
{
    struct policy *writer = make(POLICY_USER, false);
    struct policy *reader = make(POLICY_USER, true);
    struct policy *anonymous = make(POLICY_ANONYMOUS, false);
    for (unsigned i = 0; i <= ACTION_SITE; i++) {
        enum action action = (enum action)i;
        assert_true(policy_decide(writer, action, "/a").allowed);
        assert_int_equal(policy_decide(reader, action, "/a").allowed, !is_change(action));
        assert_int_equal(policy_decide(anonymous, action, "/a").allowed, !is_change(action));
        assert_non_null(policy_decide(anonymous, action, "/a").rule);
    }
    assert_false(policy_limits(writer)->read_only);
    assert_true(policy_limits(reader)->read_only);
    assert_true(policy_limits(anonymous)->read_only);
    assert_false(policy_depends_on_path(reader));
    policy_free(writer);
    policy_free(reader);
    policy_free(anonymous);
}

TEST(where_nobody_says_anything_there_is_no_limit)
{
    struct people people = people_new(POLICY_USER, 2);
    struct policy *policy = people_policy(&people);
    const struct policy_limits *limits = policy_limits(policy);
    assert_true(limits->sessions_per_address == POLICY_NO_LIMIT);
    assert_true(limits->session_s == POLICY_NO_LIMIT);
    assert_true(limits->idle_s == POLICY_NO_LIMIT);
    assert_true(limits->file_bytes == POLICY_NO_LIMIT);
    assert_true(limits->ratio_up == POLICY_NO_LIMIT);
    assert_true(limits->ratio_down == POLICY_NO_LIMIT);
    assert_false(limits->must_change_password);
    assert_false(limits->read_only);
    assert_false(limits->require_tls_control);
    assert_false(limits->require_tls_data);
    policy_free(policy);
}

TEST(tls_is_required_by_whoever_says_so)
{
    for (size_t index = 0; index < 2; index++) {
        struct people people = people_new(POLICY_USER, 2);
        people_say(&people, index, TERM_REQUIRE_TLS_CONTROL, "on");
        people_say(&people, 1 - index, TERM_REQUIRE_TLS_CONTROL, "off");
        people_say(&people, index, TERM_REQUIRE_TLS_DATA, "on");
        struct policy *policy = people_policy(&people);
        assert_true(policy_limits(policy)->require_tls_control);
        assert_true(policy_limits(policy)->require_tls_data);
        policy_free(policy);
    }
    struct people people = people_new(POLICY_USER, 2);
    people_say(&people, 0, TERM_REQUIRE_TLS_CONTROL, "on");
    people_say(&people, 1, TERM_REQUIRE_TLS_DATA, "off");
    struct policy *policy = people_policy(&people);
    assert_true(policy_limits(policy)->require_tls_control);
    assert_false(policy_limits(policy)->require_tls_data);
    policy_free(policy);
}

static const struct {
    enum term term;
    size_t at; /* in struct policy_limits */
} single[] = {
    {TERM_MAX_PER_ADDRESS, offsetof(struct policy_limits, sessions_per_address)},
    {TERM_MAX_SESSION_TIME, offsetof(struct policy_limits, session_s)},
    {TERM_IDLE_TIME, offsetof(struct policy_limits, idle_s)},
    {TERM_MAX_FILE_SIZE, offsetof(struct policy_limits, file_bytes)},
};

static void limits(const char *const said[4], size_t index, uint64_t expected)
{
    struct people people = people_new(POLICY_USER, 4);
    for (size_t i = 0; i < 4; i++)
        if (said[i])
            people_say(&people, i, single[index].term, said[i]);
    struct policy *policy = people_policy(&people);
    uint64_t limit;
    memcpy(&limit, (const char *)policy_limits(policy) + single[index].at, sizeof(limit));
    assert_true(limit == expected);
    policy_free(policy);
}

TEST(the_user_s_limit_holds_else_the_strictest_of_the_groups)
{
    for (size_t i = 0; i < COUNT(single); i++) {
        limits((const char *const[4]){"9", "1", "5"}, i, 9);
        limits((const char *const[4]){"0", "1", "5"}, i, 0);
        limits((const char *const[4]){NULL, "7", NULL, "5"}, i, 5);
        limits((const char *const[4]){NULL, "7", "0", "5"}, i, 0);
        limits((const char *const[4]){NULL, NULL, NULL, "4294967295"}, i, UINT32_MAX);
        limits((const char *const[4]){NULL}, i, POLICY_NO_LIMIT);
    }
}

static void ratio(const char *const said[3], uint64_t up, uint64_t down)
{
    struct people people = people_new(POLICY_USER, 3);
    for (size_t i = 0; i < 3; i++)
        if (said[i])
            people_say(&people, i, TERM_RATIO, said[i]);
    struct policy *policy = people_policy(&people);
    assert_true(policy_limits(policy)->ratio_up == up);
    assert_true(policy_limits(policy)->ratio_down == down);
    policy_free(policy);
}

TEST(the_strictest_ratio_lets_least_be_downloaded)
{
    ratio((const char *const[3]){"1:9", "1:2", "1:3"}, 1, 9);
    ratio((const char *const[3]){NULL, "1:2", "1:3"}, 1, 2);
    ratio((const char *const[3]){NULL, "1:3", "1:2"}, 1, 2);
    ratio((const char *const[3]){NULL, "2:5", "1:2"}, 1, 2);
    ratio((const char *const[3]){NULL, "4294967295:4294967294", "1:1"}, 4294967295, 4294967294);
    ratio((const char *const[3]){NULL, "1:1", "4294967295:4294967294"}, 4294967295, 4294967294);
    ratio((const char *const[3]){NULL, NULL, NULL}, POLICY_NO_LIMIT, POLICY_NO_LIMIT);
}

TEST(each_source_has_a_budget_of_its_own)
{
    struct people people = people_new(POLICY_USER, 3);
    people_say(&people, 0, TERM_MAX_SESSIONS, "2");
    people_say(&people, 0, TERM_QUOTA_BYTES, "0");
    people_say(&people, 1, TERM_MAX_SESSIONS, "10");
    people_say(&people, 1, TERM_MAX_TRANSFERS, "3");
    people_say(&people, 1, TERM_UPLOAD_RATE, "1M");
    people_say(&people, 1, TERM_DOWNLOAD_RATE, "2M");
    people_say(&people, 1, TERM_QUOTA_FILES, "9223372036854775807");
    struct policy *policy = people_policy(&people);
    assert_int_equal(policy_budget_count(policy), 3);
    const struct policy_budget *alice = policy_budget(policy, 0);
    assert_int_equal(alice->who, POLICY_USER);
    assert_string_equal(alice->name, "alice");
    assert_int_equal(alice->sessions, 2);
    assert_int_equal(alice->quota_bytes, 0);
    assert_true(alice->quota_files == POLICY_NO_LIMIT);
    assert_true(alice->upload_rate == POLICY_NO_LIMIT);
    const struct policy_budget *staff = policy_budget(policy, 1);
    assert_int_equal(staff->who, POLICY_GROUP);
    assert_string_equal(staff->name, "staff");
    assert_int_equal(staff->sessions, 10);
    assert_int_equal(staff->transfers, 3);
    assert_int_equal(staff->upload_rate, 1 << 20);
    assert_int_equal(staff->download_rate, 2 << 20);
    assert_true(staff->quota_files == INT64_MAX);
    const struct policy_budget *guests = policy_budget(policy, 2);
    assert_string_equal(guests->name, "guests");
    assert_true(guests->sessions == POLICY_NO_LIMIT);
    assert_true(guests->transfers == POLICY_NO_LIMIT);
    assert_true(guests->quota_bytes == POLICY_NO_LIMIT);
    policy_free(policy);
}

TEST(a_pattern_that_can_fit_nothing_is_refused)
{
    assert_string_equal(complaint_about(TERM_RULES, "alow read /a"),
                        "user alice: rule: \"alow\" is neither allow nor deny");
    assert_string_equal(complaint_about(TERM_DENY_NAMES, "a/b"),
                        "user alice: deny-name: \"a/b\" has a slash, which no name has");
    assert_string_equal(complaint_about(TERM_ALLOW_NAMES, "*.txt "),
                        "user alice: allow-name: \"*.txt \" begins or ends with a space");
    assert_string_equal(complaint_about(TERM_HIDE_NAMES, "/x"),
                        "user alice: hide-name: \"/x\" has a slash, which no name has");
}

TEST(one_wrong_text_among_right_ones_spoils_all)
{
    char message[TERMS_MESSAGE_SIZE];
    struct policy *policy = NULL;
    struct people people = people_new(POLICY_USER, 2);
    people_say(&people, 0, TERM_RULES, "deny all /a");
    people_say(&people, 0, TERM_ALLOW_NAMES, "*");
    people_say(&people, 0, TERM_HOURS, "daily 00:00-24:00");
    people_say(&people, 1, TERM_RULES, "allow read *");
    people_say(&people, 1, TERM_ALLOW_NAMES, "x/y");
    assert_fault(people_try(&people, &policy, message), FAULT_ARGUMENT);
    assert_null(policy);
    assert_string_equal(message, "group staff: allow-name: \"x/y\" has a slash, which no name has");
    people_done(&people);
}

TEST(a_group_says_nothing_that_is_a_user_s)
{
    char message[TERMS_MESSAGE_SIZE];
    struct policy *policy = NULL;
    struct people people = people_new(POLICY_USER, 2);
    people_say(&people, 1, TERM_MUST_CHANGE_PASSWORD, "on");
    assert_fault(people_try(&people, &policy, message), FAULT_ARGUMENT);
    assert_string_equal(message, "group staff: must-change-password: \"staff\" is a group, which "
                                 "has no such term");
    people_done(&people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(every_action_is_decided_for_every_kind_of_login),
        RUN(where_nobody_says_anything_there_is_no_limit),
        RUN(tls_is_required_by_whoever_says_so),
        RUN(the_user_s_limit_holds_else_the_strictest_of_the_groups),
        RUN(the_strictest_ratio_lets_least_be_downloaded),
        RUN(each_source_has_a_budget_of_its_own),
        RUN(a_pattern_that_can_fit_nothing_is_refused),
        RUN(one_wrong_text_among_right_ones_spoils_all),
        RUN(a_group_says_nothing_that_is_a_user_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
