/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor_session: the process of one login: asks PAM, and keeps the session
 * open for as long as the login lasts. It is root and runs PAM's modules,
 * foreign code that may block or crash. Internal to monitor.
 */
#ifndef FERRY_MONITOR_MONITOR_SESSION_H
#define FERRY_MONITOR_MONITOR_SESSION_H

#include "monitor/monitor_form.h"

/*
 * Sends a fault to `socket`, and after FAULT_NONE the person; then waits for its
 * end and closes the session. `message` holds the request, and is wiped. Returns the
 * exit status.
 */
int monitor_session_run(int socket, const struct monitor_settings *settings,
                        const struct monitor_request *request, struct message *message);

#endif
