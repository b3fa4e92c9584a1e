/* SPDX-License-Identifier: Apache-2.0 */
#include "client/trust.h"

#include "tests/unit/kept_home.h"

#define HEX_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_B "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"
#define PIN_A "sha256:" HEX_A
#define PIN_B "sha256:" HEX_B

enum { NOW = 1795219200 }; /* 2026-11-21 */

static const struct trust_pins no_pins = {.count = 0};
static char message[KEPT_MESSAGE_SIZE];

static struct fingerprint print_of(const char *pin)
{
    struct fingerprint fingerprint;
    assert_true(fingerprint_parse(text_of(pin), &fingerprint));
    return fingerprint;
}

static enum trust_verdict check(const struct trust *trust, const char *host, uint16_t port,
                                const char *pin)
{
    struct fingerprint fingerprint = print_of(pin);
    return trust_check(trust, text_of(host), port, &fingerprint);
}

static enum fault add(struct trust *trust, const char *host, uint16_t port, const char *pin)
{
    struct fingerprint fingerprint = print_of(pin);
    return trust_add(trust, text_of(host), port, &fingerprint, NOW, message);
}

TEST(a_fingerprint_is_read_as_it_is_written_anywhere)
{
    static const char *const cases[] = {
        PIN_A,
        "SHA256:" HEX_A,
        "sha256:000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
        "sha256:00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B"
        ":1C:1D:1E:1F",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char bytes[128];
        struct builder b = builder_on(bytes, sizeof(bytes));
        struct fingerprint fingerprint = print_of(cases[i]);
        for (unsigned n = 0; n < sizeof(fingerprint.bytes); n++)
            assert_int_equal(fingerprint.bytes[n], n);
        fingerprint_put(&fingerprint, &b);
        assert_text(builder_text(&b), PIN_A);
    }
}

TEST(what_is_no_fingerprint_is_refused)
{
    static const char *const cases[] = {
        "",
        "sha256:",
        HEX_A,
        "sha1:" HEX_A,
        PIN_A "0",
        PIN_A "00",
        "sha256:g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "sha256:0001:02030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "sha256:00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B"
        ":1C:1D:1E-1F",
        "sha256:00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B"
        ":1C:1D:1E:1F:",
        PIN_A " ",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fingerprint fingerprint;
        if (fingerprint_parse(text_of(cases[i]), &fingerprint))
            fail_msg("\"%s\" was taken", cases[i]);
    }
}

TEST(pins_are_several_with_commas_between)
{
    static char many[(TRUST_PINS_MAX + 1) * 72];
    struct trust_pins pins = {.count = 7};
    assert_true(trust_pins_parse(TEXT(""), &pins));
    assert_int_equal(pins.count, 0);
    assert_true(trust_pins_parse(TEXT(PIN_A ", " PIN_B), &pins));
    assert_int_equal(pins.count, 2);
    assert_int_equal(pins.all[1].bytes[0], 0xFF);
    assert_false(trust_pins_parse(TEXT(PIN_A ","), &pins));
    assert_false(trust_pins_parse(TEXT("," PIN_A), &pins));
    assert_false(trust_pins_parse(TEXT(PIN_A ",x"), &pins));
    assert_int_equal(pins.count, 2);
    struct builder b = builder_on(many, sizeof(many));
    for (int i = 0; i < TRUST_PINS_MAX; i++) {
        builder_put_string(&b, i ? "," : "");
        builder_put_string(&b, PIN_A);
    }
    assert_true(trust_pins_parse(builder_text(&b), &pins));
    assert_int_equal(pins.count, TRUST_PINS_MAX);
    builder_put_string(&b, "," PIN_A);
    assert_false(trust_pins_parse(builder_text(&b), &pins));
}

