/* SPDX-License-Identifier: Apache-2.0 */
#include "client/bookmarks.h"

#include "tests/unit/kept_home.h"

static char message[KEPT_MESSAGE_SIZE];

TEST(a_line_is_a_name_a_url_and_settings)
{
    static const struct {
        const char *line;
        const char *name;
        const char *url;
        const char *settings;
    } cases[] = {
        {"work ftp://anna@ftp.example.org/pub", "work", "ftp://anna@ftp.example.org/pub", ""},
        {"  a.B-9_   ftps://h  ", "a.B-9_", "ftps://h", ""},
        {"w ftp://h parallel=2  proxy=", "w", "ftp://h", "parallel=2  proxy="},
        {"w ftp://h password_command=pass%20show%20x", "w", "ftp://h",
         "password_command=pass%20show%20x"},
        {"w h#x", "w", "h#x", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bookmark bookmark;
        if (bookmark_parse_line(text_of(cases[i].line), &bookmark) != BOOKMARK_LINE_ONE)
            fail_msg("\"%s\" is none", cases[i].line);
        assert_text(bookmark.name, cases[i].name);
        assert_text(bookmark.url, cases[i].url);
        assert_text(bookmark.settings, cases[i].settings);
    }
}

TEST(a_line_may_say_nothing_but_nothing_wrong)
{
    static const char *const nothing[] = {"", "  ", "# work ftp://h", "  #"};
    static const char *const wrong[] = {
        "work",
        "work ",
        "-work ftp://h",
        ".work ftp://h",
        "wo/rk ftp://h",
        "wo:rk ftp://h",
        "w\xC3\xB6"
        "rk ftp://h",
        "work ftp://h\xC3\xB6",
        "work ftp://h\tx",
        "work ftp://h\x7F",
        "work ftp://h parallel",
        "work ftp://h =2",
        "work ftp://h parallel=%",
        "work ftp://h parallel=%2",
        "work ftp://h parallel=%2g",
        "work ftp://h par\x1B"
        "allel=2",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ftp://h", /* 65 */
    };
    struct bookmark bookmark;
    for (size_t i = 0; i < COUNT(nothing); i++)
        assert_int_equal(bookmark_parse_line(text_of(nothing[i]), &bookmark),
                         BOOKMARK_LINE_NOTHING);
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (bookmark_parse_line(text_of(wrong[i]), &bookmark) != BOOKMARK_LINE_WRONG)
            fail_msg("\"%s\" was taken", wrong[i]);
}

TEST(a_line_has_a_largest_length)
{
    static char line[BOOKMARK_LINE_MAX + 1];
    struct bookmark bookmark;
    memset(line, 'a', sizeof(line));
    memcpy(line, "w ", 2);
    assert_int_equal(bookmark_parse_line((struct text){line, BOOKMARK_LINE_MAX}, &bookmark),
                     BOOKMARK_LINE_ONE);
    assert_int_equal(bookmark_parse_line((struct text){line, sizeof(line)}, &bookmark),
                     BOOKMARK_LINE_WRONG);
}

TEST(settings_are_written_and_applied_with_whatever_is_in_them)
{
    char bytes[512];
    struct settings settings;
    struct builder b = builder_on(bytes, sizeof(bytes));
    bookmark_put_setting(TEXT("parallel"), TEXT("7"), &b);
    bookmark_put_setting(TEXT("prompt"), TEXT("100% \xC3\xB6 = x"), &b);
    bookmark_put_setting(TEXT("proxy"), TEXT(""), &b);
    assert_text(builder_text(&b), "parallel=7 prompt=100%25%20%c3%b6%20=%20x proxy=");
    struct bookmark bookmark = {TEXT("w"), TEXT("ftp://h"), builder_text(&b)};
    settings_init(&settings);
    assert_true(bookmark_apply(&bookmark, &settings, message));
    assert_int_equal(settings.parallel, 7);
    assert_string_equal(settings.prompt, "100% \xC3\xB6 = x");
}

TEST(a_setting_that_is_not_right_changes_none)
{
    static const char *const cases[] = {"parallel=7 no_such=1", "parallel=7 parallel=0",
                                        "parallel=7 retries=%0a", "parallel=7 retries",
                                        "parallel=7 prompt=%00"};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct settings settings;
        struct bookmark bookmark = {TEXT("w"), TEXT("ftp://h"), text_of(cases[i])};
        settings_init(&settings);
        message[0] = '\0';
        assert_false(bookmark_apply(&bookmark, &settings, message));
        assert_true(message[0]);
        assert_int_equal(settings.parallel, 4);
    }
}

static enum fault add(struct bookmarks *bookmarks, const char *name, const char *url,
                      const char *settings)
{
    struct bookmark bookmark = {text_of(name), text_of(url), text_of(settings)};
    message[0] = '\0';
    return bookmarks_add(bookmarks, &bookmark, message);
}

