/* SPDX-License-Identifier: Apache-2.0 */
/* A server as its user means it: what of URL and settings becomes of a connection. */
#include "base/throttle.h"
#include "client/credentials.h"
#include "client/secret.h"
#include "client/site.h"
#include "tests/unit/kept_home.h"

static struct settings settings;
static struct site_listener listener;
static struct site *site;
static char message[SITE_MESSAGE_SIZE];

static int site_set_up(void **state)
{
    settings_init(&settings);
    listener = (struct site_listener){.owner = NULL};
    (void)unsetenv("FERRY_PASSWORD");
    return home_set_up(state);
}

static int site_tear_down(void **state)
{
    site_close(site);
    site = NULL;
    return home_tear_down(state);
}

#define AT_SITE(name) cmocka_unit_test_setup_teardown(name, site_set_up, site_tear_down)

static void set(const char *name, const char *value)
{
    char why[SETTINGS_MESSAGE_SIZE];
    if (!settings_set(&settings, text_of(name), text_of(value), why))
        fail_msg("%s", why);
}

static enum fault open_site(const char *text)
{
    struct url url;
    site_close(site);
    site = NULL;
    message[0] = '\0';
    assert_true(url_parse(text_of(text), &url));
    return site_open(&url, &settings, &listener, &site, message);
}

static const struct remote_settings *remote_of(const char *text)
{
    assert_fault(open_site(text), FAULT_NONE);
    return site_remote(site);
}

/* ---- Settings ---------------------------------------------------------------------------- */

TEST(scheme_and_setting_say_how_much_tls_is_wanted)
{
    static const struct {
        const char *url;
        const char *setting;
        enum remote_tls tls;
        uint16_t port;
    } cases[] = {
        {"ftp://h/", "auto", REMOTE_TLS_AUTO, 21},
        {"ftp://h/", "require", REMOTE_TLS_REQUIRE, 21},
        {"ftp://h/", "off", REMOTE_TLS_OFF, 21},
        {"ftpes://h/", "off", REMOTE_TLS_REQUIRE, 21}, /* what is typed is meant */
        {"ftps://h/", "off", REMOTE_TLS_IMPLICIT, 990},
        {"ftp://h:2121/", "auto", REMOTE_TLS_AUTO, 2121},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        set("tls", cases[i].setting);
        const struct remote_settings *remote = remote_of(cases[i].url);
        assert_int_equal(remote->tls, cases[i].tls);
        assert_int_equal(remote->port, cases[i].port);
        assert_string_equal(remote->host, "h");
        assert_non_null(remote->tls_client);
    }
}

TEST(settings_become_those_of_connections)
{
    set("data_connection", "port");
    set("connect_timeout", "7");
    set("reply_timeout", "8");
    set("data_timeout", "9");
    set("retries", "4");
    set("retry_delay", "2");
    set("address_family", "ipv6");
    set("trust_passive_address", "on");
    set("tls_data", "off");
    set("active_ports", "5000-5009");
    const struct remote_settings *remote = remote_of("ftp://h/");
    assert_int_equal(remote->dtp.side, USER_DTP_PORT);
    assert_int_equal(remote->pi.connect_seconds, 7);
    assert_int_equal(remote->dtp.connect_seconds, 7);
    assert_int_equal(remote->pi.reply_seconds, 8);
    assert_int_equal(remote->dtp.stall_seconds, 9);
    assert_int_equal(remote->tries, 5);
    assert_int_equal(remote->pause_seconds, 2);
    assert_int_equal(remote->dtp.way.family, AF_INET6);
    assert_true(remote->dtp.trusts_address);
    assert_true(remote->clears_data);
    assert_int_equal(remote->dtp.ports.first, 5000);
    assert_int_equal(remote->dtp.ports.last, 5009);
    assert_null(remote->dtp.up);
    assert_null(remote->dtp.down);
    set("upload_rate", "1M");
    remote = remote_of("ftp://h/");
    assert_non_null(remote->dtp.up);
    assert_null(remote->dtp.down);
}

