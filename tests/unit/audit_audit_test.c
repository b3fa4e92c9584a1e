/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/xferlog.h"
#include "tests/unit/audit_files.h"

TEST(an_event_is_one_json_object_whatever_its_names_hold)
{
    struct audit *audit = NULL;
    struct audit_event event = example();
    assert_fault(audit_begin(&(struct audit_places){.json_file = file("json")}, &audit),
                 FAULT_NONE);
    audit_record(audit, &event);
    event = (struct audit_event){.action = ACTION_DELETE,
                                 .fault = FAULT_DENIED,
                                 .rule = "r",
                                 .peer = event.peer,
                                 .user = TEXT("u")};
    audit_record(audit, &event);
    audit_end(audit);
    const char *lines = content_of(file("json"));
    const char *first = strstr(lines, "Z\",");
    assert_non_null(first);
    assert_int_equal(strncmp(lines, "{\"v\":1,\"time\":\"20", 17), 0);
    const char *expected =
        "Z\",\"session\":7,\"peer\":\"192.0.2.1\",\"user\":\"anna\",\"action\":\"write\","
        "\"result\":\"OK\",\"path\":\"/a b\\u000a\\\"\\u00e9\xC3\xA9\",\"direction\":\"in\","
        "\"type\":\"image\",\"bytes\":4711,\"ms\":1500}\n";
    assert_int_equal(strncmp(first, expected, strlen(expected)), 0);
    assert_non_null(strstr(lines, "\"action\":\"delete\",\"result\":\"DENIED\",\"rule\":\"r\"}\n"));
}

TEST(an_event_says_in_which_tree_it_was)
{
    struct audit *audit = NULL;
    struct audit_event event = example();
    event.host = TEXT("ftp.example.org");
    event.folder = TEXT("archive");
    assert_fault(audit_begin(&(struct audit_places){.json_file = file("json")}, &audit),
                 FAULT_NONE);
    audit_record(audit, &event);
    audit_end(audit);
    const char *lines = content_of(file("json"));
    assert_non_null(strstr(lines, "\"host\":\"ftp.example.org\",\"user\":\"anna\""));
    assert_non_null(strstr(lines, "\"folder\":\"archive\",\"path\":\"/a b"));
}

TEST(what_a_stranger_says_is_cut_between_characters)
{
    struct audit *audit = NULL;
    struct audit_event event = example();
    char said[3 * AUDIT_DETAIL_MAX];
    for (size_t i = 0; i < sizeof(said); i++)
        said[i] = "\xE2\x82\xAC"[i % 3]; /* 256 is no multiple of its length */
    event.detail = (struct text){said, sizeof(said)};
    event.anonymous = true;
    assert_fault(audit_begin(&(struct audit_places){.json_file = file("json"),
                                                    .xferlog_file = file("xferlog")},
                             &audit),
                 FAULT_NONE);
    audit_record(audit, &event);
    audit_end(audit);
    char expected[AUDIT_DETAIL_MAX + 32];
    (void)snprintf(expected, sizeof(expected), "\"detail\":\"%.*s\",", AUDIT_DETAIL_MAX / 3 * 3,
                   said);
    assert_non_null(strstr(content_of(file("json")), expected));
    (void)snprintf(expected, sizeof(expected), " a %.*s ftp ", AUDIT_DETAIL_MAX / 3 * 3, said);
    assert_non_null(strstr(content_of(file("xferlog")), expected));
}

/* As many lines as may wait, each as long as it gets, would be most of a gigabyte. */
TEST(what_waits_is_bounded_in_bytes_too)
{
    enum { LINES = 2000, LINE_BYTES = 6 * 4000, LIMIT_BYTES = 16 * 1024 * 1024 };
    struct audit *audit = NULL;
    struct audit_event event = example();
    char name[4000];
    memset(name, '\n', sizeof(name));
    event.path = (struct text){name, sizeof(name)};
    assert_int_equal(mkfifo(file("json"), 0600), 0);
    int reader = open(file("json"), O_RDWR);
    assert_fault(audit_begin(&(struct audit_places){.json_file = file("json")}, &audit),
                 FAULT_NONE);
    for (int i = 0; i < LINES; i++)
        audit_record(audit, &event);
    uint64_t lost = audit_lost(audit);
    assert_true(lost >= LINES - LIMIT_BYTES / LINE_BYTES - 10);
    assert_true(lost < LINES);
    close(reader);
    audit_end(audit);
}

