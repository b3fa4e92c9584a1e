/* SPDX-License-Identifier: Apache-2.0 */
/*
 * macros: BSD's macdef and $: lines with a name. $1, $2... are the words behind
 * the name, $0 the name, $i each of the words in turn: the macro is done once
 * for each. \x is the byte x. A line is expanded as text, and is then one as
 * any: an argument stays one word in it.
 *
 * One thread at a time.
 */
#ifndef FERRY_CLIENT_MACROS_H
#define FERRY_CLIENT_MACROS_H

#include "base/fault.h"
#include "client/shell_words.h"

enum {
    MACROS_MAX = 256,           /* ftp(1): 16 */
    MACRO_NAME_MAX = 64,        /* bytes; ftp(1): 8 */
    MACRO_TEXT_MAX = 64 * 1024, /* bytes of one; ftp(1): 4096 of all */
    MACROS_DEPTH_MAX = 16,      /* of macros that use macros */
};

struct macros;

enum fault macros_new(struct macros **ret_macros);
/* Accepts NULL. */
void macros_free(struct macros *macros);

/*
 * A macro of lines, in place of one of that name; the last line may have no end, and CR LF is one.
 * FAULT_NAME_INVALID: empty, too long, or not printable; FAULT_TOO_LARGE: its text, or the table;
 * FAULT_BUSY: while one is played; FAULT_NO_MEMORY.
 */
enum fault macros_define(struct macros *macros, struct text name, struct text lines);
/*
 * Those that a netrc has for a host and user (netrc.h; "": any); "init" among them is what ftp(1)
 * carries out after the login. `path` "": ~/.netrc, where there is one. The first that cannot be
 * defined ends it. FAULT_DENIED: others may write the file, and with it what we would carry out;
 * FAULT_ARGUMENT: it is malformed; kept_file_read's. Blocks.
 */
enum fault macros_read_netrc(struct macros *macros, const char *path, struct text host,
                             struct text user);
/* By name, in the order of their definition; false behind the last. Borrowed until the next change.
 */
bool macros_at(const struct macros *macros, size_t index, struct text *ret_name,
               struct text *ret_lines);

/* ---- macdef, line by line ------------------------------------------------------------- */

/* The lines from now on are those of a macro. FAULT_NAME_INVALID, FAULT_BUSY, FAULT_NO_MEMORY. */
enum fault macros_record(struct macros *macros, struct text name);
bool macros_is_recording(const struct macros *macros);
/* A line without its end; an empty one ends the macro. On a fault, macros_define's, nothing is
 * kept. */
enum fault macros_record_line(struct macros *macros, struct text line);
/* There are no more lines: the macro ends here, as in a netrc. */
enum fault macros_record_end(struct macros *macros);
/* Its writer does not want it: nothing is kept, and what had its name stays. */
void macros_record_drop(struct macros *macros);

/* ---- $ ---------------------------------------------------------------------------------- */

/* A macro that is being carried out. */
struct macro_play {
    struct macros *macros;         /* borrowed, as all here: while it plays */
    const struct shell_word *args; /* borrowed; its name first */
    size_t arg_count;
    struct text lines;
    struct text rest;
    size_t loop; /* the argument that $i is */
    bool loops;  /* a $i was seen */
};

/*
 * args[0] is the macro's name. FAULT_NOT_FOUND; FAULT_TOO_MANY: within each other; else
 * macro_play_end must follow. The arguments are borrowed until then.
 */
enum fault macro_play_begin(struct macros *macros, const struct shell_word *args, size_t arg_count,
                            struct macro_play *ret_play);
/*
 * Appends the next line that is not blank, expanded. FAULT_NOT_FOUND: there is none;
 * FAULT_TOO_LARGE: it does not fit in b. Both end the macro.
 */
enum fault macro_play_line(struct macro_play *play, struct builder *b);
void macro_play_end(struct macro_play *play);

#endif
