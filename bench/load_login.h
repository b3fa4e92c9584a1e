/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_login: from connecting to being logged in, and QUIT. A login may itself be the operation
 * of a work; then it goes no further than that work says.
 */
#ifndef FERRY_BENCH_LOAD_LOGIN_H
#define FERRY_BENCH_LOAD_LOGIN_H

#include "load_session.h"

void login_begin(struct session *s);

/* Says QUIT and waits for the end. */
void login_leave(struct session *s);

/* The control connection is secured. */
void login_on_secured(struct session *s);

/* The server closed the connection after QUIT. */
void login_on_end(struct session *s);

#endif
