/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rule.h"
#include "tests/unit/unit.h"

static struct rule parse(const char *text)
{
    struct rule rule = {0};
    struct complaint complaint = {{NULL, 0}, NULL};
    if (!rule_parse(text_of(text), &rule, &complaint))
        fail_msg("\"%.*s\" %s", TEXT_ARGS(complaint.what), complaint.why);
    return rule;
}

TEST(a_rule_is_a_word_actions_and_a_pattern)
{
    struct rule rule = parse("allow list,read /pub/**");
    assert_true(rule.allows);
    assert_int_equal(rule.actions, 1U << ACTION_LIST | 1U << ACTION_READ);
    assert_text(rule.pattern, "/pub/**");
    rule = parse("deny   make-directory   *.exe");
    assert_false(rule.allows);
    assert_int_equal(rule.actions, 1U << ACTION_MAKE_DIRECTORY);
    assert_text(rule.pattern, "*.exe");
    assert_text(parse("deny all /a b/c").pattern, "/a b/c");
}

TEST(groups_of_actions_have_words)
{
    const unsigned reading = 1U << ACTION_LIST | 1U << ACTION_READ | 1U << ACTION_HASH;
    const unsigned changing = 1U << ACTION_WRITE | 1U << ACTION_OVERWRITE | 1U << ACTION_APPEND |
                              1U << ACTION_RENAME | 1U << ACTION_DELETE |
                              1U << ACTION_MAKE_DIRECTORY | 1U << ACTION_REMOVE_DIRECTORY |
                              1U << ACTION_ATTRIBUTES | 1U << ACTION_LINK;
    assert_int_equal(parse("deny read-all *").actions, reading);
    assert_int_equal(parse("deny change *").actions, changing);
    assert_int_equal(parse("deny all *").actions, reading | changing | 1U << ACTION_SITE);
    assert_int_equal(parse("deny read-all,site *").actions, reading | 1U << ACTION_SITE);
}

TEST(every_action_of_a_file_has_its_word)
{
    for (unsigned action = ACTION_LIST; action <= ACTION_SITE; action++) {
        char text[64];
        struct builder b = builder_on(text, sizeof(text));
        builder_put_string(&b, "allow ");
        builder_put_string(&b, action_word((enum action)action));
        builder_put_string(&b, " *");
        assert_int_equal(parse(builder_end(&b)).actions, 1U << action);
    }
}

TEST(what_is_no_rule_is_refused)
{
    static const struct {
        const char *text;
        const char *what;
        const char *why;
    } cases[] = {
        {"", "", "is neither allow nor deny"},
        {"alow read *", "alow", "is neither allow nor deny"},
        {"Allow read *", "Allow", "is neither allow nor deny"},
        {"allow", "", "is no action"},
        {"allow raed *", "raed", "is no action"},
        {"allow read, *", "", "is no action"},
        {"allow ,read *", "", "is no action"},
        {"allow login *", "login", "is no action"},
        {"allow none *", "none", "is no action"},
        {"allow read", "", "is no pattern"},
        {"allow read a/b", "a/b", "has a slash, which no name has"},
        {"allow read a/", "a/", "has a slash, which no name has"},
        {"allow read **/a", "**/a", "has a slash, which no name has"},
        {"allow read /a/", "/a/", "has a part that no path has"},
        {"allow read //a", "//a", "has a part that no path has"},
        {"allow read /a/../b", "/a/../b", "has a part that no path has"},
        {"allow read /./b", "/./b", "has a part that no path has"},
        {"allow read /a/**b", "**b", "has ** beside something else"},
        {"allow read /a/b**/c", "b**", "has ** beside something else"},
        {"allow read /a/***", "***", "has ** beside something else"},
        {"allow read /a ", "/a ", "begins or ends with a space"},
        {"allow read *.exe ", "*.exe ", "begins or ends with a space"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rule rule;
        struct complaint complaint = {{NULL, 0}, NULL};
        if (rule_parse(text_of(cases[i].text), &rule, &complaint))
            fail_msg("\"%s\" is taken", cases[i].text);
        assert_text(complaint.what, cases[i].what);
        assert_string_equal(complaint.why, cases[i].why);
    }
}

TEST(the_root_and_every_path_can_be_meant)
{
    assert_text(parse("deny list /").pattern, "/");
    assert_false(rule_pattern_is_everything(TEXT("/")));
    assert_true(rule_pattern_is_everything(parse("deny all /**").pattern));
    assert_true(rule_pattern_is_everything(parse("deny all *").pattern));
    assert_false(rule_pattern_is_everything(parse("deny all /*").pattern));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_rule_is_a_word_actions_and_a_pattern), RUN(groups_of_actions_have_words),
        RUN(every_action_of_a_file_has_its_word),    RUN(what_is_no_rule_is_refused),
        RUN(the_root_and_every_path_can_be_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
