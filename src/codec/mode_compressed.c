/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/mode_compressed.h"

#include <stdint.h>

#include "codec/code_page.h"
#include "protocol/marker.h"

/* What a string begins with, with its count in the lower bits (RFC 959 3.4.3). */
enum { HEAD_REPEATED = 0x80, HEAD_FILLER = 0xC0, HEAD_ESCAPE = 0 };

enum {
    ESCAPE_BYTES = 2,
    /* Shorter ones are no shorter as runs. */
    RUN_MIN = 3,
    FILLER_RUN_MIN = 2,
};

char mode_compressed_filler(char type)
{
    switch (type) {
    case 'A':
        return ' ';
    case 'E':
        return EBCDIC_SPACE;
    default:
        return 0;
    }
}

/* ---- Sending: strings --------------------------------------------------- */

static void add_byte(struct mode_compressed *mode, unsigned byte)
{
    mode->buffer.at[mode->used++] = (char)byte;
}

static void add_bytes(struct mode_compressed *mode, struct text bytes)
{
    memcpy(mode->buffer.at + mode->used, bytes.at, bytes.len);
    mode->used += bytes.len;
}

static void add_escape(struct mode_compressed *mode, unsigned marks)
{
    add_byte(mode, HEAD_ESCAPE);
    add_byte(mode, descriptor_from_marks(marks));
}

static enum fault put_buffer(struct mode_compressed *mode, unsigned marks)
{
    struct text wire = {mode->buffer.at, mode->used};
    mode->used = 0;
    return stage_put(&mode->stage, wire, marks);
}

/* Room for a string of so many bytes and what is said of it. */
static enum fault make_room(struct mode_compressed *mode, size_t len)
{
    return mode->buffer.size - mode->used < ESCAPE_BYTES + len ? put_buffer(mode, 0) : FAULT_NONE;
}

static enum fault begin_string(struct mode_compressed *mode, size_t len)
{
    enum fault f = make_room(mode, len);
    if (!f && mode->is_suspect)
        add_escape(mode, MARK_SUSPECT);
    return f;
}

/* Its head, that was left open, can now count it. */
static void end_literal(struct mode_compressed *mode)
{
    if (mode->literal_len)
        mode->buffer.at[mode->used - mode->literal_len - 1] = (char)mode->literal_len;
    mode->literal_len = 0;
}

static enum fault add_literal(struct mode_compressed *mode, struct text bytes)
{
    while (bytes.len) {
        if (!mode->literal_len) {
            enum fault f = begin_string(mode, 1 + COMPRESSED_STRING_MAX);
            if (f)
                return f;
            add_byte(mode, 0);
        }
        size_t room = COMPRESSED_STRING_MAX - mode->literal_len;
        struct text piece = {bytes.at, bytes.len < room ? bytes.len : room};
        add_bytes(mode, piece);
        mode->literal_len += piece.len;
        bytes = text_after(bytes, piece.len);
        if (mode->literal_len == COMPRESSED_STRING_MAX)
            end_literal(mode);
    }
    return FAULT_NONE;
}

static enum fault end_run(struct mode_compressed *mode)
{
    bool is_filler = mode->run_byte == mode->filler;
    size_t len = mode->run_len;
    mode->run_len = 0;
    if (len < (is_filler ? FILLER_RUN_MIN : RUN_MIN)) {
        const char bytes[] = {mode->run_byte, mode->run_byte};
        return add_literal(mode, (struct text){bytes, len});
    }
    end_literal(mode);
    enum fault f = begin_string(mode, 2);
    if (f)
        return f;
    add_byte(mode, (is_filler ? HEAD_FILLER : HEAD_REPEATED) | (unsigned)len);
    if (!is_filler)
        add_byte(mode, (unsigned char)mode->run_byte);
    return FAULT_NONE;
}

static enum fault end_strings(struct mode_compressed *mode)
{
    enum fault f = end_run(mode);
    if (!f)
        end_literal(mode);
    return f;
}

/* ---- Sending: data ------------------------------------------------------ */

/* Has `word` a byte of zero? */
static bool has_zero(uint64_t word)
{
    const uint64_t ones = UINT64_MAX / 255;
    return (word - ones) & ~word & ones << 7;
}

