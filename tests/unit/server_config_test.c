/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "gate/guard.h"
#include "net/tls.h"
#include "server/config.h"
#include "tests/unit/unit.h"

enum { ARGUMENTS_MAX = 64 };

static char message[CONFIG_MESSAGE_SIZE];

/* Loads from options given as one string with spaces between them. */
static struct config *load(const char *options)
{
    static char copy[1024];
    char *argv[ARGUMENTS_MAX] = {(char *)"ferryd"};
    int argc = 1;
    struct config_request request;
    (void)snprintf(copy, sizeof(copy), "%s", options);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    return config_load(argc, argv, &request, message);
}

static void refused(const char *options, const char *expected)
{
    struct config *config = load(options);
    if (config || !strstr(message, expected))
        fail_msg("\"%s\" says \"%s\", not \"%s\"", options, config ? "yes" : message, expected);
}

static const char *write_file(const char *content)
{
    static char path[64];
    (void)snprintf(path, sizeof(path), "/tmp/ferry-config-XXXXXX");
    int fd = mkstemp(path);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
    return path;
}

static struct config *load_file(const char *content, const char *options)
{
    char all[256];
    const char *path = write_file(content);
    (void)snprintf(all, sizeof(all), "--config %s %s", path, options);
    struct config *config = load(all);
    unlink(path);
    return config;
}

static void file_refused(const char *content, const char *expected)
{
    struct config *config = load_file(content, "");
    if (config || !strstr(message, expected))
        fail_msg("says \"%s\", not \"%s\"", config ? "yes" : message, expected);
}

TEST(defaults_are_those_of_the_table)
{
    struct config *config = load("--root /tmp");
    assert_non_null(config);
    assert_int_equal(config->port, 21);
    assert_int_equal(config->idle_timeout_s, 300);
    assert_int_equal(config->umask, 022);
    assert_int_equal(config->max_sessions, 20000);
    assert_true(config->ascii_conversion);
    assert_string_equal(config->ebcdic_code_page, "cp1047");
    assert_int_equal(config->ebcdic.from_file['['], 0xAD);
    assert_int_equal(config->marker_interval_bytes, 1048576);
    assert_false(config->uploads_direct);
    assert_false(config->durability_sync);
    assert_false(config->allow_fxp);
    assert_string_equal(config->hosts[0].root, "/tmp");
    assert_string_equal(config->hosts[0].anonymous, "off");
    config_unref(config);
}

TEST(options_set_what_they_say)
{
    struct config *config = load(
        "--root /tmp --port 2121 --address 127.0.0.1 --address ::1 --user anna:a:b "
        "--user ben:b --anonymous=/pub --passive-ports 4000-4010 --passive-address 192.0.2.1 "
        "--allow-fxp --idle-timeout 7 --max-sessions 3 --max-per-ip 2 --state /s "
        "--xferlog /x --audit /a --audit-syslog on --log-level debug --grace 0 --uploads direct "
        "--durability sync --ascii-conversion off --umask 077 --ebcdic-code-page cp037 "
        "--marker-interval 4096");
    assert_non_null(config);
    assert_int_equal(config->port, 2121);
    assert_int_equal(config->addresses.count, 2);
    assert_string_equal(config->addresses.items[1], "::1");
    assert_int_equal(config->hosts[0].user_count, 2);
    assert_string_equal(config->hosts[0].users[0].password, "a:b");
    assert_string_equal(config->hosts[0].users[1].password, "b");
    assert_string_equal(config->hosts[0].anonymous, "/pub");
    assert_int_equal(config->passive_ports.first, 4000);
    assert_int_equal(config->passive_ports.last, 4010);
    assert_int_equal(config->passive_v4.any.sa_family, AF_INET);
    assert_true(config->allow_fxp && config->uploads_direct && config->durability_sync);
    assert_false(config->ascii_conversion);
    assert_int_equal(config->ebcdic.from_file['['], 0xBA);
    assert_int_equal(config->ebcdic.to_file[0xBA], '[');
    assert_int_equal(config->marker_interval_bytes, 4096);
    assert_int_equal(config->umask, 077);
    assert_int_equal(config->grace_s, 0);
    config_unref(config);
}

