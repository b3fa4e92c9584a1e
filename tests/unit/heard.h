/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heard: a last stage that writes down what it is given, in a form that does
 * not show how it was split: a symbol for each byte and for each mark. What was
 * heard can be played to a stage, so it is also the script of a test. For unit tests
 * and fuzz targets.
 */
#ifndef FERRY_TESTS_HEARD_H
#define FERRY_TESTS_HEARD_H

#include <stdlib.h>

#include "codec/stage.h"
#include "protocol/marker.h"

enum {
    HEARD_MAX = 1 << 21,
    HEARD_MARK = 128, /* the symbol is no byte but a mark */
};

struct heard {
    struct stage stage;
    size_t marked; /* pieces that had marks; this alone shows how they were split */
    size_t len;
    char bytes[HEARD_MAX];
    unsigned char kinds[HEARD_MAX]; /* MARK_SUSPECT and MARK_RESTART of a byte; HEARD_MARK */
};

/* How bytes are split: the first piece, and all others. */
struct split {
    size_t first;
    size_t then;
    bool joins; /* marks come with the last bytes, not behind them */
};

static const struct split in_one = {SIZE_MAX, SIZE_MAX, true};

static inline struct split in_steps(size_t step)
{
    return (struct split){step, step, true};
}

/* In two pieces, the marks alone. */
static inline struct split cut_at(size_t cut)
{
    return (struct split){cut, SIZE_MAX, false};
}

static inline struct text split_take(struct split *split, struct text *rest)
{
    struct text piece = {rest->at, rest->len < split->first ? rest->len : split->first};
    *rest = text_after(*rest, piece.len);
    split->first = split->then;
    return piece;
}

/* Gives bytes and marks to a stage. */
static inline enum fault split_feed(struct stage *to, struct text bytes, struct split split,
                                    unsigned marks)
{
    enum fault f = FAULT_NONE;
    bool joins = split.joins && bytes.len;
    while (!f && bytes.len) {
        struct text piece = split_take(&split, &bytes);
        f = stage_take(to, piece, joins && !bytes.len ? marks : 0);
    }
    return f || joins || !marks ? f : stage_take(to, TEXT(""), marks);
}

/* Was the end of the file the last that came? */
static inline bool heard_ended(const struct heard *heard)
{
    return heard->len && heard->kinds[heard->len - 1] == HEARD_MARK &&
           heard->bytes[heard->len - 1] == MARK_FILE;
}

/* FAULT_NO_SPACE: that is more than can be written down. FAULT_BUG: it is behind the end. */
static inline enum fault heard_take(struct stage *stage, struct text bytes, unsigned marks)
{
    static const unsigned order[] = {MARK_RESTART, MARK_RECORD, MARK_FILE};
    struct heard *heard = (struct heard *)stage;
    if (bytes.len + 3 > HEARD_MAX - heard->len)
        return FAULT_NO_SPACE;
    if (heard_ended(heard))
        return FAULT_BUG;
    heard->marked += marks != 0;
    if (bytes.len)
        memcpy(heard->bytes + heard->len, bytes.at, bytes.len);
    memset(heard->kinds + heard->len, (int)(marks & (MARK_SUSPECT | MARK_RESTART)), bytes.len);
    heard->len += bytes.len;
    for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        if (!(marks & order[i]))
            continue;
        heard->bytes[heard->len] = (char)order[i];
        heard->kinds[heard->len++] = HEARD_MARK;
    }
    return FAULT_NONE;
}

static inline struct stage *heard_init(struct heard *heard)
{
    heard->stage = (struct stage){.take = heard_take};
    heard->marked = 0;
    heard->len = 0;
    return &heard->stage;
}

static inline bool heard_equal(const struct heard *a, const struct heard *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0 &&
           memcmp(a->kinds, b->kinds, a->len) == 0;
}

/* How many ends of a file. */
static inline size_t heard_files(const struct heard *heard)
{
    size_t count = 0;
    for (size_t i = 0; i < heard->len; i++)
        count += heard->kinds[i] == HEARD_MARK && heard->bytes[i] == MARK_FILE;
    return count;
}

/* The bytes, when they are plain and nothing but marks came behind them. */
static inline struct text heard_text(const struct heard *heard)
{
    size_t len = 0;
    while (len < heard->len && !heard->kinds[len])
        len++;
    for (size_t i = len; i < heard->len; i++) {
        if (heard->kinds[i] != HEARD_MARK)
            abort();
    }
    return (struct text){heard->bytes, len};
}

