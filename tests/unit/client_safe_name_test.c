/* SPDX-License-Identifier: Apache-2.0 */
#include "client/safe_name.h"
#include "tests/unit/unit.h"

#include <limits.h>

static void assert_name(struct text name, bool local, bool portable)
{
    if (safe_name_is_local(name, SAFE_NAME_LINUX) != local)
        fail_msg("\"%.*s\" is %slocal", TEXT_ARGS(name), local ? "not " : "");
    if (safe_name_is_local(name, SAFE_NAME_PORTABLE) != portable)
        fail_msg("\"%.*s\" is %sportable", TEXT_ARGS(name), portable ? "not " : "");
}

TEST(names_of_files_are_taken)
{
    static const char *const names[] = {
        "a",
        "a b",
        " a",
        "...a",
        "..a",
        ".profile",
        "a..b",
        "-rf",
        "~",
        "a;b=c&d",
        "caf\xC3\xA9",
        "\xE6\x97\xA5\xE6\x9C\xAC",
        "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x94\xAC",
        "%2F",
        "$HOME",
    };
    for (size_t i = 0; i < COUNT(names); i++)
        assert_name(text_of(names[i]), true, true);
}

TEST(what_would_lead_elsewhere_is_refused)
{
    static const char *const names[] = {
        "", ".", "..", "/", "a/b", "../a", "a/", "/etc/passwd", "..\\../x",
    };
    for (size_t i = 0; i < COUNT(names); i++)
        assert_name(text_of(names[i]), false, false);
}

TEST(control_characters_are_refused_in_every_form)
{
    for (unsigned c = 0; c < 0x100; c++) {
        const bool is_control = c < 0x20 || (c >= 0x7F && c <= 0x9F);
        const char alone[] = {'a', (char)c, 'b'};
        const bool is_taken = !is_control && c != '/';
        const bool is_portable = is_taken && c < 0x80 && !strchr("\\:*?\"<>|", (int)c);
        assert_name((struct text){alone, sizeof(alone)}, is_taken, is_portable);
        if (c < 0x80)
            continue;
        const char utf8[] = {(char)(0xC0 | c >> 6), (char)(0x80 | (c & 0x3F))};
        assert_name((struct text){utf8, sizeof(utf8)}, !is_control, !is_control);
    }
}

TEST(a_name_has_as_many_bytes_as_the_system_takes)
{
    char name[NAME_MAX + 1];
    memset(name, 'a', sizeof(name));
    assert_name((struct text){name, NAME_MAX}, true, true);
    assert_name((struct text){name, NAME_MAX + 1}, false, false);
}

TEST(bytes_that_are_no_utf8_are_names_on_linux_only)
{
    assert_name(TEXT("caf\xE9"), true, false);
    assert_name(TEXT("\xFF"), true, false);
    assert_name(TEXT("\xE6\xA7"), true, false);
    assert_name(TEXT("\xE6\x97"), false, false); /* 0x97 alone is C1 */
    assert_name(TEXT("\xC0\xAF"), true, false);  /* an overlong "/" is none */
}

TEST(devices_are_refused_by_their_bare_names)
{
    static const char *const devices[] = {
        "CON",  "prn",  "Aux",    "nul",     "COM1",   "com9",
        "lpt1", "LPT9", "CONIN$", "conout$", "Clock$", "NUL ",
    };
    for (size_t i = 0; i < COUNT(devices); i++) {
        assert_false(safe_name_is_local(text_of(devices[i]), SAFE_NAME_NO_DEVICE));
        assert_name(text_of(devices[i]), true, false);
    }
    static const char *const taken[] = {
        "aux.c", "nul.txt", "CON.", ".con", "COM", "COM10",
        "CLOCK", "a:b",     "a*",   "a ",   "a.",  "\xFF",
    };
    for (size_t i = 0; i < COUNT(taken); i++)
        assert_true(safe_name_is_local(text_of(taken[i]), SAFE_NAME_NO_DEVICE));
    assert_false(safe_name_is_local(TEXT(".."), SAFE_NAME_NO_DEVICE));
    assert_false(safe_name_is_local(TEXT("a\x1B"), SAFE_NAME_NO_DEVICE));
}

TEST(what_windows_does_not_take_is_not_portable)
{
    static const char *const refused[] = {
        "a\\b",        "C:",     "a:stream",   "a*",       "a?",          "\"a\"",
        "<a",          "a>",     "a|b",        "a.",       "a ",          "...",
        " ",           "a. ",    "CON",        "con",      "Con.txt",     "PRN",
        "aux.c",       "NUL",    "nul.tar.gz", "NUL .txt", "COM0",        "COM1",
        "com9.log",    "LPT1",   "lpt0",       "LPT9.x.y", "COM\xC2\xB9", "com\xC2\xB2.a",
        "LPT\xC2\xB3", "CONIN$", "conout$.x",
    };
    for (size_t i = 0; i < COUNT(refused); i++)
        assert_name(text_of(refused[i]), true, false);
    static const char *const taken[] = {
        "CONSOLE", "CO",   "COM",   "COM10", "COM1a", "LPT",  "LPTX",        "xCON",
        "NULL",    ".NUL", "a.CON", "CONIN", "AUX1",  "PRN_", "COM\xC2\xB4", "CON-",
    };
    for (size_t i = 0; i < COUNT(taken); i++)
        assert_name(text_of(taken[i]), true, true);
}

