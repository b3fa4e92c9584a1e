/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pattern.h"
#include "client/shell_words.h"
#include "tests/unit/unit.h"

static struct shell_command command;
static char message[SHELL_WORDS_MESSAGE_SIZE];

/* The words of a line's commands: "a|b||c": two, then one. A "&" behind those of the background. */
static const char *split(const char *line)
{
    static char bytes[512];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text rest = text_of(line);
    enum shell_words_result result;
    while ((result = shell_words_take(&rest, &command, message)) == SHELL_WORDS_COMMAND) {
        if (b.len)
            builder_put(&b, TEXT("||"));
        for (size_t i = 0; i < command.count; i++) {
            if (i)
                builder_put_byte(&b, '|');
            builder_put(&b, command.words[i].text);
        }
        if (command.is_background)
            builder_put(&b, TEXT(" &"));
    }
    return result == SHELL_WORDS_END ? builder_end(&b) : message;
}

TEST(words_stand_between_blanks)
{
    assert_string_equal(split("get a b"), "get|a|b");
    assert_string_equal(split("  get\ta \r"), "get|a");
    assert_string_equal(split(""), "");
    assert_string_equal(split(" \t "), "");
}

TEST(quotes_and_backslashes_keep_blanks)
{
    assert_string_equal(split("get \"a b\" 'c d' e\\ f"), "get|a b|c d|e f");
    assert_string_equal(split("get a\"b c\"d"), "get|ab cd");
    assert_string_equal(split("get \"\" ''"), "get||");
    assert_string_equal(split("\"it's\" 'a\"b' \\\" \\'"), "it's|a\"b|\"|'");
    assert_string_equal(split("a\\\\b"), "a\\b");
}

TEST(within_double_quotes_a_backslash_is_one_but_before_a_quote_and_itself)
{
    assert_string_equal(split("\"C:\\dir\""), "C:\\dir");
    assert_string_equal(split("\"a\\\"b\""), "a\"b");
    assert_string_equal(split("\"a\\\\b\""), "a\\b");
    assert_string_equal(split("'a\\'"), "a\\");
}

TEST(a_semicolon_outside_quotes_ends_a_command)
{
    assert_string_equal(split("cd a;get b ; ; ls;"), "cd|a||get|b||ls");
    assert_string_equal(split("get \"a;b\" c\\;d ';'"), "get|a;b|c;d|;");
}

TEST(an_ampersand_before_a_blank_or_the_end_is_for_the_background)
{
    assert_string_equal(split("get a &"), "get|a &");
    assert_string_equal(split("get a&"), "get|a &");
    assert_string_equal(split("get a & ls"), "get|a &||ls");
    assert_string_equal(split("get a &; ls"), "get|a &||ls");
    assert_string_equal(split("get R&D \"&\" \\& &x"), "get|R&D|&|&|&x");
    assert_string_equal(split("ls a&& ls"), "nothing stands before the &");
    assert_string_equal(split(" & ls"), "nothing stands before the &");
}

TEST(a_comment_is_no_command)
{
    assert_string_equal(split("# get a"), "");
    assert_string_equal(split("  #get 'a"), "");
    assert_string_equal(split("ls; # 'all"), "ls");
    assert_string_equal(split("get #a# b#"), "get|#a#|b#");
}

TEST(what_stands_behind_an_exclamation_mark_is_as_it_is)
{
    assert_string_equal(split("!ls -l; echo 'x  & \\"), "!|ls -l; echo 'x  & \\");
    assert_string_equal(split("  ! "), "!");
    assert_string_equal(split("ls; !echo a;b"), "ls||!|echo a;b");
    assert_string_equal(split("get !a"), "get|!a");
}

TEST(a_dollar_is_a_word_of_its_own)
{
    assert_string_equal(split("$up a 'b c'"), "$|up|a|b c");
    assert_string_equal(split("$ up"), "$|up");
    assert_string_equal(split("nmap $1.$2"), "nmap|$1.$2");
}

TEST(what_is_not_closed_is_told)
{
    assert_string_equal(split("get \"a b"), "a \" is not closed");
    assert_string_equal(split("get 'a b"), "a ' is not closed");
    assert_string_equal(split("get a\\"), "nothing stands behind the \\ at the end");
}

