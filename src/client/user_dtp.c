/* SPDX-License-Identifier: Apache-2.0 */
#include "client/user_dtp.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/user_dtp_port.h"
#include "net/channel.h"
#include "net/socket.h"

enum {
    /* Some servers say 150 only when TLS stands on the data connection, or never. */
    SILENCE_MS = 3000,
    /* Who has said 2xx to LIST and sends nothing for so long has nothing to list. */
    NO_LISTING_MS = 3000,
    /* Between two looks at both connections. */
    LOOK_MS = 50,
};

struct user_dtp {
    struct user_pi *pi;                       /* borrowed */
    const struct user_dtp_settings *settings; /* borrowed */
    struct user_dtp_port port;
    struct channel channel;                   /* fd -1: none */
    const struct user_dtp_security *security; /* borrowed; NULL: none */
    bool has_stalled;                         /* the data of the last transfer */
    atomic_bool cancelled;
    pthread_mutex_t lock;                /* who cancels must not meet the end of what moves */
    const struct user_dtp_order *moving; /* borrowed; guarded: what moves now; NULL: nothing */
};

enum fault user_dtp_new(struct user_pi *pi, const struct user_dtp_settings *settings,
                        struct user_dtp **ret_dtp)
{
    struct user_dtp *dtp = memory_new(sizeof(*dtp));
    if (!dtp)
        return FAULT_NO_MEMORY;
    dtp->pi = pi;
    dtp->settings = settings;
    dtp->channel.fd = -1;
    user_dtp_port_init(&dtp->port, &dtp->cancelled);
    pthread_mutex_init(&dtp->lock, NULL);
    *ret_dtp = dtp;
    return FAULT_NONE;
}

void user_dtp_free(struct user_dtp *dtp)
{
    if (!dtp)
        return;
    user_dtp_port_close(&dtp->port);
    channel_close(&dtp->channel);
    pthread_mutex_destroy(&dtp->lock);
    memory_free(dtp);
}

bool user_dtp_has_stalled(const struct user_dtp *dtp)
{
    return dtp->has_stalled;
}

void user_dtp_set_security(struct user_dtp *dtp, const struct user_dtp_security *security)
{
    dtp->security = security;
}

/* With the lock held. */
static void cancel_moving(struct user_dtp *dtp)
{
    const struct user_dtp_order *order = dtp->moving;
    if (order && order->direction == USER_DTP_FETCH)
        transfer_cancel(order->progress, &dtp->channel);
    else if (order)
        transfer_cancel_sending(order->progress, &dtp->channel);
}

void user_dtp_cancel(struct user_dtp *dtp)
{
    pthread_mutex_lock(&dtp->lock);
    atomic_store(&dtp->cancelled, true);
    cancel_moving(dtp);
    pthread_mutex_unlock(&dtp->lock);
}

/* ---- Before the data ----------------------------------------------------------------- */

/* The connection that the last file left open, or a new one (RFC 959 3.3). */
static enum fault agree(struct user_dtp *dtp, const struct user_dtp_order *order)
{
    bool stays = dtp->channel.fd >= 0 && parameters_keep_connection(&order->parameters) &&
                 !channel_is_over(&dtp->channel);
    int fd = -1;
    if (stays)
        return FAULT_NONE;
    channel_close(&dtp->channel);
    enum fault f = user_dtp_port_agree(&dtp->port, dtp->pi, dtp->settings, &fd);
    if (!f && fd >= 0)
        channel_open(&dtp->channel, fd, dtp->settings->stall_seconds);
    return f;
}

/* RFC 959 4.1.3: REST comes right before the command; RANG likewise. */
static enum fault ask(struct user_dtp *dtp, const struct user_dtp_order *order)
{
    if (order->restart.len || order->range.len) {
        enum fault f = order->range.len ? user_pi_command(dtp->pi, "RANG", order->range)
                                        : user_pi_command(dtp->pi, "REST", order->restart);
        if (!f && user_pi_code(dtp->pi) / 100 != 3)
            f = user_pi_fault(dtp->pi) ? user_pi_fault(dtp->pi) : FAULT_UNSUPPORTED;
        if (f)
            return f;
    }
    return user_pi_send(dtp->pi, order->verb, order->argument);
}