TEST(limits_of_a_file_and_of_options)
{
    struct config *config = load_file("root = \"/tmp\"\nban_after = 7\ndownload_rate = 2M\n"
                                      "safe_networks = {\"10.0.0.0/8\", \"::1\"}\n"
                                      "address = \"127.0.0.1\"\n",
                                      "--upload-rate-per-ip 3k --safe-networks 192.0.2.0/24");
    if (!config)
        fail_msg("%s", message);
    assert_int_equal(config->ban_after, 7);
    assert_int_equal(config->download_rate, 2 << 20);
    assert_int_equal(config->upload_rate_per_ip, 3 << 10);
    assert_int_equal(config->upload_rate, 0);
    assert_int_equal(config->max_unauthenticated, 10000);
    assert_int_equal(config->max_unauthenticated_per_ip, 0);
    assert_int_equal(config->login_delay_ms, 500);
    assert_int_equal(config->login_delay_max_ms, 5000);
    assert_int_equal(config->safe_networks.count, 1); /* each list is replaced by itself */
    assert_string_equal(config->safe_networks.items[0], "192.0.2.0/24");
    assert_int_equal(config->addresses.count, 1);
    config_unref(config);
}

TEST(no_more_networks_are_safe_than_the_guard_takes)
{
    char content[4096] = "root = \"/tmp\"\nsafe_networks = {\"10.0.0.0\"";
    for (int i = 1; i < GUARD_SAFE_MAX; i++) {
        size_t len = strlen(content);
        (void)snprintf(content + len, sizeof(content) - len, ", \"10.0.0.%d\"", i);
    }
    size_t len = strlen(content);
    (void)snprintf(content + len, sizeof(content) - len, "}\n");
    struct config *config = load_file(content, "");
    assert_non_null(config);
    assert_int_equal(config->safe_networks.count, GUARD_SAFE_MAX);
    config_unref(config);
    (void)snprintf(content + len, sizeof(content) - len, ", \"10.0.1.1\"}\n");
    file_refused(content, "safe-networks: \"10.0.1.1\"");
}

TEST(a_wrong_option_is_named)
{
    refused("--root /tmp --port 65536", "port: \"65536\"");
    refused("--root /tmp --port -1", "port: \"-1\"");
    refused("--root /tmp --port", "--port needs an argument");
    refused("--root /tmp --no-such", "--no-such");
    refused("--root /tmp stray", "stray");
    refused("--root /tmp --passive-ports 5-4", "passive-ports");
    refused("--root /tmp --passive-ports 0-4", "passive-ports");
    refused("--root /tmp --address nowhere", "address: \"nowhere\"");
    refused("--root /tmp --log-level loud", "log-level: \"loud\"");
    refused("--root /tmp --uploads maybe", "uploads: \"maybe\"");
    refused("--root /tmp --umask 8", "umask");
    refused("--root /tmp --max-transfers 0", "max-transfers");
    refused("--root /tmp --passive-address ::1", "passive-address");
    refused("--root /tmp --marker-interval -1", "marker-interval: \"-1\"");
    refused("--root /tmp --marker-interval 9223372036854775808", "marker-interval");
    refused("--root /tmp --marker-interval 1M", "marker-interval: \"1M\"");
    refused("--root /tmp --safe-networks 10.0.0.1/8", "safe-networks: \"10.0.0.1/8\"");
    refused("--root /tmp --ban-window 0", "ban-window");
    refused("--root /tmp --ban-after -1", "ban-after: \"-1\"");
    refused("--root /tmp --login-delay 60001", "login-delay: \"60001\"");
    refused("--root /tmp --download-rate 1x", "download-rate: \"1x\"");
    refused("--root /tmp --upload-rate-per-ip -1k", "upload-rate-per-ip: \"-1k\"");
    refused("--root /tmp --upload-rate 9007199254740992k", "upload-rate");
    refused("--port 1", "root");
    refused("--config /no/such/file", "/no/such/file");
}

/* ---- TLS ------------------------------------------------------------------------------ */

