/* SPDX-License-Identifier: Apache-2.0 */
#include "client/netrc.h"
#include "tests/unit/unit.h"

static struct netrc_entry find(const char *file, const char *host, const char *user)
{
    struct netrc_entry entry;
    size_t line = 0;
    enum netrc_result result = netrc_find(text_of(file), text_of(host), text_of(user), &entry,
                                          &line);
    if (result != NETRC_FOUND)
        fail_msg("%s: not found for %s (line %zu)", file, host, line);
    return entry;
}

static void assert_entry(const struct netrc_entry *entry, const char *login, const char *password,
                         const char *account)
{
    assert_int_equal(entry->has_login, login != NULL);
    assert_string_equal(entry->login, login ? login : "");
    assert_int_equal(entry->has_password, password != NULL);
    assert_string_equal(entry->password, password ? password : "");
    assert_int_equal(entry->has_account, account != NULL);
    assert_string_equal(entry->account, account ? account : "");
}

static void assert_none(const char *file, const char *host, const char *user)
{
    struct netrc_entry entry = {.login = "untouched"};
    size_t line = 4711;
    if (netrc_find(text_of(file), text_of(host), text_of(user), &entry, &line) != NETRC_NONE)
        fail_msg("%s: found for %s", file, host);
    assert_string_equal(entry.login, "untouched");
    assert_int_equal(line, 4711);
}

TEST(an_entry_has_a_login_a_password_and_an_account)
{
    static const char *const files[] = {
        "machine h login anna password s3cret account a",
        "machine h\n\tlogin anna\n\tpassword s3cret\n\taccount a\n",
        "machine h\r\nlogin anna\r\npassword s3cret\r\naccount a\r\n",
        "\n\n  machine\nh\naccount a\npasswd s3cret\nlogin\nanna",
        "MACHINE H LOGIN anna Password s3cret aCCount a",
        "\xEF\xBB\xBFmachine h login anna password s3cret account a",
        "machine other login x password y\nmachine h login anna password s3cret account a\n"
        "machine h login z password z",
        "machine h port 21 login anna protocol ftp password s3cret account a",
        "machine \"h\" login \"anna\" password \"s3cret\" account \"a\"",
        "login x password y\nmachine h login anna password s3cret account a",
        "machine h login x login anna password y password s3cret account a",
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        struct netrc_entry entry = find(files[i], "h", "");
        assert_false(entry.is_default);
        assert_entry(&entry, "anna", "s3cret", "a");
    }
}

TEST(what_an_entry_leaves_out_is_not_there)
{
    struct netrc_entry entry = find("machine h", "h", "");
    assert_entry(&entry, NULL, NULL, NULL);
    entry = find("machine h password p machine i login u account a", "h", "");
    assert_entry(&entry, NULL, "p", NULL);
    entry = find("machine h password p machine i login u account a", "i", "");
    assert_entry(&entry, "u", NULL, "a");
    entry = find("machine h login \"\" password \"\"", "h", "");
    assert_entry(&entry, "", "", NULL);
}

