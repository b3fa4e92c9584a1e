/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: requests that are made again and again, until somebody ends ferryctl
 * or the server is gone. Each gives an exit status.
 */
#ifndef FERRY_CTL_WATCH_H
#define FERRY_CTL_WATCH_H

#include "ctl/command.h"

int watch_sessions(struct call *call);
/* Once without --follow. */
int watch_log(struct call *call);

#endif
