/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/pathname.h"
#include "tests/unit/unit.h"

static void check(const char *directory, struct text name, const char *expected)
{
    char bytes[PATHNAME_MAX + 2];
    struct builder b = builder_on(bytes, sizeof(bytes));
    assert_true(pathname_resolve(text_of(directory), name, &b));
    assert_text(builder_text(&b), expected);
}

TEST(names_mean_absolute_normal_paths)
{
    check("/", TEXT("a"), "/a");
    check("/x", TEXT("a/b"), "/x/a/b");
    check("/x", TEXT("/a"), "/a");
    check("/x", TEXT(""), "/x");
    check("/", TEXT(""), "/");
    check("/x", TEXT("."), "/x");
    check("/x/y", TEXT(".."), "/x");
    check("/x", TEXT("//a///b/./c/"), "/a/b/c");
    check("/x", TEXT("a/../b"), "/x/b");
    check("/x", TEXT(" a "), "/x/ a ");
    check("/x", TEXT("..."), "/x/...");
}

TEST(the_root_has_no_parent)
{
    check("/", TEXT(".."), "/");
    check("/", TEXT("../../../etc/passwd"), "/etc/passwd");
    check("/a", TEXT("../../../../b"), "/b");
    check("/", TEXT("/.."), "/");
}

TEST(nul_on_the_wire_is_a_newline_in_the_name)
{
    check("/", TEXT("a\0b"), "/a\nb");
}

TEST(bytes_that_are_not_utf8_stay_as_they_are)
{
    check("/", TEXT("\xE9\xFF\x01"), "/\xE9\xFF\x01");
}

TEST(a_path_longer_than_the_system_allows_is_refused)
{
    char bytes[PATHNAME_MAX + 2];
    char name[PATHNAME_MAX + 1];
    memset(name, 'a', sizeof(name));
    struct builder b = builder_on(bytes, sizeof(bytes));
    assert_true(pathname_resolve(TEXT("/"), (struct text){name, PATHNAME_MAX - 1}, &b));
    assert_int_equal(b.len, PATHNAME_MAX);
    b = builder_on(bytes, sizeof(bytes));
    assert_false(pathname_resolve(TEXT("/"), (struct text){name, PATHNAME_MAX}, &b));
}

TEST(parents_and_last_parts)
{
    assert_text(pathname_parent(TEXT("/a/b")), "/a");
    assert_text(pathname_parent(TEXT("/a")), "/");
    assert_text(pathname_parent(TEXT("/")), "/");
    assert_text(pathname_last(TEXT("/a/b")), "b");
    assert_text(pathname_last(TEXT("/a")), "a");
    assert_text(pathname_last(TEXT("/")), "");
}

TEST(quotes_in_a_quoted_path_are_doubled)
{
    char bytes[64];
    struct builder b = builder_on(bytes, sizeof(bytes));
    pathname_put_quoted(&b, TEXT("/foo\"bar"));
    assert_text(builder_text(&b), "\"/foo\"\"bar\"");
}

static void match(const char *pattern, const char *name, bool expected)
{
    if (pathname_match(text_of(pattern), text_of(name)) != expected)
        fail_msg("%s against %s is not %d", pattern, name, expected);
}

TEST(patterns_match_whole_names)
{
    match("*", "abc", true);
    match("*", "", true);
    match("", "", true);
    match("", "a", false);
    match("*.txt", "a.txt", true);
    match("*.txt", "a.txt.gz", false);
    match("a?c", "abc", true);
    match("a?c", "ac", false);
    match("a*b*c", "aXbYbZc", true);
    match("a*b*c", "aXcYb", false);
    match("[a-c]x", "bx", true);
    match("[a-c]x", "dx", false);
    match("[!a-c]x", "dx", true);
    match("[^a-c]x", "ax", false);
    match("[]]", "]", true);
    match("[a", "[a", true);
    match("[a-]", "-", true);
    match("\\*", "*", true);
    match("\\*", "a", false);
    match("a\\", "a\\", true);
    match("**", "abc", true);
}

TEST(wildcards_do_not_match_a_leading_dot)
{
    match("*", ".hidden", false);
    match("?x", ".x", false);
    match("[.]x", ".x", false);
    match(".*", ".hidden", true);
    match("a*", "a.b", true);
}

TEST(a_hostile_pattern_costs_no_more_than_its_length_times_the_name)
{
    char pattern[512];
    char name[4096];
    for (size_t i = 0; i < sizeof(pattern); i += 2)
        memcpy(pattern + i, "*a", 2);
    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = 'b';
    assert_false(
        pathname_match((struct text){pattern, sizeof(pattern)}, (struct text){name, sizeof(name)}));
}

/* What follows an open "[" was once searched for its end again for each byte of the name. */
TEST(a_set_that_nothing_ends_costs_no_more_than_its_length)
{
    enum { OPEN = 4096 };
    static char pattern[OPEN + 2];
    static char name[2 * OPEN];
    memset(pattern, '[', sizeof(pattern));
    memset(name, '[', sizeof(name));
    pattern[0] = '*';
    pattern[sizeof(pattern) - 1] = 'x';
    const struct text open = {pattern, sizeof(pattern)};
    assert_false(pathname_match(open, (struct text){name, sizeof(name)}));
    name[sizeof(name) - 1] = 'x';
    assert_true(pathname_match(open, (struct text){name, sizeof(name)}));
}

TEST(a_set_ends_at_the_first_bracket_after_its_first_member)
{
    match("[]", "[]", true);
    match("[!]", "[!]", true);
    match("[]a]", "]", true);
    match("[]a]", "a", true);
    match("[!]]", "]", false);
    match("[!]]", "a", true);
    match("[[]", "[", true);
    match("[a]]", "a]", true);
    match("[a][", "a[", true);
    match("[a-z-]", "-", true);
    match("[]-a]", "^", true);
    match("[!a", "[!a", true);
    match("]", "]", true);
}

TEST(wildcards_are_seen)
{
    assert_true(pathname_has_wildcard(TEXT("a*")));
    assert_true(pathname_has_wildcard(TEXT("[a]")));
    assert_true(pathname_has_wildcard(TEXT("a?")));
    assert_false(pathname_has_wildcard(TEXT("a.b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(names_mean_absolute_normal_paths),
        RUN(the_root_has_no_parent),
        RUN(nul_on_the_wire_is_a_newline_in_the_name),
        RUN(bytes_that_are_not_utf8_stay_as_they_are),
        RUN(a_path_longer_than_the_system_allows_is_refused),
        RUN(parents_and_last_parts),
        RUN(quotes_in_a_quoted_path_are_doubled),
        RUN(patterns_match_whole_names),
        RUN(wildcards_do_not_match_a_leading_dot),
        RUN(a_hostile_pattern_costs_no_more_than_its_length_times_the_name),
        RUN(a_set_that_nothing_ends_costs_no_more_than_its_length),
        RUN(a_set_ends_at_the_first_bracket_after_its_first_member),
        RUN(wildcards_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
