/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply: build and parse replies, single- and multi-line (RFC 959 4.2). Pure.
 *
 * Writing: every inner line of a multi-line reply begins with a space, so no
 * line of ours can be taken for the last one whatever text it carries, and
 * FEAT (RFC 2389 3.2) gets the form it asks for.
 */
#ifndef FERRY_PROTOCOL_REPLY_H
#define FERRY_PROTOCOL_REPLY_H

#include <stdbool.h>

#include "base/text.h"

/*
 * Appends text that may hold any bytes so that it cannot break the line: LF
 * becomes NUL (what FTP programs write for a newline in a name), CR becomes
 * CR NUL and a byte of all ones is doubled (RFC 854).
 */
void reply_put_text(struct builder *b, struct text t);

/* "code text<CRLF>". The text is written as it is: reply_put_text made it. */
void reply_put_line(struct builder *b, unsigned code, struct text text);
/* "code-text<CRLF>", then inner lines, then reply_put_line with the same code. */
void reply_put_first(struct builder *b, unsigned code, struct text text);
/* " text<CRLF>". */
void reply_put_inner(struct builder *b, struct text text);

enum reply_progress {
    REPLY_NOTHING,    /* between replies: a blank line, or what is left of a text that was broken */
    REPLY_INCOMPLETE, /* inside a multi-line reply */
    REPLY_COMPLETE,   /* `code` is final; the last line's text is `text` */
    REPLY_MALFORMED,  /* not a reply at all */
};

/*
 * The reading side: zero it, then give it each line without its end. Of a reply whose last line
 * is not as RFC 959 4.2 has it ("220End", "211-End", "200 End" behind 211) only silence behind
 * it tells that it was the last: `may_be_last` says of which lines that is to be thought.
 */
struct reply {
    unsigned code;    /* of the reply being read */
    bool inside;      /* after a first line "code-" */
    bool may_be_last; /* inside: nothing behind this line means that it ended the reply */
    struct text text; /* borrowed: the line given last, without "code " or "code-" */
};

enum reply_progress reply_take_line(struct reply *reply, struct text line);

#endif
