/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: what the people who run ferry read. One line per event on standard
 * error: `level event key=value …`, written with a single write(2), so that
 * lines of several threads never mix. A value that holds anything but plain
 * name characters is quoted and its control bytes escaped: nothing a client
 * sends can forge a field, a line or a terminal sequence.
 *
 * No line is waited for: what a full disk, or a pipe that nobody reads, does
 * not take is counted, and told as `log-lines-lost` before the next that goes.
 *
 * It is not the audit (who did what: audit/audit.h). Any thread.
 */
#ifndef FERRY_BASE_LOG_H
#define FERRY_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_field {
    const char *key;  /* borrowed: static text; NULL ends an array */
    struct text text; /* used when at is set */
    uint64_t number;  /* used when it is not */
};

#define LOG_TEXT(name, value) ((struct log_field){.key = (name), .text = (value)})
#define LOG_NUMBER(name, value) ((struct log_field){.key = (name), .number = (uint64_t)(value)})
/* The text of an errno value. */
#define LOG_ERRNO(value) LOG_TEXT("error", log_errno_text(value))

/* Events are static words with dashes; at least one field each. */
#define log_error(event, ...) LOG_WRITE(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warning(event, ...) LOG_WRITE(LOG_LEVEL_WARNING, event, __VA_ARGS__)
#define log_info(event, ...) LOG_WRITE(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) LOG_WRITE(LOG_LEVEL_DEBUG, event, __VA_ARGS__)

#define LOG_WRITE(level, event, ...)                                                               \
    do {                                                                                           \
        if (log_is_on(level))                                                                      \
            log_write(level, event, (const struct log_field[]){__VA_ARGS__, {.key = NULL}});       \
    } while (0)

/*
 * Makes writing to standard error wait for nobody, in the programs that we
 * start, too: once, before there are threads. A terminal of another user's
 * that is held up is waited for all the same.
 */
void log_begin(void);

/* Lines above this level are dropped. LOG_LEVEL_INFO until it is called. */
void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);
/* "error", "warning", "info" or "debug"; false for anything else. */
bool log_level_parse(struct text word, enum log_level *ret_level);

void log_write(enum log_level level, const char *event, const struct log_field *fields);
struct text log_errno_text(int error);

/*
 * Appends a value as the log writes it: bare when it is made of name
 * characters only, else in double quotes with `"`, `\` and every byte that is
 * no printable ASCII escaped as \xNN. Valid UTF-8 stays readable.
 */
void log_put_value(struct builder *b, struct text value);

#endif
