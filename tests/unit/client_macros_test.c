/* SPDX-License-Identifier: Apache-2.0 */
#include "client/macros.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static struct macros *macros;
static struct shell_command command;

static int set_up(void **state)
{
    (void)state;
    return macros_new(&macros) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    macros_free(macros);
    return 0;
}

static void define(const char *name, const char *lines)
{
    assert_fault(macros_define(macros, text_of(name), text_of(lines)), FAULT_NONE);
}

static void read_call(const char *call)
{
    char message[SHELL_WORDS_MESSAGE_SIZE];
    struct text rest = text_of(call);
    assert_int_equal(shell_words_take(&rest, &command, message), SHELL_WORDS_COMMAND);
}

/* All lines that "NAME args" comes to, with "|" between. */
static const char *play(const char *call)
{
    static char bytes[1024];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct macro_play play;
    read_call(call);
    assert_fault(macro_play_begin(macros, command.words, command.count, &play), FAULT_NONE);
    enum fault f;
    while (!(f = macro_play_line(&play, &b)))
        builder_put_byte(&b, '|');
    assert_fault(f, FAULT_NOT_FOUND);
    macro_play_end(&play);
    return builder_end(&b);
}

TEST(lines_are_played_in_their_order)
{
    define("up", "cd /pub\n\n  \tbinary\r\nput x");
    assert_string_equal(play("up"), "cd /pub|binary|put x|");
    define("nothing", "");
    assert_string_equal(play("nothing"), "");
}

TEST(arguments_stand_where_their_numbers_do)
{
    define("m", "get $1 $2\nls $3$1\nrename $10 $0 $");
    assert_string_equal(play("m a b"), "get a b|ls a|rename  m $|");
    assert_string_equal(play("m"), "get  |ls |rename  m $|");
    assert_string_equal(play("m 1 2 3 4 5 6 7 8 9 ten"), "get 1 2|ls 31|rename ten m $|");
}

TEST(an_argument_stays_one_word)
{
    define("m", "get $1\nget \"$1\"\nget '$1'\nget x$1.c");
    assert_string_equal(play("m 'a b'"), "get 'a b'|get \"a b\"|get 'a b'|get x'a b'.c|");
    assert_string_equal(
        play("m \"it's \\\"\""),
        "get \"it's \\\"\"|get \"it's \\\"\"|get 'it'\\''s \"'|get x\"it's \\\"\".c|");
    assert_string_equal(play("m *.c"), "get *.c|get \"*.c\"|get '*.c'|get x*.c.c|");
}

/* ftp(1): "$i" is each argument in turn, for the whole macro. */
TEST(a_macro_with_an_i_is_done_for_each_argument)
{
    define("each", "cd $i\nls $1 $i");
    assert_string_equal(play("each a b"), "cd a|ls a a|cd b|ls a b|");
    assert_string_equal(play("each"), "cd |ls  |");
    define("late", "one\ntwo $i");
    assert_string_equal(play("late a b"), "one|two a|one|two b|");
}

TEST(a_backslash_makes_a_dollar_one)
{
    define("m", "nmap \\$1.\\$2 \\$2 \\\\ $1\\");
    assert_string_equal(play("m a"), "nmap $1.$2 $2 \\ a\\|");
}

TEST(numbers_past_any_argument_are_none)
{
    define("m", "x$99999999999999999999999999y$007");
    assert_string_equal(play("m 1 2 3 4 5 6 7"), "xy7|");
}

TEST(a_macro_that_is_not_there_is_told)
{
    struct macro_play play;
    read_call("none a");
    assert_fault(macro_play_begin(macros, command.words, command.count, &play), FAULT_NOT_FOUND);
    assert_fault(macro_play_begin(macros, command.words, 0, &play), FAULT_NOT_FOUND);
}