TEST(settings_that_change_are_for_the_next_command)
{
    const struct remote_settings *remote = remote_of("ftp://h/");
    assert_null(remote->list_options);
    set("download_rate", "1M");
    set("list_options", "-a");
    set("charset", "");
    set("address_family", "ipv4");
    set("ebcdic_code_page", "nonsense");
    site_change_settings(site, &settings);
    assert_non_null(remote->dtp.down);
    assert_true(throttles_limit(remote->dtp.down));
    assert_null(remote->dtp.up);
    assert_string_equal(remote->list_options, "-a");
    assert_null(remote->charset);
    assert_int_equal(remote->dtp.way.family, AF_INET);
    assert_null(remote->dtp.code_page);
    set("download_rate", "0");
    set("ebcdic_code_page", "cp037");
    site_change_settings(site, &settings);
    assert_null(remote->dtp.down);
    assert_non_null(remote->dtp.code_page);
}

TEST(settings_and_type_become_what_is_done_with_files)
{
    set("verify", "hash");
    set("upload_temporary", "off");
    set("keep_modes", "on");
    set("resume", "off");
    set("segments", "6");
    set("retries", "2");
    set("mode", "B");
    assert_fault(open_site("ftp://h/f"), FAULT_NONE);
    struct carry_rules rules = site_carry_rules(site);
    assert_int_equal(rules.check, CARRY_CHECK_DIGEST);
    assert_int_equal(rules.upload_name, CARRY_NAME_OWN);
    assert_true(rules.keeps_mode);
    assert_false(rules.resumes);
    assert_int_equal(rules.segments, 6);
    assert_int_equal(rules.tries, 3);
    assert_int_equal(rules.parameters.type, TYPE_IMAGE);
    assert_int_equal(rules.parameters.mode, MODE_BLOCK);
    assert_fault(open_site("ftp://h/f;type=a"), FAULT_NONE);
    assert_int_equal(site_parameters(site).type, TYPE_ASCII);
    set("type", "A");
    assert_fault(open_site("ftp://h/f;type=i"), FAULT_NONE);
    assert_int_equal(site_parameters(site).type, TYPE_IMAGE);
    assert_fault(open_site("ftp://h/f;type=d"), FAULT_NONE);
    assert_int_equal(site_parameters(site).type, TYPE_ASCII);
}

TEST(files_that_settings_name_and_are_not_there_are_told)
{
    static const char *const names[] = {"tls_ca_file", "tls_certificate_file", "tls_key_file"};
    for (size_t i = 0; i < COUNT(names); i++) {
        settings_init(&settings);
        set(names[i], "/no/such/file");
        assert_fault(open_site("ftp://h/"), FAULT_NOT_FOUND);
        assert_string_equal(message, "/no/such/file: no such file or directory");
        assert_null(site);
    }
    settings_init(&settings);
    set("tls_ca_file", home_write("ca", "no certificate\n", 0644));
    assert_true(open_site("ftp://h/") != FAULT_NONE);
    assert_true(message[0]);
}

TEST(a_proxy_is_a_url_of_its_own)
{
    set("proxy", "socks5://me@box:1080");
    const struct way *way = &remote_of("ftp://h/")->dtp.way;
    assert_int_equal(way->proxy->kind, PROXY_SOCKS5);
    assert_string_equal(way->proxy_host, "box");
    assert_int_equal(way->proxy_port, 1080);
    assert_text(way->proxy->user, "me");
    assert_text(way->proxy->password, "");
    set("proxy", "http://box:3128");
    way = &remote_of("ftp://h/")->dtp.way;
    assert_int_equal(way->proxy->kind, PROXY_HTTP);
    assert_text(way->proxy->user, "");
    set("proxy", "http://me@box:3128");
    set("proxy_password_command", "echo hidden");
    way = &remote_of("ftp://h/")->dtp.way;
    assert_text(way->proxy->password, "hidden");
    set("proxy_password_command", "false");
    assert_true(open_site("ftp://h/") != FAULT_NONE);
    assert_non_null(strstr(message, "proxy_password_command"));
}

/* ---- Who we are
 * ------------------------------------------------------------------------------------ */

static const char *password_of(const char *text, enum fault fault)
{
    static char password[SECRET_SIZE];
    const struct remote_settings *remote = remote_of(text);
    password[0] = '\0';
    assert_fault(remote->on_password(remote->owner, password, sizeof(password)), fault);
    return password;
}

