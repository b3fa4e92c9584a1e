/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/xferlog.h"
#include "tests/unit/unit.h"

static char base[64];

static const char *file(const char *name)
{
    static char paths[2][128];
    static unsigned next;
    char *path = paths[next++ % 2];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", base, name);
    return path;
}

static int set_up(void **unused)
{
    (void)unused;
    (void)snprintf(base, sizeof(base), "/tmp/ferry-audit-XXXXXX");
    assert_non_null(mkdtemp(base));
    return 0;
}

static int tear_down(void **unused)
{
    char command[128];
    (void)unused;
    (void)snprintf(command, sizeof(command), "rm -rf %s", base);
    return system(command);
}

static const char *content_of(const char *path)
{
    static char bytes[8192];
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    bytes[fread(bytes, 1, sizeof(bytes) - 1, stream)] = '\0';
    (void)fclose(stream);
    return bytes;
}

static struct audit_event example(void)
{
    struct audit_event event = {
        .action = ACTION_WRITE,
        .session = 7,
        .user = TEXT("anna"),
        .path = TEXT("/a b\n\"\xE9\xC3\xA9"),
        .is_transfer = true,
        .inbound = true,
        .bytes = 4711,
        .duration_ms = 1500,
    };
    assert_true(endpoint_parse_host(TEXT("192.0.2.1"), 0, &event.peer));
    return event;
}

TEST(an_event_is_one_json_object_whatever_its_names_hold)
{
    struct audit *audit = NULL;
    struct audit_event event = example();
    assert_fault(audit_open(file("json"), NULL, &audit), FAULT_NONE);
    audit_record(audit, &event);
    event = (struct audit_event){.action = ACTION_DELETE,
                                 .fault = FAULT_DENIED,
                                 .rule = "r",
                                 .peer = event.peer,
                                 .user = TEXT("u")};
    audit_record(audit, &event);
    audit_close(audit);
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
    assert_fault(audit_open(file("json"), NULL, &audit), FAULT_NONE);
    audit_record(audit, &event);
    audit_close(audit);
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
    assert_fault(audit_open(file("json"), file("xferlog"), &audit), FAULT_NONE);
    audit_record(audit, &event);
    audit_close(audit);
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
    assert_fault(audit_open(file("json"), NULL, &audit), FAULT_NONE);
    for (int i = 0; i < LINES; i++)
        audit_record(audit, &event);
    uint64_t lost = audit_lost(audit);
    assert_true(lost >= LINES - LIMIT_BYTES / LINE_BYTES - 10);
    assert_true(lost < LINES);
    close(reader);
    audit_close(audit);
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
    struct audit_event event = example();
    event.rule = "refused";
    assert_false(xferlog_wants(&event));
    event = (struct audit_event){.action = ACTION_DELETE};
    assert_true(xferlog_wants(&event));
    event.fault = FAULT_NOT_FOUND;
    assert_false(xferlog_wants(&event));
    event = (struct audit_event){.action = ACTION_RENAME};
    assert_false(xferlog_wants(&event));
}

TEST(after_rotation_lines_go_to_a_new_file)
{
    struct audit *audit = NULL;
    struct audit_event event = example();
    assert_fault(audit_open(NULL, file("xferlog"), &audit), FAULT_NONE);
    audit_record(audit, &event);
    /* Wait for the first line before the file is moved away. */
    for (int i = 0; i < 500 && !content_of(file("xferlog"))[0]; i++)
        usleep(10000);
    assert_int_equal(rename(file("xferlog"), file("xferlog.1")), 0);
    audit_reopen(audit);
    for (int i = 0; i < 500 && access(file("xferlog"), F_OK); i++)
        usleep(10000);
    audit_record(audit, &event);
    audit_close(audit);
    assert_non_null(strchr(content_of(file("xferlog")), '\n'));
    assert_non_null(strchr(content_of(file("xferlog.1")), '\n'));
}

TEST(a_full_disk_stops_nothing)
{
    struct audit *audit = NULL;
    struct audit_event event = example();
    if (access("/dev/full", W_OK))
        fail_msg("/dev/full is needed");
    assert_fault(audit_open("/dev/full", NULL, &audit), FAULT_NONE);
    for (int i = 0; i < 100; i++)
        audit_record(audit, &event);
    audit_close(audit);
}

/* The file may grow so far and no further, as on a full disk, until room is made. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST(a_line_torn_by_a_full_disk_does_not_spoil_the_next)
{
    struct audit *audit = NULL;
    struct audit_event event = example();
    signal(SIGXFSZ, SIG_IGN);
    assert_fault(audit_open(NULL, file("xferlog"), &audit), FAULT_NONE);
    limit_files(20);
    audit_record(audit, &event);
    for (int i = 0; i < 500 && strlen(content_of(file("xferlog"))) < 20; i++)
        usleep(10000);
    limit_files(RLIM_INFINITY);
    audit_record(audit, &event);
    audit_close(audit);
    const char *second = strchr(content_of(file("xferlog")), '\n');
    assert_non_null(second);
    assert_true(strlen(second + 1) > 20);
    assert_int_equal(second[strlen(second) - 1], '\n');
}

TEST(a_file_that_cannot_be_opened_is_told)
{
    struct audit *audit = NULL;
    assert_fault(audit_open(file("no/such/dir"), NULL, &audit), FAULT_NOT_FOUND);
    assert_null(audit);
}

#define IN_BASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_BASE(an_event_is_one_json_object_whatever_its_names_hold),
        IN_BASE(an_event_says_in_which_tree_it_was),
        IN_BASE(what_a_stranger_says_is_cut_between_characters),
        IN_BASE(what_waits_is_bounded_in_bytes_too),
        IN_BASE(xferlog_has_the_classic_line),
        IN_BASE(xferlog_knows_transfers_and_deletions_only),
        IN_BASE(after_rotation_lines_go_to_a_new_file),
        IN_BASE(a_full_disk_stops_nothing),
        IN_BASE(a_line_torn_by_a_full_disk_does_not_spoil_the_next),
        IN_BASE(a_file_that_cannot_be_opened_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