TEST(without_a_word_about_tls_there_is_none)
{
    struct config *config = load("--root /tmp");
    assert_non_null(config);
    assert_null(config->tls);
    assert_int_equal(config->tls_files.certificates.count, 0);
    assert_false(config->tls_files.self_signed || config->tls_files.only_1_3 || config->allow_ccc);
    assert_true(config->tls_files.client_password);
    assert_int_equal(config->tls_files.client_certificates, TLS_CLIENT_NOT_ASKED);
    assert_int_equal(config->tls_files.client_user, TLS_CLIENT_USER_NONE);
    assert_int_equal(config->data_tls_reuse, DATA_TLS_REUSE_PREFER);
    assert_int_equal(config->require_tls, 0);
    assert_int_equal(config->implicit_port, 0);
    config_unref(config);
}

TEST(what_is_said_about_tls)
{
    struct config *config = load(
        "--root /tmp --tls-cert /a --tls-cert /b --tls-key /k --tls-min-version 1.3 "
        "--tls-ciphers ECDHE --tls-client-cert optional --tls-client-ca /ca --tls-client-crl /crl "
        "--tls-client-user dns --tls-client-password off --data-tls-reuse require "
        "--implicit-port 990 --allow-ccc --user-roots /srv --user-roots /home");
    if (!config)
        fail_msg("%s", message);
    const struct config_tls *tls = &config->tls_files;
    assert_int_equal(tls->certificates.count, 2);
    assert_string_equal(tls->certificates.items[1], "/b");
    assert_int_equal(tls->keys.count, 1);
    assert_true(tls->only_1_3);
    assert_string_equal(tls->ciphers, "ECDHE");
    assert_int_equal(tls->client_certificates, TLS_CLIENT_OPTIONAL);
    assert_string_equal(tls->client_ca, "/ca");
    assert_string_equal(tls->client_crl, "/crl");
    assert_int_equal(tls->client_user, TLS_CLIENT_USER_DNS);
    assert_false(tls->client_password);
    assert_int_equal(config->data_tls_reuse, DATA_TLS_REUSE_REQUIRE);
    assert_int_equal(config->implicit_port, 990);
    assert_true(config->allow_ccc);
    assert_int_equal(config->user_roots.count, 2);
    config_unref(config);
}

static void requires(const char *words, uint64_t expected)
{
    char options[128];
    char content[128];
    (void)snprintf(options, sizeof(options), "--root /tmp --tls-self-signed %s", words);
    struct config *config = load(options);
    if (!config)
        fail_msg("%s: %s", words, message);
    assert_int_equal(config->require_tls, expected);
    config_unref(config);
    const char *value = strpbrk(words, "= ");
    (void)snprintf(content, sizeof(content), "require_tls = \"%s\"\n", value ? value + 1 : "on");
    config = load_file(content, "--root /tmp --tls-self-signed");
    if (!config)
        fail_msg("%s: %s", content, message);
    assert_int_equal(config->require_tls, expected);
    config_unref(config);
}

TEST(what_has_to_be_under_tls_is_a_list_of_words)
{
    const uint64_t all = REQUIRE_TLS_LOGIN | REQUIRE_TLS_CONTROL | REQUIRE_TLS_DATA;
    requires("--require-tls", all);
    requires("--require-tls=all", all);
    requires("--require-tls all", all);
    requires("--require-tls off", 0);
    requires("--require-tls=login", REQUIRE_TLS_LOGIN);
    requires("--require-tls control", REQUIRE_TLS_CONTROL);
    requires("--require-tls data,login", REQUIRE_TLS_LOGIN | REQUIRE_TLS_DATA);
    requires("--require-tls data,data", REQUIRE_TLS_DATA);
}

TEST(an_option_that_may_stand_alone_takes_no_option_as_its_word)
{
    struct config *config = load(
        "--root /tmp --tls-self-signed --require-tls --anonymous --port 7");
    assert_non_null(config);
    assert_int_equal(config->require_tls, 7);
    assert_string_equal(config->hosts[0].anonymous, "on");
    assert_int_equal(config->port, 7);
    config_unref(config);
    config = load("--root /tmp --anonymous /pub --port 7");
    assert_non_null(config);
    assert_string_equal(config->hosts[0].anonymous, "/pub");
    config_unref(config);
    refused("--root /tmp --anonymous /pub /more", "/more: not an option");
    refused("--root /tmp --allow-fxp on", "on: not an option");
}

