/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "gate/register.h"
#include "tests/unit/unit.h"

static union endpoint host(const char *address)
{
    union endpoint e;
    assert_true(endpoint_parse_host(text_of(address), 4711, &e));
    return e;
}

TEST(limits_count_exactly_and_places_come_back)
{
    struct session_register *reg = register_new();
    const struct register_limits limits = {.unauthenticated = 3, .per_host = 2};
    union endpoint a = host("192.0.2.1");
    union endpoint b = host("2001:db8::1");
    assert_fault(register_enter(reg, &a, &limits), FAULT_NONE);
    assert_fault(register_enter(reg, &a, &limits), FAULT_NONE);
    assert_fault(register_enter(reg, &a, &limits), FAULT_TOO_MANY);
    assert_fault(register_enter(reg, &b, &limits), FAULT_NONE);
    assert_fault(register_enter(reg, &b, &limits), FAULT_TOO_MANY);
    assert_int_equal(register_count(reg), 3);
    register_leave(reg, &a, false);
    assert_fault(register_enter(reg, &b, &limits), FAULT_NONE);
    register_leave(reg, &a, false);
    register_leave(reg, &b, false);
    register_leave(reg, &b, false);
    assert_int_equal(register_count(reg), 0);
    register_free(reg);
}

TEST(zero_means_no_limit)
{
    struct session_register *reg = register_new();
    const struct register_limits limits = {0};
    union endpoint a = host("192.0.2.1");
    for (int i = 0; i < 1000; i++)
        assert_fault(register_enter(reg, &a, &limits), FAULT_NONE);
    assert_int_equal(register_count(reg), 1000);
    register_free(reg);
    register_free(NULL);
}

TEST(an_ipv6_network_is_one_host_but_for_the_link_local_one)
{
    struct session_register *reg = register_new();
    const struct register_limits limits = {.per_host = 1};
    static const struct {
        const char *host;
        enum fault expected;
    } cases[] = {
        {"2001:db8::1", FAULT_NONE},
        {"2001:db8::ffff:1", FAULT_TOO_MANY},
        {"2001:db8:0:1::1", FAULT_NONE},
        {"fe80::1", FAULT_NONE},
        {"fe80::2", FAULT_NONE},
        {"192.0.2.1", FAULT_NONE},
        {"::ffff:192.0.2.1", FAULT_TOO_MANY},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        union endpoint peer = host(cases[i].host);
        assert_fault(register_enter(reg, &peer, &limits), cases[i].expected);
    }
    union endpoint other = host("2001:db8::2"); /* leaves in the name of its network */
    register_leave(reg, &other, false);
    assert_fault(register_enter(reg, &other, &limits), FAULT_NONE);
    register_free(reg);
}

TEST(sessions_and_connections_that_are_not_logged_in_do_not_use_up_each_others_places)
{
    struct session_register *reg = register_new();
    const struct register_limits limits = {.sessions = 2, .unauthenticated = 2};
    union endpoint hosts[] = {host("192.0.2.1"), host("192.0.2.2"), host("192.0.2.3"),
                              host("192.0.2.4")};
    for (int i = 0; i < 2; i++) {
        assert_fault(register_enter(reg, &hosts[i], &limits), FAULT_NONE);
        assert_fault(register_log_in(reg, &hosts[i], &limits), FAULT_NONE);
    }
    for (int i = 2; i < 4; i++)
        assert_fault(register_enter(reg, &hosts[i], &limits), FAULT_NONE);
    assert_fault(register_enter(reg, &hosts[0], &limits), FAULT_TOO_MANY);
    assert_fault(register_log_in(reg, &hosts[2], &limits), FAULT_TOO_MANY);
    assert_int_equal(register_count(reg), 4);
    assert_int_equal(register_count_sessions(reg), 2);
    register_leave(reg, &hosts[1], true);
    assert_fault(register_log_in(reg, &hosts[2], &limits), FAULT_NONE);
    assert_fault(register_enter(reg, &hosts[0], &limits), FAULT_NONE);
    register_free(reg);
}

TEST(who_logs_out_is_counted_again_even_if_there_is_no_room)
{
    struct session_register *reg = register_new();
    const struct register_limits limits = {.sessions = 1, .unauthenticated = 1};
    union endpoint a = host("192.0.2.1");
    union endpoint b = host("192.0.2.2");
    assert_fault(register_enter(reg, &a, &limits), FAULT_NONE);
    assert_fault(register_log_in(reg, &a, &limits), FAULT_NONE);
    assert_fault(register_enter(reg, &b, &limits), FAULT_NONE);
    register_log_out(reg, &a);
    assert_int_equal(register_count(reg), 2);
    assert_int_equal(register_count_sessions(reg), 0);
    assert_fault(register_log_in(reg, &b, &limits), FAULT_NONE);
    assert_fault(register_enter(reg, &b, &limits), FAULT_TOO_MANY);
    register_leave(reg, &a, false);
    assert_fault(register_enter(reg, &b, &limits), FAULT_NONE);
    register_free(reg);
}

TEST(one_host_has_half_of_the_places_before_a_login_at_most)
{
    struct session_register *reg = register_new();
    const struct register_limits limits = {.unauthenticated = 5, .unauthenticated_per_host = 4};
    const struct register_limits fewer = {.unauthenticated = 5, .unauthenticated_per_host = 1};
    union endpoint a = host("192.0.2.1");
    union endpoint b = host("192.0.2.2");
    for (int i = 0; i < 3; i++)
        assert_fault(register_enter(reg, &a, &limits), FAULT_NONE);
    assert_fault(register_enter(reg, &a, &limits), FAULT_TOO_MANY);
    assert_fault(register_enter(reg, &b, &fewer), FAULT_NONE);
    assert_fault(register_enter(reg, &b, &fewer), FAULT_TOO_MANY);
    assert_fault(register_log_in(reg, &b, &fewer), FAULT_NONE); /* and makes room */
    assert_fault(register_enter(reg, &b, &fewer), FAULT_NONE);
    register_free(reg);
}

struct crowd {
    struct session_register *reg;
    unsigned entered;
};

static void *push_in(void *argument)
{
    struct crowd *crowd = argument;
    const struct register_limits limits = {.per_host = 500};
    union endpoint a = host("192.0.2.1");
    for (int i = 0; i < 300; i++)
        crowd->entered += register_enter(crowd->reg, &a, &limits) == FAULT_NONE;
    return NULL;
}

TEST(a_limit_holds_whoever_comes_at_once)
{
    struct session_register *reg = register_new();
    struct crowd crowds[4];
    pthread_t threads[4];
    unsigned entered = 0;
    for (int i = 0; i < 4; i++) {
        crowds[i] = (struct crowd){reg, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, push_in, &crowds[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        entered += crowds[i].entered;
    }
    assert_int_equal(entered, 500);
    register_free(reg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(limits_count_exactly_and_places_come_back),
        RUN(zero_means_no_limit),
        RUN(an_ipv6_network_is_one_host_but_for_the_link_local_one),
        RUN(sessions_and_connections_that_are_not_logged_in_do_not_use_up_each_others_places),
        RUN(who_logs_out_is_counted_again_even_if_there_is_no_room),
        RUN(one_host_has_half_of_the_places_before_a_login_at_most),
        RUN(a_limit_holds_whoever_comes_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
