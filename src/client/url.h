/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url: ftp://user:password@host:port/path;type=a (RFC 1738 3.2, RFC 3986). Pure.
 */
#ifndef FERRY_CLIENT_URL_H
#define FERRY_CLIENT_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum { URL_PART_SIZE = 1024, URL_PATH_SIZE = 4096 };

struct url {
    char user[URL_PART_SIZE]; /* "" when the URL names none */
    char password[URL_PART_SIZE];
    char host[URL_PART_SIZE]; /* name or address, without brackets */
    uint16_t port;
    /*
     * Relative to where the login lands: "a/b" for /a/b, "/a/b" for /%2Fa/b
     * (RFC 1738 3.2.2). May hold any byte but NUL.
     */
    char path[URL_PATH_SIZE];
    char type; /* 'A', 'I' or 'D' as ;type= says; '\0': it says nothing */
};

/* False unless all of it is an FTP URL that fits. */
bool url_parse(struct text text, struct url *ret_url);

#endif
