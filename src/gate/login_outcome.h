/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login_outcome: how a login came out, told once to the audit and to the log.
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
/* This failure was one too many: of the address, or of the user's name. */
void login_report_ban(const struct login_attempt *attempt, bool of_address);

#endif
