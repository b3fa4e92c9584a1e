/* SPDX-License-Identifier: Apache-2.0 */
#include "client/credentials.h"

#include <poll.h>
#include <sys/wait.h>

#include "tests/unit/kept_home.h"

static struct credentials found;
static char message[KEPT_MESSAGE_SIZE];
static unsigned lookups;

/* "HOST LOGIN PASSWORD ACCOUNT", and "?" for what is not understood. */
static enum fault look_up(struct text file, struct text host, struct text user,
                          struct credentials_entry *ret_entry, unsigned *ret_line)
{
    lookups++;
    for (*ret_line = 1; file.len; (*ret_line)++) {
        struct text rest = text_take_until(&file, '\n');
        if (text_equal(rest, TEXT("?")))
            return FAULT_ARGUMENT;
        bool is_host = text_equal(text_take_word(&rest), host);
        struct text login = text_take_word(&rest);
        if (!is_host || (user.len && !text_equal(login, user)))
            continue;
        struct builder b = builder_on(ret_entry->login, sizeof(ret_entry->login));
        builder_put(&b, login);
        builder_end(&b);
        assert_true(secret_set(&ret_entry->password, text_take_word(&rest)));
        assert_true(secret_set(&ret_entry->account, text_take_word(&rest)));
        return FAULT_NONE;
    }
    return FAULT_NOT_FOUND;
}

static struct credentials_wanted wanted_of(const char *user)
{
    lookups = 0;
    message[0] = '\0';
    return (struct credentials_wanted){.host = "h",
                                       .user = user,
                                       .url_password = "",
                                       .command = "",
                                       .command_timeout_ms = 10000,
                                       .netrc_file = "",
                                       .netrc = look_up};
}

static int set_up(void **unused)
{
    credentials_forget_environment();
    return home_set_up(unused) || unsetenv("FERRY_PASSWORD");
}

static void set_environment(const char *password)
{
    assert_int_equal(setenv("FERRY_PASSWORD", password, 1), 0);
    credentials_take_environment();
}

TEST(the_sources_are_asked_in_their_order)
{
    struct credentials_wanted wanted = wanted_of("anna");
    (void)home_write(".netrc", "h anna of-netrc acct\n", 0600);
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NONE);
    assert_string_equal(found.password.bytes, "of-netrc");
    assert_string_equal(found.account.bytes, "acct");
    assert_int_equal(found.source, CREDENTIALS_NETRC);
    wanted.command = "echo of-command";
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NONE);
    assert_string_equal(found.password.bytes, "of-command");
    assert_int_equal(found.source, CREDENTIALS_COMMAND);
    set_environment("of-environment");
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NONE);
    assert_string_equal(found.password.bytes, "of-environment");
    assert_int_equal(found.source, CREDENTIALS_ENVIRONMENT);
    wanted.url_password = "of-url";
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NONE);
    assert_string_equal(found.password.bytes, "of-url");
    assert_int_equal(found.source, CREDENTIALS_URL);
    assert_string_equal(found.user, "anna");
    assert_int_equal(lookups, 1); /* only when its turn came */
}

TEST(the_password_of_the_environment_is_taken_out_of_it)
{
    struct credentials_wanted wanted = wanted_of("anna");
    char *given = NULL;
    assert_int_equal(setenv("FERRY_PASSWORD", "of-environment", 1), 0);
    given = getenv("FERRY_PASSWORD");
    credentials_take_environment();
    assert_null(getenv("FERRY_PASSWORD"));
    assert_string_equal(given, ""); /* setenv(3) keeps its strings */
    wanted.command = "echo $FERRY_PASSWORD;echo of-command";
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NONE);
    assert_string_equal(found.password.bytes, "of-environment");
    credentials_forget_environment();
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NOT_FOUND); /* an empty line */
    set_environment("two\nlines");
    assert_fault(credentials_find(&wanted, &found, message), FAULT_ARGUMENT);
    assert_string_equal(message, "FERRY_PASSWORD: too long for a password, or of several lines");
    set_environment("");
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NOT_FOUND);
}

