/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel_tls: what a channel does under TLS, as the server's end and
 * (channel_tls_client.c) as the user's; for channel.c and those alone. The
 * peer's faults are channel.h's.
 */
#ifndef FERRY_NET_CHANNEL_TLS_H
#define FERRY_NET_CHANNEL_TLS_H

#include "net/channel.h"

enum fault channel_tls_read(struct channel *channel, void *buffer, size_t size, size_t *ret_len);
enum fault channel_tls_write(struct channel *channel, const void *bytes, size_t len);
/* Without waiting: FAULT_BUSY where nothing has come. */
enum fault channel_tls_read_at_once(struct channel *channel, void *buffer, size_t size,
                                    size_t *ret_len);
/* At most CHANNEL_AT_ONCE_BYTES, which leave with the next write, or the end. */
enum fault channel_tls_write_at_once(struct channel *channel, const void *bytes, size_t len);
enum fault channel_tls_send_file(struct channel *channel, int fd, int64_t *offset, size_t len,
                                 size_t *ret_len);

enum channel_tls_look { CHANNEL_TLS_SILENT, CHANNEL_TLS_BYTES, CHANNEL_TLS_OVER };
/* What the next read would find. Does not wait. */
enum channel_tls_look channel_tls_look(const struct channel *channel);

/* Sends close_notify, once. */
enum fault channel_tls_end(struct channel *channel);
void channel_tls_free(struct ssl_st *tls);

/* Reads and writes an end's socket as much at once as can be. False: no memory. */
bool channel_tls_carry_data(struct ssl_st *tls, int fd);
/* Within the stall time, and as long as somebody else took (*asked_ms, which may grow). */
enum fault channel_tls_shake_hands(struct channel *channel, const int64_t *asked_ms);

/* channel.c's. */
bool channel_is_interrupted(const struct channel *channel);

#endif
