/* SPDX-License-Identifier: Apache-2.0 */
/*
 * player: a client of `served` that plays a script, and watches what it is
 * told. A script is what goes over the control connection, byte for byte; a
 * line that begins with ! is not sent but says what else happens, once the
 * server has done all it can about what it was sent before:
 *
 *     !connect       a data connection to the port that 227, 228 or 229 told last
 *     !active        EPRT with a port of ours; the connection from there is awaited
 *     !data BYTES    go over the data connection, without the line's end
 *     !line BYTES    likewise, with it
 *     !end           no more data from us
 *     !close         the data connection is closed
 *     !reset         likewise, as by a crash
 *     !urgent BYTES  over the control connection, the last byte as urgent data
 *     !half          no more commands from us
 *     !drop          the control connection is broken, and the script ends
 *     ! anything     waits, no more
 *
 * TLS begins and ends as the server says: after 234, when a transfer under PROT
 * P has begun, and with the server's close_notify. Replies are read as they come. Nothing is ever
 * waited for by the clock: when the server has done all it can is told by its sessions
 * (server_visit).
 */
#ifndef FERRY_TESTS_PLAYER_H
#define FERRY_TESTS_PLAYER_H

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "net/tls_link.h"
#include "protocol/address.h"
#include "protocol/line.h"
#include "server/job.h"
#include "server/session.h"
#include "tests/unit/served.h"
#include "tests/unit/wire.h"

enum {
    PLAYER_REPLY_MAX = REPLY_SIZE,
    PLAYER_HEARD_MAX = 1 << 16,
    PLAYER_LOOK_MS = 1, /* how long it sleeps at most when the server is at work */
};

enum server_state {
    SERVER_WORKS,   /* and will have done so without our help */
    SERVER_IDLE,    /* it waits for a command */
    SERVER_AWAITS,  /* for a data connection */
    SERVER_STORES,  /* what we send on it, and it has all of that */
    SERVER_IS_GONE, /* the control connection is over */
};

struct player {
    union endpoint local;
    struct wire control;
    struct wire data;
    int listener;        /* owned: where an active data connection arrives */
    bool is_half;        /* no more commands from us */
    unsigned aborted_at; /* how many replies had come when the last ABOR was sent */
    bool is_over;        /* the server has closed, or broken, the control connection */
    bool data_has_ended;
    uint16_t data_port;      /* what it told; 0: nothing yet */
    uint16_t awaited_port;   /* where the server waits for a data connection */
    uint16_t connected_port; /* where a data connection of ours went last */

    struct line line; /* which lines are in what we say */
    char line_bytes[LINE_MAX_BYTES];
    unsigned lines;
    bool wants_tls;      /* AUTH was accepted */
    bool wants_data_tls; /* a transfer has begun that is to be under TLS */
    bool may_lose_lines; /* urgent data make the server drop some */

    char reply[PLAYER_REPLY_MAX]; /* the line that is arriving */
    size_t reply_len;
    unsigned char telnet[2]; /* IAC and what follows, until it is whole */
    size_t telnet_len;
    unsigned inside;              /* code of a reply of several lines; 0: between replies */
    unsigned last;                /* code of the last final one */
    unsigned finals;              /* replies that end a command, and the greeting */
    unsigned codes[600];          /* how often each came */
    char heard[PLAYER_HEARD_MAX]; /* on the data connection */
    size_t heard_len;
};

static struct player player;
static uint16_t player_active_port; /* of `listener`; 0: any */

/* ---- What the server says ----------------------------------------------------------------- */

static void player_note_port(struct text line)
{
    union endpoint told;
    uint16_t port;
    if (player.last == 227 && address_parse_227(line, &told) == ADDRESS_OK)
        port = endpoint_port(&told);
    else if (player.last != 229 || address_parse_229(line, &port) != ADDRESS_OK)
        return;
    player.data_port = port;
    player.connected_port = 0; /* whoever went to it before went for another transfer */
}

static void player_end_reply(unsigned code, struct text line)
{
    player.inside = 0;
    player.codes[code]++;
    if (code < 200)
        return; /* RFC 959 4.2: another one follows */
    player.last = code;
    player.finals++;
    player.wants_tls = code == 234;
    player_note_port(text_after(line, 4));
}

/* RFC 959 4.2: three digits and a space, or a hyphen and lines up to one with the same digits. */
static void player_take_line(struct text line)
{
    bool is_coded = line.len >= 4 && line.at[0] >= '1' && line.at[0] <= '5' && line.at[1] >= '0' &&
                    line.at[1] <= '5' && line.at[2] >= '0' && line.at[2] <= '9' &&
                    (line.at[3] == ' ' || line.at[3] == '-');
    if (player.inside && (!is_coded || line.at[3] == '-')) {
        PROMISE(line.len && line.at[0] == ' '); /* as reply.h says, so that none can be mistaken */
        return;
    }
    PROMISE(is_coded);
    uint64_t code = 0;
    PROMISE(text_to_number((struct text){line.at, 3}, 599, &code));
    PROMISE(!player.inside || player.inside == code);
    if (line.at[3] == '-')
        player.inside = (unsigned)code;
    else
        player_end_reply((unsigned)code, line);
}

