/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "base/log.h"
#include "gate/guard.h"
#include "tests/unit/unit.h"

/* ---- The clock is ours ------------------------------------------------------------- */

static int64_t seconds = 1000000;
static int64_t date_ahead = 1000;

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
    *ret = (struct timespec){.tv_sec = seconds + (clock == CLOCK_REALTIME ? date_ahead : 0)};
    return 0;
}

/* ---- Records ------------------------------------------------------------------------ */

enum { KEPT_MAX = 64 };

static struct ban_record kept[KEPT_MAX];
static size_t kept_count;
static enum fault keeping;

static size_t find_kept(const char *subject)
{
    size_t i = 0;
    while (i < kept_count && strcmp(kept[i].subject, subject) != 0)
        i++;
    return i;
}

static enum fault each_ban(struct records *records, int64_t now,
                           void (*on_ban)(void *context, const struct ban_record *ban),
                           void *context)
{
    (void)records;
    for (size_t i = 0; !keeping && i < kept_count; i++)
        if (kept[i].until > now)
            on_ban(context, &kept[i]);
    return keeping;
}

static enum fault put_ban(struct records *records, const struct ban_record *ban)
{
    (void)records;
    if (keeping)
        return keeping;
    size_t i = find_kept(ban->subject);
    assert_in_range(i, 0, KEPT_MAX - 1);
    kept_count += i == kept_count;
    kept[i] = *ban;
    return FAULT_NONE;
}

static enum fault remove_ban(struct records *records, const char *subject)
{
    (void)records;
    size_t i = find_kept(subject);
    if (keeping || i == kept_count)
        return keeping ? keeping : FAULT_NOT_FOUND;
    kept[i] = kept[--kept_count];
    return FAULT_NONE;
}

static const struct records_type type = {
    .each_ban = each_ban, .put_ban = put_ban, .remove_ban = remove_ban};
static struct records records = {&type};

/* ---- A guard -------------------------------------------------------------------------- */

static struct guard *guard;

static void set_rules(char **safe, size_t safe_count)
{
    size_t wrong = 0;
    const struct guard_rules rules = {
        .delay_ms = 500,
        .delay_max_ms = 3000,
        .ban_after = 4,
        .ban_user_after = 6,
        .window_s = 80,
        .ban_s = 600,
        .safe = safe,
        .safe_count = safe_count,
    };
    assert_true(guard_set_rules(guard, &rules, &wrong));
}