TEST(macros_in_macros_have_an_end)
{
    struct macro_play plays[MACROS_DEPTH_MAX + 1];
    define("m", "$ m");
    read_call("m");
    for (int i = 0; i < MACROS_DEPTH_MAX; i++)
        assert_fault(macro_play_begin(macros, command.words, 1, &plays[i]), FAULT_NONE);
    assert_fault(macro_play_begin(macros, command.words, 1, &plays[MACROS_DEPTH_MAX]),
                 FAULT_TOO_MANY);
    for (int i = 0; i < MACROS_DEPTH_MAX; i++)
        macro_play_end(&plays[i]);
    assert_string_equal(play("m"), "$ m|");
}

TEST(a_macro_does_not_change_while_it_plays)
{
    struct macro_play play;
    define("m", "a\nb");
    read_call("m");
    assert_fault(macro_play_begin(macros, command.words, 1, &play), FAULT_NONE);
    assert_fault(macros_define(macros, TEXT("m"), TEXT("c")), FAULT_BUSY);
    assert_fault(macros_record(macros, TEXT("n")), FAULT_BUSY);
    macro_play_end(&play);
    define("m", "c");
}

TEST(a_line_that_does_not_fit_ends_the_macro)
{
    char bytes[8];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct macro_play play;
    define("m", "$1$1$i\nb");
    read_call("m abcd x");
    assert_fault(macro_play_begin(macros, command.words, command.count, &play), FAULT_NONE);
    assert_fault(macro_play_line(&play, &b), FAULT_TOO_LARGE);
    assert_int_equal(b.len, 0);
    b = builder_on(bytes, sizeof(bytes));
    assert_fault(macro_play_line(&play, &b), FAULT_NOT_FOUND);
    macro_play_end(&play);
}

TEST(names_and_texts_have_limits)
{
    static char bytes[MACRO_TEXT_MAX + 1];
    memset(bytes, 'a', sizeof(bytes));
    assert_fault(macros_define(macros, TEXT(""), TEXT("x")), FAULT_NAME_INVALID);
    assert_fault(macros_define(macros, TEXT("a b"), TEXT("x")), FAULT_NAME_INVALID);
    assert_fault(macros_define(macros, TEXT("a\x7F"), TEXT("x")), FAULT_NAME_INVALID);
    assert_fault(macros_define(macros, TEXT("\xC3\xA4"), TEXT("x")), FAULT_NONE);
    assert_fault(macros_define(macros, (struct text){bytes, MACRO_NAME_MAX + 1}, TEXT("x")),
                 FAULT_NAME_INVALID);
    assert_fault(macros_define(macros, (struct text){bytes, MACRO_NAME_MAX}, TEXT("x")),
                 FAULT_NONE);
    assert_fault(macros_define(macros, TEXT("m"), (struct text){bytes, MACRO_TEXT_MAX + 1}),
                 FAULT_TOO_LARGE);
    assert_fault(macros_define(macros, TEXT("m"), (struct text){bytes, MACRO_TEXT_MAX}),
                 FAULT_NONE);
    for (int i = 3; i < MACROS_MAX; i++) {
        (void)snprintf(bytes, sizeof(bytes), "m%d", i);
        define(bytes, "x");
    }
    assert_fault(macros_define(macros, TEXT("more"), TEXT("x")), FAULT_TOO_LARGE);
    define("m", "y"); /* in place of one */
    assert_string_equal(play("m"), "y|");
}

TEST(lines_are_recorded_up_to_an_empty_one)
{
    struct text name;
    struct text lines;
    assert_fault(macros_record(macros, TEXT("m")), FAULT_NONE);
    assert_true(macros_is_recording(macros));
    assert_fault(macros_record_line(macros, TEXT("cd $1")), FAULT_NONE);
    assert_false(macros_at(macros, 0, &name, &lines));
    assert_fault(macros_record_line(macros, TEXT("ls")), FAULT_NONE);
    assert_fault(macros_record_line(macros, TEXT("")), FAULT_NONE);
    assert_false(macros_is_recording(macros));
    assert_true(macros_at(macros, 0, &name, &lines));
    assert_text(name, "m");
    assert_text(lines, "cd $1\nls\n");
    assert_fault(macros_record(macros, TEXT("a b")), FAULT_NAME_INVALID);
    assert_false(macros_is_recording(macros));
    assert_fault(macros_record(macros, TEXT("last")), FAULT_NONE);
    assert_fault(macros_record_line(macros, TEXT("quit")), FAULT_NONE);
    assert_fault(macros_record_end(macros), FAULT_NONE);
    assert_string_equal(play("last"), "quit|");
}

