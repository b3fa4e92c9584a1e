/* SPDX-License-Identifier: Apache-2.0 */
#include "client/report.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "client/report_json.h"
#include "tests/unit/unit.h"

enum { WHEN = 1704449472 }; /* 2024-01-05T10:11:12Z */

static FILE *files[3];
static char *contents[3];
static size_t lengths[3];
static struct report report;

static int set_up(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(files); i++)
        files[i] = open_memstream(&contents[i], &lengths[i]);
    report = (struct report){.out = files[0], .notes = files[1], .errors = files[2], .verbose = 1};
    return setenv("TZ", "EST5", 1);
}

static int tear_down(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(files); i++) {
        (void)fclose(files[i]);
        free(contents[i]);
    }
    return 0;
}

/* What was written to a file since it was last looked at. */
static struct text written(FILE *file)
{
    static size_t seen[3];
    size_t i = 0;
    while (files[i] != file)
        i++;
    assert_int_equal(fflush(file), 0);
    size_t from = seen[i] <= lengths[i] ? seen[i] : 0; /* a test before had a longer one */
    seen[i] = lengths[i];
    return (struct text){contents[i] + from, lengths[i] - from};
}

static void forget(void)
{
    for (size_t i = 0; i < COUNT(files); i++)
        (void)written(files[i]);
}

static const struct report_transfer transfer = {
    .remote = {"pub/a\x1B[2J", 9},
    .local = {"a", 1},
    .size = 3 * 1024 * 1024,
    .resumed_from = 1024 * 1024,
};
static const struct report_outcome outcome = {2 * 1024 * 1024, 4000, {"SHA-256", 7}};

TEST(people_are_told_what_was_done)
{
    report.greets = true;
    report_connected(&report, TEXT("h"), 21, TEXT("192.0.2.1"), TEXT("TLS 1.3"));
    assert_text(written(report.notes), "Connected to h (192.0.2.1), TLS 1.3.\n");
    report_connected(&report, TEXT("h"), 21, TEXT("192.0.2.1"), TEXT(""));
    assert_text(written(report.notes), "Connected to h (192.0.2.1), in the clear.\n");
    report_transfer_end(&report, &transfer, &outcome);
    assert_text(
        written(report.notes),
        "pub/a\\x1B[2J -> a: 2.0 MiB in 0:04 (512 KiB/s), behind the 1.0 MiB that were there, "
        "verified by SHA-256\n");
    report_made(&report, TEXT("pub/new"));
    report_removed(&report, TEXT("pub/old\n"));
    assert_text(written(report.notes), "Made pub/new\nRemoved pub/old\\x0A\n");
    const struct report_totals totals = {340, 0, 2, 3, 1, 0};
    report_summary(&report, &totals, EXIT_STATUS_PARTIAL);
    assert_text(written(report.notes),
                "340 files, 0 B in 0:00, 2 failed, 3 were there already, 1 removed\n");
    const struct report_totals plan = {.files = 2, .bytes = 1536, .is_plan = true};
    report_summary(&report, &plan, EXIT_STATUS_DONE);
    assert_text(written(report.notes), "2 files, 1.5 KiB would be copied\n");
    const struct report_totals check = {.is_check = true, .differences = 1, .skipped = 2};
    report_summary(&report, &check, EXIT_STATUS_VERIFY);
    assert_text(written(report.notes), "1 difference, 2 files are the same\n");
    const struct report_totals one = {.files = 1, .bytes = 1536, .duration_ms = 1500};
    report_summary(&report, &one, EXIT_STATUS_DONE);
    assert_text(written(report.notes), "1 file, 1.5 KiB in 0:01 (1.0 KiB/s)\n");
    assert_text(written(report.out), "");
    assert_text(written(report.errors), "");
    assert_false(report.is_lost);
}

TEST(an_upload_is_named_after_the_file_here)
{
    const struct report_transfer upload = {
        .remote = {"pub/x", 5}, .local = {"x", 1}, .is_upload = true, .size = PROGRESS_UNKNOWN};
    const struct report_outcome plain = {5, 1000, {NULL, 0}};
    report_transfer_end(&report, &upload, &plain);
    assert_text(written(report.notes), "x: 5 B in 0:01 (5 B/s)\n");
    const struct report_transfer renamed = {
        .remote = {"y", 1}, .local = {"d/x", 3}, .is_upload = true, .size = PROGRESS_UNKNOWN};
    report_transfer_end(&report, &renamed, &plain);
    assert_text(written(report.notes), "d/x -> y: 5 B in 0:01 (5 B/s)\n");
}

