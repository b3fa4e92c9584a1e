/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shell_jobs: transfers that go on in the background while other commands are
 * typed. Each is a ferry of its own, a process with a connection of its own, that was given
 * one command of the command line: what ends it is the system's to tell, and
 * neither Ctrl-C here nor a crash of one reaches another.
 *
 * One thread.
 */
#ifndef FERRY_CLIENT_SHELL_JOBS_H
#define FERRY_CLIENT_SHELL_JOBS_H

#include <stdbool.h>
#include <stddef.h>

enum { SHELL_JOBS_MAX = 32, SHELL_JOB_WHAT_SIZE = 256 };

struct shell;

struct shell_job {
    int pid;
    int said;      /* owned: a file of what it tells, shown at its end; -1: it tells that itself */
    bool is_ended; /* by us: that it was interrupted is no failure */
    unsigned number;                /* as people name it, from 1 */
    char what[SHELL_JOB_WHAT_SIZE]; /* fit for a terminal */
};

/* All zero: there is none. */
struct shell_jobs {
    struct shell_job all[SHELL_JOBS_MAX];
    size_t count;
    unsigned last; /* number that was given */
};

/*
 * Starts `ferry COMMAND WORD...` with the shell's settings and the password of where it is
 * connected. What goes wrong is told; `what` is for the list of jobs. `words` ends with NULL.
 */
void shell_jobs_start(struct shell *shell, const char *what, const char *const *words);
/* Tells of those that have ended; with `waits`, waits for all, or for job `number` if that is not
 * 0. */
void shell_jobs_look(struct shell *shell, bool waits, unsigned number);
/* Has one ended that nobody has been told of? */
bool shell_jobs_have_news(const struct shell *shell);
/* All are told to end, and waited for. */
void shell_jobs_end(struct shell *shell);

#endif