TEST(what_is_recorded_is_kept_whole_or_not_at_all)
{
    static char bytes[MACRO_TEXT_MAX];
    struct text name;
    struct text lines;
    memset(bytes, 'a', sizeof(bytes));
    assert_fault(macros_record(macros, TEXT("m")), FAULT_NONE);
    assert_fault(macros_record_line(macros, (struct text){bytes, sizeof(bytes)}), FAULT_NONE);
    assert_fault(macros_record_line(macros, TEXT("x")), FAULT_NONE);
    assert_fault(macros_record_line(macros, TEXT("\r")), FAULT_TOO_LARGE);
    assert_false(macros_is_recording(macros));
    assert_false(macros_at(macros, 0, &name, &lines));
}

TEST(those_of_a_netrc_are_defined_when_nobody_else_may_write_it)
{
    static const char content[] = "machine here login me macdef init\ncd /a\r\nls\n\n"
                                  "macdef up\nput $1\n\n"
                                  "machine there login me macdef init\nquit\n\n";
    char path[] = "/tmp/ferry_macros_XXXXXX";
    struct text name;
    struct text lines;
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, content, sizeof(content) - 1) > 0);
    assert_int_equal(fchmod(fd, 0622), 0);
    assert_fault(macros_read_netrc(macros, path, TEXT("here"), TEXT("me")), FAULT_DENIED);
    assert_int_equal(fchmod(fd, 0644), 0);
    assert_fault(macros_read_netrc(macros, path, TEXT("elsewhere"), TEXT("")), FAULT_NONE);
    assert_fault(macros_read_netrc(macros, path, TEXT("here"), TEXT("you")), FAULT_NONE);
    assert_false(macros_at(macros, 0, &name, &lines));
    assert_fault(macros_read_netrc(macros, path, TEXT("HERE"), TEXT("me")), FAULT_NONE);
    assert_string_equal(play("init"), "cd /a|ls|");
    assert_string_equal(play("up x"), "put x|");
    assert_int_equal(write(fd, "machine", 7), 7);
    assert_fault(macros_read_netrc(macros, path, TEXT("nowhere"), TEXT("")), FAULT_ARGUMENT);
    close(fd);
    assert_int_equal(unlink(path), 0);
    assert_fault(macros_read_netrc(macros, path, TEXT("here"), TEXT("")), FAULT_NOT_FOUND);
    assert_int_equal(setenv("HOME", "/nonexistent", 1), 0);
    assert_fault(macros_read_netrc(macros, "", TEXT("here"), TEXT("")), FAULT_NONE);
}

int main(void)
{
#define RUN_WITH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        RUN_WITH(lines_are_played_in_their_order),
        RUN_WITH(arguments_stand_where_their_numbers_do),
        RUN_WITH(an_argument_stays_one_word),
        RUN_WITH(a_macro_with_an_i_is_done_for_each_argument),
        RUN_WITH(a_backslash_makes_a_dollar_one),
        RUN_WITH(numbers_past_any_argument_are_none),
        RUN_WITH(a_macro_that_is_not_there_is_told),
        RUN_WITH(macros_in_macros_have_an_end),
        RUN_WITH(a_macro_does_not_change_while_it_plays),
        RUN_WITH(a_line_that_does_not_fit_ends_the_macro),
        RUN_WITH(names_and_texts_have_limits),
        RUN_WITH(lines_are_recorded_up_to_an_empty_one),
        RUN_WITH(what_is_recorded_is_kept_whole_or_not_at_all),
        RUN_WITH(those_of_a_netrc_are_defined_when_nobody_else_may_write_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
