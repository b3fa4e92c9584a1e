/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdatomic.h>
#include <unistd.h>

enum { LINE_SIZE = 4096 };

static const char *const level_words[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

static atomic_int level_limit = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&level_limit, (int)level, memory_order_relaxed);
}

bool log_is_on(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&level_limit, memory_order_relaxed);
}

bool log_level_parse(struct text word, enum log_level *ret_level)
{
    for (size_t i = 0; i < sizeof(level_words) / sizeof(level_words[0]); i++) {
        if (text_equal(word, text_of(level_words[i]))) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

struct text log_errno_text(int error)
{
    const char *description = strerrordesc_np(error);
    return text_of(description ? description : "unknown error");
}

static bool is_bare(struct text value)
{
    static const char others[] = "._:/@+-*,[]";
    for (size_t i = 0; i < value.len; i++) {
        char c = value.at[i];
        bool letter = text_upper(c) >= 'A' && text_upper(c) <= 'Z';
        if (!letter && !text_is_digit(c) && !(c && strchr(others, c)))
            return false;
    }
    return value.len > 0;
}

void log_put_value(struct builder *b, struct text value)
{
    static const char hex[] = "0123456789ABCDEF";
    if (is_bare(value)) {
        builder_put(b, value);
        return;
    }
    builder_put_byte(b, '"');
    while (value.len) {
        unsigned char c = (unsigned char)value.at[0];
        size_t sequence = text_utf8_len(value);
        if (sequence > 1 && c != 0xC2) { /* C2 begins U+0080 to U+009F, which are controls */
            builder_put(b, (struct text){value.at, sequence});
            value = text_after(value, sequence);
            continue;
        }
        if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\') {
            const char escape[] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
            builder_put(b, (struct text){escape, sizeof(escape)});
        } else {
            builder_put_byte(b, (char)c);
        }
        value = text_after(value, 1);
    }
    builder_put_byte(b, '"');
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    char line[LINE_SIZE];
    struct builder b = builder_on(line, sizeof(line) - 1); /* room for the newline */
    builder_put_string(&b, level_words[level]);
    builder_put_byte(&b, ' ');
    builder_put_string(&b, event);
    for (; fields->key; fields++) {
        builder_put_byte(&b, ' ');
        builder_put_string(&b, fields->key);
        builder_put_byte(&b, '=');
        if (fields->text.at)
            log_put_value(&b, fields->text);
        else
            builder_put_number(&b, fields->number);
    }
    line[b.len] = '\n';
    /* A log that cannot be written has nowhere to complain. */
    ssize_t written = write(STDERR_FILENO, line, b.len + 1);
    (void)written;
}
