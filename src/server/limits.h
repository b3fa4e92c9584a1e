/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits: what the settings hold all sessions to, whoever logs in: from the
 * configuration to the register, the budgets and the guard, which know no
 * settings.
 */
#ifndef FERRY_SERVER_LIMITS_H
#define FERRY_SERVER_LIMITS_H

#include "gate/budget.h"
#include "gate/guard.h"
#include "gate/register.h"
#include "server/config.h"

struct register_limits limits_of_connections(const struct config *config);
/* Points into the configuration. */
struct guard_rules limits_of_guesses(const struct config *config);
/* Of all sessions together, and of those of one address or IPv6 /64. */
struct budget_limits limits_of_server(const struct config *config);
struct budget_limits limits_of_host(const struct config *config);

#endif
