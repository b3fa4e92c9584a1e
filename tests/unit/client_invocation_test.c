/* SPDX-License-Identifier: Apache-2.0 */
/* What a command line says. */
#include "client/invocation.h"
#include "tests/unit/unit.h"

enum { WORDS = 16 };

static const unsigned all = ~0U;

static struct invocation invocation;
static char message[SETTINGS_MESSAGE_SIZE];

/* Words with a blank between them. */
static bool parse_to(const char *line, bool ends_at_word)
{
    static char bytes[1024];
    char *words[WORDS + 1] = {NULL};
    int count = 0;
    (void)snprintf(bytes, sizeof(bytes), "%s", line);
    for (char *at = bytes; *at && count < WORDS;) {
        words[count++] = at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = '\0';
    }
    invocation = (struct invocation){.is_dry_run = false};
    settings_init(&invocation.settings);
    message[0] = '\0';
    return invocation_parse(count, words, all, ends_at_word, &invocation, message);
}

static bool parse(const char *line)
{
    return parse_to(line, false);
}

static const char *words_of(void)
{
    static char text[256];
    struct builder b = builder_on(text, sizeof(text));
    for (size_t i = 0; i < invocation.word_count; i++) {
        if (i)
            builder_put_byte(&b, ' ');
        builder_put_string(&b, invocation.words[i]);
    }
    return builder_end(&b);
}

