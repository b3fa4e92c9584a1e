/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_link: the server's end of one TLS connection as bytes in and bytes out,
 * without a socket: for control connections, whose loop does the reading and
 * writing. It owns no buffer while nothing is under way. One thread at a time.
 *
 * A control connection never resumes an older session: its identity is new,
 * and tickets it gives out are good for its own data connections alone.
 */
#ifndef FERRY_NET_TLS_LINK_H
#define FERRY_NET_TLS_LINK_H

#include "net/tls.h"

struct tls_link;

enum tls_state {
    TLS_HANDSHAKE, /* nothing may be written yet */
    TLS_OPEN,
    TLS_ENDED,  /* the peer sent close_notify */
    TLS_BROKEN, /* a fatal alert, either way, or no TLS at all; the reason is in the log (debug) */
};

/*
 * `host` (may be empty) chooses the certificate where the client names none (SNI).
 * `outlet` sends bytes to the peer, or keeps them until that is possible; it neither
 * calls nor frees the link. Takes a reference to `tls`. FAULT_NO_MEMORY.
 */
enum fault tls_link_new(struct tls *tls, struct text host,
                        void (*outlet)(void *owner, struct text bytes), void *owner,
                        struct tls_link **ret_link);
/* Accepts NULL. Sends nothing. */
void tls_link_free(struct tls_link *link);

/*
 * Takes bytes from the peer, which stay the caller's and must stay until
 * tls_link_read says that there are no more. Answers of the handshake leave by
 * the outlet while it reads.
 */
void tls_link_feed(struct tls_link *link, struct text bytes);
/*
 * Next bytes in the clear; *ret_len is 0 when what was fed has been used up, or
 * the state is ENDED or BROKEN.
 */
enum tls_state tls_link_read(struct tls_link *link, void *buffer, size_t size, size_t *ret_len);
/* After ENDED: what was fed behind the end; it is in the clear (RFC 4217 CCC). */
struct text tls_link_rest(const struct tls_link *link);

enum tls_state tls_link_state(const struct tls_link *link);

/* Only while OPEN. False when it broke. */
bool tls_link_write(struct tls_link *link, struct text bytes);
/*
 * TLS 1.3: a fresh ticket, on its way before whatever is written next. In TLS
 * 1.2 there is one ticket, or session, for any number of connections. False
 * when it broke.
 */
bool tls_link_send_ticket(struct tls_link *link);
/*
 * Sends close_notify: nothing can be written any more, which would break it. The
 * peer may go on until it has sent its own.
 */
void tls_link_end(struct tls_link *link);

/* ---- Once it is open --------------------------------------------------------- */

struct tls_bond tls_link_bond(const struct tls_link *link);
/* "TLSv1.3", "TLS_AES_256_GCM_SHA384" */
const char *tls_link_version(const struct tls_link *link);
const char *tls_link_cipher(const struct tls_link *link);
/* The name the client asked for (SNI); empty: none. As long as the link. */
struct text tls_link_server_name(const struct tls_link *link);

enum tls_name { TLS_NAME_COMMON, TLS_NAME_EMAIL, TLS_NAME_DNS };

/* Has the client shown a certificate that a client CA signed? */
bool tls_link_has_client(const struct tls_link *link);
/*
 * A name in that certificate: the subject's last common name, or the
 * index-th e-mail address or DNS name of its SAN. False: there is none (a name
 * with a NUL or a control character is none).
 */
bool tls_link_client_name(const struct tls_link *link, enum tls_name kind, size_t index,
                          struct builder *b);

#endif
