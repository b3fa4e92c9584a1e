/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proxy_form: what is said to a proxy and what it answers, until there is a
 * connection behind it. Pure: bytes come from and go to the caller (proxy.h).
 * Answers may be anybody's. SOCKS5 (RFC 1928, RFC 1929) and HTTP's CONNECT
 * (RFC 9110 9.3.6, RFC 9112, RFC 7617).
 *
 *     begin, send what is said; then, until it is open: hear, send what is said
 */
#ifndef FERRY_NET_PROXY_FORM_H
#define FERRY_NET_PROXY_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"
#include "net/proxy.h"

enum {
    PROXY_REQUEST_SIZE = 2048,     /* CONNECT, a host twice, user and password in base64 */
    PROXY_REPLY_SIZE = 262,        /* SOCKS5's longest; of HTTP's status line the beginning */
    PROXY_HEADERS_MAX = 64 * 1024, /* all of HTTP's answers */
};

enum proxy_stage {
    PROXY_STAGE_METHOD,  /* SOCKS5: how we say who we are */
    PROXY_STAGE_USER,    /* SOCKS5: whether we may */
    PROXY_STAGE_CONNECT, /* SOCKS5: whether it is connected */
    PROXY_STAGE_STATUS,  /* HTTP: the status line */
    PROXY_STAGE_HEADERS, /* HTTP: what follows it */
    PROXY_STAGE_OPEN,
};

struct proxy_dialogue {
    const struct proxy *proxy; /* borrowed: outlives the dialogue, as the host does */
    struct text host;
    uint16_t port;
    enum proxy_stage stage;
    size_t said_len;
    size_t heard_len;
    size_t line_len; /* HTTP: of the line that is not complete; its \r counts */
    char line_last;
    size_t headers_len;
    bool is_interim;               /* HTTP: a 1xx, behind which the answer comes */
    char said[PROXY_REQUEST_SIZE]; /* to be sent now; a password may be in it */
    unsigned char heard[PROXY_REPLY_SIZE];
};

/* FAULT_ARGUMENT with a message: a host, user or password that the proxy cannot be told. */
enum fault proxy_dialogue_begin(struct proxy_dialogue *dialogue, const struct proxy *proxy,
                                struct text host, uint16_t port, struct builder *message);

/*
 * Takes what came, at most to the end of an answer; *ret_used is how much that was: what is
 * behind it when the stage is OPEN is the host's. There may be something to be sent then
 * (`said`). Faults are proxy_connect's.
 */
enum fault proxy_dialogue_hear(struct proxy_dialogue *dialogue, struct text bytes, size_t *ret_used,
                               struct builder *message);

#endif
