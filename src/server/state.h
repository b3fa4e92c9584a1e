/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state: where ferryd keeps what must survive a crash when nobody says where;
 * ferryctl looks for the server's socket there.
 */
#ifndef FERRY_SERVER_STATE_H
#define FERRY_SERVER_STATE_H

#include <stdbool.h>

#include "base/text.h"

/* The socket's name in that directory. */
#define STATE_SOCKET "ferryd.sock"

/* systemd's StateDirectory=, root's, or the user's own. False: the environment says none. */
bool state_put_default(struct builder *b, bool is_root);

#endif
