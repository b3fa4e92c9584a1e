/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress: one line on a terminal about the transfers that run, drawn anew a
 * few times a second and taken away before anything else is written. Nothing
 * in a pipe, and nothing while we are in the background.
 *
 * What is formatted is pure; times are given (base/clock.h). One thread's, or
 * behind its owner's lock: whoever watches the transfers shows their sum.
 */
#ifndef FERRY_CLIENT_PROGRESS_H
#define FERRY_CLIENT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "client/settings.h"

enum {
    PROGRESS_PERIOD_MS = 200,  /* between two drawings, and before the first */
    PROGRESS_WINDOW_MS = 5000, /* that the speed is of */
    PROGRESS_SAMPLES = 32,
    PROGRESS_WIDTH_MAX = 500, /* columns */
    PROGRESS_LINE_SIZE = 4 * PROGRESS_WIDTH_MAX,
};

/* Of a size or a time that is not known. */
#define PROGRESS_UNKNOWN UINT64_MAX

struct progress_state {
    struct text name;     /* of the file, or of one of them; may be empty */
    uint64_t bytes_done;  /* of all together, with those that were here before */
    uint64_t bytes_total; /* PROGRESS_UNKNOWN: not known */
    uint64_t files_done;
    uint64_t files_total; /* fewer than two: they are not counted for anybody */
};

/* ---- Formatting, pure -------------------------------------------------------------- */

/* "999 B", "1.5 KiB", "99.9 MiB": at most eight columns. */
void progress_put_bytes(struct builder *b, uint64_t bytes);
/* "0:05", "1:02:03", "--:--": at most eight columns; what is longer is not known. */
void progress_put_seconds(struct builder *b, uint64_t seconds);
/* How many columns of a terminal a text takes: one a character, two for those of East Asia. */
size_t progress_columns(struct text text);
/* The line: at most `width` columns, and nothing in it that a terminal obeys. */
void progress_put_line(struct builder *b, const struct progress_state *state,
                       uint64_t bytes_per_second, size_t width);

struct progress_speed {
    struct progress_sample {
        int64_t at_ms;
        uint64_t bytes;
    } samples[PROGRESS_SAMPLES]; /* a ring */
    size_t count;
    size_t next;
};

/*
 * So many bytes had been moved by now. Returns how many were in a second, in
 * the last PROGRESS_WINDOW_MS; PROGRESS_UNKNOWN: that cannot be told yet. When
 * they have become fewer, it begins anew.
 */
uint64_t progress_speed_of(struct progress_speed *speed, int64_t now_ms, uint64_t bytes);

/* ---- Drawing ------------------------------------------------------------------------- */

struct progress {
    int fd; /* borrowed: of the terminal */
    bool is_on;
    bool is_drawn; /* a line stands there now */
    bool has_begun;
    int64_t drawn_ms;
    struct progress_speed speed;
};

/* AUTO is on a terminal that is not dumb. */
void progress_init(struct progress *progress, int fd, enum settings_when when);
/* Draws the line, unless it was drawn a moment ago. */
void progress_show(struct progress *progress, const struct progress_state *state, int64_t now_ms);
/* Takes the line away: before anything else is written to the terminal, and at the end. */
void progress_clear(struct progress *progress);
/* Other transfers: their speed is another. Takes the line away. */
void progress_restart(struct progress *progress);

/* ---- BSD's `hash` ---------------------------------------------------------------------- */

struct progress_marks {
    uint64_t each; /* bytes for a mark; not 0 */
    uint64_t made;
};

/* Appends a '#' for each block that is complete and has none, as many as fit. False: all are made.
 */
bool progress_put_marks(struct builder *b, struct progress_marks *marks, uint64_t bytes);
/* Writes them all, on a pipe too. */
void progress_write_marks(int fd, struct progress_marks *marks, uint64_t bytes);

#endif
