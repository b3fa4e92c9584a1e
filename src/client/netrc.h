/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netrc: who to log in as, from the text of ~/.netrc (ftp(1) of BSD). Pure: who
 * reads the file, checks its mode and wipes its text and our entries, which
 * hold passwords, is the caller. Copies made on the way are wiped here.
 *
 *   machine NAME | default, then any of: login NAME, password TEXT (or passwd),
 *   account TEXT, macdef NAME with the lines up to an empty one.
 *
 * Words stand between blanks and line ends; keywords have any case. A word in
 * double quotes may hold blanks, and in any word a backslash makes the next
 * byte itself, as in tnftp, GNU inetutils and Python (not in curl, where it
 * does only in quotes). A comma is no blank here: passwords have them. A "#"
 * where a keyword could be makes the rest of the line a comment; where a value
 * is due it is the value. Words that are no keyword are passed over. Lines may
 * end with CR LF, and a byte order mark may come first.
 */
#ifndef FERRY_CLIENT_NETRC_H
#define FERRY_CLIENT_NETRC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Longest value, with a NUL. */
enum { NETRC_PART_SIZE = 1024 };

struct netrc_entry {
    bool is_default; /* it is no machine's */
    bool has_login;
    bool has_password;
    bool has_account;
    /* "" when the entry has none; never CR, LF or NUL in them */
    char login[NETRC_PART_SIZE];
    char password[NETRC_PART_SIZE];
    char account[NETRC_PART_SIZE];
    struct text macros; /* for netrc_take_macro; borrowed: the file's text */
};

enum netrc_result {
    NETRC_FOUND,
    NETRC_NONE,
    NETRC_MALFORMED, /* a quote without end, a keyword without value, a value that cannot be ours */
};

/*
 * The first entry of the host (any case), or for any host (`default`), in the
 * file's order. `user`, when not empty, is who the login must be: an entry with
 * another login is passed over, one without any fits. *ret_line, counted from
 * 1, is where the file is malformed, and set only then; what is behind the
 * entry that was found is not looked at. *ret_entry is set only when found.
 */
enum netrc_result netrc_find(struct text file, struct text host, struct text user,
                             struct netrc_entry *ret_entry, size_t *ret_line);

/* Both borrowed from the file's text. */
struct netrc_macro {
    struct text name; /* as it was written; "init" is run after the login */
    struct text text; /* lines, each with its end, LF or CR LF; the last may have none */
};

/* Takes the next macro off entry.macros (or a copy of it); false when there is none. */
bool netrc_take_macro(struct text *macros, struct netrc_macro *ret_macro);

#endif
