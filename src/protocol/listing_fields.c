/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/listing_dialects.h"

struct text listing_trim(struct text t)
{
    while (t.len && listing_is_blank(t.at[0]))
        t = text_after(t, 1);
    while (t.len && listing_is_blank(t.at[t.len - 1]))
        t.len--;
    return t;
}

struct text listing_take_word(struct text *rest)
{
    while (rest->len && listing_is_blank(rest->at[0]))
        *rest = text_after(*rest, 1);
    struct text word = {rest->at, 0};
    while (word.len < rest->len && !listing_is_blank(rest->at[word.len]))
        word.len++;
    *rest = text_after(*rest, word.len);
    return word;
}

size_t listing_split(struct text t, struct text *words, size_t max)
{
    size_t count = 0;
    for (;;) {
        struct text word = listing_take_word(&t);
        if (!word.len)
            return count;
        if (count == max)
            return max + 1;
        words[count++] = word;
    }
}

bool listing_begins_with(struct text t, struct text words)
{
    while (words.len) {
        struct text wanted = text_take_until(&words, ' ');
        if (!text_equal_any_case(listing_take_word(&t), wanted))
            return false;
    }
    return true;
}

bool listing_is_one_of(struct text word, struct text words)
{
    while (words.len)
        if (text_equal_any_case(text_take_until(&words, ' '), word))
            return true;
    return false;
}

bool listing_is_number(struct text word)
{
    for (size_t i = 0; i < word.len; i++)
        if (!text_is_digit(word.at[i]))
            return false;
    return word.len > 0;
}

/* ---- Sizes ------------------------------------------------------------------- */

/* Adds a digit; false when the number no longer fits. */
static bool push_digit(uint64_t *number, char digit)
{
    return !__builtin_mul_overflow(*number, 10U, number) &&
           !__builtin_add_overflow(*number, (unsigned)(digit - '0'), number);
}

/* "1,234,567", "1.234.567", "1'234'567", or digits alone: the same mark before each three. */
static bool read_grouped(struct text digits, uint64_t *ret_number, bool *ret_fits)
{
    enum { GROUP = 3 };
    uint64_t number = 0;
    bool fits = true;
    char mark = 0;
    size_t run = 0; /* digits since the last mark */
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.at[i];
        if (text_is_digit(c)) {
            fits = fits && push_digit(&number, c);
            run++;
        } else if ((mark && (c != mark || run != GROUP)) || !run || run > GROUP) {
            return false;
        } else {
            mark = c;
            run = 0;
        }
    }
    if (!run || (mark && run != GROUP))
        return false;
    *ret_number = number;
    *ret_fits = fits;
    return true;
}

/* Powers of two of a unit: 0 for "B", 10 for "k", "KB", "KiB"; -1 when it is none. */
static int unit_shift(struct text unit)
{
    const struct text letters = TEXT("KMGTPE");
    if (listing_is_one_of(unit, TEXT("B byte bytes")))
        return 0;
    size_t letter = unit.len ? text_find(letters, text_upper(unit.at[0])) : letters.len;
    struct text tail = text_after(unit, 1);
    if (letter == letters.len || (tail.len && !listing_is_one_of(tail, TEXT("B iB"))))
        return -1;
    return (int)(letter + 1) * 10;
}

/* ".5", ",25" or nothing, in thousandths; what is finer is dropped. False when it is neither. */
static bool read_decimals(struct text t, unsigned *ret_thousandths)
{
    unsigned thousandths = 0;
    unsigned unit = 100;
    if (t.len == 1 || (t.len && t.at[0] == '\''))
        return false;
    for (size_t i = 1; i < t.len; i++, unit /= 10) {
        if (!text_is_digit(t.at[i]))
            return false;
        thousandths += (unsigned)(t.at[i] - '0') * unit;
    }
    *ret_thousandths = thousandths;
    return true;
}

/* "33.5" or "33,5" times two to the power of `shift`, which is 10 or more. */
static bool read_scaled(struct text digits, unsigned shift, uint64_t *ret_bytes, bool *ret_fits)
{
    uint64_t whole = 0;
    uint64_t bytes;
    unsigned thousandths = 0;
    bool fits = true;
    size_t i = 0;
    for (; i < digits.len && text_is_digit(digits.at[i]); i++)
        fits = fits && push_digit(&whole, digits.at[i]);
    if (i == 0 || !read_decimals(text_after(digits, i), &thousandths))
        return false;
    uint64_t part = (UINT64_C(1) << (shift - 10)) * (thousandths * 1024 / 1000);
    *ret_fits = fits && !__builtin_mul_overflow(whole, UINT64_C(1) << shift, &bytes) &&
                !__builtin_add_overflow(bytes, part, &bytes);
    *ret_bytes = *ret_fits ? bytes : 0;
    return true;
}

bool listing_size_read(struct text word, struct listing_item *item)
{
    struct text digits = {word.at, 0};
    while (digits.len < word.len && (text_is_digit(word.at[digits.len]) ||
                                     listing_is_any_of(word.at[digits.len], TEXT(".,'"))))
        digits.len++;
    struct text unit = text_after(word, digits.len);
    uint64_t bytes;
    bool fits;
    if (!digits.len)
        return false;
    int shift = unit.len ? unit_shift(unit) : 0;
    if (shift < 0 || !(shift ? read_scaled(digits, (unsigned)shift, &bytes, &fits)
                             : read_grouped(digits, &bytes, &fits)))
        return false;
    item->has_size = fits;
    item->size = fits ? bytes : 0;
    item->size_is_rough = fits && shift;
    return true;
}

void listing_size_in_units(uint64_t count, uint64_t unit, struct listing_item *item)
{
    uint64_t bytes;
    item->has_size = !__builtin_mul_overflow(count, unit, &bytes);
    item->size_is_rough = item->has_size;
    item->size = item->has_size ? bytes : 0;
}

bool listing_take_name(struct text rest, struct listing_item *item)
{
    if (rest.len < 2 || !listing_is_blank(rest.at[0]))
        return false;
    item->name = text_after(rest, 1);
    return true;
}
