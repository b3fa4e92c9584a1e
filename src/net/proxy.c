/* SPDX-License-Identifier: Apache-2.0 */
#include "net/proxy.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "net/proxy_form.h"

/* Who is waited for, and how long. */
struct wait {
    int fd;
    int64_t until_ms;
    const atomic_bool *given_up; /* borrowed: the caller's */
};

static enum fault await_proxy(const struct wait *wait, short events)
{
    return socket_await(wait->fd, events, wait->until_ms, wait->given_up);
}

static enum fault tell(const struct wait *wait, struct text bytes)
{
    while (bytes.len) {
        ssize_t n = send(wait->fd, bytes.at, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        enum fault f = FAULT_NONE;
        if (n >= 0)
            bytes = text_after(bytes, (size_t)n);
        else if (errno != EAGAIN && errno != EINTR)
            f = FAULT_CONNECTION_LOST;
        else
            f = await_proxy(wait, POLLOUT);
        if (f)
            return f;
    }
    return FAULT_NONE;
}

/*
 * Looks at what came, and takes no more of it than is the proxy's: what follows
 * is the host's, which may speak first, as FTP's servers do.
 */
static enum fault hear(const struct wait *wait, struct proxy_dialogue *dialogue,
                       struct builder *message)
{
    char bytes[4096];
    size_t used = 0;
    ssize_t n = recv(wait->fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        return FAULT_CONNECTION_LOST;
    if (n < 0)
        return await_proxy(wait, POLLIN);
    enum fault f = proxy_dialogue_hear(dialogue, (struct text){bytes, (size_t)n}, &used, message);
    if (!f && recv(wait->fd, bytes, used, MSG_DONTWAIT) != (ssize_t)used)
        f = FAULT_CONNECTION_LOST;
    return f;
}

static enum fault converse(const struct wait *wait, struct proxy_dialogue *dialogue,
                           struct builder *message)
{
    enum fault f = tell(wait, (struct text){dialogue->said, dialogue->said_len});
    while (!f && dialogue->stage != PROXY_STAGE_OPEN) {
        dialogue->said_len = 0;
        f = hear(wait, dialogue, message);
        if (!f)
            f = tell(wait, (struct text){dialogue->said, dialogue->said_len});
    }
    return f;
}

enum fault proxy_connect(int fd, const struct proxy *proxy, struct text host, uint16_t port,
                         struct patience patience, char message[PROXY_MESSAGE_SIZE])
{
    struct proxy_dialogue dialogue;
    struct builder b = builder_on(message, PROXY_MESSAGE_SIZE);
    const struct wait wait = {fd, clock_running_ms() + patience.timeout_ms, patience.given_up};
    enum fault f = proxy_dialogue_begin(&dialogue, proxy, host, port, &b);
    if (!f)
        f = converse(&wait, &dialogue, &b);
    if (f && !b.len)
        builder_put_string(&b, f == FAULT_TIMED_OUT ? "the proxy does not answer"
                                                    : "the proxy closed the connection");
    builder_end(&b);
    explicit_bzero(&dialogue, sizeof(dialogue));
    return f;
}
