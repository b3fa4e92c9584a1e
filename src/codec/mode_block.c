/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/mode_block.h"

/* A round number below the 65535 that a header can count, so that whole buffers fill blocks. */
enum { BLOCK_BYTES = 32768 };

/* ---- Sending ------------------------------------------------------------ */

static enum fault put_block(struct mode_block *mode, unsigned marks, struct text bytes)
{
    mode->header[0] = (unsigned char)descriptor_from_marks(marks);
    mode->header[1] = (unsigned char)(bytes.len >> 8);
    mode->header[2] = (unsigned char)bytes.len;
    struct text header = {(const char *)mode->header, BLOCK_HEADER};
    enum fault f = stage_put(&mode->stage, header, 0);
    return f || !bytes.len ? f : stage_put(&mode->stage, bytes, 0);
}

static enum fault take_data(struct stage *stage, struct text bytes, unsigned marks)
{
    struct mode_block *mode = (struct mode_block *)stage;
    if (marks & MARK_RESTART && !marker_is_valid(bytes))
        return FAULT_BUG;
    enum fault f = FAULT_NONE;
    while (!f && bytes.len > BLOCK_BYTES) {
        f = put_block(mode, marks & MARK_SUSPECT, (struct text){bytes.at, BLOCK_BYTES});
        bytes = text_after(bytes, BLOCK_BYTES);
    }
    if (!f && (bytes.len || marks))
        f = put_block(mode, marks, bytes);
    if (f || !(marks & MARK_FILE))
        return f;
    return stage_put(stage, TEXT(""), MARK_FILE);
}

void mode_block_send_init(struct mode_block *mode, struct stage *next)
{
    *mode = (struct mode_block){.stage = {take_data, next}};
}

/* ---- Receiving ---------------------------------------------------------- */

static enum fault take_marker(struct mode_block *mode, struct text bytes)
{
    memcpy(mode->marker + mode->marker_len, bytes.at, bytes.len);
    mode->marker_len += bytes.len;
    if (mode->left)
        return FAULT_NONE;
    struct text marker = {mode->marker, mode->marker_len};
    mode->marker_len = 0;
    return marker_is_valid(marker) ? stage_put(&mode->stage, marker, MARK_RESTART)
                                   : FAULT_MALFORMED;
}

/* The block's next bytes, which may be its last ones. */
static enum fault take_payload(struct mode_block *mode, struct text bytes)
{
    unsigned marks = descriptor_to_marks(mode->header[0]);
    mode->left -= bytes.len;
    if (!mode->left)
        mode->header_len = 0;
    if (marks & MARK_RESTART)
        return take_marker(mode, bytes);
    if (mode->left)
        marks &= MARK_SUSPECT;
    mode->ended = marks & MARK_FILE;
    return bytes.len || marks ? stage_put(&mode->stage, bytes, marks) : FAULT_NONE;
}

static enum fault begin_block(struct mode_block *mode)
{
    unsigned descriptor = mode->header[0];
    mode->left = (size_t)mode->header[1] << 8 | mode->header[2];
    if (!descriptor_is_valid(descriptor))
        return FAULT_MALFORMED;
    if (descriptor == DESCRIPTOR_RESTART && mode->left > MARKER_MAX)
        return FAULT_MALFORMED;
    return mode->left ? FAULT_NONE : take_payload(mode, TEXT(""));
}

static enum fault take_header(struct mode_block *mode, struct text bytes)
{
    memcpy(mode->header + mode->header_len, bytes.at, bytes.len);
    mode->header_len += bytes.len;
    return mode->header_len < BLOCK_HEADER ? FAULT_NONE : begin_block(mode);
}

static enum fault take_wire(struct stage *stage, struct text bytes, unsigned marks)
{
    struct mode_block *mode = (struct mode_block *)stage;
    if (mode->ended)
        return bytes.len ? FAULT_BUG : FAULT_NONE;
    enum fault f = FAULT_NONE;
    while (!f && bytes.len && !mode->ended) {
        bool in_header = mode->header_len < BLOCK_HEADER;
        size_t wanted = in_header ? BLOCK_HEADER - mode->header_len : mode->left;
        struct text piece = {bytes.at, bytes.len < wanted ? bytes.len : wanted};
        bytes = text_after(bytes, piece.len);
        f = in_header ? take_header(mode, piece) : take_payload(mode, piece);
    }
    mode->beyond = bytes;
    if (!f && marks & MARK_FILE && !mode->ended)
        return FAULT_CONNECTION_LOST;
    return f;
}

void mode_block_receive_init(struct mode_block *mode, struct stage *next)
{
    *mode = (struct mode_block){.stage = {take_wire, next}};
}
