/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_work: the works there are, each a fixed rotation of operations, which every session goes
 * through from its beginning; and the lines that the operations send.
 */
#ifndef FERRY_BENCH_LOAD_WORK_H
#define FERRY_BENCH_LOAD_WORK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum { ROTATION_MAX = 20, LINE_MAX_BYTES = 512 };

struct options;

enum operation {
    OPERATION_ASK,     /* a command and its reply */
    OPERATION_FETCH,   /* a data connection whose bytes are counted and discarded */
    OPERATION_LIST,    /* likewise, and its lines are counted */
    OPERATION_STORE,   /* a data connection that is sent a file's worth of bytes */
    OPERATION_LOGIN,   /* connect, log in, say QUIT, wait for the end */
    OPERATION_CONNECT, /* connect, be greeted */
    OPERATION_RETURN,  /* say QUIT, wait for the end, connect and log in again */
};

struct step {
    enum operation operation;
    const char *verb;    /* borrowed: a literal */
    const char *subject; /* borrowed: a literal; what stands behind the verb, see work_line */
    int code;            /* of the reply to an OPERATION_ASK */
};

struct work {
    const char *name;     /* borrowed: a literal */
    bool is_from_outside; /* its sessions are not logged in when it begins */
    bool is_once;         /* every session does its operation once */
    size_t steps;         /* 0: to be logged in is all */
    struct step rotation[ROTATION_MAX];
};

/* NULL: there is none of this name. */
const struct work *work_find(const char *name);

/* Their names, with spaces between. */
void work_names(struct builder *b);

/*
 * The line of a step, CRLF and all. A subject of "file" or "directory" is the option of this
 * name, "own" a file that no other session writes.
 */
void work_line(const struct step *step, const struct options *options, unsigned session,
               struct builder *b);

#endif