static enum fault take_connection(struct user_dtp *dtp)
{
    int fd = -1;
    if (dtp->channel.fd >= 0)
        return FAULT_NONE;
    enum fault f = user_dtp_port_accept(&dtp->port, dtp->pi, &fd);
    if (f)
        return f;
    user_dtp_port_close(&dtp->port);
    channel_open(&dtp->channel, fd, dtp->settings->stall_seconds);
    return FAULT_NONE;
}

/* Waits for something on either connection, for a while; of one that has ended nothing comes. */
static void look(struct user_dtp *dtp)
{
    int data_fd = dtp->channel.fd >= 0 ? dtp->channel.fd : dtp->port.ours.listener;
    if (dtp->channel.fd >= 0 && channel_is_over(&dtp->channel))
        data_fd = -1;
    struct pollfd looked_at[] = {
        {.fd = user_pi_channel(dtp->pi)->fd, .events = POLLIN},
        {.fd = data_fd, .events = POLLIN},
    };
    (void)poll(looked_at, 2, LOOK_MS);
}

/*
 * Data that come without a word are as good as a 150. A connection that ends without any was
 * refused (ProFTPD 1.3.8 closes it before it says 550), or the file is empty: a word tells.
 */
static bool has_begun_silently(struct user_dtp *dtp, int64_t waited_ms)
{
    if (dtp->channel.fd < 0)
        return false;
    return waited_ms > SILENCE_MS ||
           (channel_await(&dtp->channel, 0) && !channel_is_over(&dtp->channel));
}

/* How the server has begun; times are clock_running_ms's. */
struct beginning {
    int64_t asked_ms;
    bool is_told;    /* that data come, or have come */
    bool is_over;    /* it has said 2xx already, */
    int64_t over_ms; /* then, */
    bool is_nothing; /* and there is no data connection, or nothing on it: an empty listing */
};

/* A reply before the data. */
static enum fault hear_beginning(struct user_dtp *dtp, struct beginning *beginning)
{
    enum fault f = user_pi_reply(dtp->pi);
    if (f)
        return f;
    if (user_pi_code(dtp->pi) >= 300)
        return user_pi_fault(dtp->pi);
    beginning->is_told = true;
    beginning->is_over = user_pi_code(dtp->pi) >= 200;
    beginning->over_ms = clock_running_ms();
    return FAULT_NONE;
}

/*
 * Some say 2xx of an empty directory and never make the data connection, or never take ours. Not
 * under TLS: there nothing comes before our handshake, and what has not been said in it is not
 * believed.
 */
static bool may_be_nothing(const struct user_dtp_order *order)
{
    return order->ret_is_alleged && order->parameters.protection != PROTECTION_PRIVATE;
}

/* The end counts, too. */
static bool has_data(const struct user_dtp *dtp)
{
    return dtp->channel.fd >= 0 && channel_await(&dtp->channel, 0);
}

/* One look at what there is of it, and for a while at what comes. */
static enum fault try_to_begin(struct user_dtp *dtp, const struct user_dtp_order *order,
                               struct beginning *beginning, bool *ret_has_begun)
{
    int64_t now_ms = clock_running_ms();
    int64_t waited_ms = now_ms - beginning->asked_ms;
    bool has_connection = take_connection(dtp) == FAULT_NONE;
    bool is_awaited = may_be_nothing(order) && !has_data(dtp);
    *ret_has_begun = beginning->is_told && has_connection && !is_awaited;
    if (*ret_has_begun)
        return FAULT_NONE;
    if (user_pi_has_news(dtp->pi, 0))
        return hear_beginning(dtp, beginning);
    if (is_awaited && beginning->is_over)
        beginning->is_nothing = *ret_has_begun = now_ms - beginning->over_ms > NO_LISTING_MS;
    else if (!has_connection && waited_ms > (int64_t)dtp->settings->connect_seconds * 1000)
        return FAULT_NO_DATA_CONNECTION;
    else
        *ret_has_begun = has_begun_silently(dtp, waited_ms);
    if (!*ret_has_begun)
        look(dtp);
    return FAULT_NONE;
}

/*
 * How the server begins: with a 1xx and the data connection, in either order, or with the
 * data alone.
 */