TEST(bookmarks_are_added_replaced_found_and_removed)
{
    struct bookmarks bookmarks;
    struct bookmark found;
    assert_fault(bookmarks_open(&bookmarks, NULL, message), FAULT_NONE);
    assert_false(bookmarks_find(&bookmarks, TEXT("work"), &found));
    assert_fault(add(&bookmarks, "work", "ftp://a", ""), FAULT_NONE);
    assert_fault(add(&bookmarks, "home", "ftp://b", "parallel=2"), FAULT_NONE);
    assert_fault(add(&bookmarks, "work", "ftp://c", ""), FAULT_NONE);
    assert_true(bookmarks_find(&bookmarks, TEXT("work"), &found));
    assert_text(found.url, "ftp://c");
    assert_false(bookmarks_find(&bookmarks, TEXT("wor"), &found));
    const char *path = home_path(".config/ferry/bookmarks");
    assert_string_equal(home_read(path), "home ftp://b parallel=2\nwork ftp://c\n");
    assert_int_equal(home_mode(path), 0600);
    assert_fault(bookmarks_remove(&bookmarks, TEXT("work"), message), FAULT_NONE);
    assert_fault(bookmarks_remove(&bookmarks, TEXT("work"), message), FAULT_NOT_FOUND);
    assert_string_equal(message, "no such bookmark");
    assert_false(bookmarks_find(&bookmarks, TEXT("work"), &found));
    bookmarks_close(&bookmarks);
    assert_string_equal(home_read(path), "home ftp://b parallel=2\n");
}

TEST(all_of_them_are_listed_in_their_order)
{
    struct bookmarks bookmarks;
    struct bookmark found;
    const char *path = home_write("b", "# mine\nz ftp://1\n\na ftp://2", 0644);
    assert_fault(bookmarks_open(&bookmarks, path, message), FAULT_NONE);
    struct text rest = kept_file_text(&bookmarks.lines.file);
    assert_true(bookmarks_next(&rest, &found));
    assert_text(found.name, "z");
    assert_true(bookmarks_next(&rest, &found));
    assert_text(found.name, "a");
    assert_text(found.url, "ftp://2");
    assert_false(bookmarks_next(&rest, &found));
    bookmarks_close(&bookmarks);
}

TEST(what_would_be_no_line_of_its_own_is_not_added)
{
    static const char *const cases[][3] = {
        {"", "ftp://h", ""},         {"a b", "ftp://h", ""},          {"a", "", ""},
        {"a", "ftp://h /x", ""},     {"a", "ftp://h\nb ftp://i", ""}, {"#a", "ftp://h", ""},
        {"a", "ftp://h", "nothing"}, {"a", "ftp://h", "x=\ny z"},     {" a", "ftp://h", ""},
        {"a", "ftp://h x=y", ""},
    };
    struct bookmarks bookmarks;
    const char *path = home_write("b", "z ftp://1\n", 0600);
    assert_fault(bookmarks_open(&bookmarks, path, message), FAULT_NONE);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_fault(add(&bookmarks, cases[i][0], cases[i][1], cases[i][2]), FAULT_ARGUMENT);
        assert_true(message[0]);
    }
    bookmarks_close(&bookmarks);
    assert_string_equal(home_read(path), "z ftp://1\n");
}

TEST(a_file_that_others_can_read_may_have_no_passwords)
{
    static const struct {
        const char *url;
        bool has_password;
    } cases[] = {
        {"ftp://anna:x@h", true},
        {"ftp://:x@h/p", true},
        {"ftp://a:b@c@h/", true},
        {"anna:x@h", true},
        {"ftp://anna@h:2121/a:b@c", false},
        {"ftp://h:2121/", false},
        {"ftp://anna:@h/", false},
        {"ftp://anna@h/", false},
        {"ftp://[::1]/", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char content[128];
        struct bookmarks bookmarks;
        (void)snprintf(content, sizeof(content), "a ftp://h\nw %s\n", cases[i].url);
        const char *path = home_write("b", content, 0644);
        enum fault f = bookmarks_open(&bookmarks, path, message);
        if ((f == FAULT_DENIED) != cases[i].has_password)
            fail_msg("%s: FAULT_%s", cases[i].url, fault_name(f));
        bookmarks_close(&bookmarks);
        assert_int_equal(chmod(path, 0600), 0);
        assert_fault(bookmarks_open(&bookmarks, path, message), FAULT_NONE);
        bookmarks_close(&bookmarks);
    }
}

TEST(a_file_with_a_wrong_line_is_refused_with_its_number)
{
    struct bookmarks bookmarks;
    const char *path = home_write("b", "z ftp://1\n\nfoo\n", 0600);
    assert_fault(bookmarks_open(&bookmarks, path, message), FAULT_ARGUMENT);
    assert_non_null(strstr(message, "b:3: not \"NAME URL SETTING=VALUE ...\""));
    bookmarks_close(&bookmarks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_line_is_a_name_a_url_and_settings),
        RUN(a_line_may_say_nothing_but_nothing_wrong),
        RUN(a_line_has_a_largest_length),
        RUN(settings_are_written_and_applied_with_whatever_is_in_them),
        RUN(a_setting_that_is_not_right_changes_none),
        RUN_AT_HOME(bookmarks_are_added_replaced_found_and_removed),
        RUN_AT_HOME(all_of_them_are_listed_in_their_order),
        RUN_AT_HOME(what_would_be_no_line_of_its_own_is_not_added),
        RUN_AT_HOME(a_file_that_others_can_read_may_have_no_passwords),
        RUN_AT_HOME(a_file_with_a_wrong_line_is_refused_with_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
