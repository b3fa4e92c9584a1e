/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/type_local.h"

enum { BYTE_BITS = 8, FIRST_BIT = 0x80, END_MARKS = MARK_RECORD | MARK_FILE };

size_t type_local_word_bytes(unsigned bits)
{
    size_t needed = (bits + BYTE_BITS - 1) / BYTE_BITS;
    size_t word = 1;
    if (needed > sizeof(uint64_t))
        return needed;
    while (word < needed)
        word *= 2;
    return word;
}

bool type_local_is_plain(unsigned bits)
{
    return type_local_word_bytes(bits) * BYTE_BITS == bits;
}

/* A mask of the lowest bits, up to 8. */
static inline unsigned lowest(unsigned count)
{
    return (1U << count) - 1;
}

/* Puts up to 8 bits behind those outstanding, the bytes that are full into `out`; how many. */
static inline size_t push(struct type_local_bits *bits, unsigned more, unsigned count, char *out)
{
    bits->held = bits->held << count | more;
    bits->count += count;
    if (bits->count < BYTE_BITS)
        return 0;
    bits->count -= BYTE_BITS;
    out[0] = (char)(bits->held >> bits->count);
    return 1;
}

/* Fills the last byte with zeros. */
static size_t fill(struct type_local_bits *bits, char *out)
{
    return bits->count ? push(bits, 0, BYTE_BITS - bits->count, out) : 0;
}

/* The next `size` bytes in one piece; false when they have not all come. */
static inline bool gather(struct type_local *type, size_t size, struct text *bytes,
                          const unsigned char **ret_piece)
{
    if (!type->part_len && bytes->len >= size) {
        *ret_piece = (const unsigned char *)bytes->at;
        *bytes = text_after(*bytes, size);
        return true;
    }
    size_t missing = size - type->part_len;
    size_t len = bytes->len < missing ? bytes->len : missing;
    if (len)
        memcpy(type->part + type->part_len, bytes->at, len);
    type->part_len += len;
    *bytes = text_after(*bytes, len);
    if (len < missing)
        return false;
    type->part_len = 0;
    *ret_piece = type->part;
    return true;
}

/* Gives on what the buffer holds when it may not take another word. */
static enum fault make_room(struct type_local *type, size_t *len)
{
    if (type->buffer.size - *len > LOCAL_WORD_MAX)
        return FAULT_NONE;
    struct text made = {type->buffer.at, *len};
    *len = 0;
    return stage_put(&type->stage, made, 0);
}

/* ---- Sending ---- */

/* Has it no more bits than a logical byte? */
static inline bool is_logical_byte(const struct type_local *type, const unsigned char *word)
{
    unsigned excess = (unsigned)word[type->first] >> type->first_bits;
    for (size_t i = 0; i < type->first; i++)
        excess |= word[i];
    return !excess;
}

static inline size_t pack(struct type_local *type, const unsigned char *word, char *out)
{
    struct type_local_bits bits = type->outstanding;
    size_t len = push(&bits, word[type->first], type->first_bits, out);
    for (size_t i = type->first + 1; i < type->word_bytes; i++)
        len += push(&bits, word[i], BYTE_BITS, out + len);
    type->outstanding = bits;
    return len;
}

static bool is_bit_set(const unsigned char *word, size_t bit)
{
    return word[bit / BYTE_BITS] & (FIRST_BIT >> bit % BYTE_BITS);
}

/* How many bits a last word has between its first bit and the set one behind them. */
static enum fault measure_tail(const struct type_local *type, const unsigned char *word,
                               size_t *ret_count)
{
    size_t last = type->word_bytes * BYTE_BITS - 1;
    while (!is_bit_set(word, last))
        last--;
    bool is_filling = last <= BYTE_BITS;
    for (size_t bit = 1; bit < last; bit++)
        is_filling &= !is_bit_set(word, bit);
    if (is_filling || last > type->bits || (type->outstanding.count + last - 1) % BYTE_BITS != 0)
        return FAULT_MALFORMED;
    *ret_count = last - 1;
    return FAULT_NONE;
}

/* What is behind the last logical byte of a record or file. */
static enum fault send_end(struct type_local *type, size_t *len)
{
    char *out = type->buffer.at;
    if (type->part_len == type->word_bytes) {
        size_t count;
        enum fault f = measure_tail(type, type->part, &count);
        if (f)
            return f;
        for (size_t bit = 1; bit <= count; bit++)
            *len += push(&type->outstanding, is_bit_set(type->part, bit), 1, out + *len);
    } else if (type->part_len) {
        return FAULT_MALFORMED;
    }
    type->part_len = 0;
    *len += fill(&type->outstanding, out + *len);
    return FAULT_NONE;
}

/* A word whose first bit is set must be the last one: it waits for the mark. */
static void keep_tail(struct type_local *type, const unsigned char *word)
{
    if (word != type->part)
        memcpy(type->part, word, type->word_bytes);
    type->part_len = type->word_bytes;
}

static enum fault take_words(struct stage *stage, struct text bytes, unsigned marks)
{
    struct type_local *type = (struct type_local *)stage;
    const unsigned char *word;
    size_t len = 0;
    enum fault f = FAULT_NONE;
    if (marks & MARK_RESTART)
        return stage_put(stage, bytes, marks);
    while (!f && gather(type, type->word_bytes, &bytes, &word)) {
        if (is_logical_byte(type, word)) {
            len += pack(type, word, type->buffer.at + len);
            f = make_room(type, &len);
        } else if (word[0] & FIRST_BIT && !bytes.len) {
            keep_tail(type, word);
            break;
        } else {
            f = FAULT_MALFORMED;
        }
    }
    if (!f && marks & END_MARKS)
        f = send_end(type, &len);
    return f ? f : stage_put(stage, (struct text){type->buffer.at, len}, marks);
}