static void assert_shown(struct text t, const char *expected)
{
    char bytes[256];
    struct builder b = builder_on(bytes, sizeof(bytes));
    safe_text_put(&b, t);
    assert_text(builder_text(&b), expected);
}

TEST(printable_text_is_shown_as_it_is)
{
    static const char *const texts[] = {
        "",
        "230 Welcome, \"anna\" ~ C:\\dir",
        "caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x94\xAC",
        "\xC2\xA0\xEF\xBF\xBD",
        "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D",
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_shown(text_of(texts[i]), texts[i]);
}

TEST(what_is_not_printable_is_shown_byte_by_byte)
{
    assert_shown(TEXT("\x1B[31mred\x1B[0m"), "\\x1B[31mred\\x1B[0m");
    assert_shown(TEXT("a\0b\tc\r\n"), "a\\x00b\\x09c\\x0D\\x0A");
    assert_shown(TEXT("\x7F\x07"), "\\x7F\\x07");
    assert_shown(TEXT("\x9B\x33\x31m"), "\\x9B31m"); /* CSI as a byte */
    assert_shown(TEXT("\xC2\x9B\x33\x31m"), "\\xC2\\x9B31m");
    assert_shown(TEXT("caf\xE9!"), "caf\\xE9!");
    assert_shown(TEXT("\xE6\x97"), "\\xE6\\x97");
    assert_shown(TEXT("\xC0\xAF\xED\xA0\x80"), "\\xC0\\xAF\\xED\\xA0\\x80");
}

TEST(what_hides_or_turns_text_is_shown_byte_by_byte)
{
    static const struct {
        const char *text;
        const char *shown;
    } cases[] = {
        {"gpj\xE2\x80\xAE"
         "exe",
         "gpj\\xE2\\x80\\xAE"
         "exe"}, /* right-to-left override */
        {"\xE2\x80\xAA", "\\xE2\\x80\\xAA"},
        {"\xE2\x81\xA6\xE2\x81\xA9", "\\xE2\\x81\\xA6\\xE2\\x81\\xA9"},
        {"\xE2\x80\x8E\xE2\x80\x8F", "\\xE2\\x80\\x8E\\xE2\\x80\\x8F"},
        {"\xD8\x9C", "\\xD8\\x9C"},
        {"\xE2\x80\xA8\xE2\x80\xA9", "\\xE2\\x80\\xA8\\xE2\\x80\\xA9"},
        {"\xE2\x80\x8B", "\\xE2\\x80\\x8B"},
        {"\xEF\xBB\xBF", "\\xEF\\xBB\\xBF"},
        {"\xC2\xAD", "\\xC2\\xAD"},
        {"\xF3\xA0\x81\x81", "\\xF3\\xA0\\x81\\x81"}, /* a tag */
        {"\xE2\x80\xA7\xE2\x80\xAF\xF3\xA0\x82\x80", "\xE2\x80\xA7\xE2\x80\xAF\xF3\xA0\x82\x80"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_shown(text_of(cases[i].text), cases[i].shown);
}

TEST(text_ends_before_the_first_character_that_does_not_fit)
{
    static const struct {
        const char *text;
        size_t room;
        const char *shown;
        bool full;
    } cases[] = {
        {"abc", 3, "abc", false},
        {"abcd", 3, "abc", true},
        {"ab\x1B"
         "c",
         5, "ab", true},
        {"ab\x1B", 6, "ab\\x1B", false},
        {"a\xC3\xA9"
         "b",
         2, "a", true},
        {"\xC2\x9B"
         "a",
         7, "", true},
        {"\xC2\x9B", 8, "\\xC2\\x9B", false},
        {"a", 0, "", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char bytes[16];
        struct builder b = builder_on(bytes, cases[i].room);
        safe_text_put(&b, text_of(cases[i].text));
        assert_text(builder_text(&b), cases[i].shown);
        assert_int_equal(b.full, cases[i].full);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(names_of_files_are_taken),
        RUN(what_would_lead_elsewhere_is_refused),
        RUN(control_characters_are_refused_in_every_form),
        RUN(a_name_has_as_many_bytes_as_the_system_takes),
        RUN(bytes_that_are_no_utf8_are_names_on_linux_only),
        RUN(devices_are_refused_by_their_bare_names),
        RUN(what_windows_does_not_take_is_not_portable),
        RUN(printable_text_is_shown_as_it_is),
        RUN(what_is_not_printable_is_shown_byte_by_byte),
        RUN(what_hides_or_turns_text_is_shown_byte_by_byte),
        RUN(text_ends_before_the_first_character_that_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
