/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote: what a person wants of a server, as one call each, over a control
 * connection that is logged in.
 */
#ifndef FERRY_CLIENT_REMOTE_H
#define FERRY_CLIENT_REMOTE_H

#include "client/url.h"
#include "client/user_pi.h"

/* Connects and logs in as the URL says; anonymous when it names nobody (RFC 1635). */
enum fault remote_open(struct user_pi *pi, const struct url *url);
/* QUIT, and close. */
void remote_close(struct user_pi *pi);

/*
 * Fetches the URL's file to a local one, complete or not at all. "-" is standard
 * output. `mode` is a letter of MODE (RFC 959 3.4).
 */
enum fault remote_get(struct user_pi *pi, const struct url *url, char mode, const char *local);
enum fault remote_put(struct user_pi *pi, const char *local, const struct url *url, char mode);
/* Writes the listing of the URL's directory or file to standard output, made fit for a terminal. */
enum fault remote_list(struct user_pi *pi, const struct url *url);

#endif
