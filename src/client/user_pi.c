/* SPDX-License-Identifier: Apache-2.0 */
#include "client/user_pi.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/name_charset.h"
#include "client/refusal.h"
#include "client/secret_text.h"
#include "net/channel.h"
#include "net/socket.h"
#include "protocol/line.h"
#include "protocol/reply.h"

enum { VERB_SIZE = 16 }; /* the longest that a refusal is judged by, and more */

struct user_pi {
    const struct user_pi_settings *settings; /* borrowed */
    struct channel channel;
    struct line line;
    char line_bytes[LINE_MAX_BYTES];
    char input[LINE_MAX_BYTES];
    size_t input_at;
    size_t input_len;
    struct name_charset *charset; /* borrowed; NULL: names are in UTF-8, or as they are */
    int64_t until_ms;       /* when waiting for what is awaited now ends, however much comes */
    atomic_bool is_hurried; /* until_ms is to be sooner */
    bool is_cut_short;      /* it is */
    bool is_out_of_step;
    char verb[VERB_SIZE]; /* of the last command */
    unsigned code;        /* of the last reply; 0: none to the last command yet */
    struct builder reply; /* on reply_bytes */
    size_t last_at;       /* where its last line begins */
    size_t reply_size;    /* of reply_bytes: most replies are short */
    char *reply_bytes;    /* owned */
};

enum {
    /* What a server sends without being asked before it is heard as the answer to a command. */
    UNASKED_MAX = 100,
    REPLY_BYTES_FIRST = 1024,
    /* Silence behind a line that may be a reply's last means that it was. */
    LAST_LINE_MS = 3000,
    CONVERTED_MAX = NAME_CHARSET_GROWTH * LINE_MAX_BYTES,
    /* How long the first reply after ABOR is waited for, and the second. */
    ABORTED_MS = 5000,
    SECOND_REPLY_MS = 1000,
    /* How often a wait looks whether somebody has become impatient. */
    LOOK_MS = 50,
};

/* Lines that come in time, but without end, have to end too. */
void user_pi_await_anew(struct user_pi *pi)
{
    int64_t patience_s = (int64_t)pi->settings->reply_seconds * USER_PI_PATIENCE;
    pi->until_ms = clock_running_ms() + patience_s * 1000;
    pi->is_cut_short = false;
    atomic_store(&pi->is_hurried, false);
}

void user_pi_hurry(struct user_pi *pi)
{
    atomic_store(&pi->is_hurried, true);
}

enum fault user_pi_open(const struct user_pi_settings *settings, int fd, struct user_pi **ret_pi)
{
    struct user_pi *pi = memory_new(sizeof(*pi));
    char *bytes = memory_new(REPLY_BYTES_FIRST);
    if (!pi || !bytes) {
        memory_free(pi);
        memory_free(bytes);
        close(fd);
        return FAULT_NO_MEMORY;
    }
    pi->settings = settings;
    pi->line = line_on(pi->line_bytes, sizeof(pi->line_bytes));
    pi->reply_bytes = bytes;
    pi->reply_size = REPLY_BYTES_FIRST;
    pi->reply = builder_on(bytes, REPLY_BYTES_FIRST);
    channel_open(&pi->channel, fd, settings->reply_seconds);
    socket_tune_control(fd);
    user_pi_await_anew(pi);
    if (settings->keep_alive_seconds)
        socket_set_keep_alive(fd, settings->keep_alive_seconds);
    *ret_pi = pi;
    return FAULT_NONE;
}

void user_pi_close(struct user_pi *pi)
{
    if (!pi)
        return;
    channel_close(&pi->channel);
    memory_free(pi->reply_bytes);
    memory_free_secret(pi, sizeof(*pi));
}

struct channel *user_pi_channel(struct user_pi *pi)
{
    return &pi->channel;
}

void user_pi_forget(struct user_pi *pi)
{
    pi->input_at = pi->input_len = 0;
    pi->line = line_on(pi->line_bytes, sizeof(pi->line_bytes));
}

union endpoint user_pi_local(const struct user_pi *pi)
{
    return socket_local(pi->channel.fd);
}

union endpoint user_pi_peer(const struct user_pi *pi)
{
    return socket_peer(pi->channel.fd);
}

void user_pi_interrupt(struct user_pi *pi)
{
    channel_interrupt(&pi->channel);
}

static void tell(const struct user_pi *pi, enum user_pi_sign sign, struct text line)
{
    if (pi->settings->on_line)
        pi->settings->on_line(pi->settings->owner, sign, line);
}

/* ---- What the server says ---------------------------------------------------------- */