static int set_up(void **state)
{
    (void)state;
    kept_count = 0;
    keeping = FAULT_NONE;
    date_ahead = 1000;
    log_set_level(LOG_LEVEL_ERROR);
    assert_fault(guard_new(&records, &guard), FAULT_NONE);
    set_rules(NULL, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    guard_free(guard);
    return 0;
}

static union endpoint host(const char *address)
{
    union endpoint e;
    assert_true(endpoint_parse_host(text_of(address), 4711, &e));
    return e;
}

static uint64_t fail_from(const char *address, const char *user)
{
    union endpoint peer = host(address);
    return guard_fail(guard, &peer, text_of(user));
}

static bool is_banned(const char *address)
{
    union endpoint peer = host(address);
    return guard_is_banned(guard, &peer);
}

static bool user_is_banned(const char *user, const char *address)
{
    union endpoint peer = host(address);
    return guard_user_is_banned(guard, text_of(user), &peer);
}

/* From an address each. */
static void fail_as_user(const char *user, int times)
{
    for (int i = 0; i < times; i++) {
        char address[32];
        (void)snprintf(address, sizeof(address), "198.51.100.%d", i);
        (void)fail_from(address, user);
    }
}

TEST(replies_come_later_and_later_up_to_a_limit)
{
    static const uint64_t expected[] = {0, 500, 1000, 2000, 3000, 3000};
    union endpoint peer = host("192.0.2.1");
    for (size_t i = 0; i < COUNT(expected); i++) {
        char address[32];
        (void)snprintf(address, sizeof(address), "192.0.2.%zu", i);
        assert_int_equal(fail_from(address, "anna"), expected[i]); /* by the user */
    }
    assert_int_equal(fail_from("203.0.113.1", "x"), 0);
    assert_int_equal(fail_from("203.0.113.1", "y"), 500); /* by the address */
    guard_succeed(guard, &peer, TEXT("anna"));
    assert_int_equal(fail_from("192.0.2.1", "anna"), 0);
    seconds += 81;
    assert_int_equal(fail_from("203.0.113.1", "z"), 0); /* long ago */
}

TEST(many_users_score_against_their_address_and_an_ipv6_network_is_one)
{
    static const char *const networks[][2] = {{"192.0.2.1", "192.0.2.1"},
                                              {"2001:db8::1", "2001:db8::2"}};
    for (size_t i = 0; i < COUNT(networks); i++) {
        for (int j = 0; j < 4; j++) {
            char user[16];
            (void)snprintf(user, sizeof(user), "u%zu%d", i, j);
            assert_false(is_banned(networks[i][0]));
            (void)fail_from(networks[i][j % 2], user);
        }
        assert_true(is_banned(networks[i][0]));
        assert_true(is_banned(networks[i][1]));
    }
    assert_false(is_banned("192.0.2.2"));
    assert_false(is_banned("2001:db8:0:1::1"));
    assert_true(is_banned("::ffff:192.0.2.1"));
    seconds += 599;
    assert_true(is_banned("192.0.2.1"));
    seconds += 1;
    assert_false(is_banned("192.0.2.1"));
}

TEST(failures_count_within_the_window_and_not_beyond)
{
    for (int i = 0; i < 3; i++)
        (void)fail_from("192.0.2.1", "a");
    seconds += 79;
    (void)fail_from("192.0.2.1", "b");
    assert_true(is_banned("192.0.2.1")); /* four in 79 seconds */
    for (int i = 0; i < 3; i++)
        (void)fail_from("192.0.2.2", "c");
    seconds += 120;
    (void)fail_from("192.0.2.2", "d");
    assert_false(is_banned("192.0.2.2"));
}

TEST(what_was_right_in_between_makes_the_count_begin_anew)
{
    union endpoint peer = host("192.0.2.1");
    for (int i = 0; i < 12; i++) {
        (void)fail_from("192.0.2.1", "anna");
        if (i % 3 == 2)
            guard_succeed(guard, &peer, TEXT("anna"));
    }
    assert_false(is_banned("192.0.2.1"));
    assert_false(user_is_banned("anna", "192.0.2.1"));
}

TEST(a_user_is_banned_whoever_guesses_but_not_from_safe_networks)
{
    static char safe[] = "10.0.0.0/8";
    set_rules((char *[]){safe}, 1);
    fail_as_user("anna", 5);
    assert_false(user_is_banned("anna", "192.0.2.1"));
    fail_as_user("anna", 1);
    assert_true(user_is_banned("anna", "192.0.2.1"));
    assert_false(user_is_banned("anna", "10.1.2.3"));
    assert_false(user_is_banned("ann", "192.0.2.1"));
    assert_false(is_banned("198.51.100.0"));
}

TEST(safe_networks_are_delayed_and_keep_nobody_out)
{
    static char safe[] = "2001:db8::/32";
    uint64_t delay_ms = 0;
    set_rules((char *[]){safe}, 1);
    for (int i = 0; i < 50; i++)
        delay_ms = fail_from("2001:db8::1", "anna");
    assert_int_equal(delay_ms, 3000);
    assert_false(is_banned("2001:db8::1"));
    assert_false(user_is_banned("anna", "192.0.2.1"));
    assert_fault(guard_ban(guard, TEXT("2001:db8::/16"), 0, TEXT("all of them")), FAULT_ARGUMENT);
    assert_fault(guard_ban(guard, TEXT("2001::/16"), 0, TEXT("all of them")), FAULT_NONE);
    assert_true(is_banned("2001:db9::1"));
    assert_false(is_banned("2001:db8::1"));
}

TEST(safe_networks_that_make_no_sense_are_refused_and_change_nothing)
{
    static char good[] = "10.0.0.0/8";
    static char bad[] = "10.0.0.0/33";
    char *many[GUARD_SAFE_MAX + 1];
    size_t wrong = 99;
    struct guard_rules rules = {.safe = (char *[]){good, bad}, .safe_count = 2, .window_s = 1};
    assert_false(guard_set_rules(guard, &rules, &wrong));
    assert_int_equal(wrong, 1);
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = good;
    rules.safe = many;
    rules.safe_count = COUNT(many);
    assert_false(guard_set_rules(guard, &rules, &wrong));
    assert_int_equal(wrong, GUARD_SAFE_MAX);
    for (int i = 0; i < 4; i++)
        (void)fail_from("10.0.0.1", "a");
    assert_true(is_banned("10.0.0.1"));
}

TEST(without_bans_nobody_is_banned)
{
    const struct guard_rules rules = {.delay_ms = 1, .delay_max_ms = 2, .window_s = 10};
    size_t wrong;
    assert_true(guard_set_rules(guard, &rules, &wrong));
    for (int i = 0; i < 1000; i++)
        (void)fail_from("192.0.2.1", "anna");
    assert_false(is_banned("192.0.2.1"));
    assert_false(user_is_banned("anna", "192.0.2.1"));
}

/* ---- Bans that are kept ------------------------------------------------------------------ */

TEST(a_ban_survives_a_restart_and_ends_all_the_same)
{
    fail_as_user("anna", 6);
    for (int i = 0; i < 4; i++)
        (void)fail_from("2001:db8::1", "x");
    assert_int_equal(kept_count, 2);
    assert_string_equal(kept[1].subject, "2001:db8::/64");
    guard_free(guard);
    assert_fault(guard_new(&records, &guard), FAULT_NONE);
    assert_true(is_banned("2001:db8::7"));
    assert_true(user_is_banned("anna", "192.0.2.1"));
    seconds += 600;
    assert_false(is_banned("2001:db8::7"));
    assert_false(user_is_banned("anna", "192.0.2.1"));
}

TEST(a_clock_that_is_set_back_makes_no_ban_longer)
{
    assert_fault(guard_ban(guard, TEXT("192.0.2.1"), 600, TEXT("")), FAULT_NONE);
    assert_fault(guard_ban(guard, TEXT("192.0.2.2"), 0, TEXT("")), FAULT_NONE);
    date_ahead -= 500000;
    seconds += 599;
    assert_true(is_banned("192.0.2.1"));
    seconds += 1;
    assert_false(is_banned("192.0.2.1"));
    assert_true(is_banned("192.0.2.2"));
}

TEST(a_ban_that_was_read_under_a_wrong_date_ends_when_the_date_is_right)
{
    assert_fault(guard_ban(guard, TEXT("192.0.2.1"), 600, TEXT("")), FAULT_NONE);
    guard_free(guard);
    date_ahead -= 500000;
    assert_fault(guard_new(&records, &guard), FAULT_NONE);
    assert_true(is_banned("192.0.2.1"));
    date_ahead += 500000 + 599;
    assert_true(is_banned("192.0.2.1"));
    date_ahead += 1;
    assert_false(is_banned("192.0.2.1"));
}

TEST(what_has_ended_is_forgotten_when_others_come)
{
    assert_fault(guard_ban(guard, TEXT("192.0.2.1"), 10, TEXT("")), FAULT_NONE);
    assert_fault(guard_ban(guard, TEXT("192.0.2.2"), 0, TEXT("")), FAULT_NONE);
    assert_int_equal(kept_count, 2);
    seconds += 10;
    assert_fault(guard_ban(guard, TEXT("192.0.2.3"), 10, TEXT("")), FAULT_NONE);
    assert_int_equal(kept_count, 2);
    assert_int_equal(find_kept("192.0.2.1"), kept_count);
}

TEST(records_that_fail_do_not_keep_a_ban_from_holding)
{
    keeping = FAULT_IO;
    for (int i = 0; i < 4; i++)
        (void)fail_from("192.0.2.1", "a");
    assert_true(is_banned("192.0.2.1"));
    assert_fault(guard_ban(guard, TEXT("192.0.2.2"), 0, TEXT("")), FAULT_IO);
    assert_true(is_banned("192.0.2.2"));
    struct guard *second = NULL;
    assert_fault(guard_new(&records, &second), FAULT_IO);
    assert_null(second);
}

TEST(rows_of_others_that_make_no_sense_ban_nobody_else)
{
    kept[kept_count++] = (struct ban_record){.subject = "192.0.2.1/24", .until = INT64_MAX};
    kept[kept_count++] = (struct ban_record){.subject = "192.0.2.7", .until = INT64_MAX};
    guard_free(guard);
    assert_fault(guard_new(&records, &guard), FAULT_NONE);
    assert_false(is_banned("192.0.2.1"));
    assert_true(is_banned("192.0.2.7"));
}

TEST(without_records_all_works_but_for_the_next_start)
{
    guard_free(guard);
    assert_fault(guard_new(NULL, &guard), FAULT_NONE);
    assert_fault(guard_ban(guard, TEXT("192.0.2.0/24"), 5, TEXT("")), FAULT_NONE);
    assert_true(is_banned("192.0.2.255"));
    assert_fault(guard_unban(guard, TEXT("192.0.2.0/24")), FAULT_NONE);
    assert_false(is_banned("192.0.2.255"));
}

/* ---- Administration ------------------------------------------------------------------------ */

static void count(void *context, const struct ban_record *ban)
{
    (void)ban;
    ++*(int *)context;
}

static int bans(void)
{
    int number = 0;
    guard_each_ban(guard, count, &number);
    return number;
}

static void look(void *context, const struct ban_record *ban)
{
    *(struct ban_record *)context = *ban;
}

TEST(bans_are_made_listed_and_lifted)
{
    static const char *const subjects[] = {"192.0.2.1", "10.0.0.0/8", "2001:db8::/32",
                                           "::/0",      "user anna",  "user \xC3\xA1 b"};
    struct ban_record record;
    for (size_t i = 0; i < COUNT(subjects); i++) {
        assert_fault(guard_ban(guard, text_of(subjects[i]), 60, TEXT("why")), FAULT_NONE);
        assert_int_equal(bans(), 1);
        guard_each_ban(guard, look, &record);
        assert_string_equal(record.subject, subjects[i]);
        assert_string_equal(record.reason, "why");
        assert_int_equal(record.until, seconds + date_ahead + 60);
        assert_fault(guard_unban(guard, text_of(subjects[i])), FAULT_NONE);
        assert_fault(guard_unban(guard, text_of(subjects[i])), FAULT_NOT_FOUND);
        assert_int_equal(bans(), 0);
        assert_int_equal(kept_count, 0);
    }
    assert_fault(guard_ban(guard, TEXT("192.0.2.1"), 0, TEXT("")), FAULT_NONE);
    assert_fault(guard_ban(guard, TEXT("192.0.2.1"), 1, TEXT("")), FAULT_NONE);
    assert_int_equal(bans(), 1); /* the later one holds */
    seconds += 1;
    assert_int_equal(bans(), 0);
    assert_fault(guard_unban(guard, TEXT("192.0.2.1")), FAULT_NOT_FOUND);
    assert_fault(guard_ban(guard, TEXT("192.0.2.1"), UINT64_MAX, TEXT("")), FAULT_NONE);
    guard_each_ban(guard, look, &record);
    assert_true(record.until == INT64_MAX);
}

TEST(what_is_no_subject_is_refused)
{
    static const char *const wrong[] = {"", "user ", "anna", "192.0.2.1/33", "192.0.2.0/8", "1.2"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_fault(guard_ban(guard, text_of(wrong[i]), 1, TEXT("")), FAULT_ARGUMENT);
        assert_fault(guard_unban(guard, text_of(wrong[i])), FAULT_NOT_FOUND);
    }
}

TEST(odd_names_fit_into_a_subject)
{
    char name[300];
    struct ban_record record;
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    fail_as_user(name, 6);
    assert_true(user_is_banned(name, "192.0.2.1"));
    fail_as_user("\xFF\n\x1B[2J\xC2\x9B", 6);
    guard_each_ban(guard, look, &record); /* the last in their order */
    assert_int_equal(strlen(record.subject), sizeof(record.subject) - 1);
    assert_fault(guard_unban(guard, text_of(record.subject)), FAULT_NONE);
    guard_each_ban(guard, look, &record);
    assert_string_equal(record.subject, "user ???[2J?");
}

/* More than can be remembered: the oldest go, the others stay. */
TEST(a_flood_of_names_and_addresses_is_forgotten_from_its_beginning)
{
    enum { FLOOD = 40000 };
    fail_as_user("oldest", 1);
    for (int i = 0; i < FLOOD; i++) {
        char address[32];
        char user[32];
        (void)snprintf(address, sizeof(address), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        (void)snprintf(user, sizeof(user), "u%d", i);
        assert_int_equal(fail_from(address, user), 0);
    }
    assert_int_equal(fail_from("192.0.2.1", "u39999"), 500);
    assert_int_equal(fail_from("192.0.2.2", "oldest"), 0);
}

int main(void)
{
#define GUARDED(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        GUARDED(replies_come_later_and_later_up_to_a_limit),
        GUARDED(many_users_score_against_their_address_and_an_ipv6_network_is_one),
        GUARDED(failures_count_within_the_window_and_not_beyond),
        GUARDED(what_was_right_in_between_makes_the_count_begin_anew),
        GUARDED(a_user_is_banned_whoever_guesses_but_not_from_safe_networks),
        GUARDED(safe_networks_are_delayed_and_keep_nobody_out),
        GUARDED(safe_networks_that_make_no_sense_are_refused_and_change_nothing),
        GUARDED(without_bans_nobody_is_banned),
        GUARDED(a_ban_survives_a_restart_and_ends_all_the_same),
        GUARDED(a_clock_that_is_set_back_makes_no_ban_longer),
        GUARDED(a_ban_that_was_read_under_a_wrong_date_ends_when_the_date_is_right),
        GUARDED(what_has_ended_is_forgotten_when_others_come),
        GUARDED(records_that_fail_do_not_keep_a_ban_from_holding),
        GUARDED(rows_of_others_that_make_no_sense_ban_nobody_else),
        GUARDED(without_records_all_works_but_for_the_next_start),
        GUARDED(bans_are_made_listed_and_lifted),
        GUARDED(what_is_no_subject_is_refused),
        GUARDED(odd_names_fit_into_a_subject),
        GUARDED(a_flood_of_names_and_addresses_is_forgotten_from_its_beginning),
    };
#undef GUARDED
    return cmocka_run_group_tests(tests, NULL, NULL);
}
