/* SPDX-License-Identifier: Apache-2.0 */
/*
 * system_users: makes the monitor what the gate asks for users of the system.
 */
#ifndef FERRY_SERVER_SYSTEM_USERS_H
#define FERRY_SERVER_SYSTEM_USERS_H

#include "gate/system_users.h"
#include "server/config.h"

struct monitor;

/*
 * Where the settings ask for it, before any thread: starts the monitor and
 * becomes the account that the server runs as. False with a message.
 */
bool system_users_start(const struct config *config, struct monitor **ret_monitor,
                        char message[CONFIG_MESSAGE_SIZE]);
/* Of a monitor, which outlives it. */
struct system_users system_users_of(struct monitor *monitor);

#endif
