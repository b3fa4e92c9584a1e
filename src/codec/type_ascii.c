/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/type_ascii.h"

#include "codec/byte_mask.h"

/*
 * As many blocks of the input as there is room for, but for the last ones. What
 * is between two line ends is copied as a whole block, whatever its length: what
 * is too much is written over by what comes next, and no branch hangs on it.
 */
static size_t send_blocks(struct text in, char *out, size_t size, size_t *ret_len)
{
    size_t used = 0;
    size_t made = 0;
    /* Each byte of a block may become two, and a block more be written. */
    while (in.len - used >= (size_t)2 * MASK_BYTES && size - made >= (size_t)3 * MASK_BYTES) {
        const char *block = in.at + used;
        size_t from = 0;
        for (uint64_t ends = byte_mask(block, '\n'); ends; ends &= ends - 1) {
            size_t at = (size_t)__builtin_ctzll(ends);
            memcpy(out + made, block + from, MASK_BYTES);
            made += at - from;
            out[made++] = '\r';
            out[made++] = '\n';
            from = at + 1;
        }
        memcpy(out + made, block + from, MASK_BYTES);
        made += MASK_BYTES - from;
        used += MASK_BYTES;
    }
    *ret_len = made;
    return used;
}

/* Likewise; the CR of each CR LF is left out. */
static size_t receive_blocks(struct text in, char *out, size_t size, size_t *ret_len)
{
    size_t used = 0;
    size_t made = 0;
    while (in.len - used >= (size_t)2 * MASK_BYTES && size - made >= (size_t)2 * MASK_BYTES) {
        const char *block = in.at + used;
        size_t from = 0;
        uint64_t pairs = byte_mask(block, '\r') & byte_mask(block + 1, '\n');
        for (; pairs; pairs &= pairs - 1) {
            size_t at = (size_t)__builtin_ctzll(pairs);
            memcpy(out + made, block + from, MASK_BYTES);
            made += at - from;
            from = at + 1;
        }
        memcpy(out + made, block + from, MASK_BYTES);
        made += MASK_BYTES - from;
        used += MASK_BYTES;
    }
    *ret_len = made;
    return used;
}

size_t type_ascii_send(struct type_ascii *state, struct text in, char *out, size_t size,
                       size_t *ret_len)
{
    size_t made = 0;
    size_t used = state->after_cr ? 0 : send_blocks(in, out, size, &made);
    while (used < in.len && made < size) {
        /* All up to the next LF goes out as it is. */
        struct text rest = text_after(in, used);
        size_t run = rest.len < size - made ? rest.len : size - made;
        run = text_find((struct text){rest.at, run}, '\n');
        memcpy(out + made, rest.at, run);
        used += run;
        made += run;
        if (run)
            state->after_cr = false;
        if (used == in.len || made == size || in.at[used] != '\n')
            continue;
        if (size - made < 2)
            break;
        if (!state->after_cr)
            out[made++] = '\r';
        out[made++] = '\n';
        used++;
        state->after_cr = false;
    }
    *ret_len = made;
    return used;
}

size_t type_ascii_receive(struct type_ascii *state, struct text in, char *out, size_t size,
                          size_t *ret_len)
{
    size_t made = 0;
    size_t used = state->after_cr ? 0 : receive_blocks(in, out, size, &made);
    while (used < in.len && made < size) {
        if (state->after_cr) {
            /* The CR held back was data unless this is its LF. */
            state->after_cr = false;
            if (in.at[used] != '\n') {
                out[made++] = '\r';
                continue;
            }
        }
        struct text rest = text_after(in, used);
        size_t run = rest.len < size - made ? rest.len : size - made;
        run = text_find((struct text){rest.at, run}, '\r');
        memcpy(out + made, rest.at, run);
        used += run;
        made += run;
        if (used < in.len && made < size && in.at[used] == '\r') {
            state->after_cr = true;
            used++;
        }
    }
    *ret_len = made;
    return used;
}

size_t type_ascii_receive_end(struct type_ascii *state, char *out)
{
    if (!state->after_cr)
        return 0;
    state->after_cr = false;
    out[0] = '\r';
    return 1;
}

size_t type_ascii_measure(struct type_ascii *state, struct text in, uint64_t *wire_left)
{
    size_t used = 0;
    while (used < in.len && *wire_left) {
        struct text rest = text_after(in, used);
        size_t run = rest.len < *wire_left ? rest.len : (size_t)*wire_left;
        run = text_find((struct text){rest.at, run}, '\n');
        used += run;
        *wire_left -= run;
        if (used == in.len || !*wire_left || in.at[used] != '\n')
            continue;
        if (*wire_left == 1) {
            *wire_left = 0;
            state->after_cr = true;
            break;
        }
        *wire_left -= 2;
        used++;
    }
    return used;
}

/* Is there nothing to convert, so that it can go on uncopied? */
static bool is_plain(const struct type_ascii *state, struct text bytes, char byte)
{
    return !state->after_cr && text_find(bytes, byte) == bytes.len;
}

static enum fault take_to_send(struct stage *stage, struct text bytes, unsigned marks)
{
    struct type_ascii_stage *ascii = (struct type_ascii_stage *)stage;
    char *out = ascii->buffer.at;
    if (marks & MARK_RESTART || is_plain(&ascii->state, bytes, '\n'))
        return stage_put(stage, bytes, marks);
    do {
        size_t len;
        size_t used = type_ascii_send(&ascii->state, bytes, out, ascii->buffer.size, &len);
        bytes = text_after(bytes, used);
        enum fault f = stage_put(stage, (struct text){out, len}, bytes.len ? 0 : marks);
        if (f)
            return f;
    } while (bytes.len);
    return FAULT_NONE;
}

static enum fault take_received(struct stage *stage, struct text bytes, unsigned marks)
{
    struct type_ascii_stage *ascii = (struct type_ascii_stage *)stage;
    char *out = ascii->buffer.at;
    if (marks & MARK_RESTART || is_plain(&ascii->state, bytes, '\r'))
        return stage_put(stage, bytes, marks);
    do {
        size_t len;
        size_t used = type_ascii_receive(&ascii->state, bytes, out, ascii->buffer.size, &len);
        bytes = text_after(bytes, used);
        /* A CR is held back only where there was room for it. */
        if (!bytes.len && marks & (MARK_RECORD | MARK_FILE))
            len += type_ascii_receive_end(&ascii->state, out + len);
        enum fault f = stage_put(stage, (struct text){out, len}, bytes.len ? 0 : marks);
        if (f)
            return f;
    } while (bytes.len);
    return FAULT_NONE;
}

void type_ascii_send_init(struct type_ascii_stage *ascii, struct stage *next,
                          struct stage_buffer buffer)
{
    *ascii = (struct type_ascii_stage){{take_to_send, next}, buffer, {false}};
}

void type_ascii_receive_init(struct type_ascii_stage *ascii, struct stage *next,
                             struct stage_buffer buffer)
{
    *ascii = (struct type_ascii_stage){{take_received, next}, buffer, {false}};
}

void type_ascii_put_state(const struct type_ascii_stage *ascii, struct builder *b)
{
    if (ascii->state.after_cr)
        builder_put_byte(b, 'r');
}

bool type_ascii_take_state(struct type_ascii_stage *ascii, struct text state)
{
    bool after_cr = text_equal(state, TEXT("r"));
    if (state.len && !after_cr)
        return false;
    ascii->state.after_cr = after_cr;
    return true;
}
