/* SPDX-License-Identifier: Apache-2.0 */
#include "client/user_dtp_port.h"

#include "net/socket.h"
#include "protocol/address.h"

void user_dtp_port_init(struct user_dtp_port *port, const atomic_bool *cancelled)
{
    *port = (struct user_dtp_port){.cancelled = cancelled};
    data_port_init(&port->ours);
}

void user_dtp_port_close(struct user_dtp_port *port)
{
    data_port_reset(&port->ours);
}

/*
 * EPSV, PASV, EPRT or PORT. Whatever it is refused with (vsftpd has 550 for what is turned off),
 * another of them may do; but who is closing (RFC 959 5.4: 421) opens nothing.
 */
static enum fault ask(struct user_pi *pi, const char *verb, struct text argument)
{
    enum fault f = user_pi_command(pi, verb, argument);
    if (f)
        return f;
    if (user_pi_code(pi) == 421)
        return FAULT_TOO_MANY;
    return user_pi_fault(pi) ? FAULT_NO_DATA_CONNECTION : FAULT_NONE;
}

/* RFC 959 4.2.1: what is refused with 4yz may be asked again; ports are free again. */
static bool is_for_now(const struct user_pi *pi)
{
    return user_pi_code(pi) / 100 == 4;
}

/* ---- We connect ---------------------------------------------------------------------- */

static enum fault connect_to(const struct user_dtp_port *port,
                             const struct user_dtp_settings *settings, const union endpoint *target,
                             int *ret_fd)
{
    char message[WAY_MESSAGE_SIZE];
    union endpoint any = endpoint_any(target->any.sa_family, 0);
    const union endpoint *source = &settings->way.source;
    const union endpoint *local = source->any.sa_family == target->any.sa_family ? source : &any;
    const struct patience patience = {(int)settings->connect_seconds * 1000, port->cancelled};
    enum fault f;
    if (settings->way.proxy)
        f = way_connect(&settings->way, settings->host, endpoint_port(target), patience, ret_fd,
                        message);
    else
        f = socket_connect_within(local, target, patience, ret_fd);
    return f == FAULT_CANCELLED ? f : f ? FAULT_NO_DATA_CONNECTION : FAULT_NONE;
}

/* RFC 2428 3: the port alone; the host is the one that we speak with. */
static enum fault ask_epsv(struct user_pi *pi, union endpoint *ret_target)
{
    uint16_t number;
    enum fault f = ask(pi, "EPSV", TEXT_NONE);
    if (f)
        return f;
    /* RFC 959 4.2: what the first digit says counts; some have 200 or 228 here. */
    if (address_parse_229(user_pi_lines(pi), &number) != ADDRESS_OK)
        return FAULT_NO_DATA_CONNECTION;
    *ret_target = user_pi_peer(pi);
    endpoint_set_port(ret_target, number);
    return FAULT_NONE;
}

static enum fault ask_pasv(const struct user_dtp_settings *settings, struct user_pi *pi,
                           union endpoint *ret_target)
{
    union endpoint told;
    enum fault f = ask(pi, "PASV", TEXT_NONE);
    if (f)
        return f;
    if (address_parse_227(user_pi_lines(pi), &told) != ADDRESS_OK)
        return FAULT_NO_DATA_CONNECTION;
    *ret_target = user_pi_peer(pi);
    if (settings->trusts_address)
        *ret_target = told;
    else
        endpoint_set_port(ret_target, endpoint_port(&told));
    return FAULT_NONE;
}

static enum fault agree_passive(struct user_dtp_port *port, struct user_pi *pi,
                                const struct user_dtp_settings *settings, int *ret_fd)
{
    union endpoint target;
    enum fault f = FAULT_NO_DATA_CONNECTION;
    if (settings->side != USER_DTP_PASV && !port->epsv_refused) {
        f = ask_epsv(pi, &target);
        if (!f)
            f = connect_to(port, settings, &target, ret_fd);
        /* What stands between us may know PASV alone and let through what that announces. */
        port->epsv_refused = f == FAULT_NO_DATA_CONNECTION && !is_for_now(pi);
    }
    if (f != FAULT_NO_DATA_CONNECTION)
        return f;
    f = ask_pasv(settings, pi, &target);
    return f ? f : connect_to(port, settings, &target, ret_fd);
}

/* ---- The server connects ----------------------------------------------------------------- */

static enum fault tell_port(struct user_dtp_port *port, struct user_pi *pi,
                            const struct user_dtp_settings *settings, const union endpoint *ours)
{
    char bytes[ENDPOINT_TEXT_SIZE + 16];
    struct builder b = builder_on(bytes, sizeof(bytes));
    bool is_v4 = ours->any.sa_family == AF_INET;
    if (settings->side != USER_DTP_PORT && !port->eprt_refused) {
        address_put_eprt(&b, ours);
        enum fault f = ask(pi, "EPRT", builder_text(&b));
        port->eprt_refused = f == FAULT_NO_DATA_CONNECTION && !is_for_now(pi);
        if (f != FAULT_NO_DATA_CONNECTION || !is_v4)
            return f;
    }
    if (!is_v4)
        return FAULT_NO_DATA_CONNECTION;
    b = builder_on(bytes, sizeof(bytes));
    address_put_port(&b, ours);
    return ask(pi, "PORT", builder_text(&b));
}

static enum fault agree_active(struct user_dtp_port *port, struct user_pi *pi,
                               const struct user_dtp_settings *settings)
{
    union endpoint local = user_pi_local(pi);
    struct port_range range = settings->ports;
    union endpoint ours;
    /* RFC 959 3.2: the user's default port is that of its control connection. */
    if (settings->side == USER_DTP_DEFAULT)
        range.first = range.last = endpoint_port(&local);
    enum fault f = data_port_listen(&port->ours, &local, range, &ours);
    if (f || settings->side == USER_DTP_DEFAULT)
        return f;
    return tell_port(port, pi, settings, &ours);
}

enum fault user_dtp_port_accept(struct user_dtp_port *port, struct user_pi *pi, int *ret_fd)
{
    union endpoint peer = user_pi_peer(pi);
    return data_port_accept(&port->ours, &peer, false, ret_fd);
}

/* ---- Either ------------------------------------------------------------------------------ */

void user_dtp_port_blame_ours(struct user_dtp_port *port)
{
    port->listens = false;
    port->epsv_refused = false;
}

enum fault user_dtp_port_agree(struct user_dtp_port *port, struct user_pi *pi,
                               const struct user_dtp_settings *settings, int *ret_fd)
{
    enum user_dtp_side side = settings->side;
    bool is_auto = side == USER_DTP_AUTO && !settings->way.proxy;
    bool is_passive = side == USER_DTP_PASSIVE || side == USER_DTP_PASV ||
                      (side == USER_DTP_AUTO && !port->listens);
    enum fault f = FAULT_NO_DATA_CONNECTION;
    *ret_fd = -1;
    user_dtp_port_close(port);
    if (is_passive)
        f = agree_passive(port, pi, settings, ret_fd);
    bool may_listen = is_auto && f == FAULT_NO_DATA_CONNECTION;
    if (is_passive && !may_listen)
        return f;
    port->listens = is_auto;
    f = agree_active(port, pi, settings);
    if (f == FAULT_NO_DATA_CONNECTION)
        user_dtp_port_blame_ours(port);
    return f;
}