TEST(quotes_and_backslashes_keep_what_would_end_a_word)
{
    static const struct {
        const char *word;
        const char *value;
    } cases[] = {
        {"\"a b\"", "a b"},
        {"\"a\tb#c\"", "a\tb#c"},
        {"\"\\\"\\\\\"", "\"\\"},
        {"\"a\\b\"", "ab"},
        {"a\\ b", "a b"},
        {"\\\"a", "\"a"},
        {"DOMAIN\\\\anna", "DOMAIN\\anna"},
        {"a\\", "a\\"},
        {"a\"b", "a\"b"},
        {"a\"b\"", "a\"b\""},
        {"a,b", "a,b"},
        {"#secret", "#secret"},
        {"'a", "'a"},
        {"machine", "machine"},
        {"\xC3\xA9\xFF", "\xC3\xA9\xFF"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char file[128];
        static const char *const ends[] = {"", "\n", "\r\n", "\nlogin u", " login u"};
        for (size_t j = 0; j < COUNT(ends); j++) {
            const bool joins = j == 4 && strcmp(cases[i].word, "a\\") == 0; /* "\ " is a blank */
            (void)snprintf(file, sizeof(file), "machine h password %s%s", cases[i].word, ends[j]);
            struct netrc_entry entry = find(file, "h", "");
            assert_string_equal(entry.password, joins ? "a login" : cases[i].value);
        }
    }
}

TEST(comments_stand_where_a_keyword_could)
{
    const char file[] = "# machine h login x \"\n"
                        "machine h # login x\n"
                        "  #login x\n"
                        "login anna #password x\r\n"
                        "password #p # account x\n"
                        "#";
    struct netrc_entry entry = find(file, "h", "");
    assert_entry(&entry, "anna", "#p", NULL);
}

TEST(the_user_chooses_among_the_entries_of_a_host)
{
    const char file[] = "machine h login anna password 1\n"
                        "machine h login bert password 2\n"
                        "machine h password 3\n"
                        "machine h login carl password 4\n"
                        "machine i login carl password 5\n"
                        "default login dora password 6\n"
                        "machine j login j password 7\n";
    static const struct {
        const char *host;
        const char *user;
        const char *password;
        bool is_default;
    } cases[] = {
        {"h", "", "1", false},     {"H", "anna", "1", false}, {"h", "bert", "2", false},
        {"h", "carl", "3", false}, /* the file's order: one without a login fits anybody */
        {"h", "Anna", "3", false}, {"i", "carl", "5", false}, {"i", "dora", "6", true},
        {"j", "", "6", true},      {"j", "j", "7", false},    {"k", "", "6", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct netrc_entry entry = find(file, cases[i].host, cases[i].user);
        assert_string_equal(entry.password, cases[i].password);
        assert_int_equal(entry.is_default, cases[i].is_default);
    }
    assert_none(file, "k", "x");
}

TEST(a_host_that_is_not_there_has_no_entry)
{
    static const char *const files[] = {
        "",
        "\n",
        "# machine h",
        "machine hh login x password y",
        "machine g login h password h",
        "login x password y account z",
        "\"machine\" h",
        "machine g macdef m\nmachine h login x\n\n",
        "macdef m\nmachine h\n\n",
    };
    for (size_t i = 0; i < COUNT(files); i++)
        assert_none(files[i], "h", "");
}

static void assert_macros(struct text macros, const char *expected)
{
    char bytes[512];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct netrc_macro macro;
    while (netrc_take_macro(&macros, &macro)) {
        builder_put_byte(&b, '[');
        builder_put(&b, macro.name);
        builder_put_byte(&b, ':');
        builder_put(&b, macro.text);
        builder_put_byte(&b, ']');
    }
    assert_text(builder_text(&b), expected);
}

TEST(macros_are_lines_up_to_an_empty_one)
{
    static const struct {
        const char *file;
        const char *macros;
    } cases[] = {
        {"machine h login u", ""},
        {"machine h macdef init\ncd pub\nls\n\nmachine i", "[init:cd pub\nls\n]"},
        {"machine h macdef init\r\ncd pub\r\nls\r\n\r\n", "[init:cd pub\r\nls\r\n]"},
        {"machine h macdef init\ncd pub", "[init:cd pub]"},
        {"machine h macdef init\ncd pub\n", "[init:cd pub\n]"},
        {"machine h macdef init", "[init:]"},
        {"machine h macdef init\n\nlogin u", "[init:]"},
        {"machine h macdef init not this\nls\n", "[init:ls\n]"},
        {"machine h macdef a\n1 \"\n \n# 2\n\nlogin u password \"macdef x\" macdef b\n3\n\n\n"
         "account a macdef c\nmachine h\n\nmachine i macdef d\n4\n",
         "[a:1 \"\n \n# 2\n][b:3\n][c:machine h\n]"},
        {"machine g macdef x\n1\n\nmachine h macdef y\n2\n\ndefault macdef z\n3\n", "[y:2\n]"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct netrc_entry entry = find(cases[i].file, "h", "");
        assert_macros(entry.macros, cases[i].macros);
    }
}

TEST(what_stands_between_macros_still_counts)
{
    struct netrc_entry entry = find(
        "machine h login u macdef init\nlogin x\n\npassword p\nmacdef m\nx\n\naccount a", "h", "u");
    assert_entry(&entry, "u", "p", "a");
}

TEST(what_is_malformed_is_told_with_its_line)
{
    static const struct {
        const char *file;
        size_t line;
    } cases[] = {
        {"machine", 1},
        {"default login", 1},
        {"\nmachine h login\n\n", 4},
        {"# \"\nmachine h\nlogin \"anna\npassword x\"", 3},
        {"machine h login \"anna", 1},
        {"machine h\r\nlogin \"anna\\\"\r\n", 2},
        {"machine g login \"x\nmachine h", 1},
        {"machine g macdef x\n1\n2\n\n\"", 5},
        {"machine h login \"a\"b", 1},
        {"machine h\n\n login a\n password \"p\rq\"", 4},
        {"machine h macdef", 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct netrc_entry entry = {.login = "untouched"};
        size_t line = 0;
        if (netrc_find(text_of(cases[i].file), TEXT("h"), TEXT(""), &entry, &line) !=
            NETRC_MALFORMED)
            fail_msg("%s is not malformed", cases[i].file);
        if (line != cases[i].line)
            fail_msg("%s: line %zu", cases[i].file, line);
        assert_string_equal(entry.login, "untouched");
    }
    struct netrc_entry entry;
    size_t line = 0;
    assert_int_equal(
        netrc_find(TEXT("machine h\npassword a\0b"), TEXT("h"), TEXT(""), &entry, &line),
        NETRC_MALFORMED);
    assert_int_equal(line, 2);
}

TEST(nothing_behind_the_entry_is_looked_at)
{
    struct netrc_entry entry = find("machine h login u\nmachine i login \"", "h", "");
    assert_entry(&entry, "u", NULL, NULL);
}

TEST(a_value_that_is_too_long_is_malformed_in_our_entry_only)
{
    char file[2 * NETRC_PART_SIZE];
    struct netrc_entry entry;
    size_t line = 0;
    struct builder b = builder_on(file, sizeof(file));
    builder_put(&b, TEXT("machine h\npassword "));
    for (size_t i = 0; i < NETRC_PART_SIZE - 1; i++)
        builder_put_byte(&b, 'p');
    assert_int_equal(netrc_find(builder_text(&b), TEXT("h"), TEXT(""), &entry, &line), NETRC_FOUND);
    assert_int_equal(strlen(entry.password), NETRC_PART_SIZE - 1);
    builder_put(&b, TEXT("p\nmachine i login u"));
    assert_int_equal(netrc_find(builder_text(&b), TEXT("h"), TEXT(""), &entry, &line),
                     NETRC_MALFORMED);
    assert_int_equal(line, 2);
    assert_int_equal(netrc_find(builder_text(&b), TEXT("i"), TEXT(""), &entry, &line), NETRC_FOUND);
    assert_entry(&entry, "u", NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(an_entry_has_a_login_a_password_and_an_account),
        RUN(what_an_entry_leaves_out_is_not_there),
        RUN(quotes_and_backslashes_keep_what_would_end_a_word),
        RUN(comments_stand_where_a_keyword_could),
        RUN(the_user_chooses_among_the_entries_of_a_host),
        RUN(a_host_that_is_not_there_has_no_entry),
        RUN(macros_are_lines_up_to_an_empty_one),
        RUN(what_stands_between_macros_still_counts),
        RUN(what_is_malformed_is_told_with_its_line),
        RUN(nothing_behind_the_entry_is_looked_at),
        RUN(a_value_that_is_too_long_is_malformed_in_our_entry_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