/* Where the first two equal bytes are that stand together; the last byte when there are none. */
static size_t find_pair(struct text t)
{
    size_t i = 0;
    for (; i + sizeof(uint64_t) < t.len; i += sizeof(uint64_t)) {
        uint64_t these;
        uint64_t next;
        memcpy(&these, t.at + i, sizeof(these));
        memcpy(&next, t.at + i + 1, sizeof(next));
        if (has_zero(these ^ next))
            break;
    }
    while (i + 1 < t.len && t.at[i] != t.at[i + 1])
        i++;
    return i;
}

/* Bytes that lengthen the run; one that is full ends, so nothing waits for long. */
static enum fault lengthen_run(struct mode_compressed *mode, struct text *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->at[len] == mode->run_byte &&
           mode->run_len + len < COMPRESSED_REPEAT_MAX)
        len++;
    *rest = text_after(*rest, len);
    mode->run_len += len;
    return mode->run_len == COMPRESSED_REPEAT_MAX ? end_run(mode) : FAULT_NONE;
}

/* The run is over: all up to the next pair is literal, and there the next one begins. */
static enum fault begin_run(struct mode_compressed *mode, struct text *rest)
{
    enum fault f = end_run(mode);
    size_t start = find_pair(*rest);
    if (!f)
        f = add_literal(mode, (struct text){rest->at, start});
    mode->run_byte = rest->at[start];
    mode->run_len = 1;
    *rest = text_after(*rest, start + 1);
    return f;
}

static enum fault add_data(struct mode_compressed *mode, struct text bytes, bool is_suspect)
{
    enum fault f = FAULT_NONE;
    if (bytes.len && is_suspect != mode->is_suspect) {
        f = end_strings(mode);
        mode->is_suspect = is_suspect;
    }
    while (!f && bytes.len) {
        if (mode->run_len && bytes.at[0] == mode->run_byte)
            f = lengthen_run(mode, &bytes);
        else
            f = begin_run(mode, &bytes);
    }
    return f;
}

/* ---- Sending: marks ----------------------------------------------------- */

/* RFC 959 3.4.3: the codes are of the string that follows, which is empty here. */
static enum fault add_end(struct mode_compressed *mode, unsigned marks)
{
    enum fault f = end_strings(mode);
    if (!f)
        f = make_room(mode, 1);
    if (f)
        return f;
    add_escape(mode, marks);
    add_byte(mode, HEAD_FILLER);
    return FAULT_NONE;
}

static enum fault add_marker(struct mode_compressed *mode, struct text marker)
{
    if (!marker_is_valid(marker) || marker.len > COMPRESSED_STRING_MAX)
        return FAULT_BUG;
    enum fault f = end_strings(mode);
    if (!f)
        f = make_room(mode, 1 + marker.len);
    if (f)
        return f;
    add_escape(mode, MARK_RESTART);
    add_byte(mode, (unsigned)marker.len);
    add_bytes(mode, marker);
    return FAULT_NONE;
}

static enum fault take_data(struct stage *stage, struct text bytes, unsigned marks)
{
    struct mode_compressed *mode = (struct mode_compressed *)stage;
    if (marks & MARK_RESTART)
        return add_marker(mode, bytes);
    enum fault f = add_data(mode, bytes, marks & MARK_SUSPECT);
    unsigned ends = marks & (MARK_RECORD | MARK_FILE);
    if (!f && ends)
        f = add_end(mode, ends);
    return f || !(marks & MARK_FILE) ? f : put_buffer(mode, MARK_FILE);
}

void mode_compressed_send_init(struct mode_compressed *mode, struct stage *next, char filler,
                               struct stage_buffer buffer)
{
    *mode = (struct mode_compressed){
        .stage = {take_data, next}, .buffer = buffer, .filler = filler};
}

/* ---- Receiving ---------------------------------------------------------- */

