/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shell: ferry at a prompt, and ferry with a script on its standard input: a
 * line is read, taken apart into commands, and each is done by its row's
 * handler. The table of rows (shell_rows.c) is what `help` shows.
 *
 * One thread. Handlers tell what they did and why not, and count it in the run
 * (run.h): nothing is returned.
 */
#ifndef FERRY_CLIENT_SHELL_H
#define FERRY_CLIENT_SHELL_H

#include "client/listing_cache.h"
#include "client/macros.h"
#include "client/name_map.h"
#include "client/one_file.h"
#include "client/remote_names.h"
#include "client/shell_jobs.h"
#include "client/shell_restart.h"
#include "client/shell_words.h"

enum {
    SHELL_PATH_SIZE = 8192,  /* of a path here or there, NUL included */
    SHELL_DEPTH_MAX = 32,    /* of commands that carry out others: proxy, $ */
    SHELL_SAID_SIZE = 16384, /* of one line that is said */
};

struct shell;
struct shell_edit;

/* What a word is, for completion. */
enum shell_kind {
    SHELL_NOTHING,
    SHELL_COMMAND,
    SHELL_LOCAL,
    SHELL_REMOTE,
    SHELL_SETTING,
    SHELL_BOOKMARK,
    SHELL_MACRO,
};

enum shell_flag {
    SHELL_SERVER = 1,     /* needs one; it is connected to when there is no connection */
    SHELL_BACKGROUND = 2, /* can be done behind a & */
    SHELL_SECRET = 4,     /* is not kept in the history once it has words */
};

/* A command as it was written: its row, and the words behind its name. */
struct shell_call {
    const struct shell_row *row;    /* borrowed, as all below: while it is done */
    const struct shell_word *words; /* NUL-terminated texts */
    size_t count;
    bool is_background;
};

struct shell_row {
    const char *name;  /* borrowed: static, as all below; the rows are sorted by it */
    const char *words; /* "REMOTE [LOCAL]" */
    const char *help;
    const char *example;
    enum shell_kind first; /* of the first word */
    enum shell_kind rest;  /* of those behind it */
    size_t words_min;
    size_t words_max;
    unsigned flags; /* enum shell_flag */
    void (*act)(struct shell *shell, const struct shell_call *call);
};

/* Ends with a NULL name. */
extern const struct shell_row shell_rows[];

enum shell_found { SHELL_FOUND, SHELL_AMBIGUOUS, SHELL_UNKNOWN };

/* By its name, or by a beginning of it that no other has, in any case. */
enum shell_found shell_find_row(struct text name, const struct shell_row **ret_row);

/* A server, and a connection to it. */
struct shell_session {
    struct site *site;               /* owned; NULL: none has been named */
    struct remote *remote;           /* owned; NULL: there is no connection now */
    struct listing_cache *cache;     /* owned */
    char directory[SHELL_PATH_SIZE]; /* where to go after connecting; "": where the login lands */
    char home[SHELL_PATH_SIZE];      /* where the login landed; "": the server does not say */
    bool is_refused; /* the login was: it is not tried again before somebody says another */
};

enum shell_passive { SHELL_PASSIVE_AUTO, SHELL_PASSIVE_ON, SHELL_PASSIVE_OFF };

/* ftp(1)'s switches of data connections, of which data_connection is made. */
struct shell_ways {
    enum shell_passive passive;
    bool without_epsv;
    bool without_sendport;
};

struct shell {
    struct run *run;            /* borrowed */
    struct settings *settings;  /* borrowed: the invocation's */
    struct shell_edit *edit;    /* owned; NULL: nobody is at a terminal */
    struct shell_session here;  /* whom commands are about */
    struct shell_session other; /* proxy's; swapped with the one above while its command is done */
    bool is_proxy;
    struct settings own; /* the settings as they were before those of a bookmark */
    bool has_bookmark;
    struct shell_ways ways;
    struct name_map names;
    struct macros *macros; /* owned */
    struct shell_jobs jobs;
    struct shell_restart restart;
    unsigned depth; /* of commands that carry out others */
    bool is_ending;
};

/*
 * Until its input ends or `bye`. `target` (a URL, host or bookmark) is opened first, with `port`
 * unless that is NULL; NULL: none. `commands`, where not NULL, are done instead of reading any.
 */
void shell_run(struct run *run, const char *target, const char *port, const char *commands);

/* A line of commands, as if it had been typed. */
void shell_do_line(struct shell *shell, struct text line);
/* One command of it: its name and its words. */
void shell_do(struct shell *shell, const struct shell_word *words, size_t count,
              bool is_background);