/* ---- Receiving ---- */

/* How many more bytes the next logical byte takes. */
static inline size_t wire_bytes(const struct type_local *type)
{
    unsigned have = type->outstanding.count;
    return have < type->bits ? (type->bits - have + BYTE_BITS - 1) / BYTE_BITS : 0;
}

static inline void unpack(struct type_local *type, const unsigned char *wire, char *word)
{
    struct type_local_bits bits = type->outstanding;
    for (size_t i = 0; i <= type->first; i++) {
        unsigned count = i < type->first ? 0 : type->first_bits;
        if (bits.count < count) {
            bits.held = bits.held << BYTE_BITS | *wire++;
            bits.count += BYTE_BITS;
        }
        bits.count -= count;
        word[i] = (char)(bits.held >> bits.count & lowest(count));
    }
    for (size_t i = type->first + 1; i < type->word_bytes; i++) {
        bits.held = bits.held << BYTE_BITS | *wire++;
        word[i] = (char)(bits.held >> bits.count);
    }
    type->outstanding = bits;
}

/* What made no logical byte before a record or file ended, when it is not mere filling. */
static size_t receive_end(struct type_local *type, char *word)
{
    struct type_local_bits had = type->outstanding;
    struct type_local_bits tail = {1, 1};
    size_t len = 0;
    had.held &= lowest(had.count);
    if (type->part_len || had.held) {
        len = push(&tail, had.held, had.count, word);
        for (size_t i = 0; i < type->part_len; i++)
            len += push(&tail, type->part[i], BYTE_BITS, word + len);
        len += push(&tail, 1, 1, word + len);
        len += fill(&tail, word + len);
        memset(word + len, 0, type->word_bytes - len);
        len = type->word_bytes;
    }
    type->outstanding = (struct type_local_bits){0, 0};
    type->part_len = 0;
    return len;
}

static enum fault take_received(struct stage *stage, struct text bytes, unsigned marks)
{
    struct type_local *type = (struct type_local *)stage;
    const unsigned char *wire;
    size_t len = 0;
    if (marks & MARK_RESTART)
        return stage_put(stage, bytes, marks);
    while (gather(type, wire_bytes(type), &bytes, &wire)) {
        unpack(type, wire, type->buffer.at + len);
        len += type->word_bytes;
        enum fault f = make_room(type, &len);
        if (f)
            return f;
    }
    if (marks & END_MARKS)
        len += receive_end(type, type->buffer.at + len);
    return stage_put(stage, (struct text){type->buffer.at, len}, marks);
}

void type_local_put_state(const struct type_local *type, struct builder *b)
{
    struct type_local_bits bits = type->outstanding;
    if (!bits.count && !type->part_len)
        return;
    builder_put_byte(b, 'b');
    builder_put_number(b, bits.count + type->part_len * BYTE_BITS);
    builder_put_byte(b, '.');
    if (bits.count)
        builder_put_hex_byte(b, (unsigned char)(bits.held & lowest(bits.count)));
    for (size_t i = 0; i < type->part_len; i++)
        builder_put_hex_byte(b, type->part[i]);
}

static bool take_hex(struct text hex, unsigned char bytes[LOCAL_WORD_MAX])
{
    static const struct text digits = {"0123456789abcdef", 16};
    for (size_t i = 0; i < hex.len; i++) {
        size_t digit = text_find(digits, hex.at[i]);
        if (digit == digits.len)
            return false;
        bytes[i / 2] = (unsigned char)((i % 2 ? bytes[i / 2] * digits.len : 0) + digit);
    }
    return true;
}

bool type_local_take_state(struct type_local *type, struct text state)
{
    unsigned char bytes[LOCAL_WORD_MAX] = {0};
    uint64_t count = 0;
    if (state.len) {
        struct text number = text_take_until(&state, '.');
        if (!number.len || number.at[0] != 'b' ||
            !text_to_number(text_after(number, 1), type->bits - 1, &count) || !count)
            return false;
    }
    if (state.len != (count + BYTE_BITS - 1) / BYTE_BITS * 2 || !take_hex(state, bytes))
        return false;
    unsigned odd = (unsigned)(count % BYTE_BITS);
    if (odd && bytes[0] > lowest(odd))
        return false;
    type->outstanding = (struct type_local_bits){odd ? bytes[0] : 0, odd};
    type->part_len = (size_t)count / BYTE_BITS;
    memcpy(type->part, bytes + (odd ? 1 : 0), type->part_len);
    return true;
}

/* ---- Both ---- */

static struct type_local begin(struct stage stage, unsigned bits, struct stage_buffer buffer)
{
    size_t word_bytes = type_local_word_bytes(bits);
    return (struct type_local){
        .stage = stage,
        .buffer = buffer,
        .bits = bits,
        .word_bytes = word_bytes,
        .first = word_bytes - (bits + BYTE_BITS - 1) / BYTE_BITS,
        .first_bits = (bits - 1) % BYTE_BITS + 1,
    };
}

void type_local_send_init(struct type_local *type, struct stage *next, unsigned bits,
                          struct stage_buffer buffer)
{
    *type = begin((struct stage){take_words, next}, bits, buffer);
}

void type_local_receive_init(struct type_local *type, struct stage *next, unsigned bits,
                             struct stage_buffer buffer)
{
    *type = begin((struct stage){take_received, next}, bits, buffer);
}
