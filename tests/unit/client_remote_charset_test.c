/* SPDX-License-Identifier: Apache-2.0 */
#include "client/remote.h"

#include <netinet/tcp.h>

#include "client/remote_files.h"
#include "net/channel.h"
#include "tests/unit/buffer_stream.h"
#include "tests/unit/ftp_host.h"

static struct ftp_host host;
static struct remote_settings settings;
static struct remote *remote;

static void start(const struct ftp_host_answer *script)
{
    ftp_host_reset(&host);
    host.answers = script;
    ftp_host_begin(&host);
    settings = ftp_host_settings(&host);
}

static const char *end(void)
{
    remote_close(remote);
    ftp_host_end(&host);
    return host.heard;
}

/* ---- Keeping a connection that says nothing ------------------------------------------------ */

static const struct ftp_host_answer simple[] = {{"NOOP", "500 What?", NULL}, {NULL, NULL, NULL}};
static const struct ftp_host_answer weary[] = {{"NOOP", "421 Idle for too long", NULL},
                                               {NULL, NULL, NULL}};
static const struct ftp_host_answer gone[] = {{"NOOP", NULL, NULL}, {NULL, NULL, NULL}};

TEST(a_connection_is_kept_by_saying_something)
{
    start(NULL);
    assert_fault(remote_open(&settings, &remote), FAULT_NONE);
    assert_fault(remote_keep_alive(remote), FAULT_NONE);
    assert_non_null(strstr(end(), "NOOP\n"));
}

TEST(a_server_that_knows_no_noop_has_heard_something_too)
{
    start(simple);
    assert_fault(remote_open(&settings, &remote), FAULT_NONE);
    assert_fault(remote_keep_alive(remote), FAULT_NONE);
    (void)end();
}

TEST(a_connection_that_is_gone_is_noticed_and_made_again)
{
    start(weary);
    assert_fault(remote_open(&settings, &remote), FAULT_NONE);
    assert_fault(remote_keep_alive(remote), FAULT_CONNECTION_LOST);
    assert_text(remote_reason(remote), "Idle for too long");
    assert_fault(remote_reopen(remote), FAULT_NONE);
    (void)end();
    assert_int_equal(host.visit_count, 2);
    start(gone);
    assert_fault(remote_open(&settings, &remote), FAULT_NONE);
    assert_fault(remote_keep_alive(remote), FAULT_CONNECTION_LOST);
    (void)end();
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);
    assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

TEST(tcp_asks_by_itself_as_often_as_it_is_told_to)
{
    static const struct {
        unsigned seconds;
        int asks_after;
    } cases[] = {{7, 7}, {100000, 32767}, {0, 120}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        start(simple);
        settings.pi.keep_alive_seconds = cases[i].seconds;
        assert_fault(remote_open(&settings, &remote), FAULT_NONE);
        int fd = user_pi_channel(remote_pi(remote))->fd;
        assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
        assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), cases[i].asks_after);
        if (cases[i].seconds)
            assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), cases[i].asks_after);
        (void)end();
    }
}

/* ---- Names in other sets of characters ------------------------------------------------------- */

static const struct ftp_host_answer latin[] = {
    {"SYST", "215 UNIX Type: L8", NULL},
    {"MKD caf\xE9", "257 \"/caf\xE9\" made", NULL},
    {"MKD \xFF", "257 \"/\xFF\xFF\" made", NULL}, /* a y with diaeresis, which Telnet has doubled */
    {"NLST", NULL, "\xE4\r\nb\r\n\xFC"},
    {"LIST", NULL,
     "-rw-r--r-- 1 u g 7 Jan  5  2024 \xFC"
     "ber\r\n"
     "lrwxrwxrwx 1 u g 7 Jan  5  2024 l -> \xE9t\xE9\r\n"},
    {NULL, NULL, NULL},
};

static void open_with(const struct ftp_host_answer *script, const char *charset)
{
    start(script);
    settings.charset = charset;
    assert_fault(remote_open(&settings, &remote), FAULT_NONE);
}

TEST(arguments_and_replies_are_converted)
{
    open_with(latin, "ISO-8859-1");
    assert_fault(remote_make_directory(remote, "caf\xC3\xA9"), FAULT_NONE);
    assert_text(user_pi_text(remote_pi(remote)), "\"/caf\xC3\xA9\" made");
    assert_fault(remote_make_directory(remote, "\xC3\xBF"), FAULT_NONE);
    const char *heard = end();
    assert_non_null(strstr(heard, "MKD caf\xE9\n"));
    assert_non_null(strstr(heard, "MKD \xFF\n"));
}

