/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel: a connected peer of a data connection as blocking bytes. Used by
 * one worker thread; channel_interrupt alone may be called from another one.
 */
#ifndef FERRY_NET_CHANNEL_H
#define FERRY_NET_CHANNEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

struct channel {
    int fd;                 /* owned; -1: closed */
    unsigned stall_seconds; /* longest time without a byte moved */
    atomic_bool interrupted;
    char *unread; /* owned: bytes to be read first; NULL: none */
    size_t unread_len;
};

/* Takes over a connected socket. */
void channel_open(struct channel *channel, int fd, unsigned stall_seconds);

/* At most `size` bytes; *ret_len is 0 when the peer closed its side in order. */
enum fault channel_read(struct channel *channel, void *buffer, size_t size, size_t *ret_len);

/* Gives back the last bytes that were read: they come first in the next read. Copies them. */
enum fault channel_unread(struct channel *channel, const void *bytes, size_t len);

/* All of it or a fault. */
enum fault channel_write(struct channel *channel, const void *bytes, size_t len);

/*
 * Lets the kernel move up to `len` bytes of the file `fd` from *offset, which
 * it advances. Sets *ret_len (0 at the end of the file). A FAULT_UNSUPPORTED
 * means this file cannot be moved that way and nothing was.
 */
enum fault channel_send_file(struct channel *channel, int fd, int64_t *offset, size_t len,
                             size_t *ret_len);

/*
 * Says that no more will be written and waits until the peer's host has
 * acknowledged every byte, so that the 226 that follows is true and the close
 * costs nobody the last bytes.
 */
enum fault channel_finish(struct channel *channel);

/* Waits until there is something to read, the end too: false when nothing comes in that time. */
bool channel_await(const struct channel *channel, int wait_ms);

/* Has the peer closed it, or broken it, with nothing left to read? Does not wait. */
bool channel_is_over(const struct channel *channel);

/* Makes the worker's calls fail now and later. Any thread, while it is open. */
void channel_interrupt(struct channel *channel);

/* Hands an open one over to another place, whose owner it is then. */
void channel_move(struct channel *from, struct channel *to);

void channel_close(struct channel *channel);

/*
 * Closes with a reset instead of an orderly end, which in stream mode would say
 * that the file was complete (RFC 959 3.4.1).
 */
void channel_reset(struct channel *channel);

#endif
