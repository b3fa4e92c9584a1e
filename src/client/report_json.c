/* SPDX-License-Identifier: Apache-2.0 */
#include "client/report_json.h"

#include <jansson.h>

/* Takes `value`. When that fails, the event is given up. */
static void put(struct json_event *event, const char *key, json_t *value)
{
    if (event->object && json_object_set_new(event->object, key, value) == 0)
        return;
    if (!event->object)
        json_decref(value);
    json_decref(event->object);
    event->object = NULL;
}

struct json_event json_event_begin(const char *name)
{
    struct json_event event = {.object = json_object()};
    put(&event, "event", json_string(name));
    return event;
}

static void put_lossy(struct json_event *event, const char *key, struct text value)
{
    static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */
    char bytes[JSON_TEXT_MAX * (sizeof(replacement) - 1)];
    struct builder b = builder_on(bytes, sizeof(bytes));
    while (value.len) {
        size_t len = text_utf8_len(value);
        builder_put(&b, len ? (struct text){value.at, len} : text_of(replacement));
        value = text_after(value, len ? len : 1);
    }
    put(event, key, json_stringn(b.at, b.len));
}

static void put_hex(struct json_event *event, const char *key, struct text value)
{
    char bytes[2 * JSON_TEXT_MAX];
    char name[64];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct builder name_builder = builder_on(name, sizeof(name));
    builder_put_string(&name_builder, key);
    builder_put(&name_builder, TEXT("_hex"));
    for (size_t i = 0; i < value.len; i++)
        builder_put_hex_byte(&b, (unsigned char)value.at[i]);
    put(event, builder_end(&name_builder), json_stringn(b.at, b.len));
}

static bool is_utf8(struct text text)
{
    while (text.len) {
        size_t len = text_utf8_len(text);
        if (!len)
            return false;
        text = text_after(text, len);
    }
    return true;
}

void json_event_put_text(struct json_event *event, const char *key, struct text value)
{
    if (is_utf8(value)) {
        put(event, key, json_stringn(value.len ? value.at : "", value.len));
        return;
    }
    value.len = value.len < JSON_TEXT_MAX ? value.len : JSON_TEXT_MAX;
    put_lossy(event, key, value);
    put_hex(event, key, value);
}

void json_event_put_number(struct json_event *event, const char *key, uint64_t value)
{
    put(event, key, json_integer(value < INT64_MAX ? (json_int_t)value : INT64_MAX));
}

void json_event_put_flag(struct json_event *event, const char *key, bool value)
{
    put(event, key, json_boolean(value));
}

/* DEL is ASCII to jansson, and no control character to JSON (RFC 8259 7); it is in texts alone. */
static int write_escaped(const char *bytes, size_t len, void *context)
{
    struct text rest = {bytes, len};
    while (rest.len) {
        size_t plain = text_find(rest, '\x7F');
        bool has_delete = plain < rest.len;
        if (fwrite(rest.at, 1, plain, context) != plain ||
            (has_delete && fputs("\\u007F", context) == EOF))
            return -1;
        rest = text_after(rest, plain + has_delete);
    }
    return 0;
}

bool json_event_write(struct json_event *event, FILE *file)
{
    bool is_written = event->object &&
                      json_dump_callback(event->object, write_escaped, file,
                                         JSON_COMPACT | JSON_ENSURE_ASCII) == 0 &&
                      fputc('\n', file) != EOF && fflush(file) == 0;
    json_decref(event->object);
    event->object = NULL;
    return is_written;
}