/* Telnet's refusals of options lie between the replies; a byte of all ones in one is doubled. */
static bool player_take_telnet(unsigned char byte)
{
    if (!player.telnet_len && byte != 0xFF)
        return false;
    if (player.telnet_len == 1 && byte == 0xFF) {
        player.telnet_len = 0;
        return false;
    }
    if (player.telnet_len < 2) {
        player.telnet[player.telnet_len++] = byte;
        PROMISE(player.telnet_len < 2 || byte == 252 || byte == 254); /* WONT, DONT */
        return true;
    }
    PROMISE(!player.reply_len && !player.inside);
    player.telnet_len = 0;
    return true;
}

static void player_take_byte(unsigned char byte)
{
    bool after_cr = player.reply_len && player.reply[player.reply_len - 1] == '\r';
    if (player_take_telnet(byte))
        return;
    PROMISE(after_cr == (byte == '\n') || (after_cr && byte == '\0'));
    if (byte == '\n') {
        player_take_line((struct text){player.reply, player.reply_len - 1});
        player.reply_len = 0;
    } else if (!after_cr) {
        PROMISE(player.reply_len < sizeof(player.reply));
        player.reply[player.reply_len++] = (char)byte;
    } else {
        player.reply[player.reply_len - 1] = '?'; /* a CR inside the line */
    }
}

static void player_check_secret(const char *at, size_t len)
{
    PROMISE(!memmem(at, len, SERVED_SECRET, strlen(SERVED_SECRET)));
}

/* RFC 4217 4.2: what was sent behind the command by which TLS begins or ends is discarded. */
static void player_note_turn(void)
{
    player.may_lose_lines = player.may_lose_lines || player.lines + 1 != player.finals;
}

static void player_read_control(void)
{
    char bytes[4096];
    bool was_tls = player.control.tls;
    size_t len;
    while ((len = wire_read(&player.control, bytes, sizeof(bytes)))) {
        player_check_secret(bytes, len);
        for (size_t i = 0; i < len; i++)
            player_take_byte((unsigned char)bytes[i]);
        if (player.wants_tls && !player.control.tls)
            wire_secure(&player.control);
        player.wants_tls = false;
    }
    if (was_tls != (player.control.tls != NULL))
        player_note_turn();
    player.is_over = player.is_over || player.control.is_over;
}

static void player_read_data(void)
{
    char bytes[4096];
    size_t len;
    while ((len = wire_read(&player.data, bytes, sizeof(bytes)))) {
        size_t room = sizeof(player.heard) - player.heard_len;
        player_check_secret(bytes, len);
        len = len < room ? len : room;
        memcpy(player.heard + player.heard_len, bytes, len);
        player.heard_len += len;
    }
    if (player.data.is_over)
        wire_close(&player.data);
}

static void player_take_data_connection(int fd)
{
    wire_close(&player.data);
    player.data = wire_on(fd);
    player.data_has_ended = false;
    player.heard_len = 0;
}

static void player_accept(void)
{
    union endpoint from;
    int fd = socket_accept(player.listener, false, &from);
    if (fd >= 0)
        player_take_data_connection(fd);
}

static void player_read_all(void)
{
    player_accept();
    player_read_data();
    player_read_control();
}

/* ---- What it does ------------------------------------------------------------------------- */

/* All that we sent has arrived, and was read. */
static bool player_is_read(int fd, uint64_t sent)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    int unread = 0;
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
           info.tcpi_bytes_received >= sent && ioctl(fd, SIOCINQ, &unread) == 0 && !unread;
}

/* All that it sent has arrived here. (Whether that is acknowledged says nothing: that is late.) */
static bool player_has_all(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 && !info.tcpi_notsent_bytes &&
           info.tcpi_bytes_sent - info.tcpi_bytes_retrans == player.control.received;
}

static bool player_stores(const struct job *job)
{
    return job->verb->move == move_stor && player.data.fd >= 0 && !player.data_has_ended &&
           wire_is_open(&player.data) && job->channel.fd >= 0 &&
           player_is_read(job->channel.fd, player.data.sent);
}

/* A data connection is on its way, however late the network brings it. */
static bool player_is_arriving(const struct session *session)
{
    if (session->data_port.kind != DATA_PORT_PASSIVE)
        return true; /* it comes to us */
    const union endpoint awaited = socket_local(session->data_port.listener);
    player.awaited_port = endpoint_port(&awaited);
    return player.awaited_port == player.connected_port;
}