TEST(words_and_options_come_in_any_order)
{
    static const struct {
        const char *line;
        const char *words;
    } cases[] = {
        {"", ""},
        {"a b", "a b"},
        {"-n a b", "a b"},
        {"a -n b", "a b"},
        {"a b --dry-run", "a b"},
        {"a --dry b", "a b"}, /* short for it, as long as it is nothing else */
        {"-rn a b", "a b"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_true(parse(cases[i].line));
        assert_string_equal(words_of(), cases[i].words);
        assert_int_equal(invocation.is_dry_run,
                         strstr(cases[i].line, "n ") || strstr(cases[i].line, "--dry"));
    }
}

TEST(what_is_no_option_is_a_word)
{
    assert_true(parse("- -n -- -r --delete"));
    assert_string_equal(words_of(), "- -r --delete");
    assert_true(invocation.is_dry_run);
    assert_false(invocation.is_recursive);
    assert_false(invocation.deletes);
}

TEST(where_a_word_ends_the_options_what_follows_are_words)
{
    assert_true(parse_to("-n DIR -name x --dry-run", true)); /* find's tests */
    assert_true(invocation.is_dry_run);
    assert_string_equal(words_of(), "DIR -name x --dry-run");
}

TEST(each_option_does_its_own)
{
    assert_true(parse("--delete"));
    assert_true(invocation.deletes);
    assert_true(parse("--newer"));
    assert_true(invocation.only_newer);
    assert_true(parse("--only-missing"));
    assert_true(invocation.only_missing);
    assert_true(parse("--json"));
    assert_true(invocation.is_json);
    assert_true(parse("-r"));
    assert_true(invocation.is_recursive);
    assert_true(parse("-p"));
    assert_true(invocation.makes_parents);
    assert_true(parse("-h"));
    assert_true(invocation.wants_help);
    assert_true(parse("-o there"));
    assert_string_equal(invocation.output, "there");
    assert_true(parse("--output=-"));
    assert_string_equal(invocation.output, "-");
    assert_true(parse("-vv"));
    assert_int_equal(invocation.settings.verbose, 3);
    assert_true(parse("a"));
    assert_true(invocation.settings.tls_verify);
    assert_null(invocation.output);
    assert_true(parse("-k"));
    assert_false(invocation.settings.tls_verify);
}

TEST(settings_are_options_and_flags_have_a_no)
{
    assert_true(parse("--connect-timeout 7 --tls require --no-resume --keep-modes --segments=4"));
    assert_int_equal(invocation.settings.connect_timeout_s, 7);
    assert_int_equal(invocation.settings.tls, SETTINGS_TLS_REQUIRE);
    assert_int_equal(invocation.settings.segments, 4);
    assert_false(invocation.settings.resume);
    assert_true(invocation.settings.keep_modes);
    assert_true(parse("--resume --no-resume --resume=on"));
    assert_true(invocation.settings.resume);
    assert_true(parse("--resume=off"));
    assert_false(invocation.settings.resume);
    assert_true(parse("--resume off")); /* what may be left out is not the next word */
    assert_true(invocation.settings.resume);
    assert_string_equal(words_of(), "off");
}

TEST(every_setting_is_an_option)
{
    for (size_t i = 0; settings_rows[i].name; i++) {
        char line[256];
        size_t len = (size_t)snprintf(line, sizeof(line), "--%s=%s", settings_rows[i].name,
                                      settings_rows[i].value);
        for (size_t c = 0; c < len && line[c] != '='; c++)
            line[c] = line[c] == '_' ? '-' : line[c];
        if (!parse(line))
            fail_msg("%s: %s", line, message);
        (void)snprintf(line, sizeof(line), "--no-%s", settings_rows[i].name);
        for (size_t c = 0; line[c]; c++)
            line[c] = line[c] == '_' ? '-' : line[c];
        assert_int_equal(parse(line), settings_rows[i].kind == SETTING_FLAG);
    }
}

TEST(patterns_keep_their_order)
{
    assert_true(parse("--exclude a --include b --exclude c"));
    assert_int_equal(invocation.rule_count, 3);
    assert_false(invocation.rules[0].includes);
    assert_string_equal(invocation.rules[0].pattern, "a");
    assert_true(invocation.rules[1].includes);
    assert_string_equal(invocation.rules[1].pattern, "b");
    assert_string_equal(invocation.rules[2].pattern, "c");
}

TEST(what_is_wrong_is_told)
{
    static const struct {
        const char *line;
        const char *message;
    } cases[] = {
        {"--nonsense", "--nonsense: no such option"},
        {"a --nonsense b", "--nonsense: no such option"},
        {"-z", "-z: no such option"},
        {"-nz", "-z: no such option"},
        {"-zn", "-z: no such option"},
        {"--json -zn", "-z: no such option"},
        {"--re", "--re: no such option"}, /* resume, reply-timeout, recursive, ... */
        {"-o", "-o: needs a value"},
        {"-ro", "-o: needs a value"},
        {"--include", "--include: needs a value"},
        {"--connect-timeout", "--connect-timeout: needs a value"},
        {"--dry-run=yes", "--dry-run=yes: no such option"},
        {"--no-connect-timeout", "--no-connect-timeout: no such option"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_false(parse(cases[i].line));
        assert_string_equal(message, cases[i].message);
    }
    assert_false(parse("--connect-timeout soon"));
    assert_non_null(strstr(message, "connect_timeout"));
    assert_false(parse("--resume=maybe"));
    assert_non_null(strstr(message, "resume"));
}

TEST(what_a_command_does_not_take_is_refused_by_its_name)
{
    static const struct {
        const char *word;
        const char *message;
    } cases[] = {
        {"-n", "--dry-run is no option of this command"},
        {"--dry", "--dry-run is no option of this command"},
        {"--include=x", "--include is no option of this command"},
        {"-vn", "--dry-run is no option of this command"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char word[32];
        char *words[] = {word};
        invocation = (struct invocation){.is_dry_run = false};
        settings_init(&invocation.settings);
        (void)snprintf(word, sizeof(word), "%s", cases[i].word);
        assert_false(invocation_parse(1, words, INVOCATION_BITS_ALWAYS | INVOCATION_BIT(JSON),
                                      false, &invocation, message));
        assert_string_equal(message, cases[i].message);
        assert_false(invocation.is_dry_run);
    }
}

TEST(there_are_only_so_many_words_and_patterns)
{
    static char *words[INVOCATION_WORDS_MAX + 1];
    for (size_t i = 0; i < COUNT(words); i++)
        words[i] = (char *)"--exclude=x";
    settings_init(&invocation.settings);
    invocation.rule_count = invocation.word_count = 0;
    assert_false(
        invocation_parse(INVOCATION_WORDS_MAX + 1, words, all, false, &invocation, message));
    assert_string_equal(message, "at most 1024 words");
    assert_false(
        invocation_parse(INVOCATION_RULES_MAX + 1, words, all, false, &invocation, message));
    assert_string_equal(message, "at most 256 patterns");
    invocation.rule_count = 0;
    assert_true(invocation_parse(INVOCATION_RULES_MAX, words, all, false, &invocation, message));
    for (size_t i = 0; i < COUNT(words); i++)
        words[i] = (char *)"word";
    assert_true(invocation_parse(INVOCATION_WORDS_MAX, words, all, false, &invocation, message));
    assert_int_equal(invocation.word_count, INVOCATION_WORDS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(words_and_options_come_in_any_order),
        RUN(what_is_no_option_is_a_word),
        RUN(where_a_word_ends_the_options_what_follows_are_words),
        RUN(each_option_does_its_own),
        RUN(settings_are_options_and_flags_have_a_no),
        RUN(every_setting_is_an_option),
        RUN(patterns_keep_their_order),
        RUN(what_is_wrong_is_told),
        RUN(what_a_command_does_not_take_is_refused_by_its_name),
        RUN(there_are_only_so_many_words_and_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
