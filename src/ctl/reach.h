/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reach: who carries out a request: the server that runs, over its socket, or
 * ferryctl itself on the database.
 */
#ifndef FERRY_CTL_REACH_H
#define FERRY_CTL_REACH_H

#include "ctl/command.h"

enum { EXIT_USAGE = 2, EXIT_DENIED = 3 };

/*
 * The answer (a new reference), or NULL: it was said on standard error why not.
 * --database FILE: on it, but for what is about now, when a server runs on it;
 * that one is told of changes. Else over --socket PATH, or the default one.
 */
json_t *reach_execute(const struct call *call, const json_t *request);
/* Says on standard error what is wrong, and gives `status`. */
int reach_fail(const char *what, const char *why, int status);
/* Of an answer: 0; 2 when the request was wrong; 1 when it was refused. Says why. */
int reach_status(const json_t *answer);

#endif
