/* SPDX-License-Identifier: Apache-2.0 */
/* One file fetched or sent for a person: what is told, and how the run ends. */
#include "client/one_file.h"
#include "client/segment_ledger.h"
#include "tests/unit/ftp_visitor.h"

static struct invocation invocation;
static struct run run;
static struct site *site;
static char *told; /* everything that a person sees */
static size_t told_len;
static FILE *screen;

static int one_file_set_up(void **state)
{
    int failed = visitor_set_up(state) || setenv("HOME", base, 1) || unsetenv("XDG_CONFIG_HOME");
    settings_init(&invocation.settings);
    invocation.settings.progress = SETTINGS_OFF;
    invocation.settings.tls = SETTINGS_TLS_OFF;
    invocation.settings.retries = 0;
    return failed;
}

static void begin(void)
{
    char text[128];
    visit_begin();
    (void)snprintf(text, sizeof(text), "ftp://me:secret@127.0.0.1:%u/", host.port);
    run_begin(&run, &invocation);
    screen = open_memstream(&told, &told_len);
    assert_non_null(screen);
    run.report.out = run.report.notes = run.report.errors = screen;
    assert_true(run_open_site(&run, text, &site));
}

static int end(void)
{
    int status = run_end(&run);
    (void)fclose(screen);
    site_close(site);
    visit_end();
    return status;
}

static int get_file(const char *path, const char *local)
{
    begin();
    const struct one_file file = {.site = site, .remote = remote, .rules = rules};
    one_file_get(&run, &file, path, local);
    return end();
}

static int put_file_there(const char *local, const char *path)
{
    begin();
    const struct one_file file = {.site = site, .remote = remote, .rules = rules};
    one_file_put(&run, &file, local, path);
    return end();
}

static void assert_told(const char *expected)
{
    if (!strstr(told, expected))
        fail_msg("no \"%s\" in \"%s\"", expected, told);
    free(told);
    told = NULL;
}

#define IN_RUN(name) cmocka_unit_test_setup_teardown(name, one_file_set_up, visitor_tear_down)

TEST(what_was_done_is_told)
{
    ftp_host_put(&host, "/f", "content");
    assert_int_equal(get_file("f", at("f")), EXIT_STATUS_DONE);
    assert_content("f", "content");
    assert_told("7 B");
    assert_int_equal(put_file_there(at("f"), "g"), EXIT_STATUS_DONE);
    assert_host_has(&host, "/g", "content");
    assert_told("7 B");
}

TEST(what_is_a_device_is_written_through)
{
    ftp_host_put(&host, "/f", "content");
    assert_int_equal(get_file("f", "/dev/null"), EXIT_STATUS_DONE);
    assert_int_equal(ftp_host_count(&host, "RETR f"), 1);
    free(told);
    assert_int_equal(put_file_there("/dev/null", "empty"), EXIT_STATUS_DONE);
    assert_host_has(&host, "/empty", "");
    free(told);
    assert_int_equal(get_file("none", "/dev/null"), EXIT_STATUS_NOT_FOUND);
    assert_told("550");
}

TEST(large_files_come_in_segments)
{
    static char bytes[2 * SEGMENT_BYTES_MIN];
    ftp_host_append(ftp_host_put(&host, "/f", ""), bytes, sizeof(bytes));
    rules.segments = 2;
    assert_int_equal(get_file("f", at("f")), EXIT_STATUS_DONE);
    assert_true(ftp_host_count(&host, "RETR f") >= 2);
    assert_told("2.0 MiB");
}

TEST(why_it_failed_is_told_and_is_the_status)
{
    assert_int_equal(get_file("none", at("f")), EXIT_STATUS_NOT_FOUND);
    assert_told("none: 550");
    assert_int_equal(put_file_there(at("none"), "f"), EXIT_STATUS_LOCAL);
    assert_told("no such file");
    assert_int_equal(get_file("f", at("none/f")), EXIT_STATUS_LOCAL);
    free(told);
    ftp_host_put(&host, "/f", "content");
    host.breaks = 1;
    host.breaks_after = 3;
    assert_int_equal(get_file("f", at("f")), EXIT_STATUS_TRANSFER);
    free(told);
    assert_false(is_there("f"));
}

static const char *lie_about_size(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    (void)argument;
    return text_equal(verb, TEXT("MLST"))
               ? "250-Here\r\n type=file;size=99;modify=20200101000000; f\r\n250 End"
               : NULL;
}

TEST(what_does_not_verify_is_told_as_that)
{
    ftp_host_put(&host, "/f", "content");
    host.on_command = lie_about_size;
    assert_int_equal(get_file("f", at("f")), EXIT_STATUS_VERIFY);
    assert_told("what arrived is not what was sent");
    assert_false(is_there("f"));
    assert_int_equal(get_file("f", "/dev/null"), EXIT_STATUS_VERIFY);
    assert_told("what arrived is not what was sent");
}

TEST(what_is_not_to_be_verified_is_not_asked_for)
{
    ftp_host_put(&host, "/f", "content");
    host.on_command = lie_about_size;
    rules.check = CARRY_CHECK_NOTHING;
    assert_int_equal(get_file("f", "/dev/null"), EXIT_STATUS_DONE);
    assert_int_equal(ftp_host_count(&host, "MLST"), 0);
    free(told);
    rules.check = CARRY_CHECK_SIZE; /* TYPE A counts otherwise */
    rules.parameters.type = TYPE_ASCII;
    assert_int_equal(get_file("f", "/dev/null"), EXIT_STATUS_DONE);
    free(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_RUN(what_was_done_is_told),
        IN_RUN(what_is_a_device_is_written_through),
        IN_RUN(large_files_come_in_segments),
        IN_RUN(why_it_failed_is_told_and_is_the_status),
        IN_RUN(what_does_not_verify_is_told_as_that),
        IN_RUN(what_is_not_to_be_verified_is_not_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
