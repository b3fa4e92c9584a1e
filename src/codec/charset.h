/* SPDX-License-Identifier: Apache-2.0 */
/*
 * charset: text from one character set to another, by iconv, of which this is
 * the only user. What the other one has not is never replaced by something like
 * it: the conversion fails. One thread at a time.
 */
#ifndef FERRY_CODEC_CHARSET_H
#define FERRY_CODEC_CHARSET_H

#include "base/fault.h"
#include "base/text.h"

struct charset;

/* Names as iconv knows them. FAULT_ARGUMENT: it does not; FAULT_NO_MEMORY. */
enum fault charset_new(const char *to, const char *from, struct charset **ret_charset);
/* Accepts NULL. */
void charset_free(struct charset *charset);

/*
 * Appends the whole of t, converted from the initial state to the initial state.
 * Nothing is appended with FAULT_NAME_INVALID: it has what is no character of the set, or one that
 * the other has not; FAULT_MALFORMED: it ends within a character; FAULT_TOO_LARGE: it does not fit.
 */
enum fault charset_put(struct charset *charset, struct text t, struct builder *b);

#endif
