/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/code_page.h"

#include <stdbool.h>

#include "codec/charset.h"

/* What a byte is in ISO 8859-1, or: */
enum { LATIN_HAS_NOT = -1, NO_CHARACTER = -2 };

static int convert(struct charset *to_latin, unsigned code)
{
    char byte = (char)code;
    char latin = '\0';
    struct builder b = builder_on(&latin, 1);
    enum fault f = charset_put(to_latin, (struct text){&byte, 1}, &b);
    if (f == FAULT_NAME_INVALID)
        return LATIN_HAS_NOT;
    return f || !b.len ? NO_CHARACTER : (unsigned char)latin;
}

/* All that has a place in ISO 8859-1 gets it, once; the rest is marked LATIN_HAS_NOT. */
static bool place_known(struct charset *to_latin, int latin_of[256], bool is_taken[256])
{
    for (unsigned code = 0; code < 256; code++) {
        int latin = convert(to_latin, code);
        if (latin == NO_CHARACTER)
            return false;
        latin_of[code] = latin == LATIN_HAS_NOT || is_taken[latin] ? LATIN_HAS_NOT : latin;
        if (latin_of[code] != LATIN_HAS_NOT)
            is_taken[latin] = true;
    }
    return true;
}

static void place_rest(int latin_of[256], const bool is_taken[256])
{
    int left = 0;
    for (unsigned code = 0; code < 256; code++) {
        if (latin_of[code] != LATIN_HAS_NOT)
            continue;
        while (is_taken[left])
            left++;
        latin_of[code] = left++;
    }
}

/* iconv has U+0085 at NL and LF elsewhere; they change places. */
static void place_new_line(int latin_of[256])
{
    for (unsigned code = 0; code < 256; code++)
        if (latin_of[code] == '\n')
            latin_of[code] = latin_of[EBCDIC_NEW_LINE];
    latin_of[EBCDIC_NEW_LINE] = '\n';
}

static bool is_ebcdic(const int latin_of[256])
{
    enum { EBCDIC_ZERO = 0xF0 };
    for (int digit = 0; digit < 10; digit++)
        if (latin_of[EBCDIC_ZERO + digit] != '0' + digit)
            return false;
    return latin_of[EBCDIC_SPACE] == ' ';
}

enum fault code_page_load(const char *name, struct code_page *ret_page)
{
    int latin_of[256];
    bool is_taken[256] = {false};
    struct charset *to_latin;
    enum fault f = charset_new("ISO-8859-1", name, &to_latin);
    if (f)
        return f;
    bool has_bytes = place_known(to_latin, latin_of, is_taken);
    charset_free(to_latin);
    if (!has_bytes || !is_ebcdic(latin_of))
        return FAULT_ARGUMENT;
    place_rest(latin_of, is_taken);
    place_new_line(latin_of);
    for (unsigned code = 0; code < 256; code++) {
        ret_page->to_file[code] = (unsigned char)latin_of[code];
        ret_page->from_file[latin_of[code]] = (unsigned char)code;
    }
    return FAULT_NONE;
}
