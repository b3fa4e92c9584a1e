/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/bookmarks: a bookmark lies in its line and means the same when it is written and read
 * again, as one line; its settings are set, all of them or none, and written again likewise.
 */
#include "client/bookmarks.h"
#include "tests/fuzz/fuzz.h"

static bool is_in(struct text part, struct text whole)
{
    return !part.len || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

static void check_settings(const struct bookmark *bookmark)
{
    char message[SETTINGS_MESSAGE_SIZE] = "";
    struct settings settings;
    struct settings before;
    settings_init(&settings);
    before = settings;
    if (bookmark_apply(bookmark, &settings, message))
        return;
    PROMISE(message[0] && memcmp(&settings, &before, sizeof(before)) == 0);
}

static void check_bookmark(const struct bookmark *bookmark, struct text line)
{
    static char bytes[BOOKMARK_LINE_MAX + 2];
    struct bookmark again;
    struct builder b = builder_on(bytes, sizeof(bytes));
    PROMISE(is_in(bookmark->name, line) && is_in(bookmark->url, line));
    PROMISE(is_in(bookmark->settings, line));
    PROMISE(bookmark->name.len && bookmark->name.len <= BOOKMARK_NAME_MAX && bookmark->url.len);
    bookmark_put_line(bookmark, &b);
    PROMISE(!b.full && text_find(builder_text(&b), '\n') == b.len);
    PROMISE(bookmark_parse_line(builder_text(&b), &again) == BOOKMARK_LINE_ONE);
    PROMISE(text_equal(again.name, bookmark->name) && text_equal(again.url, bookmark->url));
    PROMISE(text_equal(again.settings, bookmark->settings));
    check_settings(bookmark);
}

/* Any value of a text comes back as it went in. */
static void check_value(struct text value)
{
    static char bytes[8 * SETTINGS_TEXT_SIZE];
    char message[SETTINGS_MESSAGE_SIZE];
    struct settings direct;
    struct settings through;
    struct builder b = builder_on(bytes, sizeof(bytes));
    settings_init(&direct);
    settings_init(&through);
    bookmark_put_setting(TEXT("prompt"), value, &b);
    if (b.full || !settings_set(&direct, TEXT("prompt"), value, message))
        return;
    struct bookmark bookmark = {TEXT("x"), TEXT("y"), builder_text(&b)};
    PROMISE(bookmark_apply(&bookmark, &through, message));
    PROMISE(memcmp(&direct, &through, sizeof(direct)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = {(const char *)data, size};
    check_value(rest);
    while (rest.len) {
        struct bookmark bookmark;
        struct text line = text_take_until(&rest, '\n');
        if (bookmark_parse_line(line, &bookmark) == BOOKMARK_LINE_ONE)
            check_bookmark(&bookmark, line);
    }
    return 0;
}
