/* SPDX-License-Identifier: Apache-2.0 */
#include "client/shell.h"

#include "tests/unit/unit.h"

static void assert_found(const char *name, const char *expected)
{
    const struct shell_row *row = NULL;
    assert_int_equal(shell_find_row(text_of(name), &row), SHELL_FOUND);
    assert_string_equal(row->name, expected);
}

TEST(rows_are_sorted_and_whole)
{
    for (const struct shell_row *row = shell_rows; row->name; row++) {
        if (row[1].name)
            assert_true(strcmp(row->name, row[1].name) < 0);
        assert_true(row->act && row->help[0] && row->words_min <= row->words_max);
        /* The example is of the command, and the table is what help shows. */
        assert_int_equal(strncmp(row->example, row->name, strlen(row->name)), 0);
        assert_int_equal(row->words_max == 0, row->words[0] == '\0');
    }
}

TEST(names_are_found_by_what_no_other_begins_with)
{
    const struct shell_row *row;
    assert_found("by", "bye");
    assert_found("GET", "get");
    assert_found("epsv", "epsv"); /* not epsv4 */
    assert_found("?", "?");
    assert_int_equal(shell_find_row(TEXT("m"), &row), SHELL_AMBIGUOUS);
    assert_int_equal(shell_find_row(TEXT("getx"), &row), SHELL_UNKNOWN);
    assert_int_equal(shell_find_row(TEXT(""), &row), SHELL_UNKNOWN);
}

TEST(lines_with_passwords_are_not_kept)
{
    static const char *const secret[] = {
        "user me hidden",       "us me hidden",
        "account hidden",       "acc hidden",
        "quote PASS hidden",    "quote 'pass hidden'",
        "literal acct x",       "qu PASS x",
        "proxy user me hidden", "proxy quote pass x",
        "ls; user me hidden",   "open ftp://me:hidden@host/",
        "o ftp://me:x@host/",   "bookmark add x ftp://me:x@host/",
        "user me 'hidden",      "quote SITE PSWD hidden hidden",
        "site chpass hidden",   "si chpass hidden",
        "quote 'PASS  hidden'", "PASS hidden",
        "SITE PSWD hidden",     "open host me hidden",
        "open host hidden",     "set proxy socks5://me:hidden@host",
        "get ftp://me:x@h/x",   "ftp://me:hidden@host/",
        "pro user me hidden",
    };
    static const char *const plain[] = {
        "",
        "user me",
        "account",
        "quote STAT",
        "open ftp://me@host/",
        "ls; pwd",
        "nonsense",
        "get password",
        "open host 2121",
        "site chmod 644 passwd",
        "quote RETR pass",
        "site help pswd",
    };
    for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
        assert_false(shell_may_keep(text_of(secret[i])));
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        assert_true(shell_may_keep(text_of(plain[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(rows_are_sorted_and_whole),
        RUN(names_are_found_by_what_no_other_begins_with),
        RUN(lines_with_passwords_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
