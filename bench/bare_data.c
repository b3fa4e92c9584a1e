/* SPDX-License-Identifier: Apache-2.0 */
/* Data connections: passive, and what moves on them. */
#include "bare.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SMALL_BYTES = 64 * 1024,  /* a file below this is read and sent, not sent by sendfile */
    SENDFILE_BYTES = 1 << 30, /* until the socket is full */
    RECEIVE_TURN = 4,         /* pieces of an upload until others have their turn */
};

/* What a step of a transfer came to; else the events it waits for. */
enum { MOVED_ALL = 0, MOVED_FAILED = -1 };

bool data_listen(struct session *s)
{
    struct sockaddr_in local = {.sin_family = AF_INET};
    socklen_t len = sizeof(local);
    if (s->listener >= 0) {
        /* What an earlier command was to have and did not take: it failed. */
        for (int fd; s->is_awaited && (fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
            close(fd);
        s->is_awaited = true;
        return true;
    }
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->listener >= 0 && !bind(s->listener, (struct sockaddr *)&local, sizeof(local)) &&
        !listen(s->listener, 8) && !getsockname(s->listener, (struct sockaddr *)&local, &len)) {
        s->port = ntohs(local.sin_port);
        s->is_awaited = true;
        return true;
    }
    if (s->listener >= 0)
        close(s->listener);
    s->listener = -1;
    return false;
}

void data_drop(struct session *s)
{
    tls_free(s->data_tls);
    s->data_tls = NULL;
    if (s->data >= 0)
        close(s->data);
    if (s->file >= 0)
        close(s->file);
    s->data = s->file = -1;
    if (s->listing) {
        listing_end(s->listing);
        if (s->loop->spare)
            free(s->listing);
        else
            s->loop->spare = s->listing;
        s->listing = NULL;
    }
    s->watched = 0;
    s->move = MOVE_NONE;
}

/* ---- In the clear --------------------------------------------------------------------- */

static int wait_or_fail(int events)
{
    return errno == EAGAIN || errno == EINTR ? events : MOVED_FAILED;
}

/*
 * A small file is read to its end, which no call has to tell in advance, and leaves with the end
 * of the connection in one segment: MSG_MORE holds it back until close.
 */
static int send_start(struct session *s)
{
    char *piece = s->loop->piece;
    ssize_t n = pread(s->file, piece, SMALL_BYTES, 0);
    if (n <= 0)
        return n < 0 ? MOVED_FAILED : MOVED_ALL;
    bool is_whole = n < SMALL_BYTES;
    ssize_t sent = send(s->data, piece, (size_t)n, is_whole ? MSG_MORE : 0);
    if (sent < 0)
        return wait_or_fail(EPOLLOUT);
    s->at = sent;
    return is_whole && sent == n ? MOVED_ALL : EPOLLOUT;
}

static int send_file(struct session *s)
{
    int step = s->at ? EPOLLOUT : send_start(s);
    while (step == EPOLLOUT) {
        ssize_t n = sendfile(s->data, s->file, &s->at, SENDFILE_BYTES);
        if (n <= 0)
            return n < 0 ? wait_or_fail(EPOLLOUT) : MOVED_ALL;
    }
    return step;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* When the peer is known to have ended, a short read was the last: none has to say so. */
static int receive_file(struct session *s, bool has_ended)
{
    for (int turn = 0; turn < RECEIVE_TURN; turn++) {
        ssize_t n = recv(s->data, s->loop->piece, PIECE_BYTES, 0);
        if (n <= 0)
            return n < 0 ? wait_or_fail(EPOLLIN) : MOVED_ALL;
        if (!write_all(s->file, s->loop->piece, (size_t)n))
            return MOVED_FAILED;
        if (has_ended && n < PIECE_BYTES)
            return MOVED_ALL;
    }
    return EPOLLIN;
}

static int send_listing(struct session *s)
{
    struct listing *l = s->listing;
    for (;;) {
        if (l->text_at == l->text_len) {
            l->text_at = l->text_len = 0;
            if (!l->has_ended && !listing_fill(l))
                return MOVED_FAILED;
            if (!l->text_len)
                return MOVED_ALL;
        }
        ssize_t n = send(s->data, l->text + l->text_at, l->text_len - l->text_at,
                         l->has_ended ? MSG_MORE : 0);
        if (n < 0)
            return wait_or_fail(EPOLLOUT);
        l->text_at += (size_t)n;
    }
}

/* ---- Under TLS --------------------------------------------------------------------------- */

static int wait_for(ssize_t wanted)
{
    if (wanted == TLS_WANTS_READ)
        return EPOLLIN;
    return wanted == TLS_WANTS_WRITE ? EPOLLOUT : MOVED_FAILED;
}

/* The next piece of a file or of a listing, which is short only at its end; -1. */
static ssize_t next_piece(struct session *s, const char **ret_piece)
{
    struct listing *l = s->listing;
    if (!l) {
        ssize_t n = pread(s->file, s->loop->piece, PIECE_BYTES, s->at);
        s->at += n > 0 ? n : 0;
        *ret_piece = s->loop->piece;
        return n;
    }
    l->text_len = 0;
    *ret_piece = l->text;
    return l->has_ended || listing_fill(l) ? (ssize_t)l->text_len : -1;
}

/* The last piece leaves in one write with the end of the stream. */
static int send_sealed(struct session *s)
{
    for (;;) {
        ssize_t ready = tls_ready(s->data_tls);
        if (ready != TLS_READY)
            return ready == TLS_ENDED ? MOVED_ALL : wait_for(ready);
        const char *piece;
        ssize_t n = next_piece(s, &piece);
        if (n < 0 || !tls_write(s->data_tls, piece, (size_t)n))
            return MOVED_FAILED;
        if (s->listing ? s->listing->has_ended : n < PIECE_BYTES)
            tls_finish(s->data_tls);
    }
}

/* Records are gathered to a piece, as far as they are there. */
static int receive_sealed(struct session *s)
{
    char *piece = s->loop->piece;
    for (int turn = 0; turn < RECEIVE_TURN; turn++) {
        size_t len = 0;
        ssize_t n = 1;
        while (n > 0 && len < PIECE_BYTES) {
            n = tls_read(s->data_tls, piece + len, PIECE_BYTES - len);
            len += n > 0 ? (size_t)n : 0;
        }
        if (!write_all(s->file, piece, len))
            return MOVED_FAILED;
        if (n == TLS_ENDED) {
            tls_finish(s->data_tls);
            return tls_ready(s->data_tls) == TLS_ENDED ? MOVED_ALL : MOVED_FAILED;
        }
        if (n < 0)
            return wait_for(n);
    }
    return EPOLLIN;
}

/* ---- From the command to its last reply ------------------------------------------------------ */

static int step(struct session *s, bool has_ended)
{
    if (s->is_private)
        return s->move == MOVE_RECEIVE ? receive_sealed(s) : send_sealed(s);
    if (s->move == MOVE_RECEIVE)
        return receive_file(s, has_ended);
    return s->move == MOVE_LIST ? send_listing(s) : send_file(s);
}

static void tell_150(struct session *s)
{
    if (!s->is_told)
        control_reply(s, TEXT("150 here\r\n"));
    s->is_told = true;
}

static void end(struct session *s, bool is_moved)
{
    data_drop(s);
    tell_150(s);
    control_reply(s, is_moved ? TEXT("226 done\r\n") : TEXT("426 failed\r\n"));
}

static void move(struct session *s, bool has_ended)
{
    int events = step(s, has_ended);
    if (events == MOVED_ALL || events == MOVED_FAILED) {
        end(s, events == MOVED_ALL);
        return;
    }
    tell_150(s);
    if (s->watched != events)
        loop_watch(s, s->data, ROLE_DATA, s->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
                   (uint32_t)events | EPOLLRDHUP);
    s->watched = (uint8_t)events;
}

/* A client has connected when it sends the command: most are there at once, without epoll. */
static void take_connection(struct session *s)
{
    s->data = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (s->data < 0) {
        tell_150(s);
        loop_watch(s, s->listener, ROLE_LISTENER,
                   s->is_listener_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, EPOLLIN | EPOLLONESHOT);
        s->is_listener_watched = true;
        return;
    }
    s->is_awaited = false;
    s->data_tls = s->is_private ? tls_begin(s, s->data, true) : NULL;
    if (s->is_private && !s->data_tls)
        end(s, false);
    else
        move(s, false);
}

void data_begin(struct session *s, enum move move)
{
    s->move = (uint8_t)move;
    s->is_told = false;
    s->at = 0;
    if (s->listener >= 0) {
        take_connection(s);
        return;
    }
    data_drop(s);
    control_reply(s, TEXT("425 no\r\n"));
}

void data_on_listener(struct session *s)
{
    if (s->move == MOVE_NONE || s->data >= 0)
        return;
    take_connection(s);
    if (s->move == MOVE_NONE)
        control_go_on(s);
}

void data_on_event(struct session *s, uint32_t events)
{
    if (s->move == MOVE_NONE || s->data < 0)
        return;
    move(s, events & EPOLLRDHUP);
    if (s->move == MOVE_NONE)
        control_go_on(s);
}
