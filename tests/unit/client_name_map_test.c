/* SPDX-License-Identifier: Apache-2.0 */
#include "client/name_map.h"
#include "tests/unit/unit.h"

static const char *mapped(const struct name_map *map, bool lowers, const char *name)
{
    static char bytes[NAME_MAP_NAME_MAX + 1];
    struct builder b = builder_on(bytes, sizeof(bytes));
    return name_map_put(map, lowers, text_of(name), &b) ? builder_end(&b) : NULL;
}

TEST(without_maps_a_name_stays_what_it_is)
{
    struct name_map map = {0};
    assert_string_equal(mapped(&map, false, "README.TXT"), "README.TXT");
    assert_string_equal(mapped(&map, false,
                               "\xFF"
                               "b"),
                        "\xFF"
                        "b");
}

TEST(names_of_capitals_alone_become_small)
{
    struct name_map map = {0};
    assert_string_equal(mapped(&map, true, "README.TXT;1"), "readme.txt;1");
    assert_string_equal(mapped(&map, true, "Makefile"), "Makefile");
    assert_string_equal(mapped(&map, true, "123"), "123");
    assert_string_equal(mapped(&map, true,
                               "\xC3\x84"
                               "B"),
                        "\xC3\x84"
                        "b"); /* as in any locale */
}

TEST(characters_are_translated_one_by_one)
{
    struct name_map map = {0};
    assert_true(name_map_set_letters(&map, TEXT("/:*"), TEXT("_-")));
    assert_string_equal(mapped(&map, false, "a/b:c*d*"), "a_b-cd");
    assert_string_equal(mapped(&map, false, "***"), "***"); /* nothing is no name */
    assert_true(name_map_set_letters(&map, TEXT(" \xC3\xA4"),
                                     TEXT("\xC3\x9F"
                                          "a")));
    assert_string_equal(mapped(&map, false, "x \xC3\xA4\xA4"), "x\xC3\x9F"
                                                               "a\xA4");
    assert_true(name_map_set_letters(&map, TEXT(""), TEXT("x")));
    assert_string_equal(mapped(&map, false, "a/b"), "a/b");
}