/* Milliseconds until a line that has to be there by `line_ms`; 0: none. */
static int64_t time_left(struct user_pi *pi, int64_t line_ms)
{
    int64_t now_ms = clock_running_ms();
    if (atomic_exchange(&pi->is_hurried, false) && pi->until_ms > now_ms + USER_PI_HURRY_MS) {
        pi->until_ms = now_ms + USER_PI_HURRY_MS;
        pi->is_cut_short = true;
    }
    int64_t until_ms = line_ms < pi->until_ms ? line_ms : pi->until_ms;
    return until_ms > now_ms ? until_ms - now_ms : 0;
}

static int64_t line_time(const struct user_pi *pi)
{
    return clock_running_ms() + (int64_t)pi->settings->reply_seconds * 1000;
}

/* For something to read. `cancelled` may be NULL. */
static enum fault await_input(struct user_pi *pi, int64_t line_ms, const atomic_bool *cancelled)
{
    int64_t left_ms;
    while ((left_ms = time_left(pi, line_ms)) > 0) {
        if (channel_await(&pi->channel, (int)(left_ms < LOOK_MS ? left_ms : LOOK_MS)))
            return FAULT_NONE;
        if (cancelled && atomic_load(cancelled))
            return FAULT_CANCELLED;
    }
    pi->is_out_of_step = true;
    return pi->is_cut_short ? FAULT_CANCELLED : FAULT_TIMED_OUT;
}

enum fault user_pi_await(struct user_pi *pi, const atomic_bool *cancelled)
{
    if (pi->is_out_of_step)
        return FAULT_CONNECTION_LOST;
    return pi->input_at < pi->input_len ? FAULT_NONE : await_input(pi, line_time(pi), cancelled);
}

/* More input, in time for a line that has to be there by `line_ms`. */
static enum fault read_input(struct user_pi *pi, int64_t line_ms)
{
    size_t len = 0;
    enum fault f = await_input(pi, line_ms, NULL);
    if (!f)
        f = channel_read(&pi->channel, pi->input, sizeof(pi->input), &len);
    if (f || !len)
        return f ? f : FAULT_CONNECTION_LOST;
    pi->input_at = 0;
    pi->input_len = len;
    return FAULT_NONE;
}

/* RFC 854: an option is refused. */
static enum fault answer(struct user_pi *pi)
{
    return channel_write(&pi->channel, pi->line.answer, sizeof(pi->line.answer));
}

/* The next line; of one that is too long its beginning. */
static enum fault read_line(struct user_pi *pi, struct text *ret_line)
{
    int64_t line_ms = line_time(pi);
    enum fault f = FAULT_NONE;
    while (!f) {
        enum line_event event;
        f = pi->input_at == pi->input_len ? read_input(pi, line_ms) : FAULT_NONE;
        if (f)
            break;
        struct text rest = {pi->input + pi->input_at, pi->input_len - pi->input_at};
        pi->input_at += line_feed(&pi->line, rest, &event);
        if (event == LINE_READY || event == LINE_TOO_LONG) {
            *ret_line = event == LINE_READY ? line_text(&pi->line) : line_beginning(&pi->line);
            return FAULT_NONE;
        }
        if (event == LINE_ANSWER)
            f = answer(pi);
    }
    return f;
}

/* Room for a line and the LF before it; what finds none any more is dropped. */
static void make_room(struct user_pi *pi, size_t len)
{
    size_t needed = pi->reply.len + len + 2;
    if (needed <= pi->reply_size || needed > USER_PI_REPLY_BYTES)
        return;
    size_t size = needed * 2 < USER_PI_REPLY_BYTES ? needed * 2 : USER_PI_REPLY_BYTES;
    char *bytes = memory_resize(pi->reply_bytes, size, 1);
    if (!bytes)
        return;
    pi->reply_bytes = bytes;
    pi->reply_size = size;
    pi->reply.at = bytes;
    pi->reply.size = size;
}

static void keep_line(struct user_pi *pi, struct text line)
{
    char bytes[CONVERTED_MAX];
    struct builder converted = builder_on(bytes, sizeof(bytes));
    if (pi->charset && !name_charset_put_ours(pi->charset, line, &converted))
        line = builder_text(&converted);
    make_room(pi, line.len);
    if (pi->reply.len)
        builder_put_byte(&pi->reply, '\n');
    pi->last_at = pi->reply.len;
    builder_put(&pi->reply, line);
}

bool user_pi_has_news(struct user_pi *pi, int wait_ms)
{
    return pi->input_at < pi->input_len || channel_await(&pi->channel, wait_ms);
}

