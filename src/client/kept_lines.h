/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kept_lines: a kept file that has one thing on each line: known servers,
 * bookmarks. A file with a line that is not right is refused as a whole, with
 * the number of the line: to pass over it could be to forget what it said.
 *
 * One thread's, or behind its owner's lock; other ferrys may change the file
 * meanwhile.
 */
#ifndef FERRY_CLIENT_KEPT_LINES_H
#define FERRY_CLIENT_KEPT_LINES_H

#include "client/kept_file.h"

enum { KEPT_MESSAGE_SIZE = KEPT_PATH_SIZE + 256 };

struct kept_lines_kind {
    const char *name; /* borrowed: static; of the file in ~/.config/ferry */
    const char *form; /* borrowed: static; what a line is, for people */
    bool (*is_right)(struct text line);
    bool (*is_secret)(struct text line); /* may nobody else read a file that has it? NULL: none */
};

struct kept_lines {
    const struct kept_lines_kind *kind; /* borrowed: static */
    char path[KEPT_PATH_SIZE];
    struct kept_file file;
};

/*
 * Reads the file; where it is, when `path` is NULL, the kind says. None there
 * is no line. FAULT_DENIED: it is not ours, or others can write it, or read
 * what is secret; FAULT_ARGUMENT: a line is not right. Any fault comes with a
 * line in `message`, and leaves no lines. Close it in any case.
 */
enum fault kept_lines_open(struct kept_lines *lines, const struct kept_lines_kind *kind,
                           const char *path, char message[KEPT_MESSAGE_SIZE]);
void kept_lines_close(struct kept_lines *lines);

/*
 * Takes the lines out of the file, as it is now, for which `is_old` says so,
 * and adds one, without its end, if it is not empty; then they are what is in
 * `lines`. FAULT_NOT_FOUND: there was none to take out, and none to add. A
 * fault comes with a line in `message`, and changes nothing.
 */
enum fault kept_lines_change(struct kept_lines *lines,
                             bool (*is_old)(const void *context, struct text line),
                             const void *context, struct text added,
                             char message[KEPT_MESSAGE_SIZE]);

#endif
