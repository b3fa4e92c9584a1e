/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pattern.h"
#include "tests/unit/unit.h"

static void match(const char *pattern, const char *name, bool expected)
{
    if (pattern_match(text_of(pattern), text_of(name)) != expected)
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
        pattern_match((struct text){pattern, sizeof(pattern)}, (struct text){name, sizeof(name)}));
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
    assert_false(pattern_match(open, (struct text){name, sizeof(name)}));
    name[sizeof(name) - 1] = 'x';
    assert_true(pattern_match(open, (struct text){name, sizeof(name)}));
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
    assert_true(pattern_has_wildcard(TEXT("a*")));
    assert_true(pattern_has_wildcard(TEXT("[a]")));
    assert_true(pattern_has_wildcard(TEXT("a?")));
    assert_false(pattern_has_wildcard(TEXT("a.b")));
}

static void fits_name(const char *pattern, const char *name, bool any_case, bool expected)
{
    if (pattern_fits_name(text_of(pattern), text_of(name), any_case) != expected)
        fail_msg("%s against %s is not %d", pattern, name, expected);
}

TEST(a_leading_dot_is_nothing_special_to_what_is_laid_down)
{
    fits_name("*.exe", ".exe", false, true);
    fits_name("*", ".hidden", false, true);
    fits_name("?x", ".x", false, true);
    fits_name("[.]x", ".x", false, true);
}

TEST(a_character_is_one_of_utf8_or_a_byte_that_is_none)
{
    fits_name("?", "ñ", false, true);
    fits_name("??", "ñ", false, false);
    fits_name("?", "\xE9", false, true);
    fits_name("??", "\xC3\xC3", false, true);
    fits_name("[ñ]", "ñ", false, true);
    fits_name("[ñ]", "\xC3", false, false);
    fits_name("[à-ö]x", "éx", false, true);
    fits_name("[!à-ö]x", "éx", false, false);
    fits_name("[ñ-", "[ñ-", false, true);
    fits_name("\xE9*", "\xE9t\xE9", false, true);
    /* A byte is not the character of that number. */
    fits_name("\xE9", "é", false, false);
}

TEST(upper_and_lower_case_are_one_when_asked_for)
{
    fits_name("*.EXE", "a.exe", true, true);
    fits_name("*.exe", "A.Exe", true, true);
    fits_name("*.exe", "A.Exe", false, false);
    fits_name("AÑO", "año", true, true);
    fits_name("AÑO", "año", false, false);
    fits_name("[A-C]x", "bX", true, true);
    fits_name("[a-c]x", "BX", true, true);
    fits_name("[!a-c]x", "BX", true, false);
    fits_name("\\A", "a", true, true);
    fits_name("Σ", "ς", true, true);
    fits_name("Σ", "σ", true, true);
    fits_name("[", "{", true, false);
    /* What is no UTF-8 has no case. */
    fits_name("\xC9", "\xE9", true, false);
    fits_name("\xC9.EXE", "\xC9.exe", true, true);
}

static void fits_path(const char *pattern, const char *path, bool expected)
{
    if (pattern_fits_path(text_of(pattern), text_of(path), false) != expected)
        fail_msg("%s against %s is not %d", pattern, path, expected);
}

TEST(wildcards_stay_within_one_part_of_a_path)
{
    fits_path("/a/*", "/a/b", true);
    fits_path("/a/*", "/a/b/c", false);
    fits_path("/a/*", "/a", false);
    fits_path("/a?b", "/a/b", false);
    fits_path("/a[!x]b", "/a/b", false);
    fits_path("/*/b", "/a/b", true);
    fits_path("/*", "/", false);
    fits_path("/", "/", true);
    fits_path("/", "/a", false);
    fits_path("/a", "/", false);
    fits_path("/a/b", "/a", false);
    fits_path("/a/.*", "/a/.b", true);
    fits_path("/a/*", "/a/.b", true);
}

TEST(two_stars_stand_for_any_number_of_parts_also_none)
{
    fits_path("/**", "/", true);
    fits_path("/**", "/a", true);
    fits_path("/**", "/a/b/c", true);
    fits_path("/a/**", "/a", true);
    fits_path("/a/**", "/a/b", true);
    fits_path("/a/**", "/a/b/c", true);
    fits_path("/a/**", "/ab", false);
    fits_path("/a/**", "/", false);
    fits_path("/a/*/**", "/a", false);
    fits_path("/a/*/**", "/a/b", true);
    fits_path("/a/*/**", "/a/b/c", true);
    fits_path("/a/**/*", "/a", false);
    fits_path("/a/**/z", "/a/z", true);
    fits_path("/a/**/z", "/a/b/c/z", true);
    fits_path("/a/**/z", "/a/b/c/z/d", false);
    fits_path("/**/b/**/d", "/a/b/c/b/d", true);
    fits_path("/**/b/**/d", "/a/d/c/b", false);
    fits_path("/**/**", "/a", true);
    fits_path("/**/**", "/", true);
    fits_path("/**/*.txt", "/a.txt", true);
    fits_path("/**/*.txt", "/x/y/a.txt", true);
}

