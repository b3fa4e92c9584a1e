/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pathname: names as they travel on the control line. Pure.
 *
 * A path inside ferry is absolute within the user's root, normal ("/a/b": no
 * empty, "." or ".." part, no slash at the end but in "/") and of any bytes but
 * NUL. That only says which name is meant; whether it stays below the root is
 * decided by the kernel when the store opens it, never here.
 */
#ifndef FERRY_PROTOCOL_PATHNAME_H
#define FERRY_PROTOCOL_PATHNAME_H

#include <stdbool.h>

#include "base/text.h"

enum {
    PATHNAME_MAX = 4095,     /* longest path, without a NUL (Linux's PATH_MAX counts one) */
    PATHNAME_PART_MAX = 255, /* longest name in it (Linux's NAME_MAX) */
};

/*
 * Writes the path that `name` means in `directory` (a path, for relative
 * names) into the empty builder `b`. "..", ".", and "//" are resolved by
 * themselves; ".." at the root stays there. NUL in a name stands for LF, as
 * FTP programs write it. False when the result is longer than PATHNAME_MAX or
 * b's room. An empty name means the directory.
 */
bool pathname_resolve(struct text directory, struct text name, struct builder *b);

/* All but the last part: "/a/b" -> "/a", "/a" -> "/", "/" -> "/". */
struct text pathname_parent(struct text path);
/* The last part: "/a/b" -> "b", "/" -> "". */
struct text pathname_last(struct text path);

/* "path" as 257 shows it: in quotes, inner quotes doubled (RFC 959 Appendix II). */
void pathname_put_quoted(struct builder *b, struct text path);
/*
 * Appends the path that the text of a 257 has between its first quote and the one that ends it; of
 * a server that has no quotes its first word. False: there is none, it is empty, has NUL, CR or
 * LF, or b has no room for it.
 */
bool pathname_take_quoted(struct text reply, struct builder *b);

#endif
