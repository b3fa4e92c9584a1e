/* SPDX-License-Identifier: Apache-2.0 */
#include "client/user_dtp.h"

#include <poll.h>
#include <unistd.h>

#include "codec/mode_deflate.h"
#include "dtp/transfer.h"
#include "net/socket.h"
#include "protocol/address.h"

enum { CONNECT_SECONDS = 30, STALL_SECONDS = 120 };

/* EPSV, and PASV for servers that do not know it (RFC 2428, RFC 959). */
static enum fault ask_for_port(struct user_pi *pi, uint16_t *ret_port)
{
    union endpoint told;
    enum fault f = user_pi_command(pi, "EPSV", NULL);
    if (f)
        return f;
    if (pi->code == 229)
        return address_parse_229(text_of(pi->text), ret_port) == ADDRESS_OK
                   ? FAULT_NONE
                   : FAULT_NO_DATA_CONNECTION;
    f = user_pi_command(pi, "PASV", NULL);
    if (!f)
        f = user_pi_fault(pi);
    if (f)
        return f;
    if (pi->code != 227 || address_parse_227(text_of(pi->text), &told) != ADDRESS_OK)
        return FAULT_NO_DATA_CONNECTION;
    *ret_port = endpoint_port(&told);
    return FAULT_NONE;
}

static enum fault connect_data(const struct user_pi *pi, uint16_t port, struct channel *channel)
{
    union endpoint target = pi->peer;
    union endpoint any = endpoint_any(target.any.sa_family, 0);
    endpoint_set_port(&target, port);
    int fd = socket_connect(&any, &target);
    if (fd < 0)
        return FAULT_NO_DATA_CONNECTION;
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    if (poll(&ready, 1, CONNECT_SECONDS * 1000) <= 0 || socket_connect_error(fd)) {
        close(fd);
        return FAULT_NO_DATA_CONNECTION;
    }
    channel_open(channel, fd, STALL_SECONDS);
    return FAULT_NONE;
}

static enum fault move(struct channel *channel, enum user_dtp_direction direction,
                       const struct parameters *parameters, struct stream *stream)
{
    struct transfer_progress progress = {0};
    struct transfer transfer = {
        .channel = channel,
        .plan = {.parameters = *parameters, .deflate_level = DEFLATE_LEVEL_DEFAULT},
        .progress = &progress,
    };
    return direction == USER_DTP_FETCH ? transfer_receive(&transfer, stream)
                                       : transfer_send(&transfer, stream);
}

/* What is to be told of a transfer that ended so at our end. */
static enum fault hear_the_end(struct user_pi *pi, enum fault moved)
{
    enum fault f = user_pi_final_reply(pi);
    if (moved && !fault_is_of_the_way(moved))
        pi->code = 0; /* it was our file: the server only saw us go */
    if (moved)
        return moved;
    return f ? f : user_pi_fault(pi);
}

enum fault user_dtp_transfer(struct user_pi *pi, enum user_dtp_direction direction,
                             const char *verb, const char *argument,
                             const struct parameters *parameters, struct stream *stream)
{
    struct channel channel = {.fd = -1};
    uint16_t port = 0;
    enum fault f = ask_for_port(pi, &port);
    if (!f)
        f = connect_data(pi, port, &channel);
    if (!f)
        f = user_pi_send(pi, verb, argument);
    if (!f)
        f = user_pi_reply(pi);
    if (!f && pi->code >= 200) { /* it ended before it began */
        f = user_pi_fault(pi);
        f = f ? f : FAULT_NO_DATA_CONNECTION;
    }
    enum fault moved = f ? f : move(&channel, direction, parameters, stream);
    if (!f && moved && direction == USER_DTP_SEND)
        channel_reset(&channel); /* a server must not take it for the whole file */
    else
        channel_close(&channel);
    return f ? f : hear_the_end(pi, moved);
}
