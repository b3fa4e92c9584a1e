/* SPDX-License-Identifier: Apache-2.0 */
#include "client/bookmarks.h"

#include <stdio.h>

/* ---- Lines -------------------------------------------------------------------------- */

static bool is_name(struct text name)
{
    const struct text marks = TEXT("-_.");
    for (size_t i = 0; i < name.len; i++) {
        char c = text_upper(name.at[i]);
        bool is_word = text_is_digit(c) || (c >= 'A' && c <= 'Z');
        if (!is_word && text_find(marks, c) == marks.len)
            return false;
    }
    return name.len && name.len <= BOOKMARK_NAME_MAX && name.at[0] != '-' && name.at[0] != '.';
}

static bool is_printable(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~') /* a byte that is no ASCII is one or the other */
            return false;
    return text.len != 0;
}

static bool decode(struct text value, struct builder *b)
{
    while (value.len) {
        bool is_coded = value.at[0] == '%';
        int high = is_coded && value.len > 2 ? text_hex_value(value.at[1]) : -1;
        int low = is_coded && value.len > 2 ? text_hex_value(value.at[2]) : -1;
        if (is_coded && (high < 0 || low < 0))
            return false;
        builder_put_byte(b, (char)(is_coded ? high << 4 | low : value.at[0]));
        value = text_after(value, is_coded ? 3 : 1);
    }
    return !b->full;
}

/* Takes "NAME=VALUE" from the front; false when that is not there. */
static bool take_setting(struct text *rest, struct text *ret_name, struct builder *value)
{
    struct text coded = text_take_word(rest);
    *ret_name = text_take_until(&coded, '=');
    bool has_sign = coded.at > ret_name->at + ret_name->len;
    return has_sign && ret_name->len && decode(coded, value);
}

static bool are_settings(struct text rest)
{
    while (rest.len) {
        char bytes[SETTINGS_TEXT_SIZE];
        struct builder value = builder_on(bytes, sizeof(bytes));
        struct text name;
        if (!take_setting(&rest, &name, &value) || !is_printable(name))
            return false;
    }
    return true;
}

enum bookmark_line bookmark_parse_line(struct text line, struct bookmark *ret_bookmark)
{
    struct bookmark bookmark;
    struct text rest = text_trim(line);
    if (!rest.len || rest.at[0] == '#')
        return BOOKMARK_LINE_NOTHING;
    bookmark.name = text_take_word(&rest);
    bookmark.url = text_take_word(&rest);
    bookmark.settings = rest;
    if (line.len > BOOKMARK_LINE_MAX || !is_name(bookmark.name) || !is_printable(bookmark.url) ||
        !are_settings(rest))
        return BOOKMARK_LINE_WRONG;
    *ret_bookmark = bookmark;
    return BOOKMARK_LINE_ONE;
}

void bookmark_put_line(const struct bookmark *bookmark, struct builder *b)
{
    builder_put(b, bookmark->name);
    builder_put_byte(b, ' ');
    builder_put(b, bookmark->url);
    builder_put(b, bookmark->settings.len ? TEXT(" ") : TEXT(""));
    builder_put(b, bookmark->settings);
}

void bookmark_put_setting(struct text name, struct text value, struct builder *b)
{
    builder_put(b, b->len ? TEXT(" ") : TEXT(""));
    builder_put(b, name);
    builder_put_byte(b, '=');
    for (size_t i = 0; i < value.len; i++) {
        char c = value.at[i];
        bool is_plain = c > ' ' && c <= '~' && c != '%';
        builder_put(b, is_plain ? (struct text){&c, 1} : TEXT("%"));
        if (!is_plain)
            builder_put_hex_byte(b, (unsigned char)c);
    }
}

bool bookmark_apply(const struct bookmark *bookmark, struct settings *settings,
                    char message[SETTINGS_MESSAGE_SIZE])
{
    struct settings wanted = *settings;
    struct text rest = bookmark->settings;
    while (rest.len) {
        char bytes[SETTINGS_TEXT_SIZE];
        struct builder value = builder_on(bytes, sizeof(bytes));
        struct text name;
        if (!take_setting(&rest, &name, &value)) {
            (void)snprintf(message, SETTINGS_MESSAGE_SIZE, "not SETTING=VALUE");
            return false;
        }
        if (!settings_set(&wanted, name, builder_text(&value), message))
            return false;
    }
    *settings = wanted;
    return true;
}

