/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data_port: where the data connection comes from, and who may be at its other
 * end (RFC 959 3.2 and 3.3, RFC 2577). One per session or client; nothing here
 * blocks. Waiting is the caller's: `data_port_fd` says on which descriptor.
 */
#ifndef FERRY_DTP_DATA_PORT_H
#define FERRY_DTP_DATA_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/endpoint.h"
#include "base/fault.h"

enum data_port_kind {
    DATA_PORT_DEFAULT, /* neither PORT nor PASV: from L-1 to the peer's control port U */
    DATA_PORT_ACTIVE,  /* PORT: connect to `target` */
    DATA_PORT_PASSIVE, /* PASV: accept on `listener` */
};

struct data_port {
    enum data_port_kind kind;
    int listener;           /* owned; -1 unless passive, or resting (data_port_rest) */
    union endpoint local;   /* of the listener */
    union endpoint target;  /* of an active port */
    uint16_t accepted_from; /* the port of who came last */
};

/* Ports a passive listener may have; first 0: whatever the system gives. */
struct port_range {
    uint16_t first;
    uint16_t last;
};

void data_port_init(struct data_port *port);
/* Back to the default port; closes the listener. */
void data_port_reset(struct data_port *port);

/* PORT, EPRT, LPRT: replaces what was there. */
void data_port_set_target(struct data_port *port, const union endpoint *target);

/*
 * PASV, EPSV, LPSV: listens on the host of `local` at a random port of the
 * range, in place of what was there, and sets *ret_local to the address.
 * FAULT_NO_DATA_CONNECTION when no port of the range is free.
 */
enum fault data_port_listen(struct data_port *port, const union endpoint *local,
                            struct port_range range, union endpoint *ret_local);

/*
 * Back to the default port, as the transfer that the listener was for has its
 * connection; but it stays open for the next PASV.
 */
void data_port_rest(struct data_port *port);
/*
 * Has somebody come to a listener where nobody is awaited? Then its port is known before it is
 * said, and not to be said again (RFC 2577 8). They are turned away.
 */
bool data_port_is_known(const struct data_port *port);
/*
 * PASV again, on the host of `local`: a listener that rests is taken up, at the same port.
 * False: none rests there, or its port is known.
 */
bool data_port_take_up(struct data_port *port, const union endpoint *local,
                       union endpoint *ret_local);

/*
 * Takes the peer's connection from a passive port, which is then to rest or be
 * reset: it is for one. Connections from other hosts than `peer` are closed at once
 * and the right one is still awaited, unless any_host. FAULT_BUSY: nobody has
 * come yet.
 */
enum fault data_port_accept(struct data_port *port, const union endpoint *peer, bool any_host,
                            int *ret_fd);

/*
 * Begins to connect from the control connection's local end (its host, port
 * L-1 where the system lets us, any other where not) to the active target, or
 * to the control connection's remote end for a default port. The descriptor is
 * the caller's; it becomes writable when the outcome is known
 * (socket_connect_error).
 */
enum fault data_port_connect(const struct data_port *port, const union endpoint *control_local,
                             const union endpoint *control_remote, int *ret_fd);

#endif