/* TLS is about to begin or to end; what that takes from us is given when the wire is read. */
static bool player_shakes_hands(const struct control *control)
{
    return control->tls && (control->leaves_tls || tls_link_state(control->tls) == TLS_HANDSHAKE);
}

/* On the loop's thread, which is why it may look into the session and its job. */
static void player_look(void *context, struct session *session)
{
    enum server_state *state = context;
    const struct control *control = &session->control;
    const struct job *job = session->job;
    if (endpoint_port(&control->peer) != endpoint_port(&player.local))
        return;
    bool is_through = player_is_read(control->fd, player.control.sent) && !control->output_len &&
                      player_has_all(control->fd);
    bool is_moving = job && (job->stage == JOB_MOVING || job->stage == JOB_GATHERING);
    player.wants_data_tls = job && (is_moving || job->stage == JOB_SECURING) &&
                            job->parameters.protection == PROTECTION_PRIVATE;
    if (!is_through || control->closing || player_shakes_hands(control))
        *state = SERVER_WORKS;
    else if (!job)
        *state = control->waiting_len || control->ended ? SERVER_WORKS : SERVER_IDLE;
    else if (job->stage == JOB_AWAITING)
        *state = player_is_arriving(session) ? SERVER_WORKS : SERVER_AWAITS;
    else if (is_moving && player_stores(job))
        *state = SERVER_STORES;
}

/*
 * RFC 959 5.4: each command is answered once. Where some were discarded it is
 * not known which, and counting begins anew.
 */
static void player_check_answers(void)
{
    PROMISE(!player.inside && !player.reply_len && player.finals <= player.lines + 1);
    PROMISE(player.may_lose_lines || player.finals == player.lines + 1);
    player.lines = player.finals - 1;
    player.may_lose_lines = false;
}

/*
 * What one look tells may be about to change: what has arrived by then is seen
 * by the loop in the same turn or the next. Two in a row tell the truth.
 */
static enum server_state player_wait(void)
{
    enum server_state before = SERVER_WORKS;
    for (;;) {
        enum server_state state = SERVER_WORKS;
        player_read_all();
        if (player.is_over)
            return SERVER_IS_GONE;
        server_visit(served.server, player_look, &state);
        if (player.wants_data_tls && player.data.fd >= 0 && !player.data.sent &&
            !player.data.received)
            wire_secure(&player.data);
        if (state != SERVER_WORKS && state == before) {
            player_read_all();
            if (player.is_over)
                return SERVER_IS_GONE;
            if (state == SERVER_IDLE)
                player_check_answers();
            return state;
        }
        struct pollfd ready[] = {{player.control.fd, POLLIN, 0}, {player.data.fd, POLLIN, 0}};
        if (state == SERVER_WORKS)
            (void)poll(ready, 2, PLAYER_LOOK_MS);
        before = state;
    }
}

/* ---- What we do ------------------------------------------------------------------------- */

static void player_count_lines(struct text bytes)
{
    while (bytes.len) {
        enum line_event event;
        bytes = text_after(bytes, line_feed(&player.line, bytes, &event));
        player.lines += event == LINE_READY || event == LINE_TOO_LONG;
    }
}

static void player_send(struct text bytes, int flags)
{
    player_count_lines(bytes);
    player.may_lose_lines = player.may_lose_lines || !wire_is_open(&player.control);
    wire_send(&player.control, bytes, flags);
}

static void do_wait(struct text argument)
{
    (void)argument;
}

static void player_wait_for_connection(int fd)
{
    struct pollfd connected = {fd, POLLOUT, 0};
    PROMISE(poll(&connected, 1, -1) == 1);
}

static void player_connect(uint16_t port)
{
    union endpoint remote = served.address;
    const union endpoint any = endpoint_any(remote.any.sa_family, 0);
    endpoint_set_port(&remote, port);
    int fd = port ? socket_connect(&any, &remote) : -1;
    if (fd < 0)
        return;
    player_wait_for_connection(fd);
    player_take_data_connection(fd);
    player.connected_port = port;
}

static void do_connect(struct text argument)
{
    (void)argument;
    player_connect(player.data_port);
    player.data_port = 0; /* it is for one connection */
}

static void do_active(struct text argument)
{
    char bytes[64];
    struct builder b = builder_on(bytes, sizeof(bytes));
    const union endpoint local = socket_local(player.listener);
    (void)argument;
    builder_put_string(&b, "EPRT |1|127.0.0.1|");
    builder_put_number(&b, endpoint_port(&local));
    builder_put_string(&b, "|\r\n");
    player_send(builder_text(&b), 0);
}

static void do_line(struct text argument)
{
    if (!player.data_has_ended)
        wire_send(&player.data, argument, 0);
}

