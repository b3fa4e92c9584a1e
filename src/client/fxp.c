/* SPDX-License-Identifier: Apache-2.0 */
#include "client/fxp.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "protocol/address.h"

enum {
    BEGIN_MS = 30 * 1000,          /* the connection between the two is made */
    MOVE_MS = 24 * 60 * 60 * 1000, /* a file moves, of which we see nothing */
    LOOK_MS = 50,
    GRACE_MS = 3000, /* for the sender's reply, when the receiver's is here already */
};

/* ---- From one to the other ------------------------------------------------------------- */

/* Where it listens: the address that it tells, for the other one may reach it by no other. */
static enum fault listen_there(struct remote *remote, const char *verb, char *argument, size_t size)
{
    union endpoint told;
    struct builder b = builder_on(argument, size);
    enum fault f = remote_command(remote, verb, TEXT_NONE, false);
    if (f)
        return f;
    if (user_pi_code(remote_pi(remote)) != 227 ||
        address_parse_227(user_pi_lines(remote_pi(remote)), &told) != ADDRESS_OK)
        return FAULT_NO_DATA_CONNECTION;
    address_put_port(&b, &told);
    builder_end(&b);
    return FAULT_NONE;
}

/*
 * Under TLS one of the two has to be its client, which servers are by themselves
 * for nobody: CPSV asks that of the one that listens, SSCN of either.
 */
static enum fault agree_on_tls(struct remote *from, struct remote *to, const char **ret_listen)
{
    *ret_listen = "PASV";
    if (remote_protection(from) != remote_protection(to))
        return FAULT_UNSUPPORTED;
    if (remote_protection(from) == PROTECTION_CLEAR)
        return FAULT_NONE;
    if (features_has(remote_features(from), FEATURE_CPSV)) {
        *ret_listen = "CPSV";
        return FAULT_NONE;
    }
    struct remote *able = features_has(remote_features(to), FEATURE_SSCN)     ? to
                          : features_has(remote_features(from), FEATURE_SSCN) ? from
                                                                              : NULL;
    return able ? remote_command(able, "SSCN", TEXT("ON"), false) : FAULT_UNSUPPORTED;
}

/* One end's 1xx and its end. */
static enum fault hear(struct remote *remote, bool is_final)
{
    struct user_pi *pi = remote_pi(remote);
    user_pi_await_anew(pi); /* a transfer lay between */
    enum fault f = is_final ? user_pi_final_reply(pi) : user_pi_reply(pi);
    if (!f && !is_final && user_pi_code(pi) < 200)
        return FAULT_NONE;
    return f ? f : user_pi_fault(pi);
}

/*
 * The sender's 1xx, or its end. Some refuse the receiver's host without a word to us and wait on
 * for another one (Pure-FTPd 1.0.50; pyftpdlib 1.5.7, whose 425 comes before the RETR): then the
 * receiver takes what it got for all there is, and the sender says nothing for a long time.
 */
static enum fault hear_sender(const struct fxp_end *from, const struct fxp_end *to, bool is_final)
{
    int64_t until_ms = clock_running_ms() + (is_final ? MOVE_MS : BEGIN_MS);
    while (clock_running_ms() < until_ms) {
        if (user_pi_has_news(remote_pi(from->remote), LOOK_MS))
            return hear(from->remote, is_final);
        if (!user_pi_has_news(remote_pi(to->remote), 0))
            continue;
        if (user_pi_has_news(remote_pi(from->remote), GRACE_MS))
            return hear(from->remote, is_final);
        return FAULT_NO_DATA_CONNECTION;
    }
    return is_final ? FAULT_TIMED_OUT : FAULT_NO_DATA_CONNECTION;
}

/* The receiver is asked first: it is what might not be able to keep the file. */
static enum fault move_between(const struct fxp_end *from, const struct fxp_end *to,
                               const struct fxp_end **ret_failed)
{
    *ret_failed = to;
    enum fault f = user_pi_send(remote_pi(to->remote), "STOR", text_of(to->path));
    if (!f)
        f = hear(to->remote, false);
    if (f)
        return f;
    *ret_failed = from;
    f = user_pi_send(remote_pi(from->remote), "RETR", text_of(from->path));
    if (!f)
        f = hear_sender(from, to, false);
    if (f) { /* the other one waits for a connection that will never come */
        if (!user_pi_send_abort(remote_pi(to->remote)))
            user_pi_hear_abort(remote_pi(to->remote), NULL, NULL);
        return f;
    }
    f = hear_sender(from, to, true);
    *ret_failed = f ? from : to;
    enum fault other = hear(to->remote, true);
    return f ? f : other;
}

static enum fault copy_direct(const struct fxp_end *from, const struct fxp_end *to,
                              const struct parameters *parameters,
                              const struct fxp_end **ret_failed)
{
    char argument[64];
    const char *listen_verb;
    *ret_failed = from;
    enum fault f = remote_set_parameters(from->remote, parameters);
    if (!f) {
        *ret_failed = to;
        f = remote_set_parameters(to->remote, parameters);
    }
    if (!f)
        f = agree_on_tls(from->remote, to->remote, &listen_verb);
    if (!f) {
        *ret_failed = from;
        f = listen_there(from->remote, listen_verb, argument, sizeof(argument));
    }
    if (!f) {
        *ret_failed = to;
        f = remote_command(to->remote, "PORT", text_of(argument), false);
        if (f) /* most servers refuse ports that are not ours (RFC 2577 3) */
            return FAULT_UNSUPPORTED;
    }
    return f ? f : move_between(from, to, ret_failed);
}