TEST(a_wrong_word_about_tls_is_named)
{
    refused("--root /tmp --tls-self-signed --require-tls=", "require-tls: \"\"");
    refused("--root /tmp --tls-self-signed --require-tls login,", "require-tls: \"login,\"");
    refused("--root /tmp --tls-self-signed --require-tls ,login", "require-tls: \",login\"");
    refused("--root /tmp --tls-self-signed --require-tls login,off", "require-tls");
    refused("--root /tmp --tls-self-signed --require-tls Login", "require-tls: \"Login\"");
    refused("--root /tmp --tls-self-signed --require-tls login|data", "require-tls");
    refused("--root /tmp --tls-min-version 1.1", "tls-min-version: \"1.1\"");
    refused("--root /tmp --data-tls-reuse on", "data-tls-reuse: \"on\"");
    refused("--root /tmp --tls-client-cert maybe", "tls-client-cert: \"maybe\"");
    refused("--root /tmp --tls-client-user name", "tls-client-user: \"name\"");
    refused("--root /tmp --implicit-port 65536", "implicit-port: \"65536\"");
    refused("--root /tmp --user-roots srv", "user-roots: \"srv\"");
    refused("--root /tmp --tls-cert=", "tls-cert: \"\"");
}

TEST(what_contradicts_itself_about_tls_is_refused)
{
    refused("--root /tmp --require-tls", "require-tls: tls-cert is missing");
    refused("--root /tmp --implicit-port 990", "implicit-port: tls-cert is missing");
    refused("--root /tmp --tls-key /k", "tls-key: there are more than of tls-cert");
    refused("--root /tmp --tls-cert /a --tls-self-signed", "tls-self-signed: tls-cert is given");
    refused("--root /tmp --tls-client-cert required", "tls-client-cert: tls-cert is missing");
    refused("--root /tmp --tls-cert /a --tls-client-cert required",
            "tls-client-cert: tls-client-ca is missing");
    refused("--root /tmp --tls-cert /a --tls-client-ca /c",
            "tls-client-ca: tls-client-cert is off");
    refused("--root /tmp --tls-cert /a --tls-client-crl /c",
            "tls-client-crl: tls-client-cert is off");
    refused("--root /tmp --tls-cert /a --tls-client-user cn",
            "tls-client-user: tls-client-cert is off");
    refused("--root /tmp --tls-cert /a --tls-client-cert optional --tls-client-ca /c "
            "--tls-client-password off",
            "tls-client-password: tls-client-user is none");
}

TEST(certificates_of_the_file_are_a_list)
{
    struct config *config = load_file("root = \"/tmp\"\ntls_cert = {\"/a.pem\", \"/b.pem\"}\n"
                                      "tls_key = \"/a.key\"\ntls_client_user = none\n",
                                      "");
    if (!config)
        fail_msg("%s", message);
    assert_int_equal(config->tls_files.certificates.count, 2);
    assert_int_equal(config->tls_files.keys.count, 1);
    config_unref(config);
}

/* Known to nobody, no EBCDIC, of several bytes for a character. */
TEST(a_code_page_that_is_not_ebcdic_of_single_bytes_is_refused)
{
    static const char *const wrong[] = {"no-such-page", "utf-8", "iso-8859-1", "cp930", "utf-16"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        char options[128];
        char expected[128];
        (void)snprintf(options, sizeof(options), "--root /tmp --ebcdic-code-page %s", wrong[i]);
        (void)snprintf(expected, sizeof(expected), "ebcdic-code-page: \"%s\"", wrong[i]);
        refused(options, expected);
    }
    refused("--root /tmp --ebcdic-code-page=", "ebcdic-code-page: \"\"");
}

TEST(a_wrong_user_is_refused_without_showing_the_password)
{
    refused("--root /tmp --user secretwithoutcolon", "NAME:PASSWORD");
    assert_null(strstr(message, "secret"));
    refused("--root /tmp --user :secret", "NAME:PASSWORD");
    refused("--root /tmp --user anna:", "NAME:PASSWORD");
    assert_null(strstr(message, "secret"));
}