/* May the line be kept in the history? Not where a password stands in it, or could. Pure. */
bool shell_may_keep(struct text line);

/* ---- For handlers ------------------------------------------------------------------------ */

/* A line of what was done; its texts are ours, or fit for a terminal. Below 1 of `verbose` nothing.
 */
void shell_say(struct shell *shell, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Likewise what was asked for, to standard output, whatever `verbose` is. */
void shell_tell(struct shell *shell, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Likewise "NAME: WORDS", which are made fit for a terminal here. */
void shell_tell_of(struct shell *shell, struct text name, struct text words);
/* The command was not done, through its writer's fault. */
void shell_complain(struct shell *shell, const struct shell_call *call, const char *why);
/* The same with the line that says how it is used. */
void shell_complain_of_use(struct shell *shell, const struct shell_call *call);
/* Nobody knows which command is meant: there is none, or several begin so. */
void shell_complain_of_name(struct shell *shell, struct text name, enum shell_found found);
/* f, counted: done, or told with remote's reason. */
void shell_count(struct shell *shell, const char *what, enum fault f);
/* Likewise of what is not the server's doing. */
void shell_count_local(struct shell *shell, const char *what, enum fault f);

enum shell_answer { SHELL_YES, SHELL_NO, SHELL_QUIT };
/*
 * "mget NAME [y/n/a/p/q]? ", where a person is to be asked (prompt): y, n, a: yes and no more
 * questions in this command, p: nor in others, q. Without anybody to ask it is yes.
 */
enum shell_answer shell_confirm(struct shell *shell, const char *what, struct text name,
                                bool *asks);
/* A line of an answer. False: nobody is there, or wants to. */
bool shell_ask(struct shell *shell, const char *question, char *answer, size_t size);

/* The settings have been changed: whom they concern is told. */
void shell_take_settings(struct shell *shell);
/* As if `set NAME VALUE` had been said; what it is now is said. */
void shell_set(struct shell *shell, const struct shell_call *call, const char *name,
               const char *value);

/* ---- Sessions (shell_session.c) -------------------------------------------------------------- */

/* Logs in anew if need be; false when it has been told why not. */
bool shell_connect(struct shell *shell);
/* By a URL, a bookmark or a host. */
void shell_open(struct shell *shell, const struct shell_call *call, const char *target,
                const char *port);
void shell_session_close(struct shell *shell, struct shell_session *session);
/* The connection is of no use any more; the server stays, and where we were. */
void shell_session_drop(struct shell *shell, struct shell_session *session);

/* ---- Files (shell_local.c, shell_files.c) --------------------------------------------- */

/* "~/x" is of HOME. False, told: too long. */
bool shell_local_path(struct shell *shell, const char *word, char path[SHELL_PATH_SIZE]);
/* A path there as it is from the root, or from where logins land, for another connection. */
bool shell_remote_path(struct shell *shell, const char *word, char path[SHELL_PATH_SIZE]);
/* A file in the type and mode that are set, to "-", "|COMMAND" or a path; told and counted. */
void shell_fetch(struct shell *shell, const char *path, const char *local);
/* Likewise of a local file under a name there; appended to what is there, if that is said. */
void shell_send(struct shell *shell, const char *local, const char *path, bool appends);
/*
 * What a file from there is called here: `word`, if there is one, where a directory is what it
 * goes into, else its own name as case, ntrans and nmap have it; with runique one that is free.
 * False when it has been told why not.
 */
bool shell_choose_local(struct shell *shell, const char *path, const char *word,
                        char local[SHELL_PATH_SIZE]);
/* What a file from here is called there: `word`, if there is one and it ends with no slash. */
bool shell_choose_remote(struct shell *shell, const char *local, const char *word,
                         char path[SHELL_PATH_SIZE]);
/* get, put and mget of `proxy`: between the first server and the second (shell_proxy.c). */
void shell_proxy_transfer(struct shell *shell, const struct shell_call *call);
/* In MODE B and C: markers are sent, and what the server makes of them is remembered. */
void shell_restart_listen(struct shell *shell, struct carry_rules *rules);
/* get, put where `restart` has said where to begin (shell_restart.c). */
void shell_restart_get(struct shell *shell, const char *path, const char *local);
void shell_restart_put(struct shell *shell, const char *local, const char *path);
/* The last part of a path. */
struct text shell_last_part(const char *path);
/* What a word stands for there: a pattern (glob), or a name. False when it has been told why not.
 */
bool shell_expand(struct shell *shell, struct remote *remote, const struct shell_word *word,
                  struct remote_names *ret_names);

/*
 * The next byte of standard input, one by one: what a command reads of it is what is behind its
 * line. Meanwhile connections are kept alive. False: the end, or a signal ends us.
 */
bool shell_read_byte(struct shell *shell, char *ret_byte);

/* Where something goes that is written: standard output, a file, or "|COMMAND". */
struct shell_output {
    FILE *file;            /* owned unless stdout */
    struct stream *stream; /* owned: a file's, which has its name when it is complete; what a
                              command says, which FAULT_CANCELLED ends if it failed; or NULL */
    size_t failed;         /* of the run when it was opened: with one more it is not complete */
    int pid;               /* of the command; 0: none, or it has ended */
    int status;            /* that it ended with */
    char path[32];         /* of a file that leads to the command; "": it is none */
};

/*
 * "-" or NULL: standard output; of a file that is there a person is asked first. False when it has
 * been told why not, or is not wanted.
 */
bool shell_output_open(struct shell *shell, const char *word, struct shell_output *ret_output);
/* A command's input, to which `path` leads, too; or with `reads` its output, which is `stream`. Not
 * to be copied then. */
bool shell_output_pipe(struct shell *shell, const char *command, bool reads,
                       struct shell_output *ret_output);
/*
 * Waits for a command; that it failed is told, but not that it left early. A file gets its name,
 * unless something has failed meanwhile; when it could not be written that is told.
 */
void shell_output_close(struct shell *shell, struct shell_output *output, const char *word);
/*
 * Runs a program, as execvp finds it, and waits; Ctrl-C is its own meanwhile. False, told: it was
 * not run, or its status is not 0. `words` ends with NULL.
 */
bool shell_run_program(struct shell *shell, const char *const *words);

/* ---- The handlers --------------------------------------------------------------------- */

#define SHELL_HANDLER_LIST(X)                                                                      \
    X(account)                                                                                     \
    X(append)                                                                                      \
    X(bang)                                                                                        \
    X(bookmark)                                                                                    \
    X(bye)                                                                                         \
    X(cat)                                                                                         \
    X(cd)                                                                                          \
    X(cdup)                                                                                        \
    X(chmod)                                                                                       \
    X(close)                                                                                       \
    X(debug)                                                                                       \
    X(delete)                                                                                      \
    X(dollar)                                                                                      \
    X(du)                                                                                          \
    X(edit)                                                                                        \
    X(epsv)                                                                                        \
    X(find)                                                                                        \
    X(get)                                                                                         \
    X(hash)                                                                                        \
    X(help)                                                                                        \
    X(idle)                                                                                        \
    X(jobs)                                                                                        \
    X(kill)                                                                                        \
    X(lcd)                                                                                         \
    X(letter)                                                                                      \
    X(lls)                                                                                         \
    X(lmkdir)                                                                                      \
    X(lpwd)                                                                                        \
    X(ls)                                                                                          \
    X(macdef)                                                                                      \
    X(mdelete)                                                                                     \
    X(mget)                                                                                        \
    X(mirror)                                                                                      \
    X(mkdir)                                                                                       \
    X(mlists)                                                                                      \
    X(mlst)                                                                                        \
    X(modtime)                                                                                     \
    X(mput)                                                                                        \
    X(newer)                                                                                       \
    X(nlist)                                                                                       \
    X(nmap)                                                                                        \
    X(ntrans)                                                                                      \
    X(open)                                                                                        \
    X(page)                                                                                        \
    X(passive)                                                                                     \
    X(pget)                                                                                        \
    X(proxy)                                                                                       \
    X(put)                                                                                         \
    X(pwd)                                                                                         \
    X(quote)                                                                                       \
    X(reget)                                                                                       \
    X(rename)                                                                                      \
    X(reput)                                                                                       \
    X(restart)                                                                                     \
    X(rhelp)                                                                                       \
    X(rmdir)                                                                                       \
    X(sendport)                                                                                    \
    X(set)                                                                                         \
    X(site)                                                                                        \
    X(size)                                                                                        \
    X(status)                                                                                      \
    X(system)                                                                                      \
    X(toggle)                                                                                      \
    X(type)                                                                                        \
    X(umask)                                                                                       \
    X(user)                                                                                        \
    X(verbose)                                                                                     \
    X(wait)

#define SHELL_HANDLER(name)                                                                        \
    void shell_act_##name(struct shell *shell, const struct shell_call *call);
SHELL_HANDLER_LIST(SHELL_HANDLER)
#undef SHELL_HANDLER

#endif