TEST(xferlog_has_the_classic_line)
{
    char bytes[512];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct audit_event event = example();
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    assert_true(xferlog_wants(&event));
    xferlog_put(&b, &event, 1700000000);
    assert_text(builder_text(&b), "Tue Nov 14 22:13:20 2023 2 192.0.2.1 4711 "
                                  "/a_b_\"\xE9\xC3\xA9 b _ i g anna ftp 0 * c\n");
    b = builder_on(bytes, sizeof(bytes));
    event.inbound = false;
    event.is_text = true;
    event.anonymous = true;
    event.detail = TEXT("me@x");
    event.fault = FAULT_CANCELLED;
    event.duration_ms = 0;
    event.path = TEXT("/f");
    xferlog_put(&b, &event, 1700000000);
    assert_text(builder_text(&b),
                "Tue Nov 14 22:13:20 2023 1 192.0.2.1 4711 /f a _ o a me@x ftp 0 * i\n");
}

TEST(xferlog_knows_transfers_and_deletions_only)
{
    struct audit_event event = {.action = ACTION_DELETE};
    assert_true(xferlog_wants(&event));
    event.fault = FAULT_NOT_FOUND;
    assert_false(xferlog_wants(&event));
    event = (struct audit_event){.action = ACTION_RENAME};
    assert_false(xferlog_wants(&event));
}

TEST(a_file_that_cannot_be_opened_is_told)
{
    struct audit *audit = NULL;
    assert_fault(audit_begin(&(struct audit_places){.json_file = file("no/such/dir")}, &audit),
                 FAULT_NOT_FOUND);
    assert_null(audit);
}

/* ---- Everything that a name can hold -------------------------------------------- */

/* No byte of it is a control, in ASCII, in Latin 1 or in UTF-8, but for the line's own end. */
static void assert_no_controls(const char *lines)
{
    struct text rest = text_of(lines);
    while (rest.len) {
        size_t len = text_utf8_len(rest);
        unsigned char c = (unsigned char)rest.at[0];
        assert_true(c >= 0x20 || c == '\n');
        assert_true(c < 0x7F || c > 0x9F);
        assert_false(len == 2 && c == 0xC2 && (unsigned char)rest.at[1] < 0xA0);
        rest = text_after(rest, len ? len : 1);
    }
}

TEST(no_byte_of_a_name_reaches_a_file_as_a_control)
{
    struct audit *audit = NULL;
    for (unsigned byte = 0; byte <= 0xFF; byte++) {
        const char names[][5] = {{'a', (char)byte, 'b', 'c', 'd'},
                                 {'a', '\xC2', (char)byte, 'c', 'd'}};
        const struct audit_places places = {file("json"), file("xferlog"), NULL};
        assert_fault(audit_begin(&places, &audit), FAULT_NONE);
        for (size_t i = 0; i < COUNT(names); i++) {
            const struct text name = {names[i], sizeof(names[i])};
            struct audit_event event = example();
            event.user = event.detail = event.path = event.other_path = event.host = name;
            event.folder = event.command = event.target = event.digest = event.algorithm = name;
            audit_record(audit, &event);
            event.anonymous = true;
            audit_record(audit, &event);
        }
        audit_end(audit);
        for (size_t i = 0; i < 2; i++) {
            const char *lines = content_of(i ? file("xferlog") : file("json"));
            unsigned ends = 0;
            assert_no_controls(lines);
            for (const char *at = lines; (at = strchr(at, '\n')); at++)
                ends++;
            assert_int_equal(ends, 4);
        }
        assert_int_equal(unlink(file("json")) + unlink(file("xferlog")), 0);
    }
}

