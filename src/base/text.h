/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: slices and a bounded builder. No other string code exists in ferry.
 *
 * A `struct text` is a borrowed run of bytes, any bytes, not NUL-terminated;
 * it never owns what it points at and is passed by value. A `struct builder`
 * fills a buffer that its owner gave it, never grows and never writes past the
 * end: what does not fit is dropped and `full` is set, to be looked at once at
 * the end. No system calls, no allocation, any thread.
 */
#ifndef FERRY_BASE_TEXT_H
#define FERRY_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
    const char *at; /* borrowed: for as long as the bytes it was made from */
    size_t len;
};

/* A text of a string literal. */
#define TEXT(literal) ((struct text){"" literal, sizeof(literal) - 1})

/* A literal that a front shows translated: xgettext finds it by this. */
#define N_(literal) literal

/* Not even an empty one, where that makes a difference. */
#define TEXT_NONE ((struct text){NULL, 0})

/* For printf's "%.*s". */
#define TEXT_ARGS(t) (int)(t).len, (t).at

/* A text of a NUL-terminated string; NULL gives the empty text. */
static inline struct text text_of(const char *string)
{
    return (struct text){string, string ? strlen(string) : 0};
}

/* The text without its first `count` bytes (all of them when it is shorter). */
static inline struct text text_after(struct text t, size_t count)
{
    if (count > t.len)
        count = t.len;
    return (struct text){t.len ? t.at + count : t.at, t.len - count};
}

bool text_equal(struct text a, struct text b);
/* ASCII letters compare without their case (RFC 959 5.3). */
bool text_equal_any_case(struct text a, struct text b);
bool text_starts_with(struct text t, struct text prefix);
/* Position of the first such byte, or t.len. */
size_t text_find(struct text t, char byte);
/* Position of the last such byte, or t.len when there is none. */
size_t text_find_last(struct text t, char byte);

/* Without leading and trailing spaces. */
struct text text_trim(struct text t);
/* Without leading spaces. */
struct text text_trim_start(struct text t);

/*
 * Cuts `rest` at the first `separator`: returns what was before it and leaves
 * what is after it (empty when there was none).
 */
struct text text_take_until(struct text *rest, char separator);
/* Like text_take_until, with runs of spaces as one separator. */
struct text text_take_word(struct text *rest);

/*
 * Reads an unsigned decimal number that must be the whole text: digits only,
 * at most `max`. False and ret_number untouched otherwise.
 */
bool text_to_number(struct text t, uint64_t max, uint64_t *ret_number);
/* The same, and k, M, G or T may stand behind it, in either case: powers of 1024. */
bool text_to_size(struct text t, uint64_t max, uint64_t *ret_size);
/* The same for octal (file modes). */
bool text_to_octal(struct text t, uint64_t max, uint64_t *ret_number);

/* Length of the UTF-8 sequence t begins with (1 for ASCII); 0 when it begins with none. */
size_t text_utf8_len(struct text t);
/*
 * The largest length <= limit at which t may be cut without splitting a UTF-8
 * sequence. Bytes that are not UTF-8 count as one each.
 */
size_t text_cut_utf8(struct text t, size_t limit);

/* ASCII upper case of one byte; other bytes as they are, in any locale. */
static inline char text_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static inline bool text_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What a digit of hexadecimal is worth, in either case; -1: it is none. */
static inline int text_hex_value(char c)
{
    if (text_is_digit(c))
        return c - '0';
    c = text_upper(c);
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

struct builder {
    char *at; /* borrowed: the owner's buffer, alive as long as the builder */
    size_t len;
    size_t size;
    bool full; /* something did not fit and was dropped */
};

static inline struct builder builder_on(char *buffer, size_t size)
{
    return (struct builder){buffer, 0, size, false};
}

static inline struct text builder_text(const struct builder *b)
{
    return (struct text){b->at, b->len};
}

/* Appends all of t, or nothing and sets full. */
void builder_put(struct builder *b, struct text t);
void builder_put_string(struct builder *b, const char *string);
void builder_put_byte(struct builder *b, char byte);
void builder_put_number(struct builder *b, uint64_t number);
/* Likewise; the text of the number alone, inside the builder. */
struct text builder_number(struct builder *b, uint64_t number);
/* At least `width` digits, filled with zeros. */
void builder_put_number_padded(struct builder *b, uint64_t number, unsigned width);
void builder_put_octal(struct builder *b, unsigned number, unsigned width);
void builder_put_hex(struct builder *b, uint64_t number);
/* Both digits of one byte. */
void builder_put_hex_byte(struct builder *b, unsigned char byte);
/* t in a field of at least `width` bytes, filled with spaces on its left. */
void builder_put_right(struct builder *b, struct text t, size_t width);
/*
 * Closes the text with a NUL that does not count in len. Sets full and
 * shortens the text when there is no room (size must not be 0). Returns b->at.
 */
char *builder_end(struct builder *b);

#endif