/* Nothing but what is none, where no reply is owed: there is none to be waited for. */
static bool is_all_there(struct user_pi *pi, enum reply_progress progress, bool is_owed)
{
    return progress == REPLY_NOTHING && !is_owed && !user_pi_has_news(pi, 0);
}

/* The code is 0 when no reply was owed, and none came. */
static enum fault read_reply(struct user_pi *pi, bool is_owed)
{
    struct reply reply = {0};
    pi->reply = builder_on(pi->reply_bytes, pi->reply_size);
    pi->last_at = 0;
    for (int lines = 0; lines < USER_PI_REPLY_LINES; lines++) {
        struct text line;
        enum fault f = read_line(pi, &line);
        if (f)
            return f;
        tell(pi, USER_PI_RECEIVED, line);
        enum reply_progress progress = reply_take_line(&reply, line);
        if (progress != REPLY_NOTHING)
            keep_line(pi, reply.text);
        if (progress == REPLY_MALFORMED)
            return FAULT_MALFORMED;
        if (is_all_there(pi, progress, is_owed))
            return FAULT_NONE;
        if (progress == REPLY_COMPLETE ||
            (reply.may_be_last && !user_pi_has_news(pi, LAST_LINE_MS))) {
            pi->code = reply.code;
            return FAULT_NONE;
        }
    }
    return FAULT_MALFORMED;
}

static enum fault hear(struct user_pi *pi, bool is_owed)
{
    pi->code = 0; /* what does not come to its end must not be taken for the reply before */
    enum fault f = pi->is_out_of_step ? FAULT_CONNECTION_LOST : read_reply(pi, is_owed);
    /* Who was interrupted hears that again: the channel says it by itself. */
    pi->is_out_of_step = pi->is_out_of_step || (f && f != FAULT_CANCELLED);
    return f;
}

enum fault user_pi_reply(struct user_pi *pi)
{
    return hear(pi, true);
}

enum fault user_pi_final_reply(struct user_pi *pi)
{
    for (int replies = 0; replies < USER_PI_PRELIMINARIES; replies++) {
        enum fault f = user_pi_reply(pi);
        if (f || pi->code >= 200)
            return f;
    }
    pi->is_out_of_step = true;
    return FAULT_MALFORMED;
}

bool user_pi_is_out_of_step(const struct user_pi *pi)
{
    return pi->is_out_of_step;
}

/* ---- What we say -------------------------------------------------------------------- */

/*
 * A second 226, a blank line, a 421 because we were idle: none of them answers what we are about
 * to ask.
 */
enum fault user_pi_hear_unasked(struct user_pi *pi)
{
    if (pi->is_out_of_step)
        return FAULT_CONNECTION_LOST;
    for (int i = 0; i < UNASKED_MAX && user_pi_has_news(pi, 0); i++) {
        enum fault f = hear(pi, false);
        if (f)
            return f;
        if (pi->code == 421)
            return FAULT_CONNECTION_LOST;
    }
    return FAULT_NONE;
}

static void tell_sent(const struct user_pi *pi, struct text command)
{
    char bytes[2 * LINE_MAX_BYTES + 8]; /* " ****" */
    struct builder b = builder_on(bytes, sizeof(bytes));
    secret_put_command(&b, command);
    tell(pi, USER_PI_SENT, builder_text(&b));
}

/* RFC 854: a byte of all ones is doubled on this side too. */
static void put_command(struct builder *b, const char *verb, struct text argument)
{
    builder_put_string(b, verb);
    if (!argument.at)
        return;
    builder_put_byte(b, ' ');
    reply_put_text(b, argument);
}

/* False: the server's set of characters has not all of it. */
static bool convert_argument(const struct user_pi *pi, struct text *argument,
                             struct builder *converted)
{
    if (!argument->at || !pi->charset)
        return true;
    bool has_all = !name_charset_put_theirs(pi->charset, *argument, converted);
    if (has_all)
        *argument = builder_text(converted);
    return has_all;
}

/* What is behind a line's end would be another command. */
static bool is_one_line(struct text argument)
{
    return text_find(argument, '\r') == argument.len && text_find(argument, '\n') == argument.len &&
           text_find(argument, '\0') == argument.len;
}