TEST(how_much_people_are_told_is_theirs_to_say)
{
    report.verbose = 0;
    report_connected(&report, TEXT("h"), 21, TEXT("192.0.2.1"), TEXT(""));
    report_login(&report, TEXT("anna"), TEXT("h"));
    report_transfer_begin(&report, &transfer);
    report_transfer_progress(&report, &transfer, 1);
    report_transfer_end(&report, &transfer, &outcome);
    report_made(&report, TEXT("x"));
    report_summary(&report, &(struct report_totals){.files = 1}, EXIT_STATUS_DONE);
    assert_text(written(report.notes), "");
    report.verbose = 2;
    report_login(&report, TEXT("anna"), TEXT("h"));
    report_transfer_begin(&report, &transfer);
    assert_text(written(report.notes), "Logged in as anna.\nFetching pub/a\\x1B[2J...\n");
    assert_text(written(report.out), "");
}

TEST(errors_are_told_whatever_was_said_of_the_rest)
{
    report.verbose = 0;
    const struct report_problem of_server = {TEXT("ftp://h/x"), 550, TEXT("No such\x1B]0;file\x07"),
                                             FAULT_NOT_FOUND, EXIT_STATUS_NOT_FOUND};
    const struct report_problem of_ours = {
        TEXT("x"), 0, {NULL, 0}, FAULT_NO_SPACE, EXIT_STATUS_LOCAL};
    report_error(&report, &of_server);
    report_error(&report, &of_ours);
    assert_text(written(report.errors), "ferry: ftp://h/x: 550 No such\\x1B]0;file\\x07\n"
                                        "ferry: x: no space left on device\n");
    assert_text(written(report.notes), "");
}

TEST(warnings_are_told_unless_only_errors_are_asked_for)
{
    report.verbose = 0;
    report_warning(&report, TEXT("h"), TEXT("it is not told"));
    report.verbose = 1;
    report_warning(&report, TEXT("h"), TEXT("its certificate was not looked at"));
    assert_text(written(report.errors), "ferry: warning: h: its certificate was not looked at\n");
}

static const struct entry entry = {.name = "na\x1Bme",
                                   .target = "../t",
                                   .kind = ENTRY_LINK,
                                   .has_size = true,
                                   .size = 1536,
                                   .precision = ENTRY_TIME_SECOND,
                                   .modified = WHEN,
                                   .has_mode = true,
                                   .mode = 0750};

TEST(an_entry_is_a_line)
{
    const struct entry bare = {.name = "b", .kind = ENTRY_DIRECTORY};
    struct entry day = entry;
    day.precision = ENTRY_TIME_DAY;
    day.modified = WHEN / 86400 * 86400;
    report.verbose = 0;
    report_entry(&report, TEXT("/"), &entry);
    report_entry(&report, TEXT("/"), &bare);
    report_entry(&report, TEXT("/"), &day);
    assert_text(written(report.out), "lrwxr-x---   1.5 KiB  2024-01-05 05:11  na\\x1Bme -> ../t\n"
                                     "d?????????                              b\n"
                                     "lrwxr-x---   1.5 KiB        2024-01-05  na\\x1Bme -> ../t\n");
}

TEST(a_reply_is_told_in_its_lines_or_as_one_event)
{
    report.verbose = 0; /* it is what was asked for */
    report_reply(&report, TEXT("STAT"), 211, TEXT("of\x1B[2J\n more\nend"));
    assert_text(written(report.out), "of\\x1B[2J\n more\nend\n");
    report.is_json = true;
    report_reply(&report, TEXT("Pass hidden"), 530, TEXT("no\nnever"));
    assert_text(written(report.out), "{\"event\":\"reply\",\"command\":\"Pass ****\",\"code\":530,"
                                     "\"text\":\"no\\nnever\"}\n");
}

