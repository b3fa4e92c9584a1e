/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line: bytes of the control connection -> complete lines.
 *
 * Removes what the Telnet protocol puts between them (RFC 854, RFC 959 4.1,
 * RFC 1123 4.1.2.10 and 4.1.2.12): IAC IAC is one data byte of all ones, every
 * option is refused, Interrupt Process and Synch drop what was typed before
 * them. A line ends with CR LF, or with LF alone for people at `nc`; CR NUL is
 * a carriage return inside the line. It decides nothing and sends nothing.
 *
 * Pure: no allocation, no system call. Feeding the same bytes in other pieces
 * gives the same events. The buffer is the owner's and may be moved between
 * calls (set `at`; the first `len` bytes are the line so far).
 */
#ifndef FERRY_PROTOCOL_LINE_H
#define FERRY_PROTOCOL_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* Longest command line without its end: a 4,096-byte pathname with every byte doubled fits. */
enum { LINE_MAX_BYTES = 8192 };

enum line_event {
    LINE_NEEDS_MORE,  /* the input is used up */
    LINE_READY,       /* line_text is a whole line */
    LINE_TOO_LONG,    /* a line longer than the buffer ended; it was dropped */
    LINE_ANSWER,      /* `answer` holds three bytes to send back */
    LINE_INTERRUPTED, /* Interrupt Process: the line so far was dropped */
    LINE_SYNCH,       /* Data Mark: the line so far was dropped if it was urgent */
};

enum line_state {
    LINE_STATE_DATA,
    LINE_STATE_CR,
    LINE_STATE_IAC,
    LINE_STATE_OPTION,
    LINE_STATE_SUB,
    LINE_STATE_SUB_IAC,
};

struct line {
    char *at; /* borrowed: buffer of `size` bytes, the owner's */
    size_t size;
    size_t len;
    enum line_state state;
    bool done;     /* the line was handed out; the next byte begins another */
    bool overlong; /* dropping the rest of a line that did not fit */
    bool urgent;   /* urgent data is on its way: the next Data Mark is a Synch */
    unsigned char option_command;
    unsigned char answer[3];
};

static inline struct line line_on(char *buffer, size_t size)
{
    return (struct line){.at = buffer, .size = size};
}

/*
 * Reads from `input` until something happened. Returns how many bytes were
 * used; call again with the rest until LINE_NEEDS_MORE.
 */
size_t line_feed(struct line *line, struct text input, enum line_event *ret_event);

/* The line, after LINE_READY and until the next call of line_feed. */
static inline struct text line_text(const struct line *line)
{
    return (struct text){line->at, line->len};
}

/* What a line that was dropped began with, after LINE_TOO_LONG. */
static inline struct text line_beginning(const struct line *line)
{
    return (struct text){line->at, line->size};
}

/*
 * The owner saw TCP urgent data (RFC 854, "The Telnet Synch signal"), and the
 * Data Mark that LINE_SYNCH reported ended it: true if it was urgent.
 */
static inline void line_note_urgent(struct line *line)
{
    line->urgent = true;
}

static inline bool line_take_urgent(struct line *line)
{
    bool urgent = line->urgent;
    line->urgent = false;
    return urgent;
}

/* Bytes of an unfinished line that the buffer must keep until more arrive. */
static inline size_t line_pending(const struct line *line)
{
    return line->done ? 0 : line->len;
}

#endif