/* Gives bytes of a string with what its descriptor says. */
static enum fault give(struct mode_compressed *mode, struct text bytes, bool is_last)
{
    unsigned marks = descriptor_to_marks(mode->descriptor);
    if (is_last) {
        mode->expected = COMPRESSED_HEAD;
        mode->descriptor = 0;
        mode->ended = marks & MARK_FILE;
    } else {
        marks &= MARK_SUSPECT;
    }
    return bytes.len || marks ? stage_put(&mode->stage, bytes, marks) : FAULT_NONE;
}

/* Markers are strings of bytes only: nobody would send one letter many times. */
static enum fault give_repeated(struct mode_compressed *mode, char byte)
{
    if (mode->descriptor & DESCRIPTOR_RESTART)
        return FAULT_MALFORMED;
    struct text bytes = {mode->buffer.at, mode->left};
    memset(mode->buffer.at, byte, mode->left);
    mode->left = 0;
    return give(mode, bytes, true);
}

static enum fault take_marker(struct mode_compressed *mode, struct text bytes)
{
    add_bytes(mode, bytes);
    if (mode->left)
        return FAULT_NONE;
    struct text marker = {mode->buffer.at, mode->used};
    mode->used = 0;
    return marker_is_valid(marker) ? give(mode, marker, true) : FAULT_MALFORMED;
}

static enum fault take_string(struct mode_compressed *mode, struct text *rest)
{
    struct text bytes = {rest->at, rest->len < mode->left ? rest->len : mode->left};
    *rest = text_after(*rest, bytes.len);
    mode->left -= bytes.len;
    if (mode->descriptor & DESCRIPTOR_RESTART)
        return take_marker(mode, bytes);
    return give(mode, bytes, !mode->left);
}

static enum fault take_codes(struct mode_compressed *mode, unsigned codes)
{
    mode->expected = COMPRESSED_HEAD;
    mode->descriptor |= codes;
    return codes && descriptor_is_valid(mode->descriptor) ? FAULT_NONE : FAULT_MALFORMED;
}

static enum fault take_head(struct mode_compressed *mode, unsigned head)
{
    if (head == HEAD_ESCAPE) {
        mode->expected = COMPRESSED_CODES;
        return FAULT_NONE;
    }
    if (head < HEAD_REPEATED) {
        mode->expected = COMPRESSED_DATA;
        mode->left = head;
        return FAULT_NONE;
    }
    mode->left = head & COMPRESSED_REPEAT_MAX;
    if (head >= HEAD_FILLER)
        return give_repeated(mode, mode->filler);
    mode->expected = COMPRESSED_REPEATED;
    return FAULT_NONE;
}

static enum fault take_next(struct mode_compressed *mode, struct text *rest)
{
    if (mode->expected == COMPRESSED_DATA)
        return take_string(mode, rest);
    char byte = rest->at[0];
    *rest = text_after(*rest, 1);
    if (mode->expected == COMPRESSED_HEAD)
        return take_head(mode, (unsigned char)byte);
    if (mode->expected == COMPRESSED_CODES)
        return take_codes(mode, (unsigned char)byte);
    return give_repeated(mode, byte);
}

bool mode_compressed_awaits_last_string(const struct mode_compressed *mode)
{
    return !mode->ended && mode->expected == COMPRESSED_HEAD && mode->descriptor & DESCRIPTOR_FILE;
}

/* The connection ended before a string that could carry the file's end came. */
static enum fault take_end(struct mode_compressed *mode)
{
    if (!mode_compressed_awaits_last_string(mode))
        return FAULT_CONNECTION_LOST;
    return give(mode, TEXT(""), true);
}

static enum fault take_wire(struct stage *stage, struct text bytes, unsigned marks)
{
    struct mode_compressed *mode = (struct mode_compressed *)stage;
    if (mode->ended)
        return bytes.len ? FAULT_BUG : FAULT_NONE;
    enum fault f = FAULT_NONE;
    while (!f && bytes.len && !mode->ended)
        f = take_next(mode, &bytes);
    mode->beyond = bytes;
    if (!f && marks & MARK_FILE && !mode->ended)
        f = take_end(mode);
    return f;
}

void mode_compressed_receive_init(struct mode_compressed *mode, struct stage *next, char filler,
                                  struct stage_buffer buffer)
{
    *mode = (struct mode_compressed){
        .stage = {take_wire, next}, .buffer = buffer, .filler = filler};
}