TEST(a_login_of_a_netrc_takes_its_password_only_in_its_turn)
{
    struct credentials_wanted wanted = wanted_of("");
    (void)home_write(".netrc", "other ben x\nh anna of-netrc acct\n", 0600);
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NONE);
    assert_string_equal(found.user, "anna");
    assert_string_equal(found.password.bytes, "of-netrc");
    wanted.command = "echo \"$FERRY_HOST-$FERRY_USER\"";
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NONE);
    assert_string_equal(found.user, "anna");
    assert_string_equal(found.password.bytes, "h-anna");
    assert_string_equal(found.account.bytes, "acct");
    assert_int_equal(lookups, 2); /* once each */
}

TEST(a_command_that_knows_nothing_leaves_it_to_the_next)
{
    struct credentials_wanted wanted = wanted_of("anna");
    (void)home_write(".netrc", "h anna of-netrc\n", 0600);
    wanted.command = "echo x; exit 1";
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NONE);
    assert_string_equal(found.password.bytes, "of-netrc");
    wanted.command = "exec sleep 100";
    wanted.command_timeout_ms = 50;
    assert_fault(credentials_find(&wanted, &found, message), FAULT_TIMED_OUT);
    assert_string_equal(message, "password_command: it did not end in time");
}

TEST(anonymous_has_no_secret)
{
    static const char *const users[] = {"", "anonymous", "FTP"};
    for (size_t i = 0; i < COUNT(users); i++) {
        struct credentials_wanted wanted = wanted_of(users[i]);
        wanted.command = "echo secret";
        wanted.may_ask = true;
        set_environment("secret");
        assert_fault(credentials_find(&wanted, &found, message), FAULT_NONE);
        assert_string_equal(found.user, users[i]);
        assert_int_equal(found.source, CREDENTIALS_NONE);
        assert_int_equal(found.password.len, 0);
        wanted.url_password = "me@example.org";
        assert_fault(credentials_find(&wanted, &found, message), FAULT_NONE);
        assert_string_equal(found.password.bytes, "me@example.org");
    }
}

TEST(an_anonymous_entry_of_a_netrc_that_all_can_read_is_taken)
{
    struct credentials_wanted wanted = wanted_of("");
    (void)home_write(".netrc", "h anonymous me@example.org\n", 0644);
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NONE);
    assert_string_equal(found.user, "anonymous");
    assert_string_equal(found.password.bytes, "me@example.org");
    assert_int_equal(found.source, CREDENTIALS_NETRC);
}

TEST(a_netrc_that_others_can_read_is_refused_when_it_has_the_password)
{
    static const mode_t modes[] = {0644, 0640, 0604, 0622, 0601};
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct credentials_wanted wanted = wanted_of("anna");
        (void)home_write(".netrc", "h anna secret\n", modes[i]);
        assert_fault(credentials_find(&wanted, &found, message), FAULT_DENIED);
        assert_non_null(strstr(message, "/.netrc: it has a password, and is not yours or others"));
        assert_null(strstr(message, "secret"));
        assert_int_equal(found.password.len, 0);
        wanted.host = "elsewhere"; /* of which it knows nothing */
        assert_fault(credentials_find(&wanted, &found, message), FAULT_NOT_FOUND);
    }
}

TEST(a_netrc_of_somebody_else_is_refused)
{
    struct credentials_wanted wanted = wanted_of("anna");
    if (geteuid())
        skip();
    const char *path = home_write(".netrc", "h anna secret\n", 0600);
    assert_int_equal(chown(path, 12345, 0), 0);
    assert_fault(credentials_find(&wanted, &found, message), FAULT_DENIED);
}