static enum fault await_beginning(struct user_dtp *dtp, const struct user_dtp_order *order,
                                  struct beginning *beginning)
{
    beginning->asked_ms = clock_running_ms();
    while (!atomic_load(&dtp->cancelled)) {
        bool has_begun = false;
        enum fault f = try_to_begin(dtp, order, beginning, &has_begun);
        if (f || has_begun)
            return f;
    }
    return FAULT_CANCELLED;
}

/* ---- The data, and behind them ---------------------------------------------------------- */

/* PROT P: nothing moves before TLS stands, and never in the clear (RFC 4217 9). */
static enum fault secure(struct user_dtp *dtp, const struct user_dtp_order *order)
{
    char message[TLS_MESSAGE_SIZE];
    if (order->parameters.protection != PROTECTION_PRIVATE || dtp->channel.tls)
        return FAULT_NONE;
    if (!dtp->security)
        return FAULT_BUG;
    return channel_secure_client(&dtp->channel, dtp->security->client, dtp->security->how, message);
}

/* From now on that is what is cancelled; NULL: nothing. */
static void set_moving(struct user_dtp *dtp, const struct user_dtp_order *order)
{
    pthread_mutex_lock(&dtp->lock);
    dtp->moving = order;
    if (atomic_load(&dtp->cancelled)) /* between the last look and now */
        cancel_moving(dtp);
    pthread_mutex_unlock(&dtp->lock);
}

static enum fault move(struct user_dtp *dtp, const struct user_dtp_order *order)
{
    struct transfer transfer = {
        .channel = &dtp->channel,
        .plan = {.parameters = order->parameters,
                 .code_page = dtp->settings->code_page,
                 .keeps_line_ends = order->keeps_line_ends,
                 .deflate_level = dtp->settings->deflate_level,
                 .marker_interval = order->marker_interval,
                 .from = order->from,
                 .first = order->first},
        .keeper = order->keeper,
        .progress = order->progress,
        .throttles = order->direction == USER_DTP_FETCH ? dtp->settings->down : dtp->settings->up,
    };
    set_moving(dtp, order);
    enum fault f = secure(dtp, order);
    if (!f)
        f = order->direction == USER_DTP_FETCH ? transfer_receive(&transfer, order->stream)
                                               : transfer_send(&transfer, order->stream);
    set_moving(dtp, NULL);
    return f;
}

/* In MODE B and C it stays for the next file; a server must not take a broken one for whole. */
static void leave_connection(struct user_dtp *dtp, const struct user_dtp_order *order,
                             enum fault moved)
{
    if (!moved && parameters_keep_connection(&order->parameters))
        return;
    if (moved && order->direction == USER_DTP_SEND)
        channel_reset(&dtp->channel);
    else
        channel_close(&dtp->channel);
}

static void hear_markers(const struct user_dtp *dtp, const struct user_dtp_order *order)
{
    struct text rest = user_pi_text(dtp->pi);
    if (user_pi_code(dtp->pi) != 110 || !order->on_marker)
        return;
    /* RFC 959 4.2: "110 MARK yyyy = mmmm", the sender's and the receiver's. */
    struct text word = text_take_word(&rest);
    struct text ours = text_take_word(&rest);
    struct text sign = text_take_word(&rest);
    if (text_equal_any_case(word, TEXT("MARK")) && text_equal(sign, TEXT("=")) && rest.len)
        order->on_marker(order->owner, ours, text_trim(rest));
}

static enum fault hear_the_end(struct user_dtp *dtp, const struct user_dtp_order *order)
{
    user_pi_await_anew(dtp->pi);
    for (int replies = 0; replies < USER_PI_PRELIMINARIES; replies++) {
        enum fault f = user_pi_await(dtp->pi, &dtp->cancelled);
        if (!f)
            f = user_pi_reply(dtp->pi);
        if (f)
            return f;
        if (user_pi_code(dtp->pi) >= 200)
            return user_pi_fault(dtp->pi);
        hear_markers(dtp, order);
    }
    return FAULT_MALFORMED;
}

/* What is heard before the end, and of which transfer. */
struct hearing {
    const struct user_dtp *dtp; /* borrowed, as all below */
    const struct user_dtp_order *order;
};