TEST(limits_hold_exactly)
{
    static char line[SHELL_LINE_MAX + 2];
    memset(line, 'a', SHELL_LINE_MAX);
    assert_int_equal(strlen(split("x")), 1);
    struct text rest = {line, SHELL_LINE_MAX};
    assert_int_equal(shell_words_take(&rest, &command, message), SHELL_WORDS_COMMAND);
    assert_int_equal(command.words[0].text.len, SHELL_LINE_MAX);
    memset(line, '*', SHELL_LINE_MAX);
    rest = (struct text){line, SHELL_LINE_MAX};
    assert_int_equal(shell_words_take(&rest, &command, message), SHELL_WORDS_COMMAND);
    assert_int_equal(command.words[0].pattern.len, SHELL_LINE_MAX);
    assert_int_equal(command.words[0].pattern.at[SHELL_LINE_MAX], '\0');
    line[SHELL_LINE_MAX] = '*';
    rest = (struct text){line, SHELL_LINE_MAX + 1};
    assert_int_equal(shell_words_take(&rest, &command, message), SHELL_WORDS_MALFORMED);
    assert_string_equal(message, "the line is too long");
    for (size_t i = 0; i < 2 * SHELL_WORDS_MAX; i++)
        line[i] = i % 2 ? ' ' : '*';
    rest = (struct text){line, 2 * SHELL_WORDS_MAX};
    assert_int_equal(shell_words_take(&rest, &command, message), SHELL_WORDS_COMMAND);
    assert_int_equal(command.count, SHELL_WORDS_MAX);
    line[2 * SHELL_WORDS_MAX] = 'a';
    rest = (struct text){line, 2 * SHELL_WORDS_MAX + 1};
    assert_int_equal(shell_words_take(&rest, &command, message), SHELL_WORDS_MALFORMED);
    assert_string_equal(message, "there are too many words");
    rest = TEXT("a\0b");
    assert_int_equal(shell_words_take(&rest, &command, message), SHELL_WORDS_MALFORMED);
}