/* ---- The kinds of event ------------------------------------------------------------ */

/* The line of one event, behind its time. */
static const char *line_of(const struct audit_event *event)
{
    struct audit *audit = NULL;
    (void)unlink(file("json"));
    assert_fault(audit_begin(&(struct audit_places){.json_file = file("json")}, &audit),
                 FAULT_NONE);
    audit_record(audit, event);
    audit_end(audit);
    const char *line = strstr(content_of(file("json")), "Z\",");
    assert_non_null(line);
    return line + 3;
}

TEST(a_login_says_how_it_was_proved)
{
    static const char *const words[] = {"none", "password", "anonymous", "cached", "certificate"};
    for (unsigned proof = 0; proof < COUNT(words); proof++) {
        const struct audit_event event = {.action = ACTION_LOGIN,
                                          .session = 3,
                                          .user = TEXT("u"),
                                          .proof = (enum audit_proof)proof};
        char expected[128];
        (void)snprintf(expected, sizeof(expected),
                       "\"session\":3,\"user\":\"u\",\"action\":\"login\",\"result\":\"OK\","
                       "\"auth\":\"%s\"}\n",
                       words[proof]);
        assert_string_equal(line_of(&event), expected);
    }
}

TEST(a_logout_says_what_the_login_came_to)
{
    struct audit_event event = example();
    struct audit_tally tally = {0};
    audit_tally_add(&tally, &event);
    event.fault = FAULT_CANCELLED; /* its bytes went over the line, but it is no file */
    audit_tally_add(&tally, &event);
    event.inbound = false;
    event.fault = FAULT_NONE;
    event.bytes = 9;
    audit_tally_add(&tally, &event);
    event.is_transfer = false;
    audit_tally_add(&tally, &event);
    event = (struct audit_event){.action = ACTION_LOGOUT,
                                 .session = 3,
                                 .duration_ms = 12,
                                 .end = AUDIT_END_IDLE,
                                 .tally = tally};
    assert_string_equal(line_of(&event),
                        "\"session\":3,\"action\":\"logout\",\"result\":\"OK\",\"ms\":12,"
                        "\"reason\":\"idle\",\"bytes_up\":9422,\"bytes_down\":9,"
                        "\"files_up\":1,\"files_down\":1}\n");
}

TEST(bans_and_administration_belong_to_no_session)
{
    struct audit_event event = {.action = ACTION_ADMIN,
                                .user = TEXT("uid 0"),
                                .command = TEXT("user set"),
                                .target = TEXT("anna")};
    assert_string_equal(line_of(&event),
                        "\"user\":\"uid 0\",\"action\":\"admin\",\"result\":\"OK\","
                        "\"command\":\"user set\",\"target\":\"anna\"}\n");
    event = (struct audit_event){
        .action = ACTION_BAN, .rule = "10 failures", .target = TEXT("192.0.2.0/24")};
    assert_string_equal(line_of(&event), "\"action\":\"ban\",\"result\":\"OK\","
                                         "\"rule\":\"10 failures\",\"target\":\"192.0.2.0/24\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BASE(an_event_is_one_json_object_whatever_its_names_hold),
        IN_BASE(an_event_says_in_which_tree_it_was),
        IN_BASE(what_a_stranger_says_is_cut_between_characters),
        IN_BASE(what_waits_is_bounded_in_bytes_too),
        IN_BASE(xferlog_has_the_classic_line),
        IN_BASE(xferlog_knows_transfers_and_deletions_only),
        IN_BASE(a_file_that_cannot_be_opened_is_told),
        IN_BASE(no_byte_of_a_name_reaches_a_file_as_a_control),
        IN_BASE(a_login_says_how_it_was_proved),
        IN_BASE(a_logout_says_what_the_login_came_to),
        IN_BASE(bans_and_administration_belong_to_no_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