/* The examples of ftp(1). */
TEST(patterns_work_as_the_manual_says)
{
    static const struct {
        const char *in;
        const char *out;
        const char *name;
        const char *becomes;
    } cases[] = {
        {"$1.$2.$3", "[$1,$2].[$2,file]", "myfile.data", "myfile.data"},
        {"$1.$2.$3", "[$1,$2].[$2,file]", "myfile.data.old", "myfile.data"},
        {"$1.$2.$3", "[$1,$2].[$2,file]", "myfile", "myfile.file"},
        {"$1.$2.$3", "[$1,$2].[$2,file]", ".myfile", "myfile.myfile"},
        {"$1.$2", "$2.$1", "mydata.data", "data.mydata"},
        {"$1", "old/$1 (copy)", "a", "old/a (copy)"},
        {"$1.$2", "$0.bak", "a.b.c", "a.b.c.bak"},
        {"$1;$2", "$1", "PROG.FOR;3", "PROG.FOR"},
        {"$9-$8", "$8$9", "a-b", "ba"},
        {"lib$1.so", "$1", "libc.so", "c"},
        {"\\$1.$2", "$2", "$1.x", "x"},
        {"$1", "\\$1\\[\\]\\,", "a", "$1[],"},
        {"$1", "[$2,$3,$4,none]", "a", "none"},
        {"$1", "[$2,a\\,b\\]c]", "x", "a,b]c"},
        {"$1", "[$1x,y]", "a", "ax"},
        {"$1", "[$2x,y]", "a", "x"},
        {"$1", "a,b", "x", "a,b"},
        {"x$1", "$1", "abc", "abc"},    /* nothing fits, so nothing comes of it */
        {"$1.x", "<$1>", "a.y", "<>"},  /* what went before a mismatch counts for nothing */
        {"$1$2", "$2[$1]", "ab", "ab"}, /* $1 takes all */
        {"$1.$2", "$", "a.b", "$"},
        {"$1", "$1$0", "a\\b", "a\\ba\\b"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct name_map map = {0};
        assert_null(name_map_set_patterns(&map, text_of(cases[i].in), text_of(cases[i].out)));
        assert_string_equal(mapped(&map, false, cases[i].name), cases[i].becomes);
    }
}

TEST(case_and_letters_go_before_patterns)
{
    struct name_map map = {0};
    assert_true(name_map_set_letters(&map, TEXT(";"), TEXT(".")));
    assert_null(name_map_set_patterns(&map, TEXT("$1.$2.$3"), TEXT("$2.$1")));
    assert_string_equal(mapped(&map, true, "FILE.TXT;1"), "txt.file");
}

TEST(patterns_that_cannot_be_are_refused_and_change_nothing)
{
    static char long_pattern[NAME_MAP_PATTERN_SIZE + 1];
    struct name_map map = {0};
    memset(long_pattern, 'a', sizeof(long_pattern));
    assert_null(name_map_set_patterns(&map, TEXT("$1"), TEXT("$1.x")));
    assert_string_equal(name_map_set_patterns(&map, TEXT("$1"), TEXT("[$1,")), "a [ has no ]");
    assert_string_equal(name_map_set_patterns(&map, TEXT("$1"), TEXT("[$1\\]")), "a [ has no ]");
    assert_non_null(name_map_set_patterns(&map, TEXT("$1"), TEXT("[[$1]]")));
    assert_non_null(name_map_set_patterns(&map, TEXT("$1"), TEXT("a\\")));
    assert_non_null(name_map_set_patterns(&map, TEXT("$1"), TEXT("")));
    assert_non_null(name_map_set_patterns(&map, TEXT(""), TEXT("$1")));
    assert_non_null(name_map_set_patterns(&map, TEXT("$1"),
                                          (struct text){long_pattern, NAME_MAP_PATTERN_SIZE + 1}));
    assert_string_equal(mapped(&map, false, "a"), "a.x");
    assert_null(name_map_set_patterns(&map, TEXT("$1"),
                                      (struct text){long_pattern, NAME_MAP_PATTERN_SIZE}));
    assert_null(name_map_set_patterns(&map, TEXT(""), TEXT("")));
    assert_string_equal(mapped(&map, false, "a"), "a");
    assert_false(name_map_set_letters(&map, (struct text){long_pattern, NAME_MAP_LETTERS_SIZE + 1},
                                      TEXT("")));
    assert_true(
        name_map_set_letters(&map, (struct text){long_pattern, NAME_MAP_LETTERS_SIZE}, TEXT("")));
}

TEST(what_would_be_too_long_is_not_cut_off)
{
    static char name[NAME_MAP_NAME_MAX + 2];
    char small[4];
    struct name_map map = {0};
    memset(name, 'a', sizeof(name) - 2);
    assert_string_equal(mapped(&map, false, name), name);
    assert_null(name_map_set_patterns(&map, TEXT("$1"), TEXT("$1$1")));
    assert_null(mapped(&map, false, name));
    struct builder b = builder_on(small, sizeof(small));
    assert_false(name_map_put(&map, false, TEXT("abc"), &b));
    assert_int_equal(b.len, 0);
    name[NAME_MAP_NAME_MAX] = 'a';
    map = (struct name_map){0};
    assert_null(mapped(&map, false, name));
}

static bool is_taken(void *owner, const char *name)
{
    const unsigned *taken = owner;
    char last[32];
    (void)snprintf(last, sizeof(last), "a.%u", *taken);
    return strcmp(name, "a") == 0 || (name[1] == '.' && atoi(name + 2) <= atoi(last + 2));
}

TEST(a_new_name_is_the_first_free_one)
{
    char bytes[16];
    unsigned taken = 0;
    struct builder b = builder_on(bytes, sizeof(bytes));
    assert_true(name_map_put_unique(TEXT("b"), is_taken, &taken, &b));
    assert_text(builder_text(&b), "b");
    b = builder_on(bytes, sizeof(bytes));
    assert_true(name_map_put_unique(TEXT("a"), is_taken, &taken, &b));
    assert_text(builder_text(&b), "a.1");
    taken = 98;
    b = builder_on(bytes, sizeof(bytes));
    assert_true(name_map_put_unique(TEXT("a"), is_taken, &taken, &b));
    assert_text(builder_text(&b), "a.99");
    taken = 99;
    b = builder_on(bytes, sizeof(bytes));
    assert_false(name_map_put_unique(TEXT("a"), is_taken, &taken, &b));
    assert_int_equal(b.len, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(without_maps_a_name_stays_what_it_is),
        RUN(names_of_capitals_alone_become_small),
        RUN(characters_are_translated_one_by_one),
        RUN(patterns_work_as_the_manual_says),
        RUN(case_and_letters_go_before_patterns),
        RUN(patterns_that_cannot_be_are_refused_and_change_nothing),
        RUN(what_would_be_too_long_is_not_cut_off),
        RUN(a_new_name_is_the_first_free_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
