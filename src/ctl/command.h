/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: what ferryctl can do, as data: patterns, the options that each takes,
 * and from a command line to a call. The help, the completion and the manual's
 * test read the same tables.
 */
#ifndef FERRY_CTL_COMMAND_H
#define FERRY_CTL_COMMAND_H

#include <jansson.h>
#include <stdbool.h>

#include "base/terms.h"
#include "base/text.h"

struct call;

enum option_kind {
    OPTION_FLAG, /* may be followed by on or off */
    OPTION_TEXT,
    OPTION_LIST, /* may be given several times */
};

struct option {
    const char *word;     /* borrowed: static text, as all below */
    const char *argument; /* NULL: a flag */
    enum option_kind kind;
    bool is_ours; /* for ferryctl itself; else a field of the request */
    const char *help;
};

enum command_flags {
    CHANGES = 1 << 0,   /* accounts: a server that runs on the database is told */
    AT_SERVER = 1 << 1, /* asked of the server that runs: about what is now, or in its reach */
};

struct command {
    const char *pattern; /* borrowed: static text, as all below: "user show <name>" */
    const char *options; /* besides those of all commands, with spaces between */
    unsigned owners;     /* and the terms of these: a mask of enum terms_owner */
    unsigned flags;
    const char *columns;           /* of a table for people; NULL: all there are */
    int (*run)(struct call *call); /* NULL: execute_call */
    const char *help;
};

extern const struct command commands[];
extern const size_t command_count;

enum { CALL_MESSAGE_SIZE = 512, POSITIONALS_MAX = 8 };

/* One command line. */
struct call {
    const struct command *command; /* borrowed: static; NULL: none fits (help, version) */
    json_t *request;               /* owned */
    json_t *ours;                  /* owned: options of ferryctl itself, by their words */
    struct text positionals[POSITIONALS_MAX];
    size_t positional_count;
};

/* False with a message: no such command, option or value. call_done after either. */
bool call_read(struct call *call, int argc, char **argv, char message[CALL_MESSAGE_SIZE]);
void call_done(struct call *call);

bool call_has(const struct call *call, const char *word);
/* An option of ferryctl itself; NULL when it was not given. */
const char *call_option(const struct call *call, const char *word);

/* ---- Help and completion ------------------------------------------------------------------------
 */

/* Commands that begin with the call's words; of a single one its options, too. */
void command_show_help(const struct call *call);
/* What may come next behind these words, one a line. */
void command_show_next(int argc, char **argv);

#endif
