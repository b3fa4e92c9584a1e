/* SPDX-License-Identifier: Apache-2.0 */
/* What moves on a data connection: files and listings, in the clear and under TLS. */
#include "bare.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SMALL_BYTES = 64 * 1024, /* a file below this takes no pipe */
    TURN = 16,               /* pieces of a transfer until others have their turn */
};

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

/* From one end into the other, in the kernel; nothing is copied but where a file is written. */
static ssize_t carry(int from, off_t *at, int to, size_t len)
{
    return splice(from, at, to, NULL, len, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

/*
 * A pipe of our own is what sendfile has inside, but larger: 27 ms of CPU a GiB instead of 43, for
 * the socket is given 1 MiB at a time and not 64 KiB.
 */
static int send_through(struct session *s, struct pipe *pipe)
{
    for (int turn = 0; turn < TURN;) {
        if (!pipe->len) {
            ssize_t n = carry(s->file, &s->at, pipe->ends[1], PIPE_BYTES);
            if (n <= 0)
                return n < 0 ? MOVED_FAILED : MOVED_ALL;
            pipe->len = (size_t)n;
            turn++;
        }
        ssize_t n = carry(pipe->ends[0], NULL, s->data, pipe->len);
        if (n <= 0)
            return wait_or_fail(EPOLLOUT);
        pipe->len -= (size_t)n;
    }
    return EPOLLOUT;
}

static int send_file(struct session *s)
{
    int step = s->at ? EPOLLOUT : send_start(s);
    if (step != EPOLLOUT)
        return step;
    struct pipe *pipe = data_pipe(s);
    return pipe ? send_through(s, pipe) : MOVED_FAILED;
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

static int receive_through(struct session *s, struct pipe *pipe)
{
    for (int turn = 0; turn < TURN; turn++) {
        ssize_t n = carry(s->data, NULL, pipe->ends[1], PIPE_BYTES);
        if (n <= 0)
            return n < 0 ? wait_or_fail(EPOLLIN) : MOVED_ALL;
        for (pipe->len = (size_t)n; pipe->len; pipe->len -= (size_t)n) {
            n = carry(pipe->ends[0], NULL, s->file, pipe->len);
            if (n <= 0)
                return MOVED_FAILED;
        }
    }
    return EPOLLIN;
}

/*
 * What comes in small pieces passes through us; a stream goes through a pipe, which saves one of
 * two copies: 0.38 s of CPU a GiB into memory instead of 0.45.
 */
static int receive_file(struct session *s)
{
    for (int turn = 0; turn < TURN && !s->pipe; turn++) {
        ssize_t n = recv(s->data, s->loop->piece, SMALL_BYTES, 0);
        if (n <= 0)
            return n < 0 ? wait_or_fail(EPOLLIN) : MOVED_ALL;
        if (!write_all(s->file, s->loop->piece, (size_t)n))
            return MOVED_FAILED;
        if (n == SMALL_BYTES && !data_pipe(s))
            return MOVED_FAILED;
    }
    return s->pipe ? receive_through(s, s->pipe) : EPOLLIN;
}

/* A piece at a time: behind the first leaves the 150, and others have their turn. */
static int send_listing(struct session *s)
{
    struct listing *l = s->listing;
    if (l->text_at == l->text_len) {
        l->text_at = l->text_len = 0;
        if (!listing_fill(l))
            return MOVED_FAILED;
        if (!l->text_len)
            return MOVED_ALL;
    }
    ssize_t n = send(s->data, l->text + l->text_at, l->text_len - l->text_at,
                     l->has_ended ? MSG_MORE : 0);
    if (n < 0)
        return wait_or_fail(EPOLLOUT);
    l->text_at += (size_t)n;
    return l->has_ended && l->text_at == l->text_len ? MOVED_ALL : EPOLLOUT;
}

/* ---- Under TLS --------------------------------------------------------------------------- */

static int wait_for(ssize_t wanted)
{
    if (wanted == TLS_WANTS_READ)
        return EPOLLIN;
    return wanted == TLS_WANTS_WRITE ? EPOLLOUT : MOVED_FAILED;
}

/* The next piece of a file or of a listing, and whether it is the last; -1. */
static ssize_t next_piece(struct session *s, const char **ret_piece, bool *ret_is_last)
{
    struct listing *l = s->listing;
    if (!l) {
        ssize_t n = pread(s->file, s->loop->piece, PIECE_BYTES, s->at);
        s->at += n > 0 ? n : 0;
        *ret_piece = s->loop->piece;
        *ret_is_last = n < PIECE_BYTES;
        return n;
    }
    l->text_len = 0;
    *ret_piece = l->text;
    bool is_read = listing_fill(l);
    *ret_is_last = l->has_ended;
    return is_read ? (ssize_t)l->text_len : -1;
}

/* The last piece leaves in one write with the end of the stream. */
static int send_sealed(struct session *s)
{
    int turns = s->listing ? 1 : TURN;
    for (int turn = 0;; turn++) {
        const char *piece;
        bool is_last;
        ssize_t ready = tls_ready(s->data_tls);
        if (ready != TLS_READY)
            return ready == TLS_ENDED ? MOVED_ALL : wait_for(ready);
        if (turn == turns)
            return EPOLLOUT;
        ssize_t n = next_piece(s, &piece, &is_last);
        if (n < 0 || !tls_write(s->data_tls, piece, (size_t)n))
            return MOVED_FAILED;
        if (is_last)
            tls_finish(s->data_tls);
    }
}

/* Records are gathered to a piece, as far as they are there; what the last of them was. */
static ssize_t gather_records(struct session *s, size_t *ret_len)
{
    ssize_t n = 1;
    size_t len = 0;
    while (n > 0 && len < PIECE_BYTES) {
        n = tls_read(s->data_tls, s->loop->piece + len, PIECE_BYTES - len);
        len += n > 0 ? (size_t)n : 0;
    }
    *ret_len = len;
    return n;
}

static int receive_sealed(struct session *s)
{
    for (int turn = 0; turn < TURN; turn++) {
        size_t len;
        ssize_t n = gather_records(s, &len);
        if (!write_all(s->file, s->loop->piece, len))
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

/* ---- Either -------------------------------------------------------------------------------- */

int move_step(struct session *s)
{
    if (s->is_private)
        return s->move == MOVE_RECEIVE ? receive_sealed(s) : send_sealed(s);
    if (s->move == MOVE_RECEIVE)
        return receive_file(s);
    return s->move == MOVE_LIST ? send_listing(s) : send_file(s);
}
