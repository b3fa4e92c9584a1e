/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret_text: what is secret in a text that somebody wrote: in a command for
 * a server, and in a URL. Pure. The dialogue, errors and the history of the
 * shell have nothing of it; all of them ask here.
 */
#ifndef FERRY_CLIENT_SECRET_TEXT_H
#define FERRY_CLIENT_SECRET_TEXT_H

#include <stdbool.h>

#include "base/text.h"

/*
 * Is what follows the verb of a command secret: that of PASS and ACCT (RFC 959 4.1.1), and of
 * those of SITE that set a password, which servers call PSWD, PASSWD, CHPASS, ADDUSER and the
 * like? In any case (RFC 959 5.3). *ret_shown: what is before it, when it is.
 */
bool secret_in_command(struct text command, struct text *ret_shown);
/* The command, with "****" in place of that. */
void secret_put_command(struct builder *b, struct text command);

/* The password of a URL of any scheme, within the word; empty: it has none, or is no URL. */
struct text secret_in_url(struct text word);
/* The word, with "****" in place of that. */
void secret_put_url(struct builder *b, struct text word);

#endif
