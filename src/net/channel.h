/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel: a connected peer as blocking bytes, in the clear or under TLS: of
 * data connections, and of the user's control connection. Used by one thread;
 * channel_interrupt and its kin alone may be called from another one. SIGPIPE is blocked or
 * ignored there: OpenSSL writes without a flag against it.
 */
#ifndef FERRY_NET_CHANNEL_H
#define FERRY_NET_CHANNEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "net/file_pipe.h"
#include "net/tls_client.h"

struct ssl_st; /* OpenSSL's, whose headers stay in net/ */

enum {
    /* What is sent at once at most: a small file. */
    CHANNEL_AT_ONCE_BYTES = 32 * 1024,
};

struct channel {
    int fd;                 /* owned; -1: closed */
    unsigned stall_seconds; /* longest time without a byte moved */
    bool waits;             /* its calls do: else only those at once may be made */
    bool has_ended;         /* our end was said */
    bool has_heard_end;     /* the peer's came; `unread` is all that is left to be read */
    enum fault broken;      /* how the connection broke, which the kernel tells only once */
    atomic_bool interrupted;
    char *unread; /* owned: bytes to be read first; NULL: none */
    size_t unread_len;
    struct file_pipe pipe;
    struct ssl_st *tls; /* owned; NULL: in the clear */
    bool is_secured;    /* its handshake was done */
};

/* Takes over a connected socket. */
void channel_open(struct channel *channel, int fd, unsigned stall_seconds);
/* Likewise one that does not block, for what is done at once, until channel_begin_to_wait. */
void channel_open_at_once(struct channel *channel, int fd, unsigned stall_seconds);
void channel_begin_to_wait(struct channel *channel);

/*
 * Puts TLS on it, as the server, before the first byte; within stall_seconds
 * however the peer divides its bytes. Who did not resume the control
 * connection's session although bond->must_resume gets FAULT_TLS_NOT_RESUMED,
 * any other failure is FAULT_TLS_FAILED, _TIMED_OUT or _CANCELLED. After a fault nothing goes over
 * it any more, in the clear or otherwise.
 */
enum fault channel_secure(struct channel *channel, const struct tls_bond *bond);
/*
 * Likewise without waiting, on one that was opened at once. FAULT_BUSY: the peer has to say more
 * first. FAULT_UNSUPPORTED: channel_secure has to go on, where it may take its time: the
 * key is a slow one, or the peer does not read.
 */
enum fault channel_secure_at_once(struct channel *channel, const struct tls_bond *bond);

/*
 * Likewise as the client. Whoever kept bytes that came behind the reply to AUTH throws them
 * away: they are in the clear, and nobody's word (FAULT_BUG: some are unread). FAULT_ARGUMENT (no
 * such host or protocol), FAULT_TLS_FAILED, _TIMED_OUT, _CANCELLED, _NO_MEMORY, each with a message
 * for people. A certificate that was not accepted is FAULT_TLS_FAILED, a control connection that
 * ends without a word FAULT_CONNECTION_LOST: another try may come through.
 */
enum fault channel_secure_client(struct channel *channel, struct tls_client *client,
                                 const struct tls_client_handshake *how,
                                 char message[TLS_MESSAGE_SIZE]);
/* "TLSv1.3, TLS_AES_128_GCM_SHA256, resumed": nothing in the clear. */
void channel_put_security(const struct channel *channel, struct builder *b);

/*
 * Ends TLS on a control connection that goes on in the clear (CCC, RFC 4217 3.2): each side's
 * close_notify, but a peer that sends none is not waited for longer than some seconds. What
 * came before the peer's, and what follows it in the clear, is read next. All that was read
 * must have been used up (FAULT_BUG). After a fault nothing goes over it any more.
 */
enum fault channel_unsecure(struct channel *channel);

/*
 * At most `size` bytes, as soon as there is one; *ret_len is 0 when the peer closed its side in
 * order. Under TLS that is its close_notify: a connection that ends without one is lost.
 */
enum fault channel_read(struct channel *channel, void *buffer, size_t size, size_t *ret_len);

/*
 * The pipe that what comes next can be read into, for the kernel to move on: its end to take it out
 * of, borrowed. -1: the bytes have to be seen (TLS), or some were already.
 */
