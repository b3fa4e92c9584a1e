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
    PORT_MIN = 1024, /* below it other services listen than data connections: RFC 2577 3 */
};

/* One copy, on its way. */
struct copying {
    const struct fxp_end *from; /* borrowed, as all below */
    const struct fxp_end *to;
    const struct carry_rules *rules;
    struct entry source; /* what the source says of it */
    struct transfer_progress *progress;
    struct fxp_outcome *outcome;
};

/* ---- From one to the other ------------------------------------------------------------- */

/*
 * Where it listens, for the other one: its port on the host that we speak with, as with all data
 * connections (user_dtp.h), for else it could have the other one connect to anybody. Who trusts
 * what a 227 says has the address in it; where a proxy is between, there is no other.
 */
static enum fault listen_there(struct remote *remote, const char *verb, char *argument, size_t size)
{
    const struct user_dtp_settings *settings = remote_dtp_settings(remote);
    union endpoint told;
    union endpoint target;
    struct builder b = builder_on(argument, size);
    if (settings->way.proxy && !settings->trusts_address)
        return FAULT_UNSUPPORTED;
    enum fault f = remote_command(remote, verb, TEXT_NONE, false);
    if (f)
        return f;
    if (user_pi_code(remote_pi(remote)) != 227 ||
        address_parse_227(user_pi_lines(remote_pi(remote)), &told) != ADDRESS_OK)
        return FAULT_NO_DATA_CONNECTION;
    target = settings->trusts_address ? told : user_pi_peer(remote_pi(remote));
    endpoint_set_port(&target, endpoint_port(&told));
    if (target.any.sa_family != AF_INET || endpoint_port(&told) < PORT_MIN)
        return FAULT_UNSUPPORTED;
    address_put_port(&b, &target);
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

static enum fault copy_direct(const struct copying *copying)
{
    const struct fxp_end *from = copying->from;
    const struct fxp_end *to = copying->to;
    const struct fxp_end **failed = &copying->outcome->failed;
    char argument[64];
    const char *listen_verb;
    *failed = from;
    enum fault f = remote_set_parameters(from->remote, &copying->rules->parameters);
    if (!f) {
        *failed = to;
        f = remote_set_parameters(to->remote, &copying->rules->parameters);
    }
    if (!f)
        f = agree_on_tls(from->remote, to->remote, &listen_verb);
    if (!f) {
        *failed = from;
        f = listen_there(from->remote, listen_verb, argument, sizeof(argument));
    }
    if (!f) {
        *failed = to;
        f = remote_command(to->remote, "PORT", text_of(argument), false);
        if (f) /* most servers refuse ports that are not ours (RFC 2577 3) */
            return FAULT_UNSUPPORTED;
    }
    return f ? f : move_between(from, to, failed);
}

/* ---- Through here ------------------------------------------------------------------------- */

/* What one transfer writes and the other one reads, on two threads. */
struct pipe_end {
    struct stream stream;
    int fd;                      /* owned; -1: closed */
    uint64_t bytes;              /* that were written */
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
        size_t written = n > 0 ? (size_t)n : 0;
        ((struct pipe_end *)stream)->bytes += written;
        at += written;
        len -= written;
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

/* The size that it is to have is known, and it has another one. */
static bool is_other_size(const struct copying *copying, uint64_t bytes)
{
    return entry_has_exact_size(&copying->source) && copying->source.size != bytes;
}

static enum fault differ(const struct copying *copying, const struct fxp_end *failed)
{
    copying->outcome->differs = true;
    copying->outcome->failed = failed;
    return FAULT_IO;
}

/*
 * The receiver may take the end of the pipe for the end of the file only if it was: else what it
 * sends is aborted, whether or not it had begun when the other one failed.
 */
static enum fault copy_through(const struct copying *copying)
{
    static const struct stream_type reading = {.read = pipe_read, .close = pipe_close};
    static const struct stream_type writing = {.write = pipe_write, .close = pipe_close};
    const struct fxp_end *from = copying->from;
    const struct fxp_end *to = copying->to;
    struct transfer_progress back = {0};
    atomic_bool is_whole = false;
    int fds[2];
    pthread_t thread;
    if (pipe2(fds, O_CLOEXEC))
        return FAULT_NO_MEMORY;
    struct half fetch = {.remote = from->remote,
                         .end = {{.type = &writing, .fd = -1}, fds[1], 0, &is_whole}};
    struct half send = {.remote = to->remote,
                        .end = {{.type = &reading, .fd = -1}, fds[0], 0, &is_whole}};
    fetch.order = (struct user_dtp_order){.direction = USER_DTP_FETCH,
                                          .verb = "RETR",
                                          .argument = text_of(from->path),
                                          .parameters = copying->rules->parameters,
                                          .stream = &fetch.end.stream,
                                          .progress = copying->progress};
    send.order = (struct user_dtp_order){.direction = USER_DTP_SEND,
                                         .verb = "STOR",
                                         .argument = text_of(to->path),
                                         .parameters = copying->rules->parameters,
                                         .stream = &send.end.stream,
                                         .progress = &back};
    if (pthread_create(&thread, NULL, run_half, &send)) {
        close(fds[0]);
        close(fds[1]);
        return FAULT_NO_MEMORY;
    }
    fetch.fault = remote_transfer(fetch.remote, &fetch.order);
    if (!fetch.fault && is_other_size(copying, fetch.end.bytes))
        fetch.fault = differ(copying, from);
    atomic_store(&is_whole, !fetch.fault);
    pipe_close(&fetch.end.stream);
    pthread_join(thread, NULL);
    /* FAULT_IO of a pipe is the other half's doing. */
    bool is_sends = send.fault && send.fault != FAULT_CANCELLED && !copying->outcome->differs &&
                    (!fetch.fault || fetch.fault == FAULT_IO);
    copying->outcome->failed = is_sends ? to : from;
    return is_sends ? send.fault : fetch.fault ? fetch.fault : send.fault;
}

/* ---- Either -----------------------------------------------------------------------------------
 */

/* A STOR for nothing would empty what the receiver has. */
static enum fault look_at_source(struct copying *copying)
{
    const struct carry_rules *rules = copying->rules;
    struct entry *source = &copying->source;
    enum fault f = remote_look(copying->from->remote, copying->from->path, source);
    if (f)
        *source = (struct entry){.name = NULL};
    if (!carry_is_exact(&rules->parameters) || rules->check == CARRY_CHECK_NOTHING)
        source->has_size = false;
    if (entry_has_exact_size(source))
        copying->outcome->size = source->size;
    return f == FAULT_NOT_FOUND ? f : FAULT_NONE;
}

/* What the receiver says it has: that it does not say is no fault. */
static enum fault check_target(const struct copying *copying)
{
    struct entry there;
    if (!entry_has_exact_size(&copying->source))
        return FAULT_NONE;
    copying->outcome->failed = copying->to;
    enum fault f = remote_look_at_file(copying->to->remote, copying->to->path, &there);
    if (f)
        return fault_is_of_the_way(f) ? f : FAULT_NONE;
    if (entry_has_exact_size(&there) && is_other_size(copying, there.size))
        return differ(copying, copying->to);
    copying->outcome->was_checked = entry_has_exact_size(&there);
    return FAULT_NONE;
}

/* Its time and its mode, as far as one tells them and the other takes them. */
static void set_facts(const struct copying *copying)
{
    const struct entry *source = &copying->source;
    const struct fxp_end *to = copying->to;
    if (copying->rules->keeps_time && source->precision != ENTRY_TIME_UNKNOWN)
        (void)remote_set_time(to->remote, to->path, source->modified);
    if (copying->rules->keeps_mode && source->has_mode)
        (void)remote_set_mode(to->remote, to->path, source->mode & 0777);
}

static enum fault move(const struct copying *copying, enum fxp_way way)
{
    struct fxp_outcome *outcome = copying->outcome;
    enum fault f = way == FXP_THROUGH_HERE ? FAULT_UNSUPPORTED : copy_direct(copying);
    bool may_go_on = f == FAULT_UNSUPPORTED || f == FAULT_NO_DATA_CONNECTION;
    if (way == FXP_DIRECT || !may_go_on)
        return f;
    outcome->is_direct = false;
    if (f == FAULT_NO_DATA_CONNECTION) { /* one may still be waiting, deaf to us */
        outcome->failed = copying->from;
        f = remote_reopen(copying->from->remote);
        if (!f) {
            outcome->failed = copying->to;
            f = remote_reopen(copying->to->remote);
        }
        if (f)
            return f;
    }
    return copy_through(copying);
}

enum fault fxp_copy(const struct fxp_end *from, const struct fxp_end *to, enum fxp_way way,
                    const struct carry_rules *rules, struct transfer_progress *progress,
                    struct fxp_outcome *ret_outcome)
{
    struct copying copying = {
        .from = from, .to = to, .rules = rules, .progress = progress, .outcome = ret_outcome};
    *ret_outcome = (struct fxp_outcome){
        .is_direct = way != FXP_THROUGH_HERE, .size = UINT64_MAX, .failed = from};
    enum fault f = look_at_source(&copying);
    if (!f)
        f = move(&copying, way);
    if (!f)
        f = check_target(&copying);
    if (!f)
        set_facts(&copying);
    return f;
}