TEST(listings_are_converted)
{
    struct entries entries = {0};
    open_with(latin, "latin1");
    assert_fault(remote_list(remote, "", &entries), FAULT_NONE);
    assert_int_equal(entries.count, 2);
    assert_string_equal(entries.all[0].name, "\xC3\xBC"
                                             "ber");
    assert_string_equal(entries.all[1].target, "\xC3\xA9t\xC3\xA9");
    entries_clear(&entries);
    static struct buffer_stream buffer;
    assert_fault(
        remote_list_lines(remote, "NLST", TEXT_NONE, buffer_stream_init(&buffer, TEXT(""))),
        FAULT_NONE);
    assert_text(buffer_stream_text(&buffer), "\xC3\xA4\nb\n\xC3\xBC\n");
    (void)end();
}

TEST(a_name_that_the_set_has_not_is_told_and_not_sent)
{
    static const char *const names[] = {"\xE2\x82\xAC",
                                        "\xCE\xB1"
                                        "b",
                                        "a\xE9", "\xC3"};
    open_with(latin, "ISO-8859-1");
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_fault(remote_make_directory(remote, names[i]), FAULT_NAME_INVALID);
        assert_text(remote_reason(remote), "there is a name that ISO-8859-1 does not have");
        assert_int_equal(remote_code(remote), 0);
    }
    assert_null(strstr(end(), "MKD"));
}

static const struct ftp_host_answer mixed[] = {
    {"SYST", "215 UNIX Type: L8", NULL},
    {"LIST odd", NULL, "-rw-r--r-- 1 u g 7 Jan  5  2024 \x81\xFF\r\n"},
    {"LIST", NULL, "-rw-r--r-- 1 u g 7 Jan  5  2024 \xC3\x81\r\n"},
    {NULL, NULL, NULL},
};

/* CP1252 has no 0x81. */
TEST(names_that_are_none_of_the_set_are_never_others)
{
    struct entries entries = {0};
    open_with(mixed, "CP1252");
    assert_fault(remote_list(remote, "odd", &entries), FAULT_NONE);
    assert_string_equal(entries.all[0].name, "\x81\xFF");
    assert_fault(remote_remove(remote, entries.all[0].name), FAULT_NAME_INVALID);
    entries_clear(&entries);
    /* It would be a capital A with an accent, which CP1252 writes as another byte. */
    assert_fault(remote_list(remote, "", &entries), FAULT_NAME_INVALID);
    assert_text(remote_reason(remote), "there is a name that CP1252 does not have");
    entries_clear(&entries);
    assert_null(strstr(end(), "DELE"));
}

static const struct ftp_host_answer modern[] = {
    {"FEAT", "211-Features\r\n UTF8\r\n211 End", NULL},
    {"OPTS UTF8 ON", "200 So it is", NULL},
    {"MKD", "257 Made", NULL},
    {NULL, NULL, NULL},
};

/* RFC 2640 3.1; OPTS UTF8 ON is what IIS waits for. */
TEST(who_knows_utf8_is_told_to_use_it_and_hears_it)
{
    open_with(modern, "ISO-8859-1");
    assert_null(remote_charset(remote));
    assert_fault(remote_make_directory(remote, "caf\xC3\xA9"), FAULT_NONE);
    const char *heard = end();
    assert_non_null(strstr(heard, "OPTS UTF8 ON\n"));
    assert_non_null(strstr(heard, "MKD caf\xC3\xA9\n"));
}

TEST(without_a_set_bytes_are_what_they_are)
{
    static const char *const none[] = {NULL, "UTF-8", "utf8"};
    static const struct ftp_host_answer script[] = {{"MKD", "257 Made", NULL}, {NULL, NULL, NULL}};
    for (size_t i = 0; i < COUNT(none); i++) {
        open_with(script, none[i]);
        assert_fault(remote_make_directory(remote, "caf\xE9"), FAULT_NONE);
        assert_non_null(strstr(end(), "MKD caf\xE9\n"));
    }
}

TEST(a_set_that_commands_cannot_be_written_in_is_refused)
{
    static const char *const sets[] = {"no-such-set", "UTF-16", "IBM037"};
    for (size_t i = 0; i < COUNT(sets); i++) {
        start(simple);
        settings.charset = sets[i];
        assert_fault(remote_open(&settings, &remote), FAULT_ARGUMENT);
        assert_text(remote_reason(remote), "charset: no set of characters for names");
        (void)end();
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(a_connection_is_kept_by_saying_something),
        RUN(a_server_that_knows_no_noop_has_heard_something_too),
        RUN(a_connection_that_is_gone_is_noticed_and_made_again),
        RUN(tcp_asks_by_itself_as_often_as_it_is_told_to),
        RUN(arguments_and_replies_are_converted),
        RUN(listings_are_converted),
        RUN(a_name_that_the_set_has_not_is_told_and_not_sent),
        RUN(names_that_are_none_of_the_set_are_never_others),
        RUN(who_knows_utf8_is_told_to_use_it_and_hears_it),
        RUN(without_a_set_bytes_are_what_they_are),
        RUN(a_set_that_commands_cannot_be_written_in_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
