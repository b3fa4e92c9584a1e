/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login_outcome: how a login came out, told once to the audit and to the log,
 * and counted by the guard (guard.h).
 */
#ifndef FERRY_GATE_LOGIN_OUTCOME_H
#define FERRY_GATE_LOGIN_OUTCOME_H

#include "gate/login.h"

struct login_outcome {
    struct text user;
    struct text detail; /* of anonymous */
    enum audit_proof proof;
    struct builder rule; /* of a refusal by policy; else empty */
    enum fault fault;
};

/* The rule has room for one byte more. */
void login_report(const struct login_attempt *attempt, struct login_outcome *outcome);

/* An address may have been banned after it connected. */
bool login_is_banned(const struct login_attempt *attempt);
/* One more failure; a ban that follows is reported. *ret_delay_ms: how long the reply waits. */
void login_fail(const struct login_attempt *attempt, uint64_t *ret_delay_ms);
void login_succeed(const struct login_attempt *attempt);

#endif
