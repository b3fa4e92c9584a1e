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
    const struct register_limits limits = {.sessions = 3, .sessions_per_host = 2};
    union endpoint a = host("192.0.2.1");
    union endpoint b = host("2001:db8::1");
    assert_fault(register_enter(reg, &a, &limits), FAULT_NONE);
    assert_fault(register_enter(reg, &a, &limits), FAULT_NONE);
    assert_fault(register_enter(reg, &a, &limits), FAULT_TOO_MANY);
    assert_fault(register_enter(reg, &b, &limits), FAULT_NONE);
    assert_fault(register_enter(reg, &b, &limits), FAULT_TOO_MANY);
    assert_int_equal(register_count(reg), 3);
    register_leave(reg, &a);
    assert_fault(register_enter(reg, &b, &limits), FAULT_NONE);
    register_leave(reg, &a);
    register_leave(reg, &b);
    register_leave(reg, &b);
    assert_int_equal(register_count(reg), 0);
    register_free(reg);
}

TEST(zero_means_no_limit)
{
    struct session_register *reg = register_new();
    const struct register_limits limits = {0, 0};
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
    const struct register_limits limits = {.sessions_per_host = 1};
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
    register_leave(reg, &other);
    assert_fault(register_enter(reg, &other, &limits), FAULT_NONE);
    register_free(reg);
}

struct crowd {
    struct session_register *reg;
    unsigned entered;
};

static void *push_in(void *argument)
{
    struct crowd *crowd = argument;
    const struct register_limits limits = {.sessions = 0, .sessions_per_host = 500};
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
        RUN(a_limit_holds_whoever_comes_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
