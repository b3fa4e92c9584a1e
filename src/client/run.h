/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run: one command line being carried out: what it says, what has been told,
 * how it is to end. A thread of its own watches: it draws the progress and hears
 * the signals, upon which what goes on is interrupted and cleaned up.
 *
 * One thread, but for what says otherwise.
 */
#ifndef FERRY_CLIENT_RUN_H
#define FERRY_CLIENT_RUN_H

#include <pthread.h>

#include "client/crew.h"
#include "client/invocation.h"
#include "client/report.h"
#include "client/site.h"

enum { RUN_WHAT_SIZE = 4096 }; /* of what a line is about: a URL, a path */

struct run {
    struct invocation *invocation; /* borrowed */
    pthread_mutex_t lock;
    struct report report; /* guarded, as all below */
    struct progress progress;
    struct progress_state state;
    struct transfer_progress moved; /* what goes over data connections, all together */
    int64_t moved_before; /* what is there of the present file, less what was moved before it */
    const struct report_transfer *told; /* borrowed: until it is another; NULL: none */
    int64_t told_ms;
    struct crew *crew;         /* borrowed: what a signal stops; NULL: none */
    struct remote *remotes[2]; /* borrowed: likewise */
    size_t done;               /* of the things that the command line names */
    size_t failed;
    enum exit_status last;       /* how the last of these failed */
    int signal;                  /* that came; 0: none */
    struct progress_marks marks; /* BSD's hash; `each` 0: none */
    bool is_interactive;         /* SIGINT ends what goes on, not the program */
    bool is_resting;             /* nothing goes on: somebody is asked for the next command */
    bool is_lent;                /* the terminal, to what is written or to another program */
    bool has_dropped; /* a second SIGINT: the connections that there were are of no use */
    int64_t begun_ms; /* of a shell: when it began to work last */
    pthread_t watcher;
    bool is_ending;
};

void run_begin(struct run *run, struct invocation *invocation);
/* The summary, and the exit status. */
int run_end(struct run *run);

/*
 * For a shell: between two commands a person is waited for; nothing is drawn then, and with
 * `is_interactive` SIGINT means nothing. run_rest returns false when the connections that there
 * are were stopped, and are to be closed. A run begins working.
 */
bool run_rest(struct run *run);
void run_work(struct run *run);
/* Standard output is for what is fetched: events go to standard error. */
void run_give_up_output(struct run *run);
/*
 * Likewise in the midst of a command, which goes on with run_work: somebody is asked about it.
 * False, and not to be asked: a signal has ended it.
 */
bool run_pause(struct run *run);
/* What goes on writes to the terminal, or another program has it: no progress is drawn there. */
void run_lend_terminal(struct run *run, bool is_lent);
/* What of the settings concerns the run has changed: verbose, progress, hash, colour. */
void run_take_settings(struct run *run);

/* Does it begin as a URL does, whatever its scheme? Pure. */
bool run_is_url(const char *text);
/*
 * A server, or a local path where `text` is no URL: then *ret_site is NULL. False when it has been
 * told why not.
 */
bool run_open_site(struct run *run, const char *text, struct site **ret_site);
/* Likewise, where it is a URL already. */
bool run_open_url(struct run *run, const struct url *url, struct site **ret_site);
/* Logged in; false when it has been told why not. */
bool run_connect(struct run *run, const struct site *site, struct remote **ret_remote);
void run_disconnect(struct run *run, struct remote *remote);
/* It is somebody else's from now on, who hears signals otherwise. */
void run_release(struct run *run, struct remote *remote);

/*
 * A thing that was asked for is done, or not: why is told. `remote` may be NULL. `what` may be a
 * URL: its password is not told.
 */
void run_succeeded(struct run *run);
void run_failed(struct run *run, const char *what, const struct remote *remote, enum fault f);
/* Likewise a command that somebody wrote for the server; what is secret in it is not told. */
void run_command_failed(struct run *run, struct text command, const struct remote *remote,
                        enum fault f);
/* Told as it is, with a status of its own. */
void run_complain(struct run *run, const char *what, const char *why, enum exit_status status);

/* Likewise, of what does not have the size or the digest that it is to have. */
void run_differs(struct run *run, const char *what);

/* What a signal stops; NULL: nothing any more. */
void run_watch_crew(struct run *run, struct crew *crew);
bool run_is_interrupted(struct run *run);
/* For progress: of what is being moved; an empty name: nothing any more. The name is borrowed until
 * the next call, or run_rest. */
void run_show(struct run *run, const char *name, uint64_t bytes_total);
/* So many bytes of how many are there, of what was shown last. */
void run_show_begun(struct run *run, uint64_t begun, uint64_t bytes_total);
/* There is more to come, of all together: for progress. */
void run_expect(struct run *run, uint64_t bytes);
/* What programs are told the progress of (--json); NULL: nothing any more. */
void run_tell_progress(struct run *run, const struct report_transfer *transfer);
/* The marks of what has been moved, and the end of their line. With the lock held. */
void run_end_marks(struct run *run);
/* The lines of the reply to a command, if there was one; what is secret in that is not told. */
void run_show_reply(struct run *run, struct text command, const struct remote *remote);

#endif