TEST(a_netrc_that_is_named_has_to_be_there)
{
    struct credentials_wanted wanted = wanted_of("anna");
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NOT_FOUND);
    assert_string_equal(message, "no password for anna@h");
    wanted.netrc_file = home_path("other");
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NOT_FOUND);
    assert_non_null(strstr(message, "other: no such file"));
    wanted.netrc_file = home_write("other", "h anna of-other\n", 0600);
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NONE);
    assert_string_equal(found.password.bytes, "of-other");
    wanted.netrc = NULL;
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NOT_FOUND);
}

TEST(a_netrc_that_is_not_understood_is_told_with_its_line)
{
    struct credentials_wanted wanted = wanted_of("anna");
    (void)home_write(".netrc", "a b secret\n?\nh anna secret\n", 0600);
    assert_fault(credentials_find(&wanted, &found, message), FAULT_ARGUMENT);
    assert_non_null(strstr(message, "/.netrc: line 2 is not understood"));
}

TEST(a_password_that_would_be_another_command_is_refused)
{
    struct credentials_wanted wanted = wanted_of("anna");
    wanted.url_password = "secret\r\nDELE x";
    assert_fault(credentials_find(&wanted, &found, message), FAULT_ARGUMENT);
    assert_null(strstr(message, "secret"));
    assert_int_equal(found.password.len, 0);
}

TEST(what_is_shown_of_names_is_fit_for_a_terminal)
{
    struct credentials_wanted wanted = wanted_of("an\x1B[2Jna");
    assert_fault(credentials_find(&wanted, &found, message), FAULT_NOT_FOUND);
    assert_string_equal(message, "no password for an\\x1B[2Jna@h");
}

/* In a session of its own, whose terminal it opens. */
static void be_asked(const char *terminal)
{
    struct credentials_wanted wanted = wanted_of("anna");
    wanted.may_ask = true;
    setsid();
    bool is_right = open(terminal, O_RDWR) >= 0 &&
                    credentials_find(&wanted, &found, message) == FAULT_NONE &&
                    found.source == CREDENTIALS_TERMINAL &&
                    text_equal(secret_text(&found.password), TEXT("typed"));
    _exit(is_right ? 0 : 1);
}

TEST(who_sits_there_is_asked_last_and_told_for_whom)
{
    const struct text prompt = TEXT("Password for anna@h: ");
    char name[64];
    char seen[64];
    size_t len = 0;
    int status;
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(terminal >= 0 && !grantpt(terminal) && !unlockpt(terminal));
    assert_int_equal(ptsname_r(terminal, name, sizeof(name)), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child)
        be_asked(name);
    while (len < prompt.len) {
        struct pollfd wait = {terminal, POLLIN, 0};
        assert_int_equal(poll(&wait, 1, 20000), 1);
        ssize_t n = read(terminal, seen + len, sizeof(seen) - len);
        assert_true(n > 0);
        len += (size_t)n;
    }
    assert_true(text_equal((struct text){seen, len}, prompt));
    assert_int_equal(write(terminal, "typed\n", 6), 6);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(terminal);
}

#define RUN_HERE(name) cmocka_unit_test_setup_teardown(name, set_up, home_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_HERE(the_sources_are_asked_in_their_order),
        RUN_HERE(the_password_of_the_environment_is_taken_out_of_it),
        RUN_HERE(a_login_of_a_netrc_takes_its_password_only_in_its_turn),
        RUN_HERE(a_command_that_knows_nothing_leaves_it_to_the_next),
        RUN_HERE(anonymous_has_no_secret),
        RUN_HERE(an_anonymous_entry_of_a_netrc_that_all_can_read_is_taken),
        RUN_HERE(a_netrc_that_others_can_read_is_refused_when_it_has_the_password),
        RUN_HERE(a_netrc_of_somebody_else_is_refused),
        RUN_HERE(a_netrc_that_is_named_has_to_be_there),
        RUN_HERE(a_netrc_that_is_not_understood_is_told_with_its_line),
        RUN_HERE(a_password_that_would_be_another_command_is_refused),
        RUN_HERE(what_is_shown_of_names_is_fit_for_a_terminal),
        RUN_HERE(who_sits_there_is_asked_last_and_told_for_whom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