TEST(programs_get_an_object_a_line)
{
    report.is_json = true;
    report.verbose = 0;
    report_connected(&report, TEXT("h"), 21, TEXT("192.0.2.1"), TEXT("TLSv1.3"));
    report_login(&report, TEXT("\xC3\xA4nna"), TEXT("h"));
    assert_text(written(report.out),
                "{\"event\":\"connected\",\"host\":\"h\",\"port\":21,\"address\":\"192.0.2.1\","
                "\"tls\":\"TLSv1.3\"}\n"
                "{\"event\":\"login\",\"user\":\"\\u00E4nna\",\"host\":\"h\"}\n");
    report_transfer_begin(&report, &transfer);
    report_transfer_progress(&report, &transfer, 7);
    report_transfer_end(&report, &transfer, &outcome);
#define TRANSFER                                                                                   \
    "\"direction\":\"get\",\"remote\":\"pub/a\\u001B[2J\",\"local\":\"a\",\"size\":3145728,"       \
    "\"resumed_from\":1048576"
    assert_text(written(report.out),
                "{\"event\":\"transfer-begin\"," TRANSFER "}\n"
                "{\"event\":\"transfer-progress\"," TRANSFER ",\"bytes\":7}\n"
                "{\"event\":\"transfer-end\"," TRANSFER ",\"bytes\":2097152,\"duration_ms\":4000,"
                "\"verified_by\":\"SHA-256\"}\n");
    report_made(&report, TEXT("d"));
    report_removed(&report, TEXT("f"));
    report_warning(&report, TEXT("h"), TEXT("w"));
    assert_text(written(report.out), "{\"event\":\"made\",\"path\":\"d\"}\n"
                                     "{\"event\":\"removed\",\"path\":\"f\"}\n"
                                     "{\"event\":\"warning\",\"what\":\"h\",\"text\":\"w\"}\n");
    const struct report_problem problem = {TEXT("x"), 550, TEXT("No."), FAULT_DENIED,
                                           EXIT_STATUS_REFUSED};
    report_error(&report, &problem);
    const struct report_problem ours = {TEXT("x"), 0, {NULL, 0}, FAULT_IO, EXIT_STATUS_LOCAL};
    report_error(&report, &ours);
    assert_text(written(report.out),
                "{\"event\":\"error\",\"what\":\"x\",\"code\":550,\"text\":\"No.\","
                "\"fault\":\"DENIED\",\"status\":\"refused\"}\n"
                "{\"event\":\"error\",\"what\":\"x\",\"text\":\"local input or output error\","
                "\"fault\":\"IO\",\"status\":\"local\"}\n");
    const struct report_totals totals = {1, 2, 3, 4, 5, 6};
    report_summary(&report, &totals, EXIT_STATUS_PARTIAL);
    assert_text(written(report.out),
                "{\"event\":\"summary\",\"files\":1,\"bytes\":2,\"failed\":3,\"skipped\":4,"
                "\"removed\":5,\"duration_ms\":6,\"status\":\"partial\"}\n");
    assert_text(written(report.notes), "");
    assert_text(written(report.errors), "");
}

TEST(programs_get_an_entry_as_exactly_as_it_is_known)
{
    const struct entry bare = {.name = "b", .kind = ENTRY_OTHER};
    struct entry rough = {.name = "r", .kind = ENTRY_FILE, .has_size = true, .size_is_rough = true};
    report.is_json = true;
    rough.precision = ENTRY_TIME_MINUTE;
    rough.modified = WHEN;
    report_entry(&report, TEXT("/d"), &entry);
    report_entry(&report, TEXT("/d"), &bare);
    report_entry(&report, TEXT("/d"), &rough);
    rough.precision = ENTRY_TIME_DAY;
    report_entry(&report, TEXT("/d"), &rough);
    assert_text(written(report.out),
                "{\"event\":\"listing-entry\",\"directory\":\"/d\",\"name\":\"na\\u001Bme\","
                "\"kind\":\"link\",\"target\":\"../t\",\"size\":1536,\"size_is_rough\":false,"
                "\"modified\":\"2024-01-05T10:11:12Z\",\"mode\":488}\n"
                "{\"event\":\"listing-entry\",\"directory\":\"/d\",\"name\":\"b\","
                "\"kind\":\"other\"}\n"
                "{\"event\":\"listing-entry\",\"directory\":\"/d\",\"name\":\"r\","
                "\"kind\":\"file\",\"size\":0,\"size_is_rough\":true,"
                "\"modified\":\"2024-01-05T10:11Z\"}\n"
                "{\"event\":\"listing-entry\",\"directory\":\"/d\",\"name\":\"r\","
                "\"kind\":\"file\",\"size\":0,\"size_is_rough\":true,"
                "\"modified\":\"2024-01-05\"}\n");
}