/* Plain bytes and the end of the file, as sending gives them? */
static inline bool heard_wire(const struct heard *heard, struct text *ret_wire)
{
    if (!heard_ended(heard))
        return false;
    for (size_t i = 0; i + 1 < heard->len; i++) {
        if (heard->kinds[i])
            return false;
    }
    *ret_wire = (struct text){heard->bytes, heard->len - 1};
    return true;
}

/* Just these bytes, with these marks at once behind them? */
static inline bool heard_is(const struct heard *heard, struct text bytes, unsigned marks)
{
    static struct heard expected;
    return stage_take(heard_init(&expected), bytes, marks) == FAULT_NONE &&
           heard_equal(heard, &expected) && heard->marked == expected.marked;
}

/* "[marker]" at the beginning of t: the marker; else nothing. */
static inline struct text heard_marker(struct text t)
{
    struct text rest = text_after(t, 1);
    struct text marker = {rest.at, text_find(rest, ']')};
    bool is_marker = marker.len < rest.len && marker.len < 128 && marker_is_valid(marker);
    return is_marker ? marker : TEXT("");
}

/*
 * Writes down a script: bytes, `|` for the end of a record, `{…}` around suspect
 * bytes, `[…]` for a marker, where these marks are allowed; else they are bytes.
 * The end of the file is its end.
 */
static inline void heard_write(struct heard *heard, struct text script, unsigned allowed)
{
    struct stage *stage = heard_init(heard);
    unsigned suspect = 0;
    while (script.len) {
        char c = script.at[0];
        struct text byte = {script.at, 1};
        struct text marker = heard_marker(script);
        script = text_after(script, 1);
        if (c == '|' && allowed & MARK_RECORD)
            (void)heard_take(stage, TEXT(""), MARK_RECORD);
        else if ((c == '{' || c == '}') && allowed & MARK_SUSPECT)
            suspect = c == '{' ? MARK_SUSPECT : 0;
        else if (c == '[' && marker.len && allowed & MARK_RESTART) {
            (void)heard_take(stage, marker, MARK_RESTART);
            script = text_after(script, marker.len + 1);
        } else
            (void)heard_take(stage, byte, suspect);
    }
    (void)heard_take(stage, TEXT(""), MARK_FILE);
}

/* Symbols of a script that are still to be played. */
struct heard_rest {
    const struct heard *script; /* borrowed: lives as long */
    size_t at;
    size_t end;
};

static inline bool heard_rest_is(const struct heard_rest *rest, unsigned kind)
{
    return rest->at < rest->end && rest->script->kinds[rest->at] == kind;
}

/* Takes marks, up to the end of a record or the file; several only when they join. */
static inline unsigned heard_rest_marks(struct heard_rest *rest, bool joins)
{
    unsigned marks = 0;
    while (heard_rest_is(rest, HEARD_MARK)) {
        unsigned mark = (unsigned char)rest->script->bytes[rest->at];
        if (marks >= mark || (marks && !joins))
            break;
        marks |= mark;
        rest->at++;
    }
    return marks;
}

/* Gives a run of equal bytes' pieces, the last one with the marks behind it where they join. */
static inline enum fault heard_play_run(struct heard_rest *rest, struct stage *to,
                                        struct split *split)
{
    unsigned kind = rest->script->kinds[rest->at];
    struct text run = {rest->script->bytes + rest->at, 0};
    enum fault f = FAULT_NONE;
    for (; heard_rest_is(rest, kind); rest->at++)
        run.len++;
    if (kind == MARK_RESTART) {
        rest->at++;
        return stage_take(to, run, MARK_RESTART);
    }
    while (!f && run.len) {
        struct text piece = split_take(split, &run);
        bool is_last = split->joins && !run.len;
        f = stage_take(to, piece, kind | (is_last ? heard_rest_marks(rest, true) : 0));
    }
    return f;
}

/* The symbols from `at` up to `end`. */
static inline enum fault heard_play_part(const struct heard *script, size_t at, size_t end,
                                         struct stage *to, struct split split)
{
    struct heard_rest rest = {script, at, end};
    enum fault f = FAULT_NONE;
    while (!f && rest.at < end) {
        if (heard_rest_is(&rest, HEARD_MARK))
            f = stage_take(to, TEXT(""), heard_rest_marks(&rest, split.joins));
        else
            f = heard_play_run(&rest, to, &split);
    }
    return f;
}

static inline enum fault heard_play(const struct heard *script, struct stage *to,
                                    struct split split)
{
    return heard_play_part(script, 0, script->len, to, split);
}

#endif
