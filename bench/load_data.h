/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_data: the data connection of an operation. What comes is counted and discarded, what goes
 * is always the same buffer. epoll learns of it only when it has nothing to do at the moment.
 */
#ifndef FERRY_BENCH_LOAD_DATA_H
#define FERRY_BENCH_LOAD_DATA_H

#include "load_session.h"

/* Starts to connect to the server's port. False: the session has failed. */
bool data_open(struct session *s, in_port_t port);

/* Goes on, as far as it goes; tells operation_on_data_over at the end. */
void data_move(struct session *s);

#endif
