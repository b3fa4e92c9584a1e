/* SPDX-License-Identifier: Apache-2.0 */
#include "client/secret.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum { LONG_MS = 20 * 1000 };

static struct secret secret;

static enum fault run(const char *command)
{
    return secret_from_command(&secret, command, "ftp.example.org", "anna", LONG_MS);
}

TEST(a_secret_is_one_line_that_fits)
{
    char bytes[SECRET_SIZE];
    memset(bytes, 'a', sizeof(bytes));
    assert_true(secret_set(&secret, TEXT("p\xC3\xA4 ss")));
    assert_text(secret_text(&secret), "p\xC3\xA4 ss");
    assert_true(secret_set(&secret, (struct text){bytes, SECRET_SIZE - 1}));
    assert_int_equal(strlen(secret.bytes), SECRET_SIZE - 1);
    assert_false(secret_set(&secret, (struct text){bytes, SECRET_SIZE}));
    assert_int_equal(secret.len, 0);
    assert_false(secret_set(&secret, TEXT("a\nb")));
    assert_false(secret_set(&secret, TEXT("a\rb")));
    assert_false(secret_set(&secret, TEXT("a\0b")));
}

TEST(what_is_wiped_is_gone)
{
    const struct secret nothing = {.len = 0};
    assert_true(secret_set(&secret, TEXT("secret")));
    secret_wipe(&secret);
    assert_memory_equal(&secret, &nothing, sizeof(nothing));
    assert_true(secret_set(&secret, TEXT("secret")));
    assert_false(secret_set(&secret, TEXT("a\nb")));
    assert_memory_equal(&secret, &nothing, sizeof(nothing));
}

TEST(a_command_gives_the_first_line_it_writes)
{
    static const struct {
        const char *command;
        const char *expected;
    } cases[] = {
        {"echo secret", "secret"},
        {"printf secret", "secret"},
        {"printf 'secret\\r\\nurl: x\\n'", "secret"},
        {"echo ' a b '", " a b "},
        {"echo $FERRY_USER@$FERRY_HOST", "anna@ftp.example.org"},
        {"cat; echo end", "end"}, /* nothing to read */
        {"sleep 0.1; echo se; sleep 0.1; echo cret", "se"},
        {"trap '' PIPE; echo secret; echo more", "secret"},
        {"sleep 100 & echo secret", "secret"}, /* who is left behind is not waited for */
        {"exec sh -c 'kill -s PIPE $$; echo no' || true; echo yes", NULL},
    };
    (void)signal(SIGPIPE, SIG_IGN); /* as ferry does; the command must not */
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum fault f = run(cases[i].command);
        if ((f == FAULT_NONE) != (cases[i].expected != NULL))
            fail_msg("%s: FAULT_%s", cases[i].command, fault_name(f));
        if (cases[i].expected)
            assert_text(secret_text(&secret), cases[i].expected);
    }
}