static const char *const directories[] = {"/", "/a", "/a/b", "/a/b/c", "/b", "/a/a"};
static const char *const some_names[] = {"a", "b", "c", "a.c", ".a", "\xff", "x y", "**", "*"};

/* Do all of the names fit, or none of them? */
static bool fit_alike(struct text pattern, const char *directory)
{
    unsigned fitting = 0;
    for (size_t i = 0; i < COUNT(some_names); i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "%s/%s", directory[1] ? directory : "", some_names[i]);
        fitting += pattern_fits_path(pattern, text_of(path), false);
    }
    return fitting == 0 || fitting == COUNT(some_names);
}

static bool tells_apart(const char *pattern, const char *directory)
{
    return pattern_tells_names_apart(text_of(pattern), text_of(directory), false);
}

TEST(names_are_told_apart_only_where_the_last_part_is_about_them)
{
    static const char *const parts[] = {"a", "b", "*", "**", "?", "[!a]", ""};
    for (unsigned i = 0; i < COUNT(parts) * COUNT(parts) * COUNT(parts) * COUNT(parts); i++) {
        char pattern[64];
        unsigned dice = i;
        struct builder b = builder_on(pattern, sizeof(pattern));
        for (int part = 0; part < 4; part++, dice /= COUNT(parts))
            if (part == 0 || parts[dice % COUNT(parts)][0] || part == 3) {
                builder_put_byte(&b, '/');
                builder_put_string(&b, parts[dice % COUNT(parts)]);
            }
        builder_end(&b);
        for (size_t d = 0; d < COUNT(directories); d++)
            if (!tells_apart(pattern, directories[d]) &&
                !fit_alike(text_of(pattern), directories[d]))
                fail_msg("%s in %s", pattern, directories[d]);
    }
    assert_true(tells_apart("/a/*.c", "/a"));
    assert_true(tells_apart("/a", "/"));
    assert_true(tells_apart("/a/**", "/"));
    assert_true(tells_apart("/**/x/**", "/a"));
    assert_false(tells_apart("/a/*.c", "/"));
    assert_false(tells_apart("/a/*.c", "/a/b"));
    assert_false(tells_apart("/a/**", "/a"));
    assert_false(tells_apart("/a/**", "/a/b"));
    assert_false(tells_apart("/a/**", "/b"));
    assert_false(tells_apart("/a/*", "/a"));
    assert_false(tells_apart("/**/a/*", "/a"));
    assert_false(pattern_tells_names_apart(TEXT("/a/x"), TEXT("/A"), false));
    assert_true(pattern_tells_names_apart(TEXT("/a/x"), TEXT("/A"), true));
}

TEST(a_path_fits_without_its_case_in_every_part)
{
    assert_true(pattern_fits_path(TEXT("/Año/**/*.EXE"), TEXT("/aÑo/x/a.exe"), true));
    assert_false(pattern_fits_path(TEXT("/Año/**/*.EXE"), TEXT("/aÑo/x/a.exe"), false));
}

/* Would take years if earlier ** were tried again. */
TEST(a_hostile_path_pattern_costs_no_more_than_its_length_times_the_path)
{
    static char pattern[5 * 200];
    static char path[2 * 2000];
    for (size_t i = 0; i < sizeof(pattern); i += 5)
        memcpy(pattern + i, "/**/a", 5);
    for (size_t i = 0; i < sizeof(path); i += 2)
        memcpy(path + i, "/a", 2);
    const struct text pattern_text = {pattern, sizeof(pattern)};
    assert_true(pattern_fits_path(pattern_text, (struct text){path, sizeof(path)}, false));
    path[sizeof(path) - 1] = 'b';
    assert_false(pattern_fits_path(pattern_text, (struct text){path, sizeof(path)}, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(patterns_match_whole_names),
        RUN(wildcards_do_not_match_a_leading_dot),
        RUN(a_hostile_pattern_costs_no_more_than_its_length_times_the_name),
        RUN(a_set_that_nothing_ends_costs_no_more_than_its_length),
        RUN(a_set_ends_at_the_first_bracket_after_its_first_member),
        RUN(wildcards_are_seen),
        RUN(a_leading_dot_is_nothing_special_to_what_is_laid_down),
        RUN(a_character_is_one_of_utf8_or_a_byte_that_is_none),
        RUN(upper_and_lower_case_are_one_when_asked_for),
        RUN(wildcards_stay_within_one_part_of_a_path),
        RUN(two_stars_stand_for_any_number_of_parts_also_none),
        RUN(names_are_told_apart_only_where_the_last_part_is_about_them),
        RUN(a_path_fits_without_its_case_in_every_part),
        RUN(a_hostile_path_pattern_costs_no_more_than_its_length_times_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
