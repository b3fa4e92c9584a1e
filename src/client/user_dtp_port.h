/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user_dtp_port: agreeing on a data port with the server, and the connection
 * that comes of it (RFC 959 3.2 and 3.3, RFC 2428). user_dtp's own part.
 */
#ifndef FERRY_CLIENT_USER_DTP_PORT_H
#define FERRY_CLIENT_USER_DTP_PORT_H

#include "client/user_dtp.h"

struct user_dtp_port {
    struct data_port ours;        /* where the server is awaited, when we listen */
    const atomic_bool *cancelled; /* borrowed: outlives the port; the transfer is not wanted */
    bool epsv_refused; /* what this server does not know, or its way does not let through */
    bool eprt_refused;
    bool
        listens; /* of USER_DTP_AUTO: we could not connect, and the server can, as far as we know */
};

void user_dtp_port_init(struct user_dtp_port *port, const atomic_bool *cancelled);
/* Stops listening. */
void user_dtp_port_close(struct user_dtp_port *port);

/*
 * Before the command: *ret_fd is connected where we connect to the server, and
 * -1 where it will come to us. FAULT_NO_DATA_CONNECTION: no way that may be
 * tried led anywhere, whatever the server refused it with. FAULT_TOO_MANY: 421.
 */
enum fault user_dtp_port_agree(struct user_dtp_port *port, struct user_pi *pi,
                               const struct user_dtp_settings *settings, int *ret_fd);
/* Behind it: has the server come? FAULT_BUSY: not yet. */
enum fault user_dtp_port_accept(struct user_dtp_port *port, struct user_pi *pi, int *ret_fd);
/*
 * Nobody came to the port of ours. With USER_DTP_AUTO passive ways are tried again the next
 * time, all of them: what they failed for may have passed, and nobody may reach us here at all.
 */
void user_dtp_port_blame_ours(struct user_dtp_port *port);

#endif
