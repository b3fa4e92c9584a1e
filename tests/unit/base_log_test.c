/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
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

/* ---- A standard error that takes no more ------------------------------------------- */

enum { MORE_THAN_FITS = 30000 };

static void log_some(unsigned lines)
{
    for (unsigned i = 0; i < lines; i++)
        log_info("event", LOG_NUMBER("number", i));
}

/* Standard error is `fd` from now on; what it was before. */
static int redirect_to(int fd)
{
    int before = dup(STDERR_FILENO);
    assert_true(before >= 0 && dup2(fd, STDERR_FILENO) >= 0);
    return before;
}

static struct text read_what_is_there(int fd)
{
    static char bytes[1 << 20];
    struct text all = {bytes, 0};
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    for (ssize_t n = 1; n > 0; all.len += n > 0 ? (size_t)n : 0)
        n = read(fd, bytes + all.len, sizeof(bytes) - all.len);
    return all;
}

/* Closes the ends. */
static void assert_nobody_is_waited_for(const int ends[2])
{
    char bytes[64];
    struct builder gap = builder_on(bytes, sizeof(bytes));
    unsigned heard = 0;
    int before = redirect_to(ends[1]);
    log_begin();
    log_some(MORE_THAN_FITS); /* comes back */
    struct text first = read_what_is_there(ends[0]);
    for (size_t i = 0; i < first.len; i++)
        heard += first.at[i] == '\n';
    log_some(1);
    close(redirect_to(before));
    close(before);
    assert_true(heard > 0 && heard < MORE_THAN_FITS);
    builder_put(&gap, TEXT("warning log-lines-lost lines="));
    builder_put_number(&gap, MORE_THAN_FITS - heard);
    builder_put(&gap, TEXT("\ninfo event number=0\n"));
    assert_true(text_equal(read_what_is_there(ends[0]), builder_text(&gap)));
    close(ends[0]);
    close(ends[1]);
}

TEST(a_socket_that_nobody_reads_is_not_waited_for_and_the_gap_is_told)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_nobody_is_waited_for(ends);
}

TEST(a_pipe_that_nobody_reads_is_not_waited_for_and_the_gap_is_told)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_nobody_is_waited_for(ends);
}

TEST(others_who_have_the_same_pipe_write_as_before)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int before = redirect_to(ends[1]);
    log_begin();
    close(redirect_to(before));
    close(before);
    assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
    close(ends[0]);
    close(ends[1]);
}

TEST(a_line_that_a_full_disk_tore_is_ended_before_the_gap_is_told)
{
    struct rlimit limit;
    char bytes[256];
    int file = memfd_create("log", 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    const struct rlimit full = {30, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    int before = redirect_to(file);
    log_begin();
    log_some(3);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    log_some(1);
    close(redirect_to(before));
    close(before);
    ssize_t len = pread(file, bytes, sizeof(bytes), 0);
    close(file);
    assert_true(len > 0);
    assert_true(
        text_equal((struct text){bytes, (size_t)len}, TEXT("info event number=0\ninfo event\n"
                                                           "warning log-lines-lost lines=2\n"
                                                           "info event number=0\n")));
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
        RUN(a_socket_that_nobody_reads_is_not_waited_for_and_the_gap_is_told),
        RUN(a_pipe_that_nobody_reads_is_not_waited_for_and_the_gap_is_told),
        RUN(others_who_have_the_same_pipe_write_as_before),
        RUN(a_line_that_a_full_disk_tore_is_ended_before_the_gap_is_told),
        RUN(levels_are_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
