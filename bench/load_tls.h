/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_tls: TLS on a link. Nobody's certificate is verified; the cipher is the same for all
 * servers, so that all do the same work.
 */
#ifndef FERRY_BENCH_LOAD_TLS_H
#define FERRY_BENCH_LOAD_TLS_H

#include "load_link.h"
#include "load_options.h"

/* The context of all links, or NULL. Free with SSL_CTX_free. */
SSL_CTX *tls_new_context(const struct options *options);

/*
 * Puts TLS on an open link. `ticket` (NULL: none) is what it tries to resume; where `ret_ticket`
 * is not NULL each ticket that comes replaces what is there, which the caller frees.
 * False: no memory.
 */
bool tls_secure(struct link *link, SSL_CTX *context, SSL_SESSION *ticket, SSL_SESSION **ret_ticket);

/* Goes on with the handshake: 1 it is done, LINK_WAIT or LINK_LOST. */
ssize_t tls_shake(struct link *link);

bool tls_is_resumed(const struct link *link);

/* As link_send and so on. */
ssize_t tls_send(struct link *link, const void *bytes, size_t len);
ssize_t tls_receive(struct link *link, void *buffer, size_t size);
void tls_end_sending(struct link *link);
void tls_free(struct link *link);

#endif
