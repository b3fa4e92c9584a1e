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

TEST(a_257_tells_a_path)
{
    static const struct {
        const char *reply;
        const char *path; /* NULL: none */
    } cases[] = {
        {"\"/a b\" is the current directory", "/a b"},
        {"\"/\"", "/"},
        {"\"/foo\"\"bar\"\" \" is it", "/foo\"bar\" "},
        {"\"\"\"\" created", "\""},
        {"  SYS$DISK:[ANNE] is default", "SYS$DISK:[ANNE]"},
        {"/unquoted", "/unquoted"},
        {"Here: \"/a\" and \"more\"", "/a"},
        {"\"/a\nb\"", NULL},
        {"\"/open", NULL},
        {"\"/open\"\"", NULL},
        {"\"\" is nothing", NULL},
        {"", NULL},
        {"\"/a path that is too long for it\"", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char bytes[20];
        struct builder b = builder_on(bytes, sizeof(bytes));
        bool is_path = pathname_take_quoted(text_of(cases[i].reply), &b);
        assert_int_equal(is_path, cases[i].path != NULL);
        if (is_path)
            assert_text(builder_text(&b), cases[i].path);
    }
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
        RUN(a_257_tells_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