static void do_data(struct text argument)
{
    if (argument.len && argument.at[argument.len - 1] == '\n')
        argument.len--;
    do_line(argument);
}

static void player_reset_on_close(const struct wire *wire)
{
    const struct linger none = {1, 0};
    if (wire->fd >= 0)
        (void)setsockopt(wire->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

static void do_end(struct text argument)
{
    (void)argument;
    wire_say_end(&player.data);
    if (player.data.fd >= 0)
        (void)shutdown(player.data.fd, SHUT_WR);
    player.data_has_ended = true;
}

static void do_close(struct text argument)
{
    (void)argument;
    wire_close(&player.data);
}

static void do_reset(struct text argument)
{
    (void)argument;
    player_reset_on_close(&player.data);
    wire_close(&player.data);
}

static void do_urgent(struct text argument)
{
    player.may_lose_lines = true;
    player_send(argument, MSG_OOB);
}

static void do_half(struct text argument)
{
    (void)argument;
    if (player.control.fd >= 0)
        (void)shutdown(player.control.fd, SHUT_WR);
    player.is_half = true;
}

static void do_drop(struct text argument)
{
    (void)argument;
    player_reset_on_close(&player.control);
    player.is_over = true;
}

static void player_do(struct text words)
{
    static const struct {
        struct text word;
        void (*act)(struct text argument);
    } deeds[] = {
        {TEXT("connect"), do_connect}, {TEXT("active"), do_active},  {TEXT("data "), do_data},
        {TEXT("line "), do_line},      {TEXT("end"), do_end},        {TEXT("close"), do_close},
        {TEXT("reset"), do_reset},     {TEXT("urgent "), do_urgent}, {TEXT("half"), do_half},
        {TEXT("drop"), do_drop},       {TEXT(""), do_wait},
    };
    size_t i = 0;
    while (!text_starts_with(words, deeds[i].word))
        i++;
    deeds[i].act(text_after(words, deeds[i].word.len));
}

/* ---- A session --------------------------------------------------------------------------- */

/* False when nobody answers. */
static bool player_begin(void)
{
    const union endpoint any = endpoint_any(served.address.any.sa_family, 0);
    union endpoint loopback = {.v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}};
    endpoint_set_port(&loopback, player_active_port);
    player = (struct player){.data = wire_on(-1)};
    wire_forget_session(); /* each client is another one */
    player.line = line_on(player.line_bytes, sizeof(player.line_bytes));
    player.listener = socket_listen(&loopback, 1);
    player.control = wire_on(socket_connect(&any, &served.address));
    PROMISE(player.listener >= 0 && player.control.fd >= 0);
    player_wait_for_connection(player.control.fd);
    player.local = socket_local(player.control.fd);
    return player_wait() == SERVER_IDLE;
}

/* Up to the next line that says what to do. */
static struct text player_take_commands(struct text *script)
{
    struct text commands = *script;
    while (script->len && script->at[0] != '!')
        (void)text_take_until(script, '\n');
    commands.len -= script->len;
    return commands;
}

static void player_play(struct text script)
{
    while (script.len && !player.is_over) {
        player_send(player_take_commands(&script), 0);
        if (!script.len)
            break;
        struct text line = script;
        (void)text_take_until(&script, '\n');
        line.len -= script.len; /* with its end, if it has one */
        (void)player_wait();
        player_do(text_after(line, 1));
    }
}

/* What waits for a data connection, for as long as that may take, is ended. */
static void player_give_up(enum server_state state)
{
    if (state == SERVER_AWAITS && player.is_half) { /* it was told QUIT, and finishes */
        player_connect(player.awaited_port);
        wire_close(&player.data);
    } else if (state == SERVER_AWAITS && player.finals != player.aborted_at) {
        player.aborted_at = player.finals;
        player_send(TEXT("ABOR\r\n"), 0);
    } else if (state == SERVER_STORES) { /* over a connection that it made since we closed ours */
        wire_close(&player.data);
    } else { /* done, or deaf: after urgent data it discards all up to a mark (RFC 854) */
        do_half(TEXT(""));
    }
}

/* Only a farewell comes unasked. Then nothing is left of the session. */
static void player_end(void)
{
    enum server_state state = player_wait();
    wire_close(&player.data);
    while (state != SERVER_IS_GONE) {
        player_give_up(state);
        state = player_wait();
    }
    PROMISE(player.finals <= player.lines + 2);
    wire_close(&player.data);
    close(player.listener);
    wire_close(&player.control);
    struct session_register *sessions = server_register(served.server);
    do { /* a session leaves the register first, and has gone by the loop's next turn */
        server_visit(served.server, player_look, &state);
    } while (register_count(sessions));
    server_visit(served.server, player_look, &state);
}

#endif
