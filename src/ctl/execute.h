/* SPDX-License-Identifier: Apache-2.0 */
/*
 * execute: the way of most commands: what is missing is asked for, the request
 * is carried out, the answer shown.
 */
#ifndef FERRY_CTL_EXECUTE_H
#define FERRY_CTL_EXECUTE_H

#include "ctl/command.h"

/* Each gives an exit status. */
int execute_call(struct call *call);
/* With the text of files that the command line names. */
int execute_import(struct call *call);

#endif