TEST(a_line_is_a_server_its_fingerprint_and_a_date)
{
    static const struct {
        const char *line;
        const char *host;
        unsigned port;
        const char *since;
    } cases[] = {
        {"ftp.example.org:21 " PIN_A " 2026-11-21", "ftp.example.org", 21, "2026-11-21"},
        {"  h:65535   " PIN_A, "h", 65535, ""},
        {"[2001:db8::1]:990 " PIN_A " by hand, by me", "2001:db8::1", 990, "by hand, by me"},
        {"[fe80::1%eth0]:21 " PIN_A, "fe80::1%eth0", 21, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct trust_entry entry;
        assert_int_equal(trust_line_parse(text_of(cases[i].line), &entry), TRUST_LINE_ENTRY);
        assert_text(entry.host, cases[i].host);
        assert_int_equal(entry.port, cases[i].port);
        assert_text(entry.since, cases[i].since);
    }
}

TEST(a_line_may_say_nothing_but_nothing_wrong)
{
    static const char *const nothing[] = {"", "   ", "# anything", "  # h:21 " PIN_A};
    static const char *const wrong[] = {
        "h",
        "h:21",
        "h " PIN_A,
        "h:0 " PIN_A,
        "h:65536 " PIN_A,
        ":21 " PIN_A,
        "[h]:21 " PIN_A,
        "2001:db8::1:21 " PIN_A,
        "[::1:21 " PIN_A,
        "[::1] " PIN_A,
        "[]:21 " PIN_A,
        "h\t:21 " PIN_A,
        "h:21 " PIN_A "0",
        "h:21\t" PIN_A,
        "sha256:21 h:21",
    };
    struct trust_entry entry;
    for (size_t i = 0; i < COUNT(nothing); i++)
        assert_int_equal(trust_line_parse(text_of(nothing[i]), &entry), TRUST_LINE_NOTHING);
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (trust_line_parse(text_of(wrong[i]), &entry) != TRUST_LINE_WRONG)
            fail_msg("\"%s\" was taken", wrong[i]);
}

TEST(what_is_added_is_known_from_then_on)
{
    struct trust trust;
    assert_fault(trust_open(&trust, NULL, &no_pins, message), FAULT_NONE);
    assert_int_equal(check(&trust, "h", 21, PIN_A), TRUST_UNKNOWN);
    assert_fault(add(&trust, "h", 21, PIN_A), FAULT_NONE);
    assert_int_equal(check(&trust, "h", 21, PIN_A), TRUST_KNOWN);
    assert_int_equal(check(&trust, "H", 21, PIN_A), TRUST_KNOWN);
    assert_int_equal(check(&trust, "h", 21, PIN_B), TRUST_CHANGED);
    assert_int_equal(check(&trust, "h", 990, PIN_A), TRUST_UNKNOWN);
    assert_int_equal(check(&trust, "hh", 21, PIN_A), TRUST_UNKNOWN);
    trust_close(&trust);
    const char *path = home_path(".config/ferry/known_servers");
    assert_string_equal(home_read(path), "h:21 " PIN_A " 2026-11-21\n");
    assert_int_equal(home_mode(path), 0600);
    assert_fault(trust_open(&trust, NULL, &no_pins, message), FAULT_NONE);
    assert_int_equal(check(&trust, "h", 21, PIN_A), TRUST_KNOWN);
    trust_close(&trust);
}

TEST(a_new_certificate_takes_the_place_of_the_old_ones_and_of_nothing_else)
{
    struct trust trust;
    const char *path = home_write("known",
                                  "# mine\n\nh:21 " PIN_A " a\nother:21 " PIN_A " b\n"
                                  "H:21 " PIN_A " c\nh:990 " PIN_A " d",
                                  0644);
    assert_fault(trust_open(&trust, path, &no_pins, message), FAULT_NONE);
    assert_int_equal(check(&trust, "h", 21, PIN_B), TRUST_CHANGED);
    assert_fault(add(&trust, "h", 21, PIN_B), FAULT_NONE);
    assert_int_equal(check(&trust, "h", 21, PIN_B), TRUST_KNOWN);
    assert_int_equal(check(&trust, "h", 21, PIN_A), TRUST_CHANGED);
    trust_close(&trust);
    assert_string_equal(home_read(path), "# mine\n\nother:21 " PIN_A " b\nh:990 " PIN_A
                                         " d\nh:21 " PIN_B " 2026-11-21\n");
}

TEST(what_another_ferry_added_meanwhile_stays)
{
    struct trust one;
    struct trust other;
    assert_fault(trust_open(&one, NULL, &no_pins, message), FAULT_NONE);
    assert_fault(trust_open(&other, NULL, &no_pins, message), FAULT_NONE);
    assert_fault(add(&other, "b", 21, PIN_B), FAULT_NONE);
    assert_int_equal(check(&one, "b", 21, PIN_B), TRUST_UNKNOWN);
    assert_fault(add(&one, "2001:db8::1", 21, PIN_A), FAULT_NONE);
    assert_int_equal(check(&one, "b", 21, PIN_B), TRUST_KNOWN);
    assert_int_equal(check(&one, "2001:DB8::1", 21, PIN_A), TRUST_KNOWN);
    trust_close(&one);
    trust_close(&other);
}

TEST(several_lines_of_one_server_are_all_known)
{
    struct trust trust;
    const char *path = home_write("known", "h:21 " PIN_A "\nh:21 " PIN_B "\n", 0600);
    assert_fault(trust_open(&trust, path, &no_pins, message), FAULT_NONE);
    assert_int_equal(check(&trust, "h", 21, PIN_A), TRUST_KNOWN);
    assert_int_equal(check(&trust, "h", 21, PIN_B), TRUST_KNOWN);
    trust_close(&trust);
}

TEST(a_server_is_known_whatever_its_certificate_is_now)
{
    struct trust trust;
    const char *path = home_write("known", "# h:990 is gone\nh:21 " PIN_A "\n", 0600);
    assert_fault(trust_open(&trust, path, &no_pins, message), FAULT_NONE);
    assert_true(trust_knows(&trust, TEXT("H"), 21));
    assert_false(trust_knows(&trust, TEXT("h"), 990));
    assert_false(trust_knows(&trust, TEXT("hh"), 21));
    trust_close(&trust);
}

TEST(with_pins_nothing_else_counts)
{
    struct trust trust;
    struct trust_pins pins;
    const char *path = home_write("known", "h:21 " PIN_A "\n", 0600);
    assert_true(trust_pins_parse(TEXT(PIN_B), &pins));
    assert_fault(trust_open(&trust, path, &pins, message), FAULT_NONE);
    assert_int_equal(check(&trust, "h", 21, PIN_A), TRUST_NOT_PINNED);
    assert_int_equal(check(&trust, "h", 21, PIN_B), TRUST_KNOWN);
    assert_int_equal(check(&trust, "new", 21, PIN_B), TRUST_KNOWN);
    trust_close(&trust);
}

TEST(a_file_that_is_not_understood_is_not_trusted)
{
    struct trust trust;
    const char *path = home_write("known", "# mine\nh:21 " PIN_A "\nh:21 sha1:00\n", 0600);
    assert_fault(trust_open(&trust, path, &no_pins, message), FAULT_ARGUMENT);
    assert_non_null(strstr(message, "known:3: "));
    assert_int_equal(check(&trust, "h", 21, PIN_A), TRUST_UNKNOWN);
    assert_fault(add(&trust, "h", 21, PIN_B), FAULT_ARGUMENT);
    assert_non_null(strstr(message, "known:3: "));
    trust_close(&trust);
    assert_string_equal(home_read(path), "# mine\nh:21 " PIN_A "\nh:21 sha1:00\n");
}

TEST(a_file_that_others_can_write_is_not_trusted)
{
    struct trust trust;
    const char *path = home_write("known", "h:21 " PIN_A "\n", 0660);
    assert_fault(trust_open(&trust, path, &no_pins, message), FAULT_DENIED);
    assert_non_null(strstr(message, "others can write it"));
    assert_int_equal(check(&trust, "h", 21, PIN_A), TRUST_UNKNOWN);
    trust_close(&trust);
}

TEST(a_host_that_would_be_another_line_is_refused)
{
    static const char *const cases[] = {"", "a b", "a\nb:21", "#a", "[::1]", "a]", "a\x7F", "a/b"};
    char too_long[TRUST_HOST_MAX + 2];
    struct trust trust;
    assert_fault(trust_open(&trust, home_path("known"), &no_pins, message), FAULT_NONE);
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_fault(add(&trust, cases[i], 21, PIN_A), FAULT_NAME_INVALID);
    assert_fault(add(&trust, "h", 0, PIN_A), FAULT_NAME_INVALID);
    memset(too_long, 'a', sizeof(too_long) - 1);
    too_long[sizeof(too_long) - 1] = '\0';
    assert_fault(add(&trust, too_long, 21, PIN_A), FAULT_NAME_INVALID);
    assert_true(message[0]);
    too_long[TRUST_HOST_MAX] = '\0';
    assert_fault(add(&trust, too_long, 21, PIN_A), FAULT_NONE);
    assert_int_equal(check(&trust, too_long, 21, PIN_A), TRUST_KNOWN);
    trust_close(&trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_fingerprint_is_read_as_it_is_written_anywhere),
        RUN(what_is_no_fingerprint_is_refused),
        RUN(pins_are_several_with_commas_between),
        RUN(a_line_is_a_server_its_fingerprint_and_a_date),
        RUN(a_line_may_say_nothing_but_nothing_wrong),
        RUN_AT_HOME(what_is_added_is_known_from_then_on),
        RUN_AT_HOME(a_new_certificate_takes_the_place_of_the_old_ones_and_of_nothing_else),
        RUN_AT_HOME(what_another_ferry_added_meanwhile_stays),
        RUN_AT_HOME(several_lines_of_one_server_are_all_known),
        RUN_AT_HOME(a_server_is_known_whatever_its_certificate_is_now),
        RUN_AT_HOME(with_pins_nothing_else_counts),
        RUN_AT_HOME(a_file_that_is_not_understood_is_not_trusted),
        RUN_AT_HOME(a_file_that_others_can_write_is_not_trusted),
        RUN_AT_HOME(a_host_that_would_be_another_line_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