/* ---- Through here ------------------------------------------------------------------------- */

/* What one transfer writes and the other one reads, on two threads. */
struct pipe_end {
    struct stream stream;
    int fd;                      /* owned; -1: closed */
    const atomic_bool *is_whole; /* borrowed: outlives both; the end of the pipe is the file's */
};

static enum fault pipe_read(struct stream *stream, void *buffer, size_t size, size_t *ret_len)
{
    ssize_t n;
    do {
        n = read(((struct pipe_end *)stream)->fd, buffer, size);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return FAULT_IO;
    if (n == 0 && !atomic_load(((struct pipe_end *)stream)->is_whole))
        return FAULT_CANCELLED;
    *ret_len = (size_t)n;
    return FAULT_NONE;
}

static enum fault pipe_write(struct stream *stream, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len) {
        ssize_t n = write(((struct pipe_end *)stream)->fd, at, len);
        if (n < 0 && errno != EINTR)
            return FAULT_IO; /* nobody reads any more */
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return FAULT_NONE;
}

static void pipe_close(struct stream *stream)
{
    struct pipe_end *end = (struct pipe_end *)stream;
    if (end->fd >= 0)
        close(end->fd);
    end->fd = -1;
}

struct half {
    struct user_dtp_order order;
    struct remote *remote; /* borrowed */
    struct pipe_end end;
    enum fault fault;
};

static void *run_half(void *argument)
{
    struct half *half = argument;
    half->fault = remote_transfer(half->remote, &half->order);
    pipe_close(&half->end.stream);
    return NULL;
}

/*
 * The receiver may take the end of the pipe for the end of the file only if it was: else what it
 * sends is aborted, whether or not it had begun when the other one failed.
 */
static enum fault copy_through(const struct fxp_end *from, const struct fxp_end *to,
                               const struct parameters *parameters,
                               struct transfer_progress *progress,
                               const struct fxp_end **ret_failed)
{
    static const struct stream_type reading = {.read = pipe_read, .close = pipe_close};
    static const struct stream_type writing = {.write = pipe_write, .close = pipe_close};
    struct transfer_progress back = {0};
    atomic_bool is_whole = false;
    int fds[2];
    pthread_t thread;
    if (pipe2(fds, O_CLOEXEC))
        return FAULT_NO_MEMORY;
    struct half fetch = {.remote = from->remote,
                         .end = {{.type = &writing, .fd = -1}, fds[1], &is_whole}};
    struct half send = {.remote = to->remote,
                        .end = {{.type = &reading, .fd = -1}, fds[0], &is_whole}};
    fetch.order = (struct user_dtp_order){.direction = USER_DTP_FETCH,
                                          .verb = "RETR",
                                          .argument = text_of(from->path),
                                          .parameters = *parameters,
                                          .stream = &fetch.end.stream,
                                          .progress = progress};
    send.order = (struct user_dtp_order){.direction = USER_DTP_SEND,
                                         .verb = "STOR",
                                         .argument = text_of(to->path),
                                         .parameters = *parameters,
                                         .stream = &send.end.stream,
                                         .progress = &back};
    if (pthread_create(&thread, NULL, run_half, &send)) {
        close(fds[0]);
        close(fds[1]);
        return FAULT_NO_MEMORY;
    }
    fetch.fault = remote_transfer(fetch.remote, &fetch.order);
    atomic_store(&is_whole, !fetch.fault);
    pipe_close(&fetch.end.stream);
    pthread_join(thread, NULL);
    /* FAULT_IO of a pipe is the other half's doing. */
    bool is_sends = send.fault && send.fault != FAULT_CANCELLED &&
                    (!fetch.fault || fetch.fault == FAULT_IO);
    *ret_failed = is_sends ? to : from;
    return is_sends ? send.fault : fetch.fault ? fetch.fault : send.fault;
}

enum fault fxp_copy(const struct fxp_end *from, const struct fxp_end *to, enum fxp_way way,
                    const struct parameters *parameters, struct transfer_progress *progress,
                    bool *ret_direct, const struct fxp_end **ret_failed)
{
    struct entry entry;
    *ret_direct = way != FXP_THROUGH_HERE;
    *ret_failed = from;
    enum fault f = remote_look(from->remote, from->path, &entry);
    if (f == FAULT_NOT_FOUND) /* a STOR for nothing would empty what the receiver has */
        return f;
    f = FAULT_UNSUPPORTED;
    if (way != FXP_THROUGH_HERE)
        f = copy_direct(from, to, parameters, ret_failed);
    bool may_go_on = f == FAULT_UNSUPPORTED || f == FAULT_NO_DATA_CONNECTION;
    if (way == FXP_DIRECT || !may_go_on)
        return f;
    *ret_direct = false;
    if (f == FAULT_NO_DATA_CONNECTION) { /* one may still be waiting, deaf to us */
        *ret_failed = from;
        f = remote_reopen(from->remote);
        if (!f) {
            *ret_failed = to;
            f = remote_reopen(to->remote);
        }
        if (f)
            return f;
    }
    return copy_through(from, to, parameters, progress, ret_failed);
}
