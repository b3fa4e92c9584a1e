/* SPDX-License-Identifier: Apache-2.0 */
#include "server/control.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "net/socket.h"
#include "net/tls_link.h"
#include "server/loop.h"

enum {
    /* Lines that wait: enough for deep pipelines, then TCP holds the rest back. */
    WAITING_MAX = 64 * 1024,
    /* Replies unread by the peer that stop the delivery of lines. */
    OUTPUT_PAUSE = 64 * 1024,
    /* Never more than this: the longest STAT listing and what came before it. */
    OUTPUT_MAX = 2 * 1024 * 1024,
    /* First byte of a TLS record; with the handshake a client begins that takes this for FTPS. */
    TLS_RECORD_FIRST = 20,
    TLS_RECORD_HELLO = 22,
    TLS_RECORD_LAST = 23,
    /* Decrypted in one go. */
    CLEAR_BYTES = 4096,
};

/* Each line that waits has its length before it; a too long one has TOO_LONG. */
typedef uint16_t record_len;
static const record_len TOO_LONG = UINT16_MAX;

static void update_watch(struct control *control)
{
    unsigned events = 0;
    bool full = control->waiting_len > WAITING_MAX;
    if (!control->ended && !control->closing && !full)
        events |= WATCH_READ | WATCH_URGENT;
    if (control->output_len)
        events |= WATCH_WRITE;
    if (events != control->events_on)
        watch_change(control->watch, events);
    control->events_on = events;
}

/* ---- Output ------------------------------------------------------------------ */

static void break_off(struct control *control)
{
    control->ended = true;
    control->broken = true;
    control->gathered = 0;
    control->output_len = 0;
    memory_free(control->output);
    control->output = NULL;
    control->output_at = 0;
    control->output_size = 0;
}

