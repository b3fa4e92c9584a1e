/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name_charset: names of a server that has not heard of UTF-8 (RFC 2640), in
 * the set of characters that its user knows it has: ours are in UTF-8. A name that
 * cannot be converted is never another one in silence. One thread at a time.
 */
#ifndef FERRY_CLIENT_NAME_CHARSET_H
#define FERRY_CLIENT_NAME_CHARSET_H

#include "base/fault.h"
#include "base/text.h"

/* How much longer a text may become, either way. */
enum { NAME_CHARSET_GROWTH = 4 };

struct name_charset;

/*
 * By the name that iconv knows. FAULT_ARGUMENT: it knows none such, or commands would not be the
 * same bytes in it (UTF-16, EBCDIC); FAULT_NO_MEMORY.
 */
enum fault name_charset_new(const char *charset, struct name_charset **ret_charset);
/* Accepts NULL. */
void name_charset_free(struct name_charset *charset);

/* Appends what is sent for a text of ours. FAULT_NAME_INVALID: the set has not all of it. */
enum fault name_charset_put_theirs(struct name_charset *charset, struct text t, struct builder *b);
/*
 * Appends what a text of theirs is. One that is none of the set's stays what it was: it can be
 * shown, and is refused when it is to be sent. FAULT_NAME_INVALID: it would not be, since it is
 * UTF-8 as well. FAULT_TOO_LARGE: it does not fit.
 */
enum fault name_charset_put_ours(struct name_charset *charset, struct text t, struct builder *b);

#endif
