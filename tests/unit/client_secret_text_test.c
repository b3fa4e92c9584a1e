/* SPDX-License-Identifier: Apache-2.0 */
#include "client/secret_text.h"

#include "tests/unit/unit.h"

static void assert_command(const char *command, const char *shown)
{
    char bytes[256];
    struct builder b = builder_on(bytes, sizeof(bytes));
    secret_put_command(&b, text_of(command));
    assert_text(builder_text(&b), shown);
}

static void assert_url(const char *word, const char *password, const char *shown)
{
    char bytes[256];
    struct builder b = builder_on(bytes, sizeof(bytes));
    assert_text(secret_in_url(text_of(word)), password);
    secret_put_url(&b, text_of(word));
    assert_text(builder_text(&b), shown);
}

TEST(passwords_in_commands_are_not_shown_whatever_their_case)
{
    assert_command("PASS hidden", "PASS ****");
    assert_command("pass hidden words", "pass ****");
    assert_command("Acct hidden", "Acct ****");
    assert_command("Pass   hidden", "Pass ****");
    assert_command("  PASS hidden", "  PASS ****");
    assert_command("PASS\thidden", "PASS ****");
    assert_command("PASS ", "PASS ****"); /* nor that there is none */
}

TEST(what_sets_passwords_on_servers_is_not_shown)
{
    assert_command("SITE PSWD hidden hidden", "SITE PSWD ****");
    assert_command("site  chpass hidden", "site  chpass ****");
    assert_command("SITE PASSWD hidden", "SITE PASSWD ****");
    assert_command("SITE GPASS hidden", "SITE GPASS ****");
    assert_command("SITE chpwd hidden", "SITE chpwd ****");
    assert_command("SITE\tADDUSER anna hidden", "SITE\tADDUSER ****");
    assert_command("SITE gadduser staff anna hidden", "SITE gadduser ****");
}

TEST(all_else_in_commands_is_shown)
{
    static const char *const plain[] = {
        "",          "PASS",         "SITE",       "SITE PSWD", "SITE CHMOD 644 passwd",
        "STAT pass", "RETR PASS x",  "PASV",       "XPASS",     "SITE HELP PSWD",
        "PASSIVE x", "SITE  CHMOD ", "NOOP PASS ", " ",
    };
    for (size_t i = 0; i < COUNT(plain); i++)
        assert_command(plain[i], plain[i]);
}

TEST(passwords_in_urls_are_not_shown)
{
    assert_url("ftp://me:hidden@host/x", "hidden", "ftp://me:****@host/x");
    assert_url("socks5://me:hidden@host:1080", "hidden", "socks5://me:****@host:1080");
    assert_url("FTPS://me:hid:den@host", "hid:den", "FTPS://me:****@host");
    assert_url("ftp://me:hid@den@host/a@b", "hid@den", "ftp://me:****@host/a@b");
    assert_url("ftp://:hidden@host", "hidden", "ftp://:****@host");
}

TEST(all_else_in_words_is_shown)
{
    static const char *const plain[] = {
        "",          "://",         "a:b@c", "ftp://me@host/a:b@c", "ftp://host:21/x",
        "ftp://me:", "ftp://me:@h", "x:y",   "ftp:/me:hidden@host",
    };
    for (size_t i = 0; i < COUNT(plain); i++)
        assert_url(plain[i], "", plain[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(passwords_in_commands_are_not_shown_whatever_their_case),
        RUN(what_sets_passwords_on_servers_is_not_shown),
        RUN(all_else_in_commands_is_shown),
        RUN(passwords_in_urls_are_not_shown),
        RUN(all_else_in_words_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