TEST(a_file_sets_the_same_and_options_win_over_it)
{
    struct config *config = load_file("root = \"/tmp\"\nport = 2000\nidle_timeout = 9\n"
                                      "address = {\"127.0.0.1\", \"127.0.0.2\"}\n"
                                      "allow_fxp = on\nuploads = direct\n"
                                      "ebcdic_code_page = \"cp500\"\nmarker_interval = 0\n"
                                      "user \"anna\" { password = \"$y$x\" root = \"/a\" "
                                      "account = \"42\" read_only = true }\n"
                                      "folder \"archive\" { path = \"/b\" }\n"
                                      "host \"ftp.example.org\" { root = \"/c\" anonymous = \"on\" "
                                      "user \"ben\" { password = \"$y$y\" } }\n",
                                      "--port 2001 --address ::1");
    if (!config)
        fail_msg("%s", message);
    assert_int_equal(config->port, 2001);
    assert_int_equal(config->idle_timeout_s, 9);
    assert_int_equal(config->addresses.count, 1);
    assert_string_equal(config->addresses.items[0], "::1");
    assert_true(config->allow_fxp && config->uploads_direct);
    assert_int_equal(config->ebcdic.from_file['['], 0x4A);
    assert_int_equal(config->marker_interval_bytes, 0);
    assert_string_equal(config->hosts[0].users[0].name, "anna");
    assert_string_equal(config->hosts[0].users[0].account, "42");
    assert_true(config->hosts[0].users[0].read_only);
    assert_string_equal(config->hosts[0].folders[0].path, "/b");
    size_t index = 0;
    const struct config_host *host = config_find_host(config, TEXT("FTP.Example.ORG"), &index);
    assert_non_null(host);
    assert_int_equal(index, 1);
    assert_string_equal(host->users[0].name, "ben");
    assert_null(config_find_host(config, TEXT("other"), &index));
    config_unref(config);
}

TEST(a_wrong_file_is_an_error_with_its_line_or_name)
{
    file_refused("root = \"/tmp\"\nno_such = 1\n", ":2: ");
    file_refused("root = \"/tmp\"\nport = many\n", "port: \"many\"");
    file_refused("root = \"/tmp\"\nebcdic_code_page = \"ascii\"\n", "ebcdic-code-page: \"ascii\"");
    file_refused("root = \"/tmp\"\nmarker_interval = often\n", "marker-interval: \"often\"");
    file_refused("root = \"/tmp\"\nuser \"anna\" { }\n", "user \"anna\"");
    file_refused("root = \"/tmp\"\nfolder \"x\" { }\n", "folder \"x\"");
    file_refused("root = \"/tmp\"\nhost \"h\" { }\n", "host \"h\"");
    file_refused(
        "root = \"/tmp\"\nuser \"a\" { password = \"x\" }\nuser \"a\" { password = \"y\" }\n",
        ":3: ");
    file_refused("root = \"/tmp\n", ":");
}

TEST(help_names_every_setting)
{
    char bytes[16 * 1024];
    struct builder b = builder_on(bytes, sizeof(bytes));
    config_put_help(&b);
    const char *help = builder_end(&b);
    assert_false(b.full);
    for (const struct setting *s = config_settings; s->name; s++)
        assert_non_null(strstr(help, s->name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(defaults_are_those_of_the_table),
        RUN(options_set_what_they_say),
        RUN(limits_of_a_file_and_of_options),
        RUN(no_more_networks_are_safe_than_the_guard_takes),
        RUN(a_wrong_option_is_named),
        RUN(a_code_page_that_is_not_ebcdic_of_single_bytes_is_refused),
        RUN(without_a_word_about_tls_there_is_none),
        RUN(what_is_said_about_tls),
        RUN(what_has_to_be_under_tls_is_a_list_of_words),
        RUN(an_option_that_may_stand_alone_takes_no_option_as_its_word),
        RUN(a_wrong_word_about_tls_is_named),
        RUN(what_contradicts_itself_about_tls_is_refused),
        RUN(certificates_of_the_file_are_a_list),
        RUN(a_wrong_user_is_refused_without_showing_the_password),
        RUN(a_file_sets_the_same_and_options_win_over_it),
        RUN(a_wrong_file_is_an_error_with_its_line_or_name),
        RUN(help_names_every_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