TEST(wildcards_in_quotes_are_none)
{
    static const struct {
        const char *line;
        const char *pattern; /* NULL: none */
        const char *fits;
        const char *fits_not;
    } cases[] = {
        {"*.c", "*.c", "a.c", "a.h"},      {"'*.c'", NULL, NULL, NULL},
        {"\\*.c", NULL, NULL, NULL},       {"\"a*\"*", "a\\**", "a*b", "ab"},
        {"'a b'?", "a b?", "a bc", "a b"}, {"[ab]\\[c", "[ab]\\[c", "a[c", "ac"},
        {"'\\'*", "\\\\*", "\\a", "a"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text rest = text_of(cases[i].line);
        assert_int_equal(shell_words_take(&rest, &command, message), SHELL_WORDS_COMMAND);
        assert_int_equal(command.count, 1);
        if (!cases[i].pattern) {
            assert_null(command.words[0].pattern.at);
            continue;
        }
        assert_string_equal(command.words[0].pattern.at, cases[i].pattern);
        assert_true(pattern_match(command.words[0].pattern, text_of(cases[i].fits)));
        assert_false(pattern_match(command.words[0].pattern, text_of(cases[i].fits_not)));
    }
}

TEST(words_are_known_as_they_were_written)
{
    struct text rest = TEXT("get \"a b\"c  'd'");
    assert_int_equal(shell_words_take(&rest, &command, message), SHELL_WORDS_COMMAND);
    assert_text(command.words[1].written, "\"a b\"c");
    assert_text(command.words[2].written, "'d'");
}

/* ---- Completion ---------------------------------------------------------------------- */

TEST(the_word_at_the_cursor_is_found)
{
    static const struct {
        const char *line;
        bool is_there;
        size_t count;
        size_t begin;
        const char *text;
        char quote;
    } cases[] = {
        {"", true, 0, 0, "", 0},
        {"ge", true, 0, 0, "ge", 0},
        {"get ", true, 1, 4, "", 0},
        {"get a/b", true, 1, 4, "a/b", 0},
        {"get a b", true, 2, 6, "b", 0},
        {"get \"my fi", true, 1, 4, "my fi", '"'},
        {"get 'my fi", true, 1, 4, "my fi", '\''},
        {"get my\\ fi", true, 1, 4, "my fi", 0},
        {"get \"a b\"", true, 1, 4, "a b", 0},
        {"cd a; ge", true, 0, 6, "ge", 0},
        {"cd a;", true, 0, 5, "", 0},
        {"get a& l", true, 0, 7, "l", 0},
        {"$", true, 1, 1, "", 0},
        {"$up", true, 1, 1, "up", 0},
        {"!ls a", false, 0, 0, "", 0},
        {"# a", false, 0, 0, "", 0},
        {"ls; # a ", false, 0, 0, "", 0},
        {"get a\\", false, 0, 0, "", 0},
        {"get #", true, 1, 4, "#", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct shell_place place;
        assert_int_equal(shell_words_find_place(text_of(cases[i].line), &command, &place),
                         cases[i].is_there);
        if (!cases[i].is_there)
            continue;
        assert_int_equal(command.count, cases[i].count);
        assert_int_equal(place.begin, cases[i].begin);
        assert_text(place.text, cases[i].text);
        assert_int_equal(place.quote, cases[i].quote);
    }
}

static const char *quoted(struct text t, char quote, bool is_open)
{
    static char bytes[128];
    struct builder b = builder_on(bytes, sizeof(bytes));
    return shell_words_put(&b, t, quote, is_open) ? builder_end(&b) : NULL;
}

TEST(a_text_is_quoted_where_it_must_be)
{
    assert_string_equal(quoted(TEXT("a.c"), 0, false), "a.c");
    assert_string_equal(quoted(TEXT("a b"), 0, false), "\"a b\"");
    assert_string_equal(quoted(TEXT("a b/"), 0, true), "\"a b/");
    assert_string_equal(quoted(TEXT("a"), '\'', false), "'a'");
    assert_string_equal(quoted(TEXT("it's"), '\'', false), "'it'\\''s'");
    assert_string_equal(quoted(TEXT("a\"\\b"), 0, false), "\"a\\\"\\\\b\"");
    assert_string_equal(quoted(TEXT(""), 0, false), "\"\"");
    assert_string_equal(quoted(TEXT(""), 0, true), ""); /* nothing is certain yet */
    assert_string_equal(quoted(TEXT(""), '\'', true), "'");
    assert_string_equal(quoted(TEXT("\xC3\xA4"), 0, false), "\xC3\xA4");
}

TEST(what_a_terminal_would_obey_is_not_quoted_at_all)
{
    assert_null(quoted(TEXT("a\x1B[31m"), 0, false));
    assert_null(quoted(TEXT("a\nb"), 0, false));
    assert_null(quoted(TEXT("a\tb"), '"', false));
    assert_null(quoted(TEXT("a\x7F"), 0, false));
    assert_null(quoted(TEXT("a\xC2\x9B"), 0, false)); /* CSI of C1 */
    assert_null(quoted(TEXT("a\x9B"), 0, false));     /* no UTF-8 */
    assert_null(quoted(TEXT("\xE2\x80\xAE"
                            "a"),
                       0, false)); /* right to left */
}

TEST(what_has_no_room_leaves_nothing_behind)
{
    char bytes[4];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put_byte(&b, 'x');
    assert_false(shell_words_put(&b, TEXT("a b"), 0, false));
    assert_text(builder_text(&b), "x");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(words_stand_between_blanks),
        RUN(quotes_and_backslashes_keep_blanks),
        RUN(within_double_quotes_a_backslash_is_one_but_before_a_quote_and_itself),
        RUN(a_semicolon_outside_quotes_ends_a_command),
        RUN(an_ampersand_before_a_blank_or_the_end_is_for_the_background),
        RUN(a_comment_is_no_command),
        RUN(what_stands_behind_an_exclamation_mark_is_as_it_is),
        RUN(a_dollar_is_a_word_of_its_own),
        RUN(what_is_not_closed_is_told),
        RUN(limits_hold_exactly),
        RUN(wildcards_in_quotes_are_none),
        RUN(words_are_known_as_they_were_written),
        RUN(the_word_at_the_cursor_is_found),
        RUN(a_text_is_quoted_where_it_must_be),
        RUN(what_a_terminal_would_obey_is_not_quoted_at_all),
        RUN(what_has_no_room_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
