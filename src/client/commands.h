/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands: what the command line can ask for. Each takes the words of the
 * invocation, tells what it did, and leaves the status in the run.
 */
#ifndef FERRY_CLIENT_COMMANDS_H
#define FERRY_CLIENT_COMMANDS_H

#include "client/find.h"
#include "client/mirror.h"
#include "client/run.h"

struct command_row {
    const char *name;  /* borrowed: static, as all below */
    const char *words; /* "URL... [-o FILE|DIR]" */
    const char *help;
    const char *example;
    size_t words_min;
    size_t words_max;
    void (*act)(struct run *run);
    unsigned takes;   /* of the options (INVOCATION_BIT) these, and those that are always */
    bool takes_tests; /* as find(1): behind the first word nothing is an option of ours */
};

/* commands_transfer.c */
void command_get(struct run *run);
void command_put(struct run *run);
void command_cat(struct run *run);
/* commands_files.c */
void command_ls(struct run *run);
void command_rm(struct run *run);
void command_mkdir(struct run *run);
void command_mv(struct run *run);
void command_raw(struct run *run);
/* commands_tree.c */
void command_mirror(struct run *run);
void command_sync(struct run *run);
void command_check(struct run *run);
/*
 * The same of a server that is known, by the invocation's options alone: a directory here, and a
 * path there as it is for a new connection.
 */
void tree_mirror(struct run *run, const struct invocation *invocation, const struct site *site,
                 enum mirror_direction direction, const char *local, const char *path);
/* commands_copy.c */
void command_copy(struct run *run);

/* commands_walk.c */
void command_find(struct run *run);
void command_du(struct run *run);
/* The same of a server that is there: told in the run's report, faults too. "": where it is. */
void walk_find(struct run *run, struct remote *remote, const char *path, const struct find *find);
void walk_du(struct run *run, struct remote *remote, const char *path, bool is_summary);

/* A connection to the server of a URL, the one before if that is the same's. */
struct visit {
    struct run *run;       /* borrowed */
    struct site *site;     /* owned */
    struct remote *remote; /* owned; NULL: not connected */
};

/* The path of `text`; NULL when it has been told why not. A text that is no URL is one. */
const char *visit_to(struct visit *visit, const char *text);
void visit_end(struct visit *visit);
/* For each word, a URL: what is done at its server's path. */
void visit_each(struct run *run,
                void (*act)(struct run *run, const struct visit *visit, const char *path));

/* A directory as remote_list has it, sorted; or the one entry of what is no directory. */
enum fault list_entries(struct remote *remote, const char *path, struct entries *ret_entries);

/* Where a file of this machine is: the directory, and its name there. */
struct local_name {
    struct local_tree *tree; /* owned */
    const char *name;        /* borrowed: of the path */
};

/* False when it has been told why not. */
bool local_name_open(struct run *run, const char *path, struct local_name *ret_name);
void local_name_close(struct local_name *name);

#endif
