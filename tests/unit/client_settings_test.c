/* SPDX-License-Identifier: Apache-2.0 */
#include "client/settings.h"

#include "client/kept_file.h"
#include "tests/unit/kept_home.h"

#define PIN "sha256:00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static struct settings settings;
static char message[SETTINGS_MESSAGE_SIZE];

static bool set(const char *name, const char *value)
{
    message[0] = '\0';
    return settings_set(&settings, text_of(name), text_of(value), message);
}

static struct text get(const char *name)
{
    static char bytes[2 * SETTINGS_TEXT_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!settings_put(&settings, text_of(name), &b) || b.full)
        fail_msg("%s cannot be shown", name);
    return builder_text(&b);
}

static struct text takes(const char *name)
{
    static char bytes[512];
    struct builder b = builder_on(bytes, sizeof(bytes));
    settings_put_takes(settings_find(text_of(name)), &b);
    assert_false(b.full);
    return builder_text(&b);
}

TEST(every_default_is_right_and_reads_back_as_itself)
{
    settings_init(&settings);
    for (const struct setting *s = settings_rows; s->name; s++) {
        if (!set(s->name, s->value))
            fail_msg("%s: %s", s->name, message);
        assert_text(get(s->name), s->value);
    }
}

TEST(every_row_is_whole)
{
    for (const struct setting *s = settings_rows; s->name; s++) {
        char bytes[256];
        struct builder b = builder_on(bytes, sizeof(bytes));
        settings_put_takes(s, &b);
        assert_true(b.len && !b.full);
        assert_true(strlen(s->help) > 10 && strlen(s->name) < SETTINGS_NAME_SIZE);
        assert_ptr_equal(settings_find(text_of(s->name)), s); /* no two of one name */
        assert_true(s->offset < sizeof(settings));
        for (const struct setting *other = settings_rows; other != s; other++)
            if (other->offset == s->offset)
                fail_msg("%s and %s are one", s->name, other->name);
    }
}

TEST(defaults_are_what_people_expect)
{
    settings_init(&settings);
    assert_int_equal(settings.tls, SETTINGS_TLS_AUTO);
    assert_true(settings.tls_verify && settings.tls_data);
    assert_int_equal(settings.tls_first_use, SETTINGS_FIRST_USE_ASK);
    assert_false(settings.trust_passive_address);
    assert_int_equal(settings.data_connection, SETTINGS_DATA_AUTO);
    assert_int_equal(settings.active_ports.first, 0);
    assert_int_equal(settings.verify, SETTINGS_VERIFY_AUTO);
    assert_true(settings.resume && settings.keep_times && settings.keep_modes);
    assert_int_equal(settings.mode, 'S');
    assert_int_equal(settings.type, 'I');
    assert_int_equal(settings.download_rate, 0);
    assert_string_equal(settings.charset, "UTF-8");
    assert_string_equal(settings.password_command, "");
}

TEST(values_are_taken_as_they_are_written)
{
    static const struct {
        const char *name;
        const char *value;
        const char *shown;
    } cases[] = {
        {"tls", "require", "require"},
        {"tls", "OFF", "off"},
        {"TLS", "Auto", "auto"},
        {"tls-verify", "no", "off"},
        {"tls_verify", "true", "on"},
        {"Connect-Timeout", "5", "5"},
        {"download_rate", "10k", "10240"},
        {"upload_rate", "2M", "2097152"},
        {"hash_bytes", "1G", "1073741824"},
        {"mode", "z", "Z"},
        {"type", "l", "L"},
        {"byte_size", "36", "36"},
        {"structure", "R", "R"},
        {"active_ports", "4000-4010", "4000-4010"},
        {"active_ports", "4000-4000", "4000-4000"},
        {"active_ports", "", ""},
        {"case", "on", "on"},
        {"tls_pins", PIN, PIN},
        {"tls_pins", PIN "," PIN, PIN "," PIN},
        {"tls_pins", "", ""},
        {"source_address", "2001:db8::1", "2001:db8::1"},
        {"proxy", "socks5://host:1080", "socks5://host:1080"},
        {"proxy", "HTTP://anna@[::1]:8080", "HTTP://anna@[::1]:8080"},
        {"charset", "ISO-8859-1", "ISO-8859-1"},
        {"password_command", "pass show 'ftp/a b'", "pass show 'ftp/a b'"},
        {"prompt", "", ""},
    };
    settings_init(&settings);
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (!set(cases[i].name, cases[i].value))
            fail_msg("%s=%s: %s", cases[i].name, cases[i].value, message);
        assert_text(get(cases[i].name), cases[i].shown);
    }
    assert_int_equal(settings.hash_bytes, 1 << 30);
    assert_int_equal(settings.mode, 'Z');
    assert_true(settings.lower_case);
}