/* What the kernel takes now; 0 when nothing, or when the connection broke. */
static size_t send_now(struct control *control, struct text bytes)
{
    ssize_t n;
    do {
        n = send(control->fd, bytes.at, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN)
        break_off(control);
    return n > 0 ? (size_t)n : 0;
}

static bool queue_output(struct control *control, struct text bytes)
{
    size_t needed = control->output_at + control->output_len + bytes.len;
    if (control->output_len + bytes.len > OUTPUT_MAX)
        return false;
    if (needed > control->output_size && control->output_at) {
        /* What the peer has read makes room: else one that is never quite done hoards it all. */
        memmove(control->output, control->output + control->output_at, control->output_len);
        needed -= control->output_at;
        control->output_at = 0;
    }
    if (needed > control->output_size) {
        size_t size = control->output_size ? control->output_size : 4096;
        while (size < needed)
            size *= 2;
        char *output = memory_resize(control->output, size, 1);
        if (!output)
            return false;
        control->output = output;
        control->output_size = size;
    }
    memcpy(control->output + control->output_at + control->output_len, bytes.at, bytes.len);
    control->output_len += bytes.len;
    return true;
}

static void send_or_queue(struct control *control, struct text bytes)
{
    if (!control->output_len)
        bytes = text_after(bytes, send_now(control, bytes));
    /* A reply that cannot be kept would leave the client waiting: better no connection. */
    if (bytes.len && !control->broken && !queue_output(control, bytes)) {
        log_warning("replies-not-kept", LOG_NUMBER("bytes", control->output_len));
        break_off(control);
    }
    update_watch(control);
}

void control_send_gathered(struct control *control)
{
    const struct text gathered = {loop_reply_buffer(control->loop), control->gathered};
    control->gathered = 0;
    if (gathered.len)
        send_or_queue(control, gathered);
}

/*
 * To the peer as they are: in the clear, or encrypted already. A write costs 4 us, and the
 * peer's waking up as much: what answers one read is one write.
 */
static void put_out(struct control *control, struct text bytes)
{
    if (control->broken)
        return;
    if (control->delivering && control->gathered + bytes.len <= LOOP_REPLY_BYTES) {
        memcpy(loop_reply_buffer(control->loop) + control->gathered, bytes.at, bytes.len);
        control->gathered += bytes.len;
        return;
    }
    control_send_gathered(control);
    if (!control->broken)
        send_or_queue(control, bytes);
}

static void on_encrypted(void *owner, struct text bytes)
{
    put_out(owner, bytes);
}

bool control_is_secured(const struct control *control)
{
    return control->tls && !control->leaves_tls;
}

/* Can be written to by way of TLS. */
static bool is_open(const struct control *control)
{
    return control_is_secured(control) && !control->broken &&
           tls_link_state(control->tls) != TLS_HANDSHAKE &&
           tls_link_state(control->tls) != TLS_BROKEN;
}

void control_send(struct control *control, struct text bytes)
{
    if (!control_is_secured(control))
        put_out(control, bytes);
    else if (is_open(control) && !tls_link_write(control->tls, bytes))
        break_off(control);
}

void control_send_ticket(struct control *control)
{
    if (is_open(control) && !tls_link_send_ticket(control->tls))
        break_off(control);
}

static void flush(struct control *control)
{
    struct text left = {control->output + control->output_at, control->output_len};
    size_t sent = send_now(control, left);
    if (control->broken)
        return;
    control->output_at += sent;
    control->output_len -= sent;
    if (control->output_len)
        return;
    memory_free(control->output);
    control->output = NULL;
    control->output_at = 0;
    control->output_size = 0;
}

/* ---- Lines ---------------------------------------------------------------------- */

static bool is_deliverable(const struct control *control)
{
    bool can_answer = !control_is_secured(control) || is_open(control);
    return can_answer && !control->closing && !control->broken &&
           control->output_len <= OUTPUT_PAUSE;
}

static bool keep_waiting(struct control *control, struct text line)
{
    record_len len = line.at ? (record_len)line.len : TOO_LONG;
    size_t needed = control->waiting_len + sizeof(len) + line.len;
    if (!control->waiting || needed > control->waiting_size) {
        char *waiting = memory_resize(control->waiting, needed, 2);
        if (!waiting)
            return false;
        control->waiting = waiting;
        control->waiting_size = needed * 2;
    }
    memcpy(control->waiting + control->waiting_len, &len, sizeof(len));
    if (line.at)
        memcpy(control->waiting + control->waiting_len + sizeof(len), line.at, line.len);
    control->waiting_len = needed;
    return true;
}

static void drop_waiting(struct control *control)
{
    memory_free_secret(control->waiting, control->waiting_size);
    control->waiting = NULL;
    control->waiting_len = 0;
    control->waiting_size = 0;
}

/* The line that waits first; its place in *ret_size. */
static struct text first_waiting(const struct control *control, size_t at, size_t *ret_size)
{
    record_len len;
    memcpy(&len, control->waiting + at, sizeof(len));
    struct text line = {control->waiting + at + sizeof(len), len};
    if (len == TOO_LONG)
        line = (struct text){NULL, 0};
    *ret_size = sizeof(len) + line.len;
    return line;
}

static void take_line(struct control *control, struct text line)
{
    if (!control->waiting_len && is_deliverable(control) &&
        control->events->on_line(control->owner, line))
        return;
    if (control->closing)
        return;
    if (!keep_waiting(control, line)) {
        log_warning("line-not-kept", LOG_NUMBER("bytes", line.len));
        break_off(control);
        return;
    }
    control->events->on_waiting(control->owner, line);
}

void control_resume(struct control *control)
{
    size_t at = 0;
    if (control->delivering)
        return; /* called from inside on_line: the loop below goes on by itself */
    control->delivering = true;
    while (at < control->waiting_len && is_deliverable(control)) {
        size_t size;
        struct text line = first_waiting(control, at, &size);
        if (!control->events->on_line(control->owner, line))
            break;
        at += size;
    }
    control->delivering = false;
    control_send_gathered(control);
    if (at >= control->waiting_len) { /* more, when they were forgotten meanwhile */
        drop_waiting(control);
    } else if (at) { /* what was taken is gone; the rest moves up */
        memmove(control->waiting, control->waiting + at, control->waiting_len - at);
        control->waiting_len -= at;
    }
    update_watch(control);
}

static void on_line_event(struct control *control, enum line_event event)
{
    const struct line *line = &control->line;
    switch (event) {
    case LINE_READY:
        take_line(control, line_text(line));
        break;
    case LINE_TOO_LONG:
        control->events->on_long_line(control->owner, line_beginning(line));
        take_line(control, (struct text){NULL, 0});
        break;
    case LINE_ANSWER:
        control_send(control, (struct text){(const char *)line->answer, sizeof(line->answer)});
        break;
    case LINE_SYNCH:
        /* RFC 854: what was sent before the urgent mark and not acted on is discarded. */
        if (line_take_urgent(&control->line))
            drop_waiting(control);
        break;
    case LINE_INTERRUPTED:
    case LINE_NEEDS_MORE:
        break;
    }
}

/* Between two reads an unfinished line is kept at its own size, not the limit's. */
static void save_partial(struct control *control)
{
    size_t len = line_pending(&control->line);
    if (len && !control->closing) {
        control->partial = memory_copy(control->line.at, len);
        if (!control->partial)
            break_off(control);
    }
    control->line.at = NULL;
}

static void restore_partial(struct control *control)
{
    control->line.at = loop_line_buffer(control->loop);
    control->line.size = LINE_MAX_BYTES;
    size_t len = line_pending(&control->line);
    if (control->partial)
        memcpy(control->line.at, control->partial, len);
    memory_free_secret(control->partial, control->partial ? len : 0);
    control->partial = NULL;
}

/* Bytes in the clear, as they came or decrypted, until the way they came by holds no more. */
static void take_bytes(struct control *control, struct text bytes)
{
    bool was_secured = control_is_secured(control);
    restore_partial(control);
    control->delivering = true;
    size_t used = line_pending(&control->line) + 1 + bytes.len; /* a CR may have waited, too */
    while (bytes.len && !control->closing && control_is_secured(control) == was_secured) {
        enum line_event event;
        bytes = text_after(bytes, line_feed(&control->line, bytes, &event));
        on_line_event(control, event);
    }
    control->delivering = false;
    control_send_gathered(control);
    save_partial(control);
    /* There may have been a password in it. All of the buffer would cost 0.1 us a command. */
    explicit_bzero(loop_line_buffer(control->loop), used < LINE_MAX_BYTES ? used : LINE_MAX_BYTES);
}

/* ---- TLS ------------------------------------------------------------------------ */

/* What came before TLS began or ended, and was not acted upon. Its memory may be in use still. */
static void forget_input(struct control *control)
{
    memory_free_secret(control->partial, control->partial ? line_pending(&control->line) : 0);
    control->partial = NULL;
    control->waiting_len = 0;
    control->line = line_on(control->line.at, control->line.size);
}

void control_secure(struct control *control, struct tls *tls, struct text host)
{
    forget_input(control);
    if (tls_link_new(tls, host, on_encrypted, control, &control->tls)) {
        log_warning("tls-not-begun", LOG_TEXT("fault", text_of(fault_text(FAULT_NO_MEMORY))));
        break_off(control);
    }
}

void control_unsecure(struct control *control)
{
    forget_input(control);
    if (is_open(control))
        tls_link_end(control->tls);
    control->leaves_tls = true;
    control->seen_bytes = false;
}

static void end_tls(struct control *control)
{
    tls_link_free(control->tls);
    control->tls = NULL;
    control->leaves_tls = false;
}

/* Lines out of what was decrypted; what comes behind CCC or REIN is dropped. */
static void take_decrypted(struct control *control)
{
    char clear[CLEAR_BYTES];
    bool was_open = tls_link_state(control->tls) != TLS_HANDSHAKE;
    size_t len;
    do {
        len = 0;
        enum tls_state state = tls_link_read(control->tls, clear, sizeof(clear), &len);
        if (!was_open && state == TLS_OPEN)
            control->events->on_secured(control->owner);
        was_open = was_open || state == TLS_OPEN;
        if (len && control_is_secured(control))
            take_bytes(control, (struct text){clear, len});
    } while (len && !control->closing && !control->broken);
    explicit_bzero(clear, sizeof(clear));
}

static void feed_tls(struct control *control, struct text bytes)
{
    tls_link_feed(control->tls, bytes);
    take_decrypted(control);
    switch (tls_link_state(control->tls)) {
    case TLS_HANDSHAKE:
        socket_acknowledge_at_once(control->fd);
        break;
    case TLS_OPEN:
        break;
    case TLS_ENDED:
        if (!control->leaves_tls) {
            control->ended = true; /* what is behind it is nobody's word */
            break;
        }
        bytes = tls_link_rest(control->tls);
        end_tls(control);
        take_bytes(control, bytes);
        break;
    case TLS_BROKEN:
        break_off(control);
        break;
    }
}

/* The first byte that comes, or comes after the end of TLS, tells what the peer speaks. */
static void judge_first(struct control *control, unsigned char first)
{
    bool is_record = first >= TLS_RECORD_FIRST && first <= TLS_RECORD_LAST;
    if (!control->tls && first == TLS_RECORD_HELLO)
        break_off(control); /* a TLS client cannot read anything we would say */
    /* curl, told to let the server end TLS (CCC), does not end it itself: it speaks in the clear.
     */
    else if (control->leaves_tls && !is_record)
        end_tls(control);
}

static void feed(struct control *control, struct text bytes)
{
    if (!control->seen_bytes)
        judge_first(control, (unsigned char)bytes.at[0]);
    control->seen_bytes = true;
    if (control->broken)
        return;
    if (control->tls)
        feed_tls(control, bytes);
    else
        take_bytes(control, bytes);
}

/* True when there may be more to read now. */
static bool read_some(struct control *control)
{
    char *buffer = loop_read_buffer(control->loop);
    ssize_t n = recv(control->fd, buffer, LOOP_READ_BYTES, MSG_DONTWAIT);
    if (n > 0) {
        feed(control, (struct text){buffer, (size_t)n});
        /* There may have been a password in it. */
        explicit_bzero(buffer, (size_t)n);
        return !control->ended && !control->closing;
    }
    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n < 0)
        break_off(control);
    control->ended = true;
    return false;
}

