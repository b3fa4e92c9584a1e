/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user_dtp: the user's end of a transfer: agree on a data port, open it, let
 * dtp/transfer move the bytes, hear how it ended. The data connection always
 * goes to the host of the control connection, whatever address a 227 names.
 */
#ifndef FERRY_CLIENT_USER_DTP_H
#define FERRY_CLIENT_USER_DTP_H

#include "base/stream.h"
#include "client/user_pi.h"
#include "protocol/parameters.h"

enum user_dtp_direction { USER_DTP_FETCH, USER_DTP_SEND };

/*
 * "verb argument" with `stream` at our end of the data connection. `parameters`
 * must be what TYPE, STRU and MODE last set. FAULT_NONE only when the stream
 * had its end and the server said 2xx, after any number of 1xx. A fault of the
 * stream itself leaves no code in `pi`: it is not the server's.
 */
enum fault user_dtp_transfer(struct user_pi *pi, enum user_dtp_direction direction,
                             const char *verb, const char *argument,
                             const struct parameters *parameters, struct stream *stream);

#endif
