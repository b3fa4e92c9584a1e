/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd: what systemd and ferryd tell each other through the
 * environment: sockets already open (sd_listen_fds(3)) and how we are
 * (sd_notify(3)). Two small protocols, spoken here rather than through
 * libsystemd (docs/adr/0007). Main thread.
 */
#ifndef FERRY_SERVER_SYSTEMD_H
#define FERRY_SERVER_SYSTEMD_H

#include "server/listener.h"

/*
 * Takes over the sockets that were passed; none when there are none. Those on
 * `implicit_port` (0: none is) have TLS from the first byte on.
 */
void systemd_take_sockets(uint16_t implicit_port, struct listener_set *ret_set);

/* "READY=1" and the like; does nothing without systemd. */
void systemd_notify(const char *state);

#endif