TEST(a_password_comes_from_where_there_is_one)
{
    home_write(".netrc", "machine h login me password kept\nmachine other login you password x\n",
               0600);
    assert_string_equal(password_of("ftp://me:said@h/", FAULT_NONE), "said");
    assert_string_equal(password_of("ftp://me@h/", FAULT_NONE), "kept");
    assert_string_equal(password_of("ftp://h/", FAULT_NONE), "kept");
    assert_string_equal(site_remote(site)->user, "me");
    assert_string_equal(password_of("ftp://nowhere/", FAULT_NONE), "ferry@");
    assert_string_equal(site_remote(site)->user, "anonymous");
    assert_string_equal(password_of("ftp://somebody@h/", FAULT_LOGIN_REFUSED), "");
    assert_true(site_complaint(site).len);
    set("password_command", "echo commanded");
    assert_string_equal(password_of("ftp://somebody@h/", FAULT_NONE), "commanded");
    assert_int_equal(setenv("FERRY_PASSWORD", "surrounding", 1), 0);
    credentials_take_environment();
    assert_string_equal(password_of("ftp://somebody@h/", FAULT_NONE), "surrounding");
    set("netrc", "off");
    credentials_forget_environment();
    set("password_command", "");
    assert_string_equal(password_of("ftp://me@h/", FAULT_LOGIN_REFUSED), "");
}

TEST(an_account_is_the_netrcs_unless_somebody_says_one)
{
    char account[SECRET_SIZE] = "";
    home_write(".netrc", "machine h login me password kept account money\n", 0600);
    const struct remote_settings *remote = remote_of("ftp://h/");
    assert_fault(remote->on_account(remote->owner, account, sizeof(account)), FAULT_NONE);
    assert_string_equal(account, "money");
    assert_true(site_has_told_account(site));
    assert_true(site_set_account(site, TEXT("staff")));
    assert_false(site_set_account(site, TEXT("a\r\nDELE f")));
    assert_fault(remote->on_account(remote->owner, account, sizeof(account)), FAULT_NONE);
    remote = remote_of("ftp://me:x@other/");
    assert_fault(remote->on_account(remote->owner, account, sizeof(account)), FAULT_ACCOUNT_NEEDED);
    assert_false(site_has_told_account(site));
    assert_true(site_set_account(site, TEXT("staff")));
    assert_fault(remote->on_account(remote->owner, account, sizeof(account)), FAULT_NONE);
    assert_string_equal(account, "staff");
}

TEST(a_netrc_that_others_can_read_is_no_source)
{
    home_write(".netrc", "machine h login me password kept\n", 0644);
    assert_fault(open_site("ftp://h/"), FAULT_LOGIN_REFUSED);
    assert_non_null(strstr(message, ".netrc"));
    assert_null(strstr(message, "kept"));
}

/* ---- Whom we speak with
 * ------------------------------------------------------------------------------ */

#define ONE                                                                                        \
    "01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:14:15:16:17:18:19:1a:1b:1c:1d:1e:"   \
    "1f:20"
#define TWO                                                                                        \
    "ff:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:14:15:16:17:18:19:1a:1b:1c:1d:1e:"   \
    "1f:20"
#define ONE_PLAIN "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"

static bool is_taken(const char *fingerprint, unsigned doubts)
{
    struct tls_shown shown = {.doubts = doubts, .words = ""};
    const struct remote_settings *remote = remote_of("ftp://h/");
    (void)snprintf(shown.fingerprint, sizeof(shown.fingerprint), "%s", fingerprint);
    return remote->on_certificate(remote->owner, &shown);
}

TEST(a_certificate_that_nobody_vouches_for_is_taken_once_and_then_known)
{
    set("tls_first_use", "refuse");
    assert_true(is_taken(ONE, 0));
    assert_false(is_taken(ONE, 1));
    assert_true(site_complaint(site).len);
    set("tls_first_use", "accept");
    assert_true(is_taken(ONE, 1));
    set("tls_first_use", "refuse");
    assert_true(is_taken(ONE, 1));
    assert_false(is_taken(TWO, 1));
    assert_non_null(strstr(site_complaint(site).at, "another certificate than before"));
    set("tls_first_use", "accept");
    assert_false(is_taken(TWO, 1)); /* it is not the first use */
    assert_true(is_taken(TWO, 0));
}

