/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/address.h"
#include "tests/unit/unit.h"

static const char *shown(const union endpoint *endpoint)
{
    static char bytes[ENDPOINT_TEXT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    endpoint_put(endpoint, &b);
    return builder_end(&b);
}

TEST(port_names_a_host_and_a_port)
{
    union endpoint e;
    /* The course text's example: 8*256 + 69 = 2117. */
    assert_int_equal(address_parse_port(TEXT("192,168,1,50,8,69"), &e), ADDRESS_OK);
    assert_string_equal(shown(&e), "192.168.1.50:2117");
    assert_int_equal(address_parse_port(TEXT("127,0,0,1,255,255"), &e), ADDRESS_OK);
    assert_string_equal(shown(&e), "127.0.0.1:65535");
}

TEST(a_malformed_port_is_refused_whole)
{
    static const char *const cases[] = {
        "",           "1,2,3,4,5",  "1,2,3,4,5,6,7", "1,2,3,4,5,256", "1,2,3,4,5,-1", "a,b,c,d,e,f",
        "1,2,3,4,5,", ",1,2,3,4,5", "1.2.3.4,5,6",   "1,2,3,4,5,6x",  "1,2,3,4,5,6,",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        union endpoint e;
        assert_int_equal(address_parse_port(text_of(cases[i]), &e), ADDRESS_MALFORMED);
    }
}

TEST(eprt_names_both_families_with_any_delimiter)
{
    union endpoint e;
    assert_int_equal(address_parse_eprt(TEXT("|1|132.235.1.2|6275|"), &e), ADDRESS_OK);
    assert_string_equal(shown(&e), "132.235.1.2:6275");
    assert_int_equal(address_parse_eprt(TEXT("|2|1080::8:800:200C:417A|5282|"), &e), ADDRESS_OK);
    assert_string_equal(shown(&e), "[1080::8:800:200c:417a]:5282");
    assert_int_equal(address_parse_eprt(TEXT("!1!1.2.3.4!21!"), &e), ADDRESS_OK);
}

TEST(eprt_tells_an_unknown_family_from_a_malformed_argument)
{
    union endpoint e;
    assert_int_equal(address_parse_eprt(TEXT("|3|1.2.3.4|21|"), &e), ADDRESS_UNKNOWN_FAMILY);
    static const char *const cases[] = {
        "",
        "|",
        "|1|1.2.3.4|21",
        "|1|1.2.3.4|65536|",
        "|1|::1|21|",
        "|2|1.2.3.4|21|",
        "|1||21|",
        "|x|1.2.3.4|21|",
        "|1|1.2.3.4|21|x",
        " 1 1.2.3.4 21 ",
        "|1|host|21|",
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(address_parse_eprt(text_of(cases[i]), &e), ADDRESS_MALFORMED);
}

TEST(lprt_names_both_families)
{
    union endpoint e;
    assert_int_equal(address_parse_lprt(TEXT("4,4,10,0,0,1,2,1,2"), &e), ADDRESS_OK);
    assert_string_equal(shown(&e), "10.0.0.1:258");
    assert_int_equal(address_parse_lprt(TEXT("6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1,2,4,0"), &e),
                     ADDRESS_OK);
    assert_string_equal(shown(&e), "[2001:db8::1]:1024");
    assert_int_equal(address_parse_lprt(TEXT("5,4,1,2,3,4,2,1,2"), &e), ADDRESS_UNKNOWN_FAMILY);
    assert_int_equal(address_parse_lprt(TEXT("4,5,1,2,3,4,2,1,2"), &e), ADDRESS_MALFORMED);
    assert_int_equal(address_parse_lprt(TEXT("4,4,1,2,3,4,3,1,2"), &e), ADDRESS_MALFORMED);
    assert_int_equal(address_parse_lprt(TEXT("4"), &e), ADDRESS_MALFORMED);
}

TEST(what_is_written_reads_back_as_the_same)
{
    static const char *const hosts[] = {"192.0.2.1", "2001:db8::7"};
    for (size_t i = 0; i < COUNT(hosts); i++) {
        char bytes[128];
        union endpoint e;
        union endpoint back;
        assert_true(endpoint_parse_host(text_of(hosts[i]), 40001, &e));
        struct builder b = builder_on(bytes, sizeof(bytes));
        address_put_lprt(&b, &e);
        assert_int_equal(address_parse_lprt(builder_text(&b), &back), ADDRESS_OK);
        assert_true(endpoint_same_host(&e, &back));
        assert_int_equal(endpoint_port(&back), 40001);
    }
}

TEST(a_227_is_read_with_any_text_around_its_numbers)
{
    static const char *const replies[] = {
        "Entering Passive Mode (192,168,10,251,230,126)",
        "Entering Passive Mode (192,168,10,251,230,126).",
        "Entering Passive Mode. 192,168,10,251,230,126",
        "=192,168,10,251,230,126",
        "2 ways: 192,168,10,251,230,126",
    };
    for (size_t i = 0; i < COUNT(replies); i++) {
        union endpoint e;
        assert_int_equal(address_parse_227(text_of(replies[i]), &e), ADDRESS_OK);
        assert_string_equal(shown(&e), "192.168.10.251:59006");
    }
    union endpoint e;
    assert_int_equal(address_parse_227(TEXT("Entering Passive Mode"), &e), ADDRESS_MALFORMED);
    assert_int_equal(address_parse_227(TEXT("(1,2,3,4,5)"), &e), ADDRESS_MALFORMED);
}

TEST(a_229_holds_only_a_port)
{
    uint16_t port = 0;
    assert_int_equal(address_parse_229(TEXT("Entering Extended Passive Mode (|||6446|)"), &port),
                     ADDRESS_OK);
    assert_int_equal(port, 6446);
    static const char *const cases[] = {"",          "(|||0|)",  "(|||65536|)", "(||6446|)",
                                        "(|||6446)", "|||6446|", "(|||6446|",   "(|||x|)"};
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(address_parse_229(text_of(cases[i]), &port), ADDRESS_MALFORMED);
}

TEST(a_227_is_found_in_what_broken_servers_make_of_it)
{
    static const char *const replies[] = {
        "Entering Passive Mode 10,0,0,1,4,5",
        "227 Entering Passive Mode 1.2 (10,0,0,1,4,5)",
        "Entering Passive Mode (10, 0, 0, 1, 4, 5)",
        "Entering Passive Mode (10 , 0,0 ,1,  4,5 )",
        "Entering Passive Mode [10,0,0,1,4,5]",
        "=10,0,0,1,4,5",
        "10,0,0,1,4,5",
        "Passive mode 10,0,0,1,4,5, please connect",
        "Client 4, 2 of 3: (10,0,0,1,4,5)",
        "(1,2,3,4,5) (10,0,0,1,4,5) (10,0,0,2,4,5)",
        "(1,2,3,4,0,0) (10,0,0,1,4,5)",
        "(256,2,3,4,5,6) (10,0,0,1,4,5)",
        "(010,000,000,001,004,005)",
    };
    for (size_t i = 0; i < COUNT(replies); i++) {
        union endpoint e;
        if (address_parse_227(text_of(replies[i]), &e) != ADDRESS_OK)
            fail_msg("%s is not read", replies[i]);
        assert_string_equal(shown(&e), "10.0.0.1:1029");
    }
}

TEST(a_227_that_names_no_port_is_refused)
{
    static const char *const replies[] = {
        "",
        "Entering Passive Mode (10,0,0,1,4)",
        "Entering Passive Mode (10,0,0,1,4,5,6)",
        "Entering Passive Mode (10,0,0,1,4,5 , 6)",
        "Entering Passive Mode (256,0,0,1,4,5)",
        "Entering Passive Mode (10,0,0,1,256,5)",
        "Entering Passive Mode (10,0,0,1,4,4294967301)",
        "Entering Passive Mode (10,0,0,1,0,0)",
        "Entering Passive Mode (10,0,0,1,,4,5)",
        "Entering Passive Mode (10.0.0.1.4.5)",
        "Entering Passive Mode (10 0 0 1 4 5)",
        "10,0,0,1,4,",
    };
    union endpoint e = endpoint_any(AF_INET, 4711);
    for (size_t i = 0; i < COUNT(replies); i++)
        if (address_parse_227(text_of(replies[i]), &e) != ADDRESS_MALFORMED)
            fail_msg("%s is read", replies[i]);
    assert_int_equal(endpoint_port(&e), 4711);
}

TEST(a_228_holds_an_address_of_either_family)
{
    union endpoint e;
    assert_int_equal(address_parse_228(TEXT("Entering Long Passive Mode (4,4,10,0,0,1,2,4,5)"), &e),
                     ADDRESS_OK);
    assert_string_equal(shown(&e), "10.0.0.1:1029");
    assert_int_equal(address_parse_228(TEXT("2 ways: 6, 16, 32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1, "
                                            "2, 4,5."),
                                       &e),
                     ADDRESS_OK);
    assert_string_equal(shown(&e), "[2001:db8::1]:1029");
    assert_int_equal(address_parse_228(TEXT("(5,4,10,0,0,1,2,4,5)"), &e), ADDRESS_UNKNOWN_FAMILY);
    static const char *const malformed[] = {
        "",
        "Entering Long Passive Mode",
        "(10,0,0,1,4,5,256)",
        "(4,4,10,0,0,1,2,0,0)",
        "(4,4,10,0,0,1,3,4,5)",
        "(6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1,2,4)",
    };
    for (size_t i = 0; i < COUNT(malformed); i++)
        if (address_parse_228(text_of(malformed[i]), &e) != ADDRESS_MALFORMED)
            fail_msg("%s is read", malformed[i]);
    assert_string_equal(shown(&e), "[2001:db8::1]:1029");
}

TEST(a_229_is_found_in_what_broken_servers_make_of_it)
{
    static const char *const replies[] = {
        "Entering Extended Passive Mode (|||1234|)",
        "Entering Extended Passive Mode (|||1234|).",
        "(!!!1234!)",
        "(~~~1234~)",
        "Entering Passive Mode (EPSV) (|||1234|)",
        "(|1|10.0.0.1|1234|)",
        "(|2|2001:db8:1234:1234:1234:1234:1234:1234%enp0s31f6|1234|)",
        "(|1||1234|)",
        "(|||0|) (|||1234|)",
        "(((((1234()",
    };
    for (size_t i = 0; i < COUNT(replies); i++) {
        uint16_t port = 0;
        if (address_parse_229(text_of(replies[i]), &port) != ADDRESS_OK)
            fail_msg("%s is not read", replies[i]);
        assert_int_equal(port, 1234);
    }
    static const char *const malformed[] = {
        "(",
        "(|",
        "(|||",
        "(|||1234",
        "(   1234 )",
        "(\xFF\xFF\xFF"
        "1234\xFF)",
        "(||1234|)",
        "(||||1234|)",
        "(|||1234||)",
        "(||| 1234|)",
        "(|||-1|)",
        "(|||1234!)",
    };
    uint16_t port = 4711;
    for (size_t i = 0; i < COUNT(malformed); i++)
        if (address_parse_229(text_of(malformed[i]), &port) != ADDRESS_MALFORMED)
            fail_msg("%s is read", malformed[i]);
    assert_int_equal(port, 4711);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(port_names_a_host_and_a_port),
        RUN(a_malformed_port_is_refused_whole),
        RUN(eprt_names_both_families_with_any_delimiter),
        RUN(eprt_tells_an_unknown_family_from_a_malformed_argument),
        RUN(lprt_names_both_families),
        RUN(what_is_written_reads_back_as_the_same),
        RUN(a_227_is_read_with_any_text_around_its_numbers),
        RUN(a_229_holds_only_a_port),
        RUN(a_227_is_found_in_what_broken_servers_make_of_it),
        RUN(a_227_that_names_no_port_is_refused),
        RUN(a_228_holds_an_address_of_either_family),
        RUN(a_229_is_found_in_what_broken_servers_make_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
