/* SPDX-License-Identifier: Apache-2.0 */
#include "base/endpoint.h"
#include "tests/unit/unit.h"

static const char *shown(const union endpoint *endpoint)
{
    static char bytes[ENDPOINT_TEXT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    endpoint_put(endpoint, &b);
    return builder_end(&b);
}

TEST(addresses_of_both_families_are_read_and_shown)
{
    union endpoint e;
    assert_true(endpoint_parse_host(TEXT("192.0.2.7"), 21, &e));
    assert_string_equal(shown(&e), "192.0.2.7:21");
    assert_true(endpoint_parse_host(TEXT("2001:db8::1"), 65535, &e));
    assert_string_equal(shown(&e), "[2001:db8::1]:65535");
    assert_true(endpoint_parse_host(TEXT("[::1]"), 0, &e));
    assert_string_equal(shown(&e), "[::1]:0");
}

TEST(names_and_nonsense_are_no_addresses)
{
    static const char *const cases[] = {"",         "localhost", "1.2.3", "1.2.3.4.5", "256.0.0.1",
                                        "1.2.3.4 ", "::g",       "[::1",  "[1.2.3.4]x"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        union endpoint e;
        assert_false(endpoint_parse_host(text_of(cases[i]), 0, &e));
    }
    union endpoint e;
    assert_false(endpoint_parse_host(TEXT("1.2.3.4\0evil"), 0, &e));
}

TEST(a_mapped_address_is_the_ipv4_address_it_stands_for)
{
    union endpoint mapped;
    union endpoint plain;
    assert_true(endpoint_parse_host(TEXT("::ffff:192.0.2.1"), 20, &mapped));
    assert_true(endpoint_parse_host(TEXT("192.0.2.1"), 99, &plain));
    assert_true(endpoint_same_host(&mapped, &plain));
    assert_string_equal(shown(&mapped), "192.0.2.1:20");
}

TEST(hosts_compare_without_their_ports)
{
    union endpoint a;
    union endpoint b;
    assert_true(endpoint_parse_host(TEXT("2001:db8::1"), 1, &a));
    assert_true(endpoint_parse_host(TEXT("2001:db8::1"), 2, &b));
    assert_true(endpoint_same_host(&a, &b));
    assert_true(endpoint_parse_host(TEXT("2001:db8::2"), 1, &b));
    assert_false(endpoint_same_host(&a, &b));
    assert_true(endpoint_parse_host(TEXT("1.2.3.4"), 1, &b));
    assert_false(endpoint_same_host(&a, &b));
    union endpoint none = {.any = {.sa_family = AF_UNSPEC}};
    assert_false(endpoint_same_host(&none, &none));
}

TEST(private_networks_are_known)
{
    static const struct {
        const char *host;
        bool is_private;
    } cases[] = {
        {"10.255.0.1", true},   {"11.0.0.1", false},
        {"172.16.0.1", true},   {"172.31.255.255", true},
        {"172.32.0.1", false},  {"192.168.9.9", true},
        {"192.169.0.1", false}, {"127.0.0.1", true},
        {"169.254.1.1", true},  {"100.64.0.1", true},
        {"100.128.0.1", false}, {"8.8.8.8", false},
        {"::1", true},          {"fe80::1", true},
        {"fd00::1", true},      {"fc00::1", true},
        {"2001:db8::1", false}, {"::ffff:10.0.0.1", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        union endpoint e;
        assert_true(endpoint_parse_host(text_of(cases[i].host), 0, &e));
        assert_int_equal(endpoint_is_private(&e), cases[i].is_private);
    }
}

TEST(one_host_is_neither_any_nor_many)
{
    static const char *const one[] = {"1.2.3.4", "127.0.0.1", "223.255.255.255", "::1",
                                      "2001:db8::1"};
    static const char *const none[] = {"0.0.0.0",         "0.1.2.3", "224.0.0.1",
                                       "255.255.255.255", "::",      "ff02::1"};
    union endpoint e;
    for (size_t i = 0; i < COUNT(one); i++)
        assert_true(endpoint_parse_host(text_of(one[i]), 0, &e) && endpoint_is_one_host(&e));
    for (size_t i = 0; i < COUNT(none); i++)
        assert_true(endpoint_parse_host(text_of(none[i]), 0, &e) && !endpoint_is_one_host(&e));
}

static bool is_in(const char *host, const char *network_text)
{
    union endpoint endpoint;
    struct endpoint_network network;
    if (!endpoint_parse_network(text_of(network_text), &network))
        fail_msg("%s is no network", network_text);
    assert_true(endpoint_parse_host(text_of(host), 21, &endpoint));
    return endpoint_in_network(&endpoint, &network);
}

TEST(addresses_are_in_the_networks_whose_bits_they_begin_with)
{
    assert_true(is_in("192.0.2.7", "192.0.2.0/24"));
    assert_false(is_in("192.0.3.7", "192.0.2.0/24"));
    assert_true(is_in("192.0.2.127", "192.0.2.0/25"));
    assert_false(is_in("192.0.2.128", "192.0.2.0/25"));
    assert_true(is_in("192.0.2.129", "192.0.2.128/31"));
    assert_false(is_in("192.0.2.130", "192.0.2.128/31"));
    assert_true(is_in("192.0.2.7", "192.0.2.7"));
    assert_true(is_in("192.0.2.7", "192.0.2.7/32"));
    assert_false(is_in("192.0.2.6", "192.0.2.7"));
    assert_true(is_in("255.255.255.255", "0.0.0.0/0"));
    assert_true(is_in("2001:db8::1", "2001:db8::/32"));
    assert_false(is_in("2001:db9::1", "2001:db8::/32"));
    assert_true(is_in("2001:db8:0:8000::", "2001:db8:0:8000::/49"));
    assert_false(is_in("2001:db8:0:7fff::", "2001:db8:0:8000::/49"));
    assert_true(is_in("2001:db8::1", "[2001:db8::1]"));
    assert_true(is_in("2001:db8::1", "::/0"));
}

TEST(every_network_of_one_family_has_nobody_of_the_other)
{
    assert_false(is_in("2001:db8::1", "0.0.0.0/0"));
    assert_false(is_in("192.0.2.7", "::/0"));
    union endpoint none = {.any = {.sa_family = AF_UNSPEC}};
    struct endpoint_network all;
    assert_true(endpoint_parse_network(TEXT("0.0.0.0/0"), &all));
    assert_false(endpoint_in_network(&none, &all));
}

TEST(mapped_addresses_and_networks_are_those_of_ipv4)
{
    assert_true(is_in("::ffff:192.0.2.7", "192.0.2.0/24"));
    assert_true(is_in("192.0.2.7", "::ffff:192.0.2.0/120"));
    assert_false(is_in("192.0.3.7", "::ffff:192.0.2.0/120"));
    assert_true(is_in("192.0.2.7", "::ffff:192.0.2.7"));
    assert_true(is_in("192.0.2.7", "::ffff:0.0.0.0/96"));
}

TEST(what_is_no_network_is_refused)
{
    static const char *const cases[] = {
        "",
        "/",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/8 ",
        "10.0.0/8",
        "10.0.0.1/8",
        "192.0.2.1/31",
        "::/129",
        "2001:db8::1/64",
        "::1/127",
        "host/8",
        "10.0.0.0/8/8",
        "10.0.0.0/+8",
        "10.0.0.0/0x8",
        "0.0.0.1/0",
        "::ffff:0.0.0.0/95",
        "::ffff:192.0.2.1/120",
        "10.0.0.0/4294967304",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct endpoint_network network;
        if (endpoint_parse_network(text_of(cases[i]), &network))
            fail_msg("\"%s\" is a network", cases[i]);
    }
}

TEST(networks_are_shown_as_they_are_read)
{
    static const char *const texts[] = {"192.0.2.1",     "192.0.2.0/24", "0.0.0.0/0", "2001:db8::1",
                                        "2001:db8::/32", "::/0",         "::/96"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        char bytes[ENDPOINT_TEXT_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        struct endpoint_network network;
        assert_true(endpoint_parse_network(text_of(texts[i]), &network));
        endpoint_put_network(&network, &b);
        assert_text(builder_text(&b), texts[i]);
    }
}

TEST(behind_an_address_is_a_host_or_an_ipv6_network)
{
    static const char *const cases[][2] = {{"192.0.2.1", "192.0.2.1"},
                                           {"2001:db8::1", "2001:db8::/64"},
                                           {"::ffff:192.0.2.1", "192.0.2.1"},
                                           {"fe80::1", "fe80::1"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char bytes[ENDPOINT_TEXT_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        union endpoint e;
        assert_true(endpoint_parse_host(text_of(cases[i][0]), 0, &e));
        const struct endpoint_network source = endpoint_source(&e);
        endpoint_put_network(&source, &b);
        assert_text(builder_text(&b), cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(addresses_of_both_families_are_read_and_shown),
        RUN(names_and_nonsense_are_no_addresses),
        RUN(a_mapped_address_is_the_ipv4_address_it_stands_for),
        RUN(hosts_compare_without_their_ports),
        RUN(private_networks_are_known),
        RUN(one_host_is_neither_any_nor_many),
        RUN(addresses_are_in_the_networks_whose_bits_they_begin_with),
        RUN(every_network_of_one_family_has_nobody_of_the_other),
        RUN(mapped_addresses_and_networks_are_those_of_ipv4),
        RUN(what_is_no_network_is_refused),
        RUN(networks_are_shown_as_they_are_read),
        RUN(behind_an_address_is_a_host_or_an_ipv6_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
