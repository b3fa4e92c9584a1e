/* SPDX-License-Identifier: Apache-2.0 */
#include "client/safe_name.h"

#include <limits.h>

enum { DELETE = 0x7F, C1_LAST = 0x9F };

/* Characters that nobody sees, or that make others appear elsewhere than they stand. */
static const struct range {
    uint32_t first;
    uint32_t last;
} hidden[] = {
    {0x00AD, 0x00AD},   /* soft hyphen */
    {0x061C, 0x061C},   /* Arabic letter mark: direction */
    {0x180E, 0x180E},   /* Mongolian vowel separator */
    {0x200B, 0x200B},   /* zero width space; its neighbours, the joiners, belong to words */
    {0x200E, 0x200F},   /* marks of direction */
    {0x2028, 0x2029},   /* line and paragraph separator */
    {0x202A, 0x202E},   /* embeddings and overrides of direction */
    {0x2060, 0x206F},   /* word joiner, invisible operators, isolates */
    {0xFEFF, 0xFEFF},   /* byte order mark */
    {0xFFF9, 0xFFFB},   /* annotations */
    {0xE0000, 0xE007F}, /* tags */
};

/* What t begins with: the character's bytes, valid UTF-8. */
static uint32_t code_point(const char *at, size_t len)
{
    static const unsigned char bits_of_first[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = (unsigned char)at[0] & bits_of_first[len];
    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)at[i] & 0x3F);
    return code;
}

static bool is_control(uint32_t code)
{
    return code < ' ' || (code >= DELETE && code <= C1_LAST);
}

static bool is_hidden(uint32_t code)
{
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        if (code >= hidden[i].first && code <= hidden[i].last)
            return true;
    return false;
}

/* ---- Names ---------------------------------------------------------------------------- */

/* A byte that is no UTF-8 is taken for a character of that number: ISO 8859 has the same C1. */
static bool has_control(struct text name)
{
    while (name.len) {
        const size_t len = text_utf8_len(name);
        if (is_control(len ? code_point(name.at, len) : (unsigned char)name.at[0]))
            return true;
        name = text_after(name, len ? len : 1);
    }
    return false;
}

static bool is_utf8(struct text t)
{
    size_t len;
    while (t.len && (len = text_utf8_len(t)))
        t = text_after(t, len);
    return !t.len;
}

/* The digit of a port's name: 0 to 9, and superscript 1, 2 and 3, which Windows takes for them. */
static bool is_port_number(struct text t)
{
    return (t.len == 1 && text_is_digit(t.at[0])) || text_equal(t, TEXT("\xC2\xB9")) ||
           text_equal(t, TEXT("\xC2\xB2")) || text_equal(t, TEXT("\xC2\xB3"));
}

/* Windows takes the spaces off its end. */
static bool is_device(struct text stem)
{
    static const struct text devices[] = {
        {"CON", 3},    {"PRN", 3},     {"AUX", 3},    {"NUL", 3},
        {"CONIN$", 6}, {"CONOUT$", 7}, {"CLOCK$", 6},
    };
    while (stem.len && stem.at[stem.len - 1] == ' ')
        stem.len--;
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
        if (text_equal_any_case(stem, devices[i]))
            return true;
    const struct text port = {stem.at, stem.len < 3 ? stem.len : 3};
    return (text_equal_any_case(port, TEXT("COM")) || text_equal_any_case(port, TEXT("LPT"))) &&
           is_port_number(text_after(stem, 3));
}

static bool is_portable(struct text name)
{
    const struct text refused = TEXT("\\:*?\"<>|");
    for (size_t i = 0; i < name.len; i++)
        if (text_find(refused, name.at[i]) < refused.len)
            return false;
    const char last = name.at[name.len - 1];
    const struct text stem = {name.at, text_find(name, '.')}; /* all that Windows looks at */
    return last != '.' && last != ' ' && is_utf8(name) && !is_device(stem);
}

bool safe_name_is_local(struct text name, enum safe_name_rule rule)
{
    if (!name.len || name.len > NAME_MAX || text_equal(name, TEXT(".")) ||
        text_equal(name, TEXT("..")) || text_find(name, '/') < name.len || has_control(name))
        return false;
    return rule == SAFE_NAME_LINUX || (rule == SAFE_NAME_NO_DEVICE && !is_device(name)) ||
           (rule == SAFE_NAME_PORTABLE && is_portable(name));
}

/* ---- Terminals -------------------------------------------------------------------------- */

/* Every byte as \xNN, in capitals. */
static void put_escaped(struct builder *b, struct text character)
{
    static const char hex[] = "0123456789ABCDEF";
    char bytes[4 * SAFE_TEXT_GROWTH]; /* a character has four bytes at most */
    struct builder escaped = builder_on(bytes, sizeof(bytes));
    for (size_t i = 0; i < character.len; i++) {
        const unsigned char c = (unsigned char)character.at[i];
        const char escape[] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
        builder_put(&escaped, (struct text){escape, sizeof(escape)});
    }
    builder_put(b, builder_text(&escaped));
}

void safe_text_put(struct builder *b, struct text t)
{
    while (t.len && !b->full) {
        const size_t len = text_utf8_len(t);
        const struct text character = {t.at, len ? len : 1};
        const uint32_t code = len ? code_point(t.at, len) : 0; /* no UTF-8: not to be printed */
        if (is_control(code) || is_hidden(code))
            put_escaped(b, character);
        else
            builder_put(b, character);
        t = text_after(t, character.len);
    }
}
