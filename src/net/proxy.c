/* SPDX-License-Identifier: Apache-2.0 */
#include "net/proxy.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "net/proxy_form.h"

/* Waits until more can be read, or written; false: the time is up. */
static bool await_proxy(int fd, short events, int64_t until_ms)
{
    struct pollfd wait = {.fd = fd, .events = events};
    int64_t left_ms = until_ms - clock_running_ms();
    return left_ms > 0 && poll(&wait, 1, (int)left_ms) != 0;
}

static enum fault tell(int fd, struct text bytes, int64_t until_ms)
{
    while (bytes.len) {
        ssize_t n = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0)
            bytes = text_after(bytes, (size_t)n);
        else if (errno != EAGAIN && errno != EINTR)
            return FAULT_CONNECTION_LOST;
        else if (!await_proxy(fd, POLLOUT, until_ms))
            return FAULT_TIMED_OUT;
    }
    return FAULT_NONE;
}

/*
 * Looks at what came, and takes no more of it than is the proxy's: what follows
 * is the host's, which may speak first, as FTP's servers do.
 */
static enum fault hear(int fd, struct proxy_dialogue *dialogue, int64_t until_ms,
                       struct builder *message)
{
    char bytes[4096];
    size_t used = 0;
    ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        return FAULT_CONNECTION_LOST;
    if (n < 0)
        return await_proxy(fd, POLLIN, until_ms) ? FAULT_NONE : FAULT_TIMED_OUT;
    enum fault f = proxy_dialogue_hear(dialogue, (struct text){bytes, (size_t)n}, &used, message);
    if (!f && recv(fd, bytes, used, MSG_DONTWAIT) != (ssize_t)used)
        f = FAULT_CONNECTION_LOST;
    return f;
}

static enum fault converse(int fd, struct proxy_dialogue *dialogue, int64_t until_ms,
                           struct builder *message)
{
    enum fault f = tell(fd, (struct text){dialogue->said, dialogue->said_len}, until_ms);
    while (!f && dialogue->stage != PROXY_STAGE_OPEN) {
        dialogue->said_len = 0;
        f = hear(fd, dialogue, until_ms, message);
        if (!f)
            f = tell(fd, (struct text){dialogue->said, dialogue->said_len}, until_ms);
    }
    return f;
}

enum fault proxy_connect(int fd, const struct proxy *proxy, struct text host, uint16_t port,
                         int timeout_ms, char message[PROXY_MESSAGE_SIZE])
{
    struct proxy_dialogue dialogue;
    struct builder b = builder_on(message, PROXY_MESSAGE_SIZE);
    int64_t until_ms = clock_running_ms() + timeout_ms;
    enum fault f = proxy_dialogue_begin(&dialogue, proxy, host, port, &b);
    if (!f)
        f = converse(fd, &dialogue, until_ms, &b);
    if (f && !b.len)
        builder_put_string(&b, f == FAULT_TIMED_OUT ? "the proxy does not answer"
                                                    : "the proxy closed the connection");
    builder_end(&b);
    explicit_bzero(&dialogue, sizeof(dialogue));
    return f;
}