int channel_pipe(struct channel *channel);
/* As channel_read, into that pipe; all of it is taken out before the next call. */
enum fault channel_read_to_pipe(struct channel *channel, size_t size, size_t *ret_len);

/*
 * Takes what has come without waiting, to be read later. FAULT_NONE: that was all, the peer has
 * closed its side in order; FAULT_BUSY: more is to come; FAULT_TOO_LARGE: it is more
 * than `most` bytes. `buffer` is only used meanwhile.
 */
enum fault channel_gather(struct channel *channel, void *buffer, size_t size, size_t most);

/*
 * What was gathered, or given back, and not read yet: borrowed until it is dropped or read. Also of
 * a channel that was interrupted meanwhile: it came before.
 */
struct text channel_gathered(const struct channel *channel);
void channel_drop_gathered(struct channel *channel);
/* All was gathered up to the peer's end, and none of it is left. */
bool channel_has_ended(const struct channel *channel);

/* Gives back the last bytes that were read: they come first in the next read. Copies them. */
enum fault channel_unread(struct channel *channel, const void *bytes, size_t len);

/* All of it, at once, or a fault. */
enum fault channel_write(struct channel *channel, const void *bytes, size_t len);
/*
 * Likewise, and the last byte is urgent (Telnet's Synch, RFC 854: the DM). Under TLS, which has
 * no urgent data, it is a byte like others.
 */
enum fault channel_write_urgent(struct channel *channel, const void *bytes, size_t len);

/*
 * Under TLS it works where the kernel encrypts, and is FAULT_UNSUPPORTED else.
 * Lets the kernel move up to `len` bytes of the file `fd` from *offset, which
 * it advances. Sets *ret_len (0 at the end of the file). A FAULT_UNSUPPORTED
 * means this file cannot be moved that way and nothing was.
 */
enum fault channel_send_file(struct channel *channel, int fd, int64_t *offset, size_t len,
                             size_t *ret_len);

/*
 * Likewise, but no more than is in memory and the socket takes, at most a small file's bytes, and
 * waits for nothing: fewer than `len`, or none, may be sent. `in_memory`: it is on a file system
 * that has no other place. Under TLS they may leave no sooner than with the end.
 */
enum fault channel_send_file_at_once(struct channel *channel, int fd, bool in_memory,
                                     int64_t *offset, size_t len, size_t *ret_len);

/*
 * Says that no more will be written (under TLS with close_notify) and waits until the peer's host
 * has acknowledged every byte, so that the 226 that follows is true and the close costs nobody the
 * last bytes.
 */
enum fault channel_finish(struct channel *channel);
/*
 * Likewise without waiting, on one that was opened at once. FAULT_BUSY: to be asked again when
 * something comes from the peer, or when that has taken a while (`is_late`). If it is busy
 * even then, or FAULT_UNSUPPORTED, channel_finish has to do it.
 */
enum fault channel_finish_at_once(struct channel *channel, bool is_late);
/*
 * As channel_finish, of data that have told their end: once the peer's host has them all the peer
 * may close as it likes, without having read our close_notify, as lftp does in MODE Z.
 */
enum fault channel_finish_told(struct channel *channel);

/* Waits until there is something to read, the end too: false when nothing comes in that time. */
bool channel_await(const struct channel *channel, int wait_ms);

/* Has the peer closed it, or broken it, with nothing left to read? Does not wait. */
bool channel_is_over(const struct channel *channel);

/* Makes the worker's calls fail now and later. Any thread, while it is open. */
void channel_interrupt(struct channel *channel);
/*
 * Likewise of one that sends, as channel_reset: a peer that hears an orderly end would take what
 * it has for the whole file, before it hears of any ABOR.
 */
void channel_interrupt_reset(struct channel *channel);

/* Hands an open one over to another place, whose owner it is then. */
void channel_move(struct channel *from, struct channel *to);

/*
 * Under TLS a peer that is still there gets a close_notify; its own is not waited for, nor
 * anything else: a loop may call it.
 */
void channel_close(struct channel *channel);

/*
 * Closes one whose file is not whole. Under TLS no close_notify says that it is; in the clear
 * it is channel_close, and the reply has to say it.
 */
void channel_break_off(struct channel *channel);

/*
 * Closes with a reset instead of an orderly end, which in stream mode would say
 * that the file was complete (RFC 959 3.4.1).
 */
void channel_reset(struct channel *channel);

#endif
