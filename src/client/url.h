/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url: ftp://user:password@host:port/path;type=a as a value (RFC 1738 3.2,
 * RFC 3986), and ftps:// and ftpes:// of the same form. Pure.
 *
 * Any byte may be written as %XX. NUL, CR and LF are refused everywhere: none
 * of them can be sent in a command. Bytes that the documents want encoded are
 * taken as they are where they can only mean themselves (spaces, UTF-8), since
 * people type them; but "#" must be %23, or it would begin a fragment, which
 * FTP has not (RFC 3986 3.5). "?" is a part of the path: RFC 1738 3.2 knows no
 * query.
 */
#ifndef FERRY_CLIENT_URL_H
#define FERRY_CLIENT_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum {
    URL_PART_SIZE = 1024,
    URL_PATH_SIZE = 4096,
    /* The longest that url_put writes: each byte as %XX, and what stands between the parts. */
    URL_TEXT_SIZE = 3 * (3 * URL_PART_SIZE + URL_PATH_SIZE) + 64,
};

/* scheme, its port */
#define URL_SCHEME_LIST(X)                                                                         \
    X(FTP, "ftp", 21)     /* in the clear, unless the user asks for TLS */                         \
    X(FTPS, "ftps", 990)  /* TLS from the first byte: customary, IANA's port */                    \
    X(FTPES, "ftpes", 21) /* AUTH TLS before anything else (RFC 4217): FileZilla's word */

enum url_scheme {
#define URL_SCHEME_ENUMERATOR(name, word, port) URL_##name,
    URL_SCHEME_LIST(URL_SCHEME_ENUMERATOR)
#undef URL_SCHEME_ENUMERATOR
        URL_SCHEME_COUNT
};

struct url {
    enum url_scheme scheme;
    /* Empty and not there are two things (RFC 1738 3.1): ftp://@host, ftp://user:@host. */
    bool has_user;
    bool has_password;        /* never without has_user */
    char user[URL_PART_SIZE]; /* "" when the URL names none */
    char password[URL_PART_SIZE];
    /* A name, or an address without brackets; that of IPv6 with its zone: "fe80::1%eth0". */
    char host[URL_PART_SIZE];
    uint16_t port; /* the scheme's when the URL names none */
    /*
     * Relative to where the login lands: "a/b" for /a/b, "/a/b" for /%2Fa/b
     * (RFC 1738 3.2.2). May hold any byte but NUL, CR and LF.
     */
    char path[URL_PATH_SIZE];
    char type; /* 'A', 'I' or 'D' as ;type= says; '\0': it says nothing */
};

/* False, and *ret_url untouched, unless all of it is a URL of ours that fits. */
bool url_parse(struct text text, struct url *ret_url);

/*
 * Writes what url_parse reads as the same value: the port where it is not the
 * scheme's, "%2F" at the beginning of an absolute path. With hide_password,
 * "***" stands for the password: for messages.
 */
void url_put(struct builder *b, const struct url *url, bool hide_password);

#endif
