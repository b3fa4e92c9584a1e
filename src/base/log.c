/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_SIZE = 4096 };

static const char *const level_words[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

static atomic_int level_limit = LOG_LEVEL_INFO;
static atomic_uint_fast64_t lines_lost; /* and not yet told */
static atomic_bool is_torn;             /* the last line that got through has no end */

void log_begin(void)
{
    struct stat info;
    if (fstat(STDERR_FILENO, &info) || S_ISREG(info.st_mode))
        return; /* nobody has to read a file for us */
    /* Opened anew: O_NONBLOCK on what we were given would hold for all who were given it. */
    int own = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own >= 0) {
        (void)dup2(own, STDERR_FILENO);
        close(own);
    } else if (!isatty(STDERR_FILENO)) { /* a socket, or a pipe that somebody else has made */
        (void)fcntl(STDERR_FILENO, F_SETFL, fcntl(STDERR_FILENO, F_GETFL) | O_NONBLOCK);
    }
}

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

static bool put_line(struct text line)
{
    ssize_t n = write(STDERR_FILENO, line.at, line.len);
    if (n > 0)
        atomic_store_explicit(&is_torn, (size_t)n < line.len, memory_order_relaxed);
    return n == (ssize_t)line.len;
}

/* Where the lines would have been. */
static void tell_lost(void)
{
    char bytes[64];
    uint64_t lost = atomic_exchange_explicit(&lines_lost, 0, memory_order_relaxed);
    if (!lost)
        return;
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (atomic_load_explicit(&is_torn, memory_order_relaxed))
        builder_put_byte(&b, '\n');
    builder_put_string(&b, level_words[LOG_LEVEL_WARNING]);
    builder_put(&b, TEXT(" log-lines-lost lines="));
    builder_put_number(&b, lost);
    builder_put_byte(&b, '\n');
    if (!put_line(builder_text(&b)))
        atomic_fetch_add_explicit(&lines_lost, lost, memory_order_relaxed);
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
    tell_lost();
    if (!put_line((struct text){line, b.len + 1}))
        atomic_fetch_add_explicit(&lines_lost, 1, memory_order_relaxed);
}
