/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/log.h"
#include "tests/unit/unit.h"

static const char *value(struct text t)
{
    static char bytes[256];
    struct builder b = builder_on(bytes, sizeof(bytes));
    log_put_value(&b, t);
    return builder_end(&b);
}

TEST(plain_values_are_bare)
{
    assert_string_equal(value(TEXT("anna@example.org")), "anna@example.org");
    assert_string_equal(value(TEXT("/srv/ftp/a-b_c.d")), "/srv/ftp/a-b_c.d");
}

TEST(nothing_a_client_sends_can_forge_a_field_or_a_line)
{
    assert_string_equal(value(TEXT("x ok=1")), "\"x ok=1\"");
    assert_string_equal(value(TEXT("a\nerror login")), "\"a\\x0Aerror login\"");
    assert_string_equal(value(TEXT("\"\\")), "\"\\x22\\x5C\"");
    assert_string_equal(value(TEXT("\x1B[2J")), "\"\\x1B[2J\"");
    assert_string_equal(value(TEXT("")), "\"\"");
    assert_string_equal(value(TEXT("a\0b")), "\"a\\x00b\"");
}

TEST(utf8_stays_readable_and_broken_utf8_is_escaped)
{
    assert_string_equal(value(TEXT("caf\xC3\xA9")), "\"caf\xC3\xA9\"");
    assert_string_equal(value(TEXT("caf\xE9")), "\"caf\\xE9\"");
    assert_string_equal(value(TEXT("\xC2\x9B")), "\"\\xC2\\x9B\""); /* a C1 control */
}

TEST(no_byte_of_a_value_is_written_as_a_control)
{
    for (unsigned byte = 0; byte <= 0xFF; byte++) {
        const char values[][3] = {{'a', (char)byte, 'b'}, {'\xC2', (char)byte, 'b'}};
        for (size_t i = 0; i < COUNT(values); i++) {
            struct text rest = text_of(value((struct text){values[i], sizeof(values[i])}));
            assert_true(rest.len >= sizeof(values[i]));
            while (rest.len) {
                size_t len = text_utf8_len(rest);
                unsigned char c = (unsigned char)rest.at[0];
                assert_true(len > 0 && c >= ' ' && c != 0x7F);
                assert_false(len == 2 && c == 0xC2 && (unsigned char)rest.at[1] < 0xA0);
                rest = text_after(rest, len);
            }
        }
    }
}

static size_t capture(void (*write_lines)(void), char *bytes, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int before = dup(STDERR_FILENO);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    write_lines();
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    close(ends[1]);
    ssize_t len = read(ends[0], bytes, size - 1);
    close(ends[0]);
    bytes[len > 0 ? len : 0] = '\0';
    return len > 0 ? (size_t)len : 0;
}

static void write_some(void)
{
    log_set_level(LOG_LEVEL_WARNING);
    log_info("quiet", LOG_NUMBER("n", 1));
    log_warning("loud", LOG_NUMBER("n", 2), LOG_TEXT("who", TEXT("a b")));
    log_set_level(LOG_LEVEL_INFO);
}

TEST(a_line_has_its_level_event_and_fields)
{
    char bytes[256];
    capture(write_some, bytes, sizeof(bytes));
    assert_string_equal(bytes, "warning loud n=2 who=\"a b\"\n");
}

TEST(levels_are_words)
{
    enum log_level level;
    assert_true(log_level_parse(TEXT("debug"), &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
    assert_false(log_level_parse(TEXT("DEBUG"), &level));
    assert_false(log_level_parse(TEXT(""), &level));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(plain_values_are_bare),
        RUN(nothing_a_client_sends_can_forge_a_field_or_a_line),
        RUN(no_byte_of_a_value_is_written_as_a_control),
        RUN(utf8_stays_readable_and_broken_utf8_is_escaped),
        RUN(a_line_has_its_level_event_and_fields),
        RUN(levels_are_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