enum fault user_pi_send_behind(struct user_pi *pi, const char *verb, struct text argument)
{
    char bytes[2 * LINE_MAX_BYTES];
    char converted_bytes[CONVERTED_MAX];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct builder converted = builder_on(converted_bytes, sizeof(converted_bytes));
    struct text shown;
    pi->code = 0;
    user_pi_await_anew(pi);
    if (pi->is_out_of_step)
        return FAULT_CONNECTION_LOST;
    struct builder kept = builder_on(pi->verb, sizeof(pi->verb));
    builder_put_string(&kept, verb);
    builder_end(&kept);
    put_command(&b, verb, argument);
    bool is_secret = secret_in_command(builder_text(&b), &shown);
    bool is_right = is_secret || convert_argument(pi, &argument, &converted);
    enum fault f = FAULT_NAME_INVALID;
    if (is_right && is_one_line(text_of(verb)) && is_one_line(argument)) {
        b = builder_on(bytes, sizeof(bytes));
        put_command(&b, verb, argument);
        tell_sent(pi, builder_text(&b));
        builder_put(&b, TEXT("\r\n"));
        f = b.full ? FAULT_NAME_INVALID : channel_write(&pi->channel, b.at, b.len);
    }
    if (is_secret)
        explicit_bzero(bytes, sizeof(bytes));
    return f;
}

enum fault user_pi_send(struct user_pi *pi, const char *verb, struct text argument)
{
    user_pi_await_anew(pi);
    pi->code = 0;
    enum fault f = user_pi_hear_unasked(pi);
    return f ? f : user_pi_send_behind(pi, verb, argument);
}

enum fault user_pi_send_abort(struct user_pi *pi)
{
    static const unsigned char interrupt[] = {255, 244}; /* IAC IP */
    static const unsigned char synch[] = {255};          /* IAC, urgent; DM is in the stream */
    static const char command[] = "\362ABOR\r\n";
    if (pi->is_out_of_step)
        return FAULT_CONNECTION_LOST;
    enum fault f = channel_write(&pi->channel, interrupt, sizeof(interrupt));
    if (!f)
        f = channel_write_urgent(&pi->channel, synch, sizeof(synch));
    tell(pi, USER_PI_SENT, TEXT("ABOR"));
    pi->code = 0;
    user_pi_await_anew(pi);
    return f ? f : channel_write(&pi->channel, command, sizeof(command) - 1);
}

void user_pi_hear_abort(struct user_pi *pi, void (*on_reply)(void *owner), void *owner)
{
    int wait_ms = ABORTED_MS;
    unsigned ends = 0;
    for (int replies = 0; replies < USER_PI_PRELIMINARIES && ends < 2; replies++) {
        bool is_silent = !user_pi_has_news(pi, wait_ms);
        pi->is_out_of_step = pi->is_out_of_step || (is_silent && !ends);
        if (is_silent || user_pi_reply(pi))
            return;
        if (on_reply)
            on_reply(owner);
        ends += pi->code >= 200;
        wait_ms = SECOND_REPLY_MS;
    }
}

enum fault user_pi_command(struct user_pi *pi, const char *verb, struct text argument)
{
    enum fault f = user_pi_send(pi, verb, argument);
    return f ? f : user_pi_final_reply(pi);
}

/* ---- What it means ------------------------------------------------------------------ */

unsigned user_pi_code(const struct user_pi *pi)
{
    return pi->code;
}

struct text user_pi_text(const struct user_pi *pi)
{
    return text_after(builder_text(&pi->reply), pi->last_at);
}

void user_pi_set_charset(struct user_pi *pi, struct name_charset *charset)
{
    pi->charset = charset;
}

void user_pi_blame_nobody(struct user_pi *pi)
{
    pi->code = 0;
}

struct text user_pi_lines(const struct user_pi *pi)
{
    return builder_text(&pi->reply);
}

enum fault user_pi_fault(const struct user_pi *pi)
{
    switch (pi->code) {
    case 332:
    case 532:
        return FAULT_ACCOUNT_NEEDED;
    case 421:
        return FAULT_TOO_MANY;
    case 425:
        return FAULT_NO_DATA_CONNECTION;
    case 426:
        return FAULT_CONNECTION_LOST;
    case 450:
    case 451:
        return FAULT_BUSY;
    case 452:
    case 552:
        return FAULT_NO_SPACE;
    case 500:
    case 501:
    case 502:
    case 504:
        return FAULT_UNSUPPORTED;
    case 331: /* a password again: the one it had will not do */
    case 530:
        return FAULT_LOGIN_REFUSED;
    case 550:
        return refusal_fault(text_of(pi->verb), user_pi_text(pi));
    case 553:
        return FAULT_NAME_INVALID;
    case 554:
        return FAULT_OUT_OF_RANGE;
    default:
        break;
    }
    switch (pi->code / 100) {
    case 2:
        return FAULT_NONE;
    case 4:
        return FAULT_BUSY;
    case 5:
        return FAULT_DENIED;
    default: /* no end of anything: it waits for more, and there is none */
        return FAULT_UNSUPPORTED;
    }
}
