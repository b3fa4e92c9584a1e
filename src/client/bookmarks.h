/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bookmarks: names for URLs, with settings of their own, in
 * ~/.config/ferry/bookmarks, a line each: "NAME URL SETTING=VALUE ...". In a
 * value blanks, control characters, % and bytes that are no ASCII are %XX.
 * Empty lines and those that begin with # are kept as they are.
 *
 * Reading and writing lines is pure. A URL is not judged here: url.h does. A
 * file that others can read is refused as soon as one of its URLs has a
 * password.
 */
#ifndef FERRY_CLIENT_BOOKMARKS_H
#define FERRY_CLIENT_BOOKMARKS_H

#include "client/kept_lines.h"
#include "client/settings.h"

enum {
    BOOKMARK_NAME_MAX = 64,   /* bytes */
    BOOKMARK_LINE_MAX = 8192, /* bytes, without its end */
};

struct bookmark {
    struct text name;     /* letters, digits, '-', '_' and '.'; no '-' or '.' first */
    struct text url;      /* not empty; printable ASCII without blanks */
    struct text settings; /* "SETTING=VALUE ...": bookmark_put_setting, bookmark_apply */
};

/* ---- Lines, pure ------------------------------------------------------------------ */

enum bookmark_line { BOOKMARK_LINE_ONE, BOOKMARK_LINE_NOTHING, BOOKMARK_LINE_WRONG };

/* Of a line without its end; `ret_bookmark` borrows from it. */
enum bookmark_line bookmark_parse_line(struct text line, struct bookmark *ret_bookmark);
/* As bookmark_parse_line reads it, without an end. */
void bookmark_put_line(const struct bookmark *bookmark, struct builder *b);

/* Appends one to the text of its settings. */
void bookmark_put_setting(struct text name, struct text value, struct builder *b);
/*
 * Sets what the bookmark's settings say. False with a line in `message`;
 * nothing has changed then.
 */
bool bookmark_apply(const struct bookmark *bookmark, struct settings *settings,
                    char message[SETTINGS_MESSAGE_SIZE]);

/* ---- The file ----------------------------------------------------------------------- */

struct bookmarks {
    struct kept_lines lines;
};

/* kept_lines_open, for ~/.config/ferry/bookmarks when `path` is NULL. */
enum fault bookmarks_open(struct bookmarks *bookmarks, const char *path,
                          char message[KEPT_MESSAGE_SIZE]);
void bookmarks_close(struct bookmarks *bookmarks);

/* All of them, for a listing or a completion: begin with kept_file_text of lines.file as `rest`. */
bool bookmarks_next(struct text *rest, struct bookmark *ret_bookmark);
/* Valid until the next change. */
bool bookmarks_find(const struct bookmarks *bookmarks, struct text name,
                    struct bookmark *ret_bookmark);

/* In the place of the one of that name. Faults of kept_lines_change; FAULT_ARGUMENT: cannot be one.
 */
enum fault bookmarks_add(struct bookmarks *bookmarks, const struct bookmark *bookmark,
                         char message[KEPT_MESSAGE_SIZE]);
/* FAULT_NOT_FOUND. */
enum fault bookmarks_remove(struct bookmarks *bookmarks, struct text name,
                            char message[KEPT_MESSAGE_SIZE]);

#endif
