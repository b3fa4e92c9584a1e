/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/mode_stream.h"

/* RFC 959 3.4.1: the byte of all ones; what follows it is a code, or itself when it is data. */
enum { ESCAPE = 0xFF };

/* The codes of the ends are the marks' own numbers. */
_Static_assert(MARK_RECORD == 1 && MARK_FILE == 2, "RFC 959 3.4.1");
enum { CODE_MAX = MARK_RECORD | MARK_FILE };

/* How many escape bytes t begins with. */
static size_t count_ones(struct text t)
{
    size_t count = 0;
    while (count < t.len && t.at[count] == (char)ESCAPE)
        count++;
    return count;
}

static enum fault put_data(struct mode_stream *mode, struct text bytes)
{
    return bytes.len ? stage_put(&mode->stage, bytes, 0) : FAULT_NONE;
}

/* ---- Sending ------------------------------------------------------------ */

/* Each piece ends with escape bytes, and the next one begins with those same bytes again. */
static enum fault put_doubled(struct mode_stream *mode, struct text bytes)
{
    enum fault f = FAULT_NONE;
    size_t start = text_find(bytes, (char)ESCAPE);
    while (!f && start < bytes.len) {
        size_t ones = count_ones(text_after(bytes, start));
        f = put_data(mode, (struct text){bytes.at, start + ones});
        bytes = text_after(bytes, start);
        start = ones + text_find(text_after(bytes, ones), (char)ESCAPE);
    }
    return f ? f : put_data(mode, bytes);
}

static enum fault put_code(struct mode_stream *mode, unsigned marks)
{
    const char code[] = {(char)ESCAPE, (char)(marks & CODE_MAX)};
    return put_data(mode, (struct text){code, marks & CODE_MAX ? sizeof(code) : 0});
}

static enum fault take_data(struct stage *stage, struct text bytes, unsigned marks)
{
    struct mode_stream *mode = (struct mode_stream *)stage;
    if (marks & MARK_RESTART)
        return FAULT_NONE;
    enum fault f = mode->has_records ? put_doubled(mode, bytes) : put_data(mode, bytes);
    if (!f && mode->has_records)
        f = put_code(mode, marks);
    if (f || !(marks & MARK_FILE))
        return f;
    return stage_put(stage, TEXT(""), MARK_FILE);
}

void mode_stream_send_init(struct mode_stream *mode, struct stage *next, bool has_records)
{
    *mode = (struct mode_stream){.stage = {take_data, next}, .has_records = has_records};
}

/* ---- Receiving ---------------------------------------------------------- */

/* Takes what follows an escape byte. */
static enum fault take_code(struct mode_stream *mode, struct text *rest)
{
    struct text byte = {rest->at, 1};
    unsigned char code = (unsigned char)rest->at[0];
    *rest = text_after(*rest, 1);
    mode->escaped = false;
    if (code == ESCAPE)
        return put_data(mode, byte);
    if (!code || code > CODE_MAX)
        return FAULT_MALFORMED;
    mode->ended = code & MARK_FILE;
    return stage_put(&mode->stage, TEXT(""), code);
}

/*
 * Takes escape bytes, if any, and when they are pairs the data behind them, too:
 * the second half of them are the data that all of them stand for.
 */
static enum fault take_run(struct mode_stream *mode, struct text *rest)
{
    size_t ones = count_ones(*rest);
    size_t len = ones;
    mode->escaped = ones % 2;
    if (!mode->escaped)
        len += text_find(text_after(*rest, ones), (char)ESCAPE);
    struct text data = text_after((struct text){rest->at, len}, ones - ones / 2);
    *rest = text_after(*rest, len);
    return put_data(mode, data);
}

static enum fault take_records(struct stage *stage, struct text bytes, unsigned marks)
{
    struct mode_stream *mode = (struct mode_stream *)stage;
    enum fault f = FAULT_NONE;
    while (!f && bytes.len) {
        if (mode->ended)
            return FAULT_MALFORMED;
        f = mode->escaped ? take_code(mode, &bytes) : take_run(mode, &bytes);
    }
    if (!f && marks & MARK_FILE && !mode->ended)
        return FAULT_CONNECTION_LOST;
    return f;
}

static enum fault take_bytes(struct stage *stage, struct text bytes, unsigned marks)
{
    return stage_put(stage, bytes, marks);
}

void mode_stream_receive_init(struct mode_stream *mode, struct stage *next, bool has_records)
{
    *mode = (struct mode_stream){.stage = {has_records ? take_records : take_bytes, next}};
}