/* Of an error the loop tells once: all that came before it is read, and then the error itself. */
static void read_to_the_error(struct control *control)
{
    control->events_on = 0; /* the watch has stopped by itself */
    if (control->closing)
        break_off(control);
    while (!control->ended && read_some(control)) {
    }
}

/* ---- The connection ----------------------------------------------------------------- */

static void on_event(void *owner, unsigned events)
{
    struct control *control = owner;
    if (events & WATCH_WRITE && control->output_len) {
        flush(control);
        if (!control->output_len)
            control_resume(control);
    }
    if (events & WATCH_URGENT)
        line_note_urgent(&control->line);
    if (events & WATCH_FAILED)
        read_to_the_error(control);
    else if (events & (WATCH_READ | WATCH_URGENT) && !control->ended && !control->closing)
        (void)read_some(control);
    update_watch(control);
    control->events->on_settled(control->owner);
}

bool control_open(struct control *control, struct loop *loop, int fd, const union endpoint *peer,
                  const struct control_events *events, void *owner)
{
    *control = (struct control){
        .events = events,
        .owner = owner,
        .loop = loop,
        .fd = fd,
        .local = socket_local(fd),
        .peer = *peer, /* the kernel forgets it when the peer resets the connection */
        .line = line_on(NULL, 0),
        .events_on = WATCH_READ | WATCH_URGENT,
    };
    control->watch = watch_start(loop, fd, control->events_on, on_event, control);
    return control->watch != NULL;
}

/* Unread bytes would turn the close into a reset, which could cost the last reply. */
static void drain_input(int fd)
{
    enum { READS_MAX = 16 };
    char waste[4096];
    for (int i = 0; i < READS_MAX; i++)
        if (recv(fd, waste, sizeof(waste), MSG_DONTWAIT) <= 0)
            return;
}

void control_close(struct control *control)
{
    if (is_open(control))
        tls_link_end(control->tls);
    end_tls(control);
    watch_stop(control->watch);
    control->watch = NULL;
    if (control->fd >= 0) {
        (void)shutdown(control->fd, SHUT_WR);
        drain_input(control->fd);
        close(control->fd);
    }
    control->fd = -1;
    memory_free_secret(control->partial, control->partial ? line_pending(&control->line) : 0);
    memory_free(control->output);
    drop_waiting(control);
    control->partial = NULL;
    control->output = NULL;
}

void control_finish(struct control *control)
{
    control->closing = true;
    update_watch(control);
}

bool control_is_over(const struct control *control)
{
    if (control->broken)
        return true;
    if (control->output_len)
        return false;
    return control->closing || (control->ended && !control->waiting_len);
}