static void hear_before_abort(void *owner)
{
    const struct hearing *hearing = owner;
    hear_markers(hearing->dtp, hearing->order);
}

static void abort_transfer(struct user_dtp *dtp, const struct user_dtp_order *order)
{
    struct hearing hearing = {dtp, order};
    enum fault f = user_pi_send_abort(dtp->pi);
    channel_reset(&dtp->channel);
    if (!f)
        user_pi_hear_abort(dtp->pi, hear_before_abort, &hearing);
}

/* It has been asked, and has not said no: it may still say so, or begin. */
static bool is_unanswered(const struct user_dtp *dtp, enum fault f)
{
    return f == FAULT_NO_DATA_CONNECTION && user_pi_code(dtp->pi) < 200;
}

/* Our connection was ended without having been taken: what the server says of it counts. */
static bool was_left_alone(const struct user_dtp_order *order, enum fault moved)
{
    return moved == FAULT_CONNECTION_LOST && may_be_nothing(order) &&
           atomic_load(&order->progress->bytes) == 0;
}

/* The data port and the command. */
static enum fault agree_and_ask(struct user_dtp *dtp, const struct user_dtp_order *order)
{
    if (order->parameters.type == TYPE_EBCDIC && !dtp->settings->code_page) {
        user_pi_blame_nobody(dtp->pi);
        return FAULT_UNSUPPORTED;
    }
    dtp->has_stalled = false;
    atomic_store(&dtp->cancelled, false);
    enum fault f = agree(dtp, order);
    if (!f)
        f = ask(dtp, order);
    if (f)
        channel_close(&dtp->channel);
    return f;
}

static enum fault hear_beginning_and_tell(struct user_dtp *dtp, const struct user_dtp_order *order,
                                          struct beginning *beginning)
{
    enum fault f = await_beginning(dtp, order, beginning);
    if (!f && order->on_beginning)
        order->on_beginning(order->beginning_owner,
                            user_pi_code(dtp->pi) / 100 == 1 ? user_pi_text(dtp->pi) : TEXT_NONE);
    if (f == FAULT_NO_DATA_CONNECTION && dtp->channel.fd < 0)
        user_dtp_port_blame_ours(&dtp->port);
    return f;
}

/* Bytes moved, with that outcome; what the server says of it. */
static enum fault conclude(struct user_dtp *dtp, const struct user_dtp_order *order, bool is_over,
                           enum fault moved)
{
    enum fault f = is_over ? FAULT_NONE : hear_the_end(dtp, order);
    if (f == FAULT_CANCELLED) {
        abort_transfer(dtp, order);
        return f;
    }
    if (!f && was_left_alone(order, moved)) {
        *order->ret_is_alleged = true;
        return FAULT_NONE;
    }
    if (moved == FAULT_TLS_FAILED && f == FAULT_CONNECTION_LOST && user_pi_code(dtp->pi) < 200)
        return f; /* the control connection has gone, and the handshake with it */
    if (moved && !fault_is_of_the_way(moved))
        user_pi_blame_nobody(dtp->pi); /* it was our file: the server only saw us go */
    else if (moved && user_pi_code(dtp->pi) >= 500)
        return f; /* it hung up for a reason: a quota (552), a disk that failed */
    return moved ? moved : f;
}

enum fault user_dtp_transfer(struct user_dtp *dtp, const struct user_dtp_order *order)
{
    struct beginning beginning = {0};
    enum fault f = agree_and_ask(dtp, order);
    if (f)
        return f;
    f = hear_beginning_and_tell(dtp, order, &beginning);
    if (beginning.is_nothing) {
        *order->ret_is_alleged = true;
        user_dtp_port_close(&dtp->port);
        channel_close(&dtp->channel);
        return FAULT_NONE;
    }
    enum fault moved = f ? f : move(dtp, order);
    dtp->has_stalled = !f && moved == FAULT_TIMED_OUT;
    if (moved == FAULT_CANCELLED || is_unanswered(dtp, f)) {
        abort_transfer(dtp, order);
        return moved;
    }
    leave_connection(dtp, order, moved);
    /* or it ended before it began */
    return f ? f : conclude(dtp, order, beginning.is_over, moved);
}