/* ---- The file ------------------------------------------------------------------------- */

static bool line_is_right(struct text line)
{
    struct bookmark bookmark;
    return bookmark_parse_line(line, &bookmark) != BOOKMARK_LINE_WRONG;
}

/* RFC 3986 3.2.1: what is behind the colon before the last @ of the authority. */
static bool line_has_password(struct text line)
{
    struct bookmark bookmark;
    if (bookmark_parse_line(line, &bookmark) != BOOKMARK_LINE_ONE)
        return false;
    struct text rest = bookmark.url;
    while (rest.len && !text_starts_with(rest, TEXT("//")))
        rest = text_after(rest, 1);
    rest = rest.len ? text_after(rest, 2) : bookmark.url;
    struct text authority = text_take_until(&rest, '/');
    size_t at = text_find_last(authority, '@');
    if (at == authority.len)
        return false;
    size_t colon = text_find((struct text){authority.at, at}, ':');
    return colon + 1 < at;
}

enum fault bookmarks_open(struct bookmarks *bookmarks, const char *path,
                          char message[KEPT_MESSAGE_SIZE])
{
    static const struct kept_lines_kind kind = {"bookmarks", "\"NAME URL SETTING=VALUE ...\"",
                                                line_is_right, line_has_password};
    return kept_lines_open(&bookmarks->lines, &kind, path, message);
}

void bookmarks_close(struct bookmarks *bookmarks)
{
    kept_lines_close(&bookmarks->lines);
}

bool bookmarks_next(struct text *rest, struct bookmark *ret_bookmark)
{
    while (rest->len)
        if (bookmark_parse_line(text_take_until(rest, '\n'), ret_bookmark) == BOOKMARK_LINE_ONE)
            return true;
    return false;
}

bool bookmarks_find(const struct bookmarks *bookmarks, struct text name,
                    struct bookmark *ret_bookmark)
{
    struct text rest = kept_file_text(&bookmarks->lines.file);
    struct bookmark bookmark;
    while (bookmarks_next(&rest, &bookmark)) {
        if (text_equal(bookmark.name, name)) {
            *ret_bookmark = bookmark;
            return true;
        }
    }
    return false;
}

static bool is_named(const void *context, struct text line)
{
    const struct text *name = context;
    struct bookmark bookmark;
    return bookmark_parse_line(line, &bookmark) == BOOKMARK_LINE_ONE &&
           text_equal(bookmark.name, *name);
}

enum fault bookmarks_add(struct bookmarks *bookmarks, const struct bookmark *bookmark,
                         char message[KEPT_MESSAGE_SIZE])
{
    char bytes[BOOKMARK_LINE_MAX];
    struct bookmark read;
    struct builder b = builder_on(bytes, sizeof(bytes));
    bookmark_put_line(bookmark, &b);
    struct text line = builder_text(&b);
    bool is_itself = !b.full && bookmark_parse_line(line, &read) == BOOKMARK_LINE_ONE &&
                     text_equal(read.name, bookmark->name) && text_equal(read.url, bookmark->url);
    enum fault f = FAULT_NONE;
    if (is_itself)
        f = kept_lines_change(&bookmarks->lines, is_named, &bookmark->name, line, message);
    else
        (void)snprintf(message, KEPT_MESSAGE_SIZE,
                       "a bookmark is a NAME of letters, digits, - _ and ., and a URL");
    explicit_bzero(bytes, sizeof(bytes)); /* the URL may have a password */
    return is_itself ? f : FAULT_ARGUMENT;
}

enum fault bookmarks_remove(struct bookmarks *bookmarks, struct text name,
                            char message[KEPT_MESSAGE_SIZE])
{
    const struct text nothing = {NULL, 0};
    enum fault f = kept_lines_change(&bookmarks->lines, is_named, &name, nothing, message);
    if (f == FAULT_NOT_FOUND)
        (void)snprintf(message, KEPT_MESSAGE_SIZE, "no such bookmark");
    return f;
}
