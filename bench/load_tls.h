/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_tls: TLS on a link. Nobody's certificate is verified; the cipher is the same for all
 * servers, so that all do the same work.
 */
#ifndef FERRY_BENCH_LOAD_TLS_H
#define FERRY_BENCH_LOAD_TLS_H

#include "load_link.h"
#include "load_options.h"

struct tls {
    SSL_CTX *control; /* owned; NULL: everything is in the clear */
    SSL_CTX *data;    /* owned */
};

/* False: OpenSSL cannot. tls_done in either case. */
bool tls_init(struct tls *tls, const struct options *options);
void tls_done(struct tls *tls);

/*
 * Puts TLS on an open link. Each ticket that comes replaces what is in ret_ticket, which the
 * caller frees in the end. False: no memory.
 */
bool tls_secure_control(struct link *link, const struct tls *tls, SSL_SESSION **ret_ticket);
/* Likewise; it tries to resume `ticket` (NULL: none). */
bool tls_secure_data(struct link *link, const struct tls *tls, SSL_SESSION *ticket);

/* Goes on with the handshake: 1 it is done, LINK_WAIT or LINK_LOST. */
ssize_t tls_shake(struct link *link);

bool tls_is_resumed(const struct link *link);

/* As link_send and so on. */
ssize_t tls_send(struct link *link, const void *bytes, size_t len);
ssize_t tls_receive(struct link *link, void *buffer, size_t size);
void tls_end_sending(struct link *link);
void tls_free(struct link *link);

#endif