TEST(what_is_not_right_is_refused_and_changes_nothing)
{
    static const struct {
        const char *name;
        const char *value;
        const char *message;
    } cases[] = {
        {"tls", "maybe", "tls: \"maybe\" is not right; it takes auto, require or off"},
        {"tls", "", "tls: \"\" is not right; it takes auto, require or off"},
        {"tls", "auto|require",
         "tls: \"auto|require\" is not right; it takes auto, require or off"},
        {"resume", "1", "resume: \"1\" is not right; it takes on or off"},
        {"parallel", "0", "parallel: \"0\" is not right; it takes 1 to 64 connections"},
        {"parallel", "65", "parallel: \"65\" is not right; it takes 1 to 64 connections"},
        {"parallel", "-1", "parallel: \"-1\" is not right; it takes 1 to 64 connections"},
        {"parallel", "4k", "parallel: \"4k\" is not right; it takes 1 to 64 connections"},
        {"hash_bytes", "0",
         "hash_bytes: \"0\" is not right; it takes 1 or more bytes, also with k, M or G"},
        {"upload_rate", "99999999999999T",
         "upload_rate: \"99999999999999T\" is not right; it takes 0 or more bytes a second, "
         "also with k, M or G"},
        {"mode", "X", "mode: \"X\" is not right; it takes S, B, C or Z"},
        {"mode", "SB", "mode: \"SB\" is not right; it takes S, B, C or Z"},
        {"active_ports", "0-10",
         "active_ports: \"0-10\" is not right; it takes two ports with - between them, or nothing"},
        {"active_ports", "10-9",
         "active_ports: \"10-9\" is not right; it takes two ports with - between them, or nothing"},
        {"active_ports", "1-65536",
         "active_ports: \"1-65536\" is not right; it takes two ports "
         "with - between them, or nothing"},
        {"prompt", "a\nb\x1B", "prompt: \"a\\x0Ab\\x1B\" is not right; it takes a text"},
        {"source_address", "localhost", "source_address: it takes an address"},
        {"charset", "a b", "charset: it takes a character set"},
        {"tls_pins", "sha256:00", "tls_pins: it takes sha256:HEX, several with commas between"},
        {"tls_pins", PIN ",", "tls_pins: it takes sha256:HEX, several with commas between"},
        {"proxy", "socks5://", NULL},
        {"proxy", "http://anna@", NULL},
        {"proxy", "ftp://host", NULL},
        {"proxy", "host:1080", NULL},
        {"no_such\x1B", "x", "no such setting: \"no_such\\x1B\""},
        {"tl", "auto", "no such setting: \"tl\""},
        {"", "auto", "no such setting: \"\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct settings before;
        settings_init(&settings);
        before = settings;
        if (set(cases[i].name, cases[i].value))
            fail_msg("%s=%s was taken", cases[i].name, cases[i].value);
        if (cases[i].message)
            assert_string_equal(message, cases[i].message);
        assert_memory_equal(&settings, &before, sizeof(before));
    }
}

TEST(a_password_in_a_proxy_is_refused_and_not_shown)
{
    settings_init(&settings);
    assert_false(set("proxy", "socks5://anna:geheim@host:1080"));
    assert_null(strstr(message, "geheim"));
    assert_string_equal(settings.proxy, "");
}

TEST(a_text_may_be_as_long_as_it_fits)
{
    char value[SETTINGS_TEXT_SIZE + 1];
    settings_init(&settings);
    memset(value, 'a', sizeof(value) - 1);
    value[SETTINGS_TEXT_SIZE] = '\0';
    assert_false(set("prompt", value));
    value[SETTINGS_TEXT_SIZE - 1] = '\0';
    assert_true(set("prompt", value));
    assert_string_equal(settings.prompt, value);
    assert_false(set("tls", value));
    assert_true(strlen(message) < 200); /* what is shown of it is cut */
}

TEST(what_does_not_exist_cannot_be_shown)
{
    char bytes[16];
    struct builder b = builder_on(bytes, sizeof(bytes));
    assert_false(settings_put(&settings, TEXT("nothing"), &b));
    assert_int_equal(b.len, 0);
    assert_null(settings_find(TEXT("tls\0")));
}

TEST(what_a_setting_takes_is_told)
{
    assert_text(takes("tls"), "auto, require or off");
    assert_text(takes("resume"), "on or off");
    assert_text(takes("retries"), "0 to 1000000 times");
    assert_text(takes("hash_bytes"), "1 or more bytes, also with k, M or G");
    assert_text(takes("tls_ca_file"), "a file");
}

static bool read_file(const char *content)
{
    message[0] = '\0';
    settings_init(&settings);
    return settings_read_file(&settings, home_write("ferry.conf", content, 0644), message);
}

TEST(a_file_is_read_over_the_defaults)
{
    assert_true(read_file("# mine\n"
                          "tls = require\n"
                          "connect_timeout = 7   # seconds\n"
                          "download_rate = 10M\n"
                          "password_command = \"pass show ftp\"\n"
                          "parallel = 2\nparallel = 3\n"));
    assert_int_equal(settings.tls, SETTINGS_TLS_REQUIRE);
    assert_int_equal(settings.connect_timeout_s, 7);
    assert_int_equal(settings.download_rate, 10 * 1024 * 1024);
    assert_string_equal(settings.password_command, "pass show ftp");
    assert_int_equal(settings.parallel, 3); /* the last one counts */
    assert_int_equal(settings.reply_timeout_s, 120);
    assert_true(read_file(""));
}

TEST(what_is_wrong_in_a_file_is_told_with_its_line_and_nothing_is_taken)
{
    static const struct {
        const char *content;
        const char *message;
    } cases[] = {
        {"tls = require\n\nno_such = 1\n", ":3: no such option 'no_such'"},
        {"tls = require\nparallel = 0\n",
         ":2: parallel: \"0\" is not right; it takes 1 to 64 connections"},
        {"tls = require\nparallel\n", ":3: premature end of file"},
        {"tls = require\nproxy = \"http://a:geheim@b\"\n", ":2: proxy: it takes "},
        {"tls = require\nprompt = \"%s%n\x01\"\n", ":2: prompt: \"%s%n\\x01\" is not right"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char expected[512];
        assert_false(read_file(cases[i].content));
        assert_int_equal(settings.tls, SETTINGS_TLS_AUTO);
        (void)snprintf(expected, sizeof(expected), "%s%s", home_path("ferry.conf"),
                       cases[i].message);
        if (strncmp(message, expected, strlen(expected)) != 0)
            fail_msg("\"%s\" does not begin with \"%s\"", message, expected);
    }
}

TEST(a_file_that_others_can_write_is_refused)
{
    settings_init(&settings);
    const char *path = home_write("ferry.conf", "tls = off\n", 0664);
    assert_false(settings_read_file(&settings, path, message));
    assert_non_null(strstr(message, "others can write it"));
    assert_int_equal(settings.tls, SETTINGS_TLS_AUTO);
    assert_int_equal(chmod(path, 0644), 0);
    assert_true(settings_read_file(&settings, path, message));
    assert_int_equal(settings.tls, SETTINGS_TLS_OFF);
}

TEST(a_file_that_is_no_text_or_not_there_is_told)
{
    settings_init(&settings);
    assert_false(settings_read_file(&settings, home_path("missing"), message));
    assert_non_null(strstr(message, "missing: no such file"));
    const char *path = home_write("ferry.conf", "tls = off\n", 0600);
    assert_int_equal(truncate(path, 20), 0); /* NULs behind it */
    assert_false(settings_read_file(&settings, path, message));
    assert_non_null(strstr(message, "it holds a NUL"));
}

TEST(the_users_file_is_found_and_may_be_missing)
{
    settings.parallel = 99;
    assert_true(settings_load(&settings, message));
    assert_int_equal(settings.parallel, 4);
    assert_int_equal(mkdir(home_path(".config"), 0700), 0);
    assert_int_equal(mkdir(home_path(".config/ferry"), 0700), 0);
    (void)home_write(".config/ferry/ferry.conf", "parallel = 9\n", 0600);
    assert_true(settings_load(&settings, message));
    assert_int_equal(settings.parallel, 9);
    (void)home_write(".config/ferry/ferry.conf", "parallel = 99\n", 0600);
    assert_false(settings_load(&settings, message));
    assert_int_equal(settings.parallel, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(every_default_is_right_and_reads_back_as_itself),
        RUN(every_row_is_whole),
        RUN(defaults_are_what_people_expect),
        RUN(values_are_taken_as_they_are_written),
        RUN(what_is_not_right_is_refused_and_changes_nothing),
        RUN(a_password_in_a_proxy_is_refused_and_not_shown),
        RUN(a_text_may_be_as_long_as_it_fits),
        RUN(what_does_not_exist_cannot_be_shown),
        RUN(what_a_setting_takes_is_told),
        RUN_AT_HOME(a_file_is_read_over_the_defaults),
        RUN_AT_HOME(what_is_wrong_in_a_file_is_told_with_its_line_and_nothing_is_taken),
        RUN_AT_HOME(a_file_that_others_can_write_is_refused),
        RUN_AT_HOME(a_file_that_is_no_text_or_not_there_is_told),
        RUN_AT_HOME(the_users_file_is_found_and_may_be_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
