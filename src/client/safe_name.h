/* SPDX-License-Identifier: Apache-2.0 */
/*
 * safe_name: what a server said, where it could do harm: as a name of a file
 * here, and on a terminal. Pure. Every name that a server lists goes through
 * safe_name_is_local before it becomes a part of a path, and every text of a
 * server's through safe_text_put before a person sees it.
 */
#ifndef FERRY_CLIENT_SAFE_NAME_H
#define FERRY_CLIENT_SAFE_NAME_H

#include <stdbool.h>

#include "base/text.h"

enum safe_name_rule {
    SAFE_NAME_LINUX,
    SAFE_NAME_NO_DEVICE, /* but no name of a device of Windows' */
    SAFE_NAME_PORTABLE,  /* what Windows takes, too */
};

/*
 * May the name become one part of a path? Not when it is empty, ".", "..",
 * longer than NAME_MAX bytes, or holds "/" or a control character: C0 with NUL,
 * DEL, C1 as UTF-8 or as a byte that is no UTF-8. Other bytes that are no UTF-8
 * are names on Linux.
 *
 * No device: nor when it is CON, PRN, AUX, NUL, COM or LPT with a digit
 * (superscript ones too), CONIN$, CONOUT$ or CLOCK$, in any case; "aux.c" may be.
 *
 * Portable: nor when one of these stands before a dot, when it is no UTF-8, holds
 * one of \ : * ? " < > |, or ends with a dot or a space.
 *
 * That the name is free, and no link that leads elsewhere, is not known here.
 */
bool safe_name_is_local(struct text name, enum safe_name_rule rule);

/* How much longer safe_text_put's text may be than what it was made from. */
enum { SAFE_TEXT_GROWTH = 4 };

/*
 * Appends the text fit for a terminal: printable UTF-8 as it is, every other
 * byte as \x and two digits, "\x1B[31m". Not printable are C0 (tabs and line
 * ends, too), DEL, C1, what is no UTF-8, line and paragraph separators, and
 * what has no width or changes the direction: marks, embeddings, overrides and
 * isolates, the byte order mark, tags. A backslash stays one, so that the text
 * of a text is itself; what was there can not be told from it for certain. It
 * ends before the first character that b has no room for.
 */
void safe_text_put(struct builder *b, struct text t);

#endif