TEST(a_command_that_fails_gives_nothing)
{
    static const char *const cases[] = {
        "echo secret; exit 1",
        "exit 0",
        "echo; echo secret",
        "kill -9 $$",
        "/no/such/program 2>/dev/null",
        "printf 'a\\0b\\n'",
        "head -c 2000 /dev/zero | tr '\\0' a",
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_fault(run(cases[i]), FAULT_NOT_FOUND);
}

TEST(a_command_that_writes_without_end_or_never_ends_is_killed)
{
    assert_fault(run("exec cat /dev/zero"), FAULT_TOO_LARGE);
    assert_fault(secret_from_command(&secret, "exec sleep 1000", "h", "u", 50), FAULT_TIMED_OUT);
    assert_fault(secret_from_command(&secret, "exec >&-; exec sleep 1000", "h", "u", 50),
                 FAULT_TIMED_OUT);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child of ours is left */
}

/* ---- The terminal ------------------------------------------------------------------- */

struct person {
    int terminal; /* what the person sees and types into */
    int results;  /* the child writes what it got */
    pid_t child;
};

struct result {
    enum fault fault;
    char bytes[SECRET_SIZE];
    size_t len;
    bool echoes;       /* the terminal, afterwards */
    int signals_heard; /* by a handler of the program's own */
};

static volatile sig_atomic_t signals_heard;

static void on_interrupt(int number)
{
    (void)number;
    signals_heard = signals_heard + 1;
}

static void be_asked(const char *name, int results, bool hears)
{
    struct result result = {.len = 0};
    struct termios now;
    static const int usual[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < COUNT(usual); i++)
        (void)signal(usual[i], SIG_DFL); /* who runs tests in the background has some ignored */
    (void)alarm(LONG_MS / 1000);         /* a failure, not a test without end */
    setsid();
    int tty = open(name, O_RDWR); /* it controls us from now on */
    if (hears)
        (void)signal(SIGINT, on_interrupt);
    result.fault = secret_from_terminal(&secret, "Password: ");
    memcpy(result.bytes, secret.bytes, sizeof(result.bytes));
    result.len = secret.len;
    result.echoes = tcgetattr(tty, &now) == 0 && (now.c_lflag & ECHO);
    result.signals_heard = signals_heard;
    _exit(write(results, &result, sizeof(result)) == sizeof(result) ? 0 : 1);
}

static struct person begin(bool hears)
{
    struct person person;
    int ends[2];
    char name[64];
    person.terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(person.terminal >= 0 && !grantpt(person.terminal) && !unlockpt(person.terminal));
    assert_int_equal(ptsname_r(person.terminal, name, sizeof(name)), 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    person.child = fork();
    assert_true(person.child >= 0);
    if (!person.child)
        be_asked(name, ends[1], hears);
    close(ends[1]);
    person.results = ends[0];
    return person;
}

/* Waits until the terminal shows it; returns all it has shown. */
static const char *see(const struct person *person, const char *wanted)
{
    static char seen[4096];
    size_t len = 0;
    seen[0] = '\0';
    while (!strstr(seen, wanted)) {
        struct pollfd wait = {person->terminal, POLLIN, 0};
        if (poll(&wait, 1, LONG_MS) != 1)
            fail_msg("\"%s\" was not shown, only \"%s\"", wanted, seen);
        ssize_t n = read(person->terminal, seen + len, sizeof(seen) - 1 - len);
        assert_true(n > 0);
        len += (size_t)n;
        seen[len] = '\0';
    }
    return seen;
}

static void type(const struct person *person, const char *text)
{
    assert_int_equal(write(person->terminal, text, strlen(text)), strlen(text));
}

static bool echoes(const struct person *person)
{
    struct termios now;
    assert_int_equal(tcgetattr(person->terminal, &now), 0);
    return now.c_lflag & ECHO;
}

/* How the child ended, as waitpid tells it. */
static int end(const struct person *person, struct result *ret_result)
{
    int status;
    memset(ret_result, 0, sizeof(*ret_result));
    ssize_t n = read(person->results, ret_result, sizeof(*ret_result));
    assert_true(n == 0 || n == sizeof(*ret_result));
    assert_int_equal(waitpid(person->child, &status, 0), person->child);
    close(person->results);
    close(person->terminal);
    return status;
}

TEST(an_answer_is_taken_and_not_shown)
{
    struct result result;
    struct person person = begin(false);
    (void)see(&person, "Password: ");
    assert_false(echoes(&person));
    type(&person, "gehe im\n");
    assert_null(strstr(see(&person, "\n"), "im"));
    assert_int_equal(end(&person, &result), 0);
    assert_fault(result.fault, FAULT_NONE);
    assert_string_equal(result.bytes, "gehe im");
    assert_true(result.echoes);
}

TEST(no_answer_is_none)
{
    static const char *const answers[] = {"\x04", NULL};
    for (size_t i = 0; i < COUNT(answers); i++) {
        char too_long[SECRET_SIZE + 2];
        struct result result;
        struct person person = begin(false);
        memset(too_long, 'a', sizeof(too_long));
        too_long[SECRET_SIZE] = '\n';
        too_long[SECRET_SIZE + 1] = '\0';
        (void)see(&person, "Password: ");
        type(&person, answers[i] ? answers[i] : too_long);
        assert_int_equal(end(&person, &result), 0);
        assert_fault(result.fault, FAULT_NOT_FOUND);
        assert_int_equal(result.len, 0);
        assert_true(result.echoes);
    }
}

TEST(a_signal_ends_the_program_after_the_terminal_is_as_before)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < COUNT(signals); i++) {
        struct result result;
        struct person person = begin(false);
        (void)see(&person, "Password: ");
        assert_false(echoes(&person));
        assert_int_equal(kill(person.child, signals[i]), 0);
        (void)see(&person, "\n");
        assert_true(echoes(&person));
        int status = end(&person, &result);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signals[i]);
    }
}

TEST(a_program_that_handles_the_signal_hears_it_once_and_goes_on)
{
    struct result result;
    struct person person = begin(true);
    (void)see(&person, "Password: ");
    type(&person, "half\x03"); /* Ctrl-C */
    assert_int_equal(end(&person, &result), 0);
    assert_fault(result.fault, FAULT_CANCELLED);
    assert_int_equal(result.signals_heard, 1);
    assert_int_equal(result.len, 0);
    assert_true(result.echoes);
}

/* A session of its own has nobody to continue it, so the kernel does not stop it: it goes on at
 * once. */
TEST(after_a_pause_it_is_asked_again)
{
    struct result result;
    struct person person = begin(false);
    (void)see(&person, "Password: ");
    type(&person, "half\x1A"); /* Ctrl-Z */
    (void)see(&person, "Password: ");
    assert_false(echoes(&person));
    type(&person, "whole\n");
    assert_int_equal(end(&person, &result), 0);
    assert_fault(result.fault, FAULT_NONE);
    assert_string_equal(result.bytes, "whole");
    assert_true(result.echoes);
}

TEST(without_a_terminal_there_is_no_answer)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        setsid();
        _exit(secret_from_terminal(&secret, "Password: ") == FAULT_NOT_FOUND ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_secret_is_one_line_that_fits),
        RUN(what_is_wiped_is_gone),
        RUN(a_command_gives_the_first_line_it_writes),
        RUN(a_command_that_fails_gives_nothing),
        RUN(a_command_that_writes_without_end_or_never_ends_is_killed),
        RUN(an_answer_is_taken_and_not_shown),
        RUN(no_answer_is_none),
        RUN(a_signal_ends_the_program_after_the_terminal_is_as_before),
        RUN(a_program_that_handles_the_signal_hears_it_once_and_goes_on),
        RUN(after_a_pause_it_is_asked_again),
        RUN(without_a_terminal_there_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