static bool answers;
static unsigned questions;

static bool on_stranger(void *owner, const struct site *asked_of, const struct tls_shown *shown)
{
    (void)owner;
    assert_string_equal(site_url(asked_of)->host, "h");
    assert_string_equal(shown->fingerprint, ONE);
    questions++;
    return answers;
}

TEST(who_sits_there_is_asked_once)
{
    listener.on_stranger = on_stranger;
    set("tls_first_use", "ask");
    questions = 0;
    answers = false;
    assert_false(is_taken(ONE, 1));
    answers = true;
    assert_true(is_taken(ONE, 1));
    assert_true(is_taken(ONE, 1));
    assert_int_equal(questions, 2);
    listener.on_stranger = NULL; /* nobody sits there: no is the answer */
    assert_false(is_taken(TWO, 1));
}

TEST(where_pins_are_given_no_other_certificate_will_do)
{
    set("tls_pins", "sha256:" ONE_PLAIN);
    set("tls_first_use", "accept");
    assert_true(is_taken(ONE, 0));
    assert_true(is_taken(ONE, 1));
    assert_false(is_taken(TWO, 0));
    assert_false(is_taken(TWO, 1));
    assert_non_null(strstr(site_complaint(site).at, "tls_pins"));
    set("tls_verify", "off"); /* whoever it is for and whoever signed it, but that one */
    assert_true(is_taken(ONE, 1));
    assert_false(is_taken(TWO, 0));
}

static bool may_be_clear(const char *text)
{
    const struct remote_settings *remote = remote_of(text);
    return remote->on_no_tls(remote->owner);
}

TEST(who_is_said_to_have_tls_is_not_believed_to_have_none)
{
    assert_true(may_be_clear("ftp://me@h/"));
    set("tls_pins", "sha256:" ONE_PLAIN);
    assert_false(may_be_clear("ftp://me@h/"));
    assert_non_null(strstr(site_complaint(site).at, "tls_pins"));
    assert_false(may_be_clear("ftp://h/"));
    set("tls_pins", "");
    set("tls_first_use", "accept");
    assert_true(is_taken(ONE, 1)); /* of h */
    assert_false(may_be_clear("ftp://me@h/"));
    assert_non_null(strstr(site_complaint(site).at, "known_servers"));
    assert_false(may_be_clear("ftp://H/"));
    assert_true(may_be_clear("ftp://me@h:2121/"));
    assert_true(may_be_clear("ftp://me@other/"));
}

TEST(who_wants_no_verification_gets_none)
{
    set("tls_verify", "off");
    assert_true(is_taken(ONE, 1));
    assert_true(is_taken(TWO, 1));
    struct stat info;
    assert_int_not_equal(stat(home_path(".config/ferry/known_servers"), &info), 0);
}

TEST(a_path_can_be_taken_over)
{
    struct site *other = NULL;
    struct url url;
    assert_fault(open_site("ftp://h/one"), FAULT_NONE);
    assert_true(url_parse(TEXT("ftp://h/two"), &url));
    assert_fault(site_open(&url, &settings, &listener, &other, message), FAULT_NONE);
    site_move_path(other, site);
    site_close(other);
    assert_string_equal(site_url(site)->path, "two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_SITE(scheme_and_setting_say_how_much_tls_is_wanted),
        AT_SITE(settings_become_those_of_connections),
        AT_SITE(settings_that_change_are_for_the_next_command),
        AT_SITE(settings_and_type_become_what_is_done_with_files),
        AT_SITE(files_that_settings_name_and_are_not_there_are_told),
        AT_SITE(a_proxy_is_a_url_of_its_own),
        AT_SITE(a_password_comes_from_where_there_is_one),
        AT_SITE(an_account_is_the_netrcs_unless_somebody_says_one),
        AT_SITE(a_netrc_that_others_can_read_is_no_source),
        AT_SITE(a_certificate_that_nobody_vouches_for_is_taken_once_and_then_known),
        AT_SITE(who_sits_there_is_asked_once),
        AT_SITE(where_pins_are_given_no_other_certificate_will_do),
        AT_SITE(who_is_said_to_have_tls_is_not_believed_to_have_none),
        AT_SITE(who_wants_no_verification_gets_none),
        AT_SITE(a_path_can_be_taken_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
