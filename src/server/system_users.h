/* SPDX-License-Identifier: Apache-2.0 */
/*
 * system_users: makes the monitor what the gate asks for users of the system.
 */
#ifndef FERRY_SERVER_SYSTEM_USERS_H
#define FERRY_SERVER_SYSTEM_USERS_H

#include "gate/system_users.h"

struct monitor;

/* Of a monitor, which outlives it. */
struct system_users system_users_of(struct monitor *monitor);

#endif
