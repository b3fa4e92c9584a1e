/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/command.h"
#include "tests/unit/unit.h"

static void check(struct text line, const char *verb, const char *argument)
{
    struct command command = command_parse(line);
    assert_string_equal(command.verb, verb);
    assert_text(command.argument, argument);
}

TEST(a_line_is_a_verb_and_what_follows_one_space)
{
    check(TEXT("RETR file"), "RETR", "file");
    check(TEXT("retr  two spaces"), "RETR", " two spaces");
    check(TEXT("rEtR trailing "), "RETR", "trailing ");
    check(TEXT("NOOP"), "NOOP", "");
    check(TEXT("NOOP "), "NOOP", "");
    check(TEXT("xsha512 f"), "XSHA512", "f");
    check(TEXT(""), "", "");
}

TEST(what_is_no_word_is_no_verb)
{
    check(TEXT("*RETR x"), "", "x");
    check(TEXT(" RETR x"), "", "RETR x");
    check(TEXT("VERYLONGVERB x"), "", "x");
    check(TEXT("\xC3\xB1 x"), "", "x");
    check(TEXT("A\0B"), "", "");
}

TEST(arguments_are_words_or_quoted)
{
    char bytes[64];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text rest = TEXT(" one \"two \"\"2\"\"\" three");
    struct text argument;
    assert_true(command_take_argument(&rest, &b, &argument));
    assert_text(argument, "one");
    assert_true(command_take_argument(&rest, &b, &argument));
    assert_text(argument, "two \"2\"");
    assert_true(command_take_argument(&rest, &b, &argument));
    assert_text(argument, "three");
    assert_false(command_take_argument(&rest, &b, &argument));
}

TEST(a_quote_that_is_not_closed_is_no_argument)
{
    char bytes[64];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text rest = TEXT("\"open");
    struct text argument;
    assert_false(command_take_argument(&rest, &b, &argument));
    rest = TEXT("\"open\"\"");
    assert_false(command_take_argument(&rest, &b, &argument));
}

TEST(a_quoted_argument_that_does_not_fit_is_refused)
{
    char bytes[4];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text rest = TEXT("\"12345\"");
    struct text argument;
    assert_false(command_take_argument(&rest, &b, &argument));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_line_is_a_verb_and_what_follows_one_space),
        RUN(what_is_no_word_is_no_verb),
        RUN(arguments_are_words_or_quoted),
        RUN(a_quote_that_is_not_closed_is_no_argument),
        RUN(a_quoted_argument_that_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
