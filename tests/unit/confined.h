/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confined: what is forbidden for good is tried in a child, whose log is read
 * and whose status says how many attempts went otherwise than they should.
 */
#ifndef FERRY_TESTS_CONFINED_H
#define FERRY_TESTS_CONFINED_H

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

enum { CONFINED_LOG_SIZE = 16 * 1024 };

struct confined {
    int status; /* as waitpid tells it */
    char log[CONFINED_LOG_SIZE];
};

/* In a child: an attempt that should have ended with that error (0: succeeded) and did not. */
static inline int confined_differs(const char *what, long result, int error)
{
    int got = result < 0 ? errno : 0;
    if (got == error)
        return 0;
    dprintf(STDERR_FILENO, "attempt %s: error %d, not %d\n", what, got, error);
    return 1;
}

static inline void confined_read(int fd, struct confined *child)
{
    size_t len = 0;
    ssize_t got;
    while ((got = read(fd, child->log + len, sizeof(child->log) - 1 - len)) > 0)
        len += (size_t)got;
    child->log[len] = '\0';
}

/* Runs `attempts` in a child; its log is in `child`, also shown when it failed. */
static inline void confined_run(int (*attempts)(void), struct confined *child)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        _exit(attempts());
    }
    close(ends[1]);
    confined_read(ends[0], child);
    close(ends[0]);
    assert_int_equal(waitpid(pid, &child->status, 0), pid);
}

/* All attempts went as they should. */
static inline void confined_check(int (*attempts)(void), struct confined *child)
{
    confined_run(attempts, child);
    if (child->status)
        fail_msg("status %x\n%s", child->status, child->log);
}

static inline unsigned confined_count(const struct confined *child, const char *words)
{
    unsigned count = 0;
    for (const char *at = strstr(child->log, words); at; at = strstr(at + 1, words))
        count++;
    return count;
}

#endif
