/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_operation: one operation of a work, from its first command to its last reply.
 * loop_end_operation is told when it went as it should, session_fail when not.
 */
#ifndef FERRY_BENCH_LOAD_OPERATION_H
#define FERRY_BENCH_LOAD_OPERATION_H

#include "load_session.h"

void operation_begin(struct session *s, const struct step *step);

/* The data connection has done its part. */
void operation_on_data_over(struct session *s);

#endif