TEST(a_name_that_is_no_text_is_given_byte_for_byte)
{
    report.is_json = true;
    report_made(&report, TEXT("a\xFF\xE9"));
    assert_text(written(report.out), "{\"event\":\"made\",\"path\":\"a\\uFFFD\\uFFFD\","
                                     "\"path_hex\":\"61ffe9\"}\n");
    struct json_event event = json_event_begin("x");
    json_event_put_text(&event, "t",
                        TEXT("\0\xE2\x80\xAE\x7F\x7F")); /* NUL, and one that turns text */
    json_event_put_number(&event, "n", UINT64_MAX);
    json_event_put_text(&event, "empty", (struct text){NULL, 0});
    assert_true(json_event_write(&event, report.out));
    assert_text(written(report.out), "{\"event\":\"x\",\"t\":\"\\u0000\\u202E\\u007F\\u007F\","
                                     "\"n\":9223372036854775807,\"empty\":\"\"}\n");
}

TEST(what_cannot_be_written_is_noticed)
{
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    report.out = full;
    report.is_json = true;
    report_made(&report, TEXT("x"));
    assert_true(report.is_lost);
    (void)fclose(full);
    report = (struct report){
        .out = files[0], .notes = fopen("/dev/full", "w"), .errors = files[2], .verbose = 1};
    assert_int_equal(setvbuf(report.notes, NULL, _IONBF, 0), 0);
    report_made(&report, TEXT("x"));
    assert_true(report.is_lost);
    (void)fclose(report.notes);
}

TEST(the_line_of_progress_is_taken_away_first)
{
    int ends[2];
    char seen[16];
    struct progress progress;
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    progress_init(&progress, ends[1], SETTINGS_ON);
    progress.is_drawn = true;
    report.progress = &progress;
    report.verbose = 0;
    report_made(&report, TEXT("x")); /* which is not told */
    assert_true(progress.is_drawn);
    report.verbose = 1;
    report_made(&report, TEXT("x"));
    assert_false(progress.is_drawn);
    assert_int_equal(read(ends[0], seen, sizeof(seen)), 4);
    close(ends[0]);
    close(ends[1]);
}

TEST(a_line_that_is_too_long_is_cut_and_ends)
{
    static char name[40000];
    memset(name, '\x01', sizeof(name));
    report_made(&report, (struct text){name, sizeof(name)});
    struct text line = written(report.notes);
    assert_true(line.len > ENTRY_NAME_MAX && line.len < sizeof(name));
    assert_int_equal(line.at[line.len - 1], '\n');
    report.is_json = true;
    memset(name, '\xFF', sizeof(name));
    report_made(&report, (struct text){name, sizeof(name)});
    line = written(report.out);
    assert_true(text_ends_with(line, TEXT("ffff\"}\n")));
    assert_false(report.is_lost);
}

static int set_up_report(void **state)
{
    int result = set_up(state);
    forget();
    return result;
}

#define RUN_REPORT(name) cmocka_unit_test_setup_teardown(name, set_up_report, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_REPORT(people_are_told_what_was_done),
        RUN_REPORT(an_upload_is_named_after_the_file_here),
        RUN_REPORT(how_much_people_are_told_is_theirs_to_say),
        RUN_REPORT(errors_are_told_whatever_was_said_of_the_rest),
        RUN_REPORT(warnings_are_told_unless_only_errors_are_asked_for),
        RUN_REPORT(an_entry_is_a_line),
        RUN_REPORT(a_reply_is_told_in_its_lines_or_as_one_event),
        RUN_REPORT(programs_get_an_object_a_line),
        RUN_REPORT(programs_get_an_entry_as_exactly_as_it_is_known),
        RUN_REPORT(a_name_that_is_no_text_is_given_byte_for_byte),
        RUN_REPORT(what_cannot_be_written_is_noticed),
        RUN_REPORT(the_line_of_progress_is_taken_away_first),
        RUN_REPORT(a_line_that_is_too_long_is_cut_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
