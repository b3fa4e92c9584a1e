/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/xferlog.h"
#include "tests/unit/unit.h"

/* Tue Nov 14 22:13:20 2023 UTC */
static const int64_t NOW = 1700000000;

static struct audit_event upload(void)
{
    struct audit_event event = {
        .action = ACTION_WRITE,
        .user = TEXT("anna"),
        .path = TEXT("/f"),
        .is_transfer = true,
        .inbound = true,
        .bytes = 7,
        .duration_ms = 1000,
    };
    assert_true(endpoint_parse_host(TEXT("192.0.2.1"), 0, &event.peer));
    return event;
}

static struct text line_at(const struct audit_event *event, int64_t now)
{
    static char bytes[1024];
    struct builder b = builder_on(bytes, sizeof(bytes));
    xferlog_put(&b, event, now);
    assert_false(b.full);
    return builder_text(&b);
}

/* The line without its date. */
static struct text line_of(const struct audit_event *event)
{
    return text_after(line_at(event, NOW), strlen("Tue Nov 14 22:13:20 2023 "));
}

TEST(the_date_has_its_fixed_columns)
{
    const struct audit_event event = upload();
    assert_true(text_starts_with(line_at(&event, NOW), TEXT("Tue Nov 14 22:13:20 2023 ")));
    assert_true(text_starts_with(line_at(&event, 0), TEXT("Thu Jan  1 00:00:00 1970 ")));
    assert_true(text_starts_with(line_at(&event, -1), TEXT("Wed Dec 31 23:59:59 1969 ")));
}

TEST(a_transfer_takes_whole_seconds_and_at_least_one)
{
    static const struct {
        uint64_t ms;
        const char *start;
    } cases[] = {{0, "1 "}, {1, "1 "}, {1000, "1 "}, {1001, "2 "}, {3600000, "3600 "}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct audit_event event = upload();
        event.duration_ms = cases[i].ms;
        assert_true(text_starts_with(line_of(&event), text_of(cases[i].start)));
    }
}

TEST(direction_and_type_are_one_letter_each)
{
    struct audit_event event = upload();
    assert_text(line_of(&event), "1 192.0.2.1 7 /f b _ i g anna ftp 0 * c\n");
    event.inbound = false;
    event.is_text = true;
    assert_text(line_of(&event), "1 192.0.2.1 7 /f a _ o g anna ftp 0 * c\n");
    event.action = ACTION_DELETE;
    assert_text(line_of(&event), "1 192.0.2.1 7 /f a _ d g anna ftp 0 * c\n");
}

TEST(any_fault_makes_a_transfer_incomplete)
{
    for (unsigned fault = 1; fault < FAULT_COUNT; fault++) {
        struct audit_event event = upload();
        event.fault = (enum fault)fault;
        assert_true(xferlog_wants(&event));
        assert_true(text_ends_with(line_of(&event), TEXT(" ftp 0 * i\n")));
    }
}

TEST(anonymous_is_known_by_the_address_it_gave)
{
    struct audit_event event = upload();
    event.anonymous = true;
    event.detail = TEXT("me@example.org");
    assert_text(line_of(&event), "1 192.0.2.1 7 /f b _ i a me@example.org ftp 0 * c\n");
    event.detail = TEXT("");
    assert_text(line_of(&event), "1 192.0.2.1 7 /f b _ i a * ftp 0 * c\n");
}

TEST(what_a_client_named_cannot_forge_a_field_or_a_line)
{
    struct audit_event event = upload();
    event.path = TEXT("/a b\n1 192.0.2.9\r\t\x7F\0z");
    event.user = TEXT("an na\n");
    assert_text(line_of(&event), "1 192.0.2.1 7 /a_b_1_192.0.2.9____z b _ i g an_na_ ftp 0 * c\n");
    event.path = TEXT("");
    event.user = TEXT("\xC3\xA9");
    assert_text(line_of(&event), "1 192.0.2.1 7 * b _ i g \xC3\xA9 ftp 0 * c\n");
}

TEST(peers_are_addresses_of_either_family)
{
    struct audit_event event = upload();
    assert_true(endpoint_parse_host(TEXT("2001:db8::1"), 0, &event.peer));
    event.bytes = UINT64_MAX;
    assert_text(line_of(&event), "1 2001:db8::1 18446744073709551615 /f b _ i g anna ftp 0 * c\n");
    event.peer.any.sa_family = AF_UNSPEC;
    event.bytes = 0;
    assert_text(line_of(&event), "1 ? 0 /f b _ i g anna ftp 0 * c\n");
}

TEST(every_action_is_wanted_only_as_a_transfer_or_a_deletion)
{
    for (unsigned action = 0; action < ACTION_COUNT; action++) {
        struct audit_event event = {.action = (enum action)action};
        assert_int_equal(xferlog_wants(&event), action == ACTION_DELETE);
        event.is_transfer = true;
        assert_true(xferlog_wants(&event));
        event.rule = "what a limit broke off was a transfer, too";
        assert_true(xferlog_wants(&event));
    }
}

TEST(a_line_that_does_not_fit_is_told)
{
    char bytes[40];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const struct audit_event event = upload();
    xferlog_put(&b, &event, NOW);
    assert_true(b.full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(the_date_has_its_fixed_columns),
        RUN(a_transfer_takes_whole_seconds_and_at_least_one),
        RUN(direction_and_type_are_one_letter_each),
        RUN(any_fault_makes_a_transfer_incomplete),
        RUN(anonymous_is_known_by_the_address_it_gave),
        RUN(what_a_client_named_cannot_forge_a_field_or_a_line),
        RUN(peers_are_addresses_of_either_family),
        RUN(every_action_is_wanted_only_as_a_transfer_or_a_deletion),
        RUN(a_line_that_does_not_fit_is_told),
    };
    (void)setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
