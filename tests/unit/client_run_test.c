/* SPDX-License-Identifier: Apache-2.0 */
/* A command line being carried out: what is told of servers, signals, and the end. */
#include "client/run.h"
#include "tests/unit/ftp_host.h"
#include "tests/unit/kept_home.h"

static struct ftp_host host;
static struct invocation invocation;
static struct run run;
static char *told;
static size_t told_len;
static FILE *screen;

static void begin(void)
{
    settings_init(&invocation.settings);
    invocation.settings.progress = SETTINGS_OFF;
    invocation.settings.tls = SETTINGS_TLS_OFF;
    invocation.settings.retries = 0;
    run_begin(&run, &invocation); /* first: threads that follow leave signals to it */
    ftp_host_begin(&host);
    screen = open_memstream(&told, &told_len);
    assert_non_null(screen);
    run.report.out = run.report.notes = run.report.errors = screen;
}

static int end(void)
{
    int status = run_end(&run);
    (void)fclose(screen);
    ftp_host_end(&host);
    ftp_host_reset(&host);
    return status;
}

static void assert_told(const char *expected)
{
    if (!strstr(told, expected))
        fail_msg("no \"%s\" in \"%s\"", expected, told);
    assert_null(strstr(told, "secret"));
    free(told);
}

static const char *url_of_host(const char *path)
{
    static char text[128];
    (void)snprintf(text, sizeof(text), "ftp://me:secret@127.0.0.1:%u/%s", host.port, path);
    return text;
}

TEST(a_command_of_a_shell_takes_its_own_time)
{
    begin();
    assert_true(run_rest(&run));
    run.begun_ms = -1;
    run_work(&run);
    assert_int_not_equal(run.begun_ms, -1);
    (void)end();
    free(told);
}

TEST(what_failed_says_how_it_ends)
{
    begin();
    assert_int_equal(end(), EXIT_STATUS_DONE);
    free(told);
    begin();
    run_failed(&run, "f", NULL, FAULT_NO_SPACE);
    assert_int_equal(end(), EXIT_STATUS_LOCAL);
    assert_told("f: no space left on device");
    begin();
    run_complain(&run, "f", "is wrong", EXIT_STATUS_VERIFY);
    assert_int_equal(end(), EXIT_STATUS_VERIFY);
    assert_told("f: is wrong");
    begin();
    run_succeeded(&run);
    run_complain(&run, "f", "is wrong", EXIT_STATUS_VERIFY);
    assert_int_equal(end(), EXIT_STATUS_PARTIAL);
    free(told);
}

TEST(a_path_is_no_site_and_what_is_no_url_is_told)
{
    struct site *site = NULL;
    begin();
    assert_true(run_open_site(&run, "a/b", &site));
    assert_null(site);
    assert_true(run_open_site(&run, "a:b", &site));
    assert_null(site);
    assert_false(run_open_site(&run, "http://me:secret@h/", &site));
    assert_false(run_open_site(&run, "ftp://me:secret@h:99999/", &site));
    assert_int_equal(end(), EXIT_STATUS_USAGE);
    assert_told("is no URL of the form");
}

TEST(who_is_let_in_is_connected)
{
    struct site *site = NULL;
    struct remote *remote = NULL;
    begin();
    assert_true(run_open_site(&run, url_of_host(""), &site));
    assert_true(run_connect(&run, site, &remote));
    assert_fault(remote_command(remote, "NOOP", TEXT_NONE, false), FAULT_NONE);
    run_disconnect(&run, remote);
    site_close(site);
    assert_int_equal(end(), EXIT_STATUS_DONE);
    free(told);
}

static const char *refuse_password(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    (void)argument;
    return text_equal(verb, TEXT("PASS")) ? "530 Who are you?" : NULL;
}

TEST(who_is_not_let_in_is_told_why)
{
    struct site *site = NULL;
    struct remote *remote = NULL;
    host.on_command = refuse_password;
    begin();
    assert_true(run_open_site(&run, url_of_host(""), &site));
    assert_false(run_connect(&run, site, &remote));
    assert_null(remote);
    site_close(site);
    assert_int_equal(end(), EXIT_STATUS_LOGIN);
    assert_told("530 Who are you?");
}

static const char *send_signal(struct ftp_host *there, struct text verb, struct text argument)
{
    (void)there;
    (void)argument;
    if (text_equal(verb, TEXT("RETR")))
        (void)kill(getpid(), SIGINT);
    return NULL;
}

static enum fault write_until_stopped(struct stream *stream, const void *bytes, size_t len)
{
    (void)stream;
    (void)bytes;
    (void)len;
    for (int i = 0; i < 10000 && !run_is_interrupted(&run); i++)
        usleep(1000);
    return FAULT_NONE;
}

static void close_nothing(struct stream *stream)
{
    (void)stream;
}

TEST(a_signal_ends_what_goes_on_and_is_the_status)
{
    static const struct stream_type type = {.write = write_until_stopped, .close = close_nothing};
    struct stream stream = {.type = &type, .fd = -1};
    struct transfer_progress progress = {0};
    struct user_dtp_order order = {.verb = "RETR",
                                   .argument = TEXT("f"),
                                   .parameters = PARAMETERS_DEFAULT,
                                   .stream = &stream,
                                   .progress = &progress};
    struct site *site = NULL;
    struct remote *remote = NULL;
    ftp_host_put(&host, "/f", "content");
    host.on_command = send_signal;
    begin();
    assert_true(run_open_site(&run, url_of_host("f"), &site));
    assert_true(run_connect(&run, site, &remote));
    assert_false(run_is_interrupted(&run));
    assert_fault(remote_transfer(remote, &order), FAULT_CANCELLED);
    assert_true(run_is_interrupted(&run));
    run_disconnect(&run, remote);
    site_close(site);
    assert_int_equal(end(), EXIT_STATUS_INTERRUPTED);
    free(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_AT_HOME(a_command_of_a_shell_takes_its_own_time),
        RUN_AT_HOME(what_failed_says_how_it_ends),
        RUN_AT_HOME(a_path_is_no_site_and_what_is_no_url_is_told),
        RUN_AT_HOME(who_is_let_in_is_connected),
        RUN_AT_HOME(who_is_not_let_in_is_told_why),
        RUN_AT_HOME(a_signal_ends_what_goes_on_and_is_the_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
