/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A secret from who sits at the terminal. A signal that comes while nothing is
 * shown of what is typed only writes into a pipe, whichever thread it comes
 * to; once the terminal is as before it is sent to us again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "client/secret.h"

/* Those that would leave a terminal that shows nothing. */
static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGTSTP, SIGTTIN, SIGTTOU};
enum { CAUGHT_COUNT = sizeof(caught) / sizeof(caught[0]) };

static volatile int signal_pipe = -1; /* of the question that is being asked */

struct question {
    int terminal; /* owned */
    int signals;  /* owned: a byte for each that came, its number */
    struct termios before;
    struct sigaction actions[CAUGHT_COUNT]; /* those before */
    sigset_t blocked;                       /* likewise */
};

static void on_signal(int number)
{
    int error = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t n = write(signal_pipe, &byte, 1);
    (void)n; /* a full pipe has told enough */
    errno = error;
}

static enum fault catch_signals(struct question *question)
{
    int ends[2];
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t ours;
    sigemptyset(&action.sa_mask);
    sigemptyset(&ours);
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return fault_from_errno(errno);
    question->signals = ends[0];
    signal_pipe = ends[1];
    for (size_t i = 0; i < CAUGHT_COUNT; i++)
        if (!sigaction(caught[i], &action, &question->actions[i]))
            sigaddset(&ours, caught[i]);
    /* Where another thread waits for signals all have them blocked: now they are ours. */
    (void)pthread_sigmask(SIG_UNBLOCK, &ours, &question->blocked);
    return FAULT_NONE;
}

/* Returns the last that came; 0: none. */
static int release_signals(const struct question *question)
{
    unsigned char number = 0;
    (void)pthread_sigmask(SIG_SETMASK, &question->blocked, NULL);
    for (size_t i = 0; i < CAUGHT_COUNT; i++)
        (void)sigaction(caught[i], &question->actions[i], NULL);
    close(signal_pipe);
    signal_pipe = -1;
    while (read(question->signals, &number, 1) > 0)
        ;
    close(question->signals);
    return number;
}

/* One line, or FAULT_CANCELLED when a signal came first. What is typed comes line by line. */
static enum fault read_line(const struct question *question, struct secret *secret)
{
    struct pollfd waits[] = {{question->signals, POLLIN, 0}, {question->terminal, POLLIN, 0}};
    char line[SECRET_SIZE + 1];
    while (poll(waits, 2, -1) < 0)
        if (errno != EINTR)
            return fault_from_errno(errno);
    if (waits[0].revents)
        return FAULT_CANCELLED;
    ssize_t n = read(question->terminal, line, sizeof(line));
    if (n < 0)
        return errno == EINTR ? FAULT_CANCELLED : FAULT_NOT_FOUND;
    struct text rest = {line, (size_t)n};
    struct text typed = text_take_until(&rest, '\n');
    bool is_fine = typed.len < (size_t)n && secret_set(secret, typed);
    explicit_bzero(line, sizeof(line));
    return is_fine ? FAULT_NONE : FAULT_NOT_FOUND;
}

static void put(int terminal, const char *text)
{
    ssize_t n = write(terminal, text, strlen(text));
    (void)n; /* who does not see the question will not answer it */
}

/* Even where we have been put into the background meanwhile: blocked, SIGTTOU is not sent. */
static void restore(const struct question *question)
{
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTTOU);
    (void)pthread_sigmask(SIG_BLOCK, &blocked, &before);
    while (tcsetattr(question->terminal, TCSAFLUSH, &question->before) && errno == EINTR)
        ;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static enum fault ask(const struct question *question, const char *prompt, struct secret *secret)
{
    struct termios silent = question->before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    silent.c_lflag |= ICANON | ISIG;
    silent.c_iflag |= ICRNL;
    /* Only after this may the first letter come: what was typed before is thrown away. */
    if (tcsetattr(question->terminal, TCSAFLUSH, &silent))
        return errno == EINTR ? FAULT_CANCELLED : FAULT_NOT_FOUND;
    put(question->terminal, prompt);
    enum fault f = read_line(question, secret);
    restore(question);
    put(question->terminal, "\n");
    return f;
}

static bool is_pause(int number)
{
    return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

enum fault secret_from_terminal(struct secret *secret, const char *prompt)
{
    struct question question = {.signals = -1};
    enum fault f;
    int number = 0;
    question.terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (question.terminal < 0)
        return FAULT_NOT_FOUND;
    do { /* once more after each pause */
        f = tcgetattr(question.terminal, &question.before) ? FAULT_NOT_FOUND
                                                           : catch_signals(&question);
        if (f)
            break;
        f = ask(&question, prompt, secret);
        number = release_signals(&question);
        if (number)
            (void)kill(getpid(), number); /* whichever thread it is for */
    } while (f == FAULT_CANCELLED && is_pause(number));
    close(question.terminal);
    if (f)
        secret_wipe(secret);
    return f;
}
