/* SPDX-License-Identifier: Apache-2.0 */
#include "client/progress.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/safe_name.h"

/* ---- Numbers ------------------------------------------------------------------------ */

void progress_put_bytes(struct builder *b, uint64_t bytes)
{
    static const char units[] = "KMGTPE";
    unsigned steps = 0;
    while (bytes >> (10 * steps) >= 1000)
        steps++;
    uint64_t whole = bytes >> (10 * steps);
    builder_put_number(b, whole);
    if (steps && whole < 100) {
        uint64_t part = bytes >> (10 * (steps - 1)) & 1023;
        builder_put_byte(b, '.');
        builder_put_number(b, part * 10 / 1024);
    }
    builder_put_byte(b, ' ');
    if (steps) {
        builder_put_byte(b, units[steps - 1]);
        builder_put_byte(b, 'i');
    }
    builder_put_byte(b, 'B');
}

void progress_put_seconds(struct builder *b, uint64_t seconds)
{
    enum { HOUR = 3600, MINUTE = 60, HOURS_MAX = 99 };
    if (seconds / HOUR > HOURS_MAX) {
        builder_put(b, TEXT("--:--"));
        return;
    }
    if (seconds >= HOUR) {
        builder_put_number(b, seconds / HOUR);
        builder_put_byte(b, ':');
    }
    builder_put_number_padded(b, seconds % HOUR / MINUTE, seconds >= HOUR ? 2 : 1);
    builder_put_byte(b, ':');
    builder_put_number_padded(b, seconds % MINUTE, 2);
}

/* ---- Columns -------------------------------------------------------------------------- */

/* The character of a valid sequence of `len` bytes (RFC 3629 3). */
static uint32_t decode(const char *at, size_t len)
{
    uint32_t code = (unsigned char)at[0];
    if (len > 1)
        code &= 0x7FU >> len;
    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)at[i] & 0x3F);
    return code;
}

/* Unicode's East Asian Width W and F, in blocks: a locale that could tell need not be there. */
static bool is_wide(uint32_t code)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23F3},
        {0x25FD, 0x25FE},   {0x2614, 0x27BF},   {0x2B1B, 0x2B55},   {0x2E80, 0x303E},
        {0x3041, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
        {0xFE10, 0xFE6F},   {0xFF01, 0xFF60},   {0xFFE0, 0xFFE6},   {0x16FE0, 0x18DFF},
        {0x1AFF0, 0x1B2FF}, {0x1F000, 0x1FAFF}, {0x20000, 0x3FFFD},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

/* The first character of a text that is not empty; how many bytes it has. */
static size_t first_character(struct text text, size_t *ret_columns)
{
    size_t len = text_utf8_len(text);
    *ret_columns = len && is_wide(decode(text.at, len)) ? 2 : 1;
    return len ? len : 1;
}

size_t progress_columns(struct text text)
{
    size_t columns = 0;
    while (text.len) {
        size_t width;
        text = text_after(text, first_character(text, &width));
        columns += width;
    }
    return columns;
}

/* ---- The line -------------------------------------------------------------------------- */

enum { NUMBER_SIZE = 32, NAME_COLUMNS_MIN = 12, GAP = 2 };

static void put_spaces(struct builder *b, size_t count)
{
    while (count--)
        builder_put_byte(b, ' ');
}

/* What follows the name: as much of it as the width allows, each in a field that does not move. */
static void put_percentage(struct builder *b, const struct progress_state *state)
{
    char bytes[NUMBER_SIZE];
    struct builder number = builder_on(bytes, sizeof(bytes));
    uint64_t done = state->bytes_done < state->bytes_total ? state->bytes_done : state->bytes_total;
    if (state->bytes_total != PROGRESS_UNKNOWN) {
        uint64_t total = state->bytes_total;
        uint64_t percent = total > UINT64_MAX / 100 ? done / (total / 100)
                                                    : (total ? done * 100 / total : 100);
        /* Only what is complete is 100%. */
        builder_put_number(&number, percent < 100 ? percent : (done < total ? 99 : 100));
        builder_put_byte(&number, '%');
    }
    builder_put_right(b, builder_text(&number), sizeof("100%") - 1);
}

static void put_done(struct builder *b, const struct progress_state *state)
{
    char bytes[NUMBER_SIZE];
    struct builder number = builder_on(bytes, sizeof(bytes));
    progress_put_bytes(&number, state->bytes_done);
    builder_put_right(b, builder_text(&number), GAP + sizeof("99.9 KiB") - 1);
}

static void put_speed(struct builder *b, uint64_t bytes_per_second)
{
    char bytes[NUMBER_SIZE];
    struct builder number = builder_on(bytes, sizeof(bytes));
    if (bytes_per_second != PROGRESS_UNKNOWN) {
        progress_put_bytes(&number, bytes_per_second);
        builder_put(&number, TEXT("/s"));
    }
    builder_put_right(b, builder_text(&number), GAP + sizeof("99.9 KiB/s") - 1);
}

static void put_time_left(struct builder *b, const struct progress_state *state, uint64_t speed)
{
    char bytes[NUMBER_SIZE];
    struct builder number = builder_on(bytes, sizeof(bytes));
    bool is_known = state->bytes_total != PROGRESS_UNKNOWN && speed && speed != PROGRESS_UNKNOWN;
    uint64_t left = state->bytes_done < state->bytes_total ? state->bytes_total - state->bytes_done
                                                           : 0;
    /* Rounded up: the last second is one. */
    progress_put_seconds(&number, is_known ? left / speed + (left % speed != 0) : PROGRESS_UNKNOWN);
    builder_put_right(b, builder_text(&number), GAP + sizeof("99:59:59") - 1);
}

/* The end of a name says more than its beginning. */
static void put_name(struct builder *b, struct text name, size_t columns)
{
    enum { SHOWN_MAX = 1024 };
    char bytes[4 * SHOWN_MAX];
    struct builder safe = builder_on(bytes, sizeof(bytes));
    const struct text dots = TEXT("...");
    bool is_cut = name.len > SHOWN_MAX;
    safe_text_put(&safe, is_cut ? text_after(name, name.len - SHOWN_MAX) : name);
    struct text shown = builder_text(&safe);
    size_t left = progress_columns(shown);
    size_t room = columns;
    if (is_cut || left > columns) {
        room = columns > dots.len ? columns - dots.len : 0;
        builder_put(b, room ? dots : TEXT(""));
    }
    while (left > room) {
        size_t width;
        shown = text_after(shown, first_character(shown, &width));
        left -= width;
    }
    builder_put(b, shown);
    put_spaces(b, room - left);
}

static void put_tail(struct builder *b, const struct progress_state *state, uint64_t speed,
                     size_t parts)
{
    put_percentage(b, state);
    if (parts > 3)
        put_done(b, state);
    if (parts > 1)
        put_speed(b, speed);
    if (parts > 2)
        put_time_left(b, state, speed);
}

void progress_put_line(struct builder *b, const struct progress_state *state,
                       uint64_t bytes_per_second, size_t width)
{
    enum { PARTS = 4 };
    char tail_bytes[4 * NUMBER_SIZE];
    char head_bytes[2 * NUMBER_SIZE];
    struct builder head = builder_on(head_bytes, sizeof(head_bytes));
    if (state->files_total > 1) {
        builder_put_number(&head, state->files_done);
        builder_put_byte(&head, '/');
        builder_put_number(&head, state->files_total);
        builder_put_byte(&head, ' ');
    }
    width = width < PROGRESS_WIDTH_MAX ? width : PROGRESS_WIDTH_MAX;
    for (size_t parts = PARTS; parts; parts--) {
        struct builder tail = builder_on(tail_bytes, sizeof(tail_bytes));
        put_tail(&tail, state, bytes_per_second, parts);
        size_t taken = head.len + 1 + tail.len;
        if (width < taken + NAME_COLUMNS_MIN)
            continue;
        builder_put(b, builder_text(&head));
        put_name(b, state->name, width - taken);
        builder_put_byte(b, ' ');
        builder_put(b, builder_text(&tail));
        return;
    }
    struct builder alone = builder_on(tail_bytes, sizeof(tail_bytes));
    put_percentage(&alone, state);
    if (alone.len <= width)
        builder_put(b, builder_text(&alone));
}

/* ---- Speed ------------------------------------------------------------------------------- */

static struct progress_sample *sample_before(struct progress_speed *speed, size_t back)
{
    return &speed->samples[(speed->next + PROGRESS_SAMPLES - back) % PROGRESS_SAMPLES];
}

uint64_t progress_speed_of(struct progress_speed *speed, int64_t now_ms, uint64_t bytes)
{
    struct progress_sample *newest = speed->count ? sample_before(speed, 1) : NULL;
    if (newest && (bytes < newest->bytes || now_ms < newest->at_ms)) {
        *speed = (struct progress_speed){.count = 0};
        newest = NULL;
    }
    if (!newest || now_ms - newest->at_ms >= PROGRESS_WINDOW_MS / (PROGRESS_SAMPLES - 1)) {
        speed->samples[speed->next] = (struct progress_sample){now_ms, bytes};
        speed->next = (speed->next + 1) % PROGRESS_SAMPLES;
        speed->count += speed->count < PROGRESS_SAMPLES;
    }
    /* The oldest that is in the window; after a long silence the one before it, which was in it. */
    const struct progress_sample *from = sample_before(speed, 1);
    for (size_t back = 2; back <= speed->count; back++) {
        const struct progress_sample *sample = sample_before(speed, back);
        if (from->at_ms < now_ms && now_ms - sample->at_ms > PROGRESS_WINDOW_MS)
            break;
        from = sample;
    }
    uint64_t moved = bytes - from->bytes;
    uint64_t passed_ms = (uint64_t)(now_ms - from->at_ms);
    if (!passed_ms)
        return PROGRESS_UNKNOWN;
    return moved / passed_ms * 1000 + moved % passed_ms * 1000 / passed_ms;
}

/* ---- Drawing ------------------------------------------------------------------------------- */

static void write_all(int fd, struct text text)
{
    while (text.len) {
        ssize_t n = write(fd, text.at, text.len);
        if (n < 0 && errno != EINTR)
            return; /* a terminal that has gone: what is done does not depend on it */
        text = text_after(text, n > 0 ? (size_t)n : 0);
    }
}

void progress_init(struct progress *progress, int fd, enum settings_when when)
{
    const char *terminal = getenv("TERM");
    bool is_dumb = !terminal || text_equal(text_of(terminal), TEXT("dumb"));
    *progress = (struct progress){.fd = fd};
    progress->is_on = when == SETTINGS_ON || (when == SETTINGS_AUTO && isatty(fd) && !is_dumb);
}

/* The last column stays free: a terminal may go to the next line when it is written to. */
static size_t width_of(int fd)
{
    enum { USUAL = 80 };
    struct winsize size;
    size_t columns = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : USUAL;
    return columns - 1;
}

static bool is_in_background(int fd)
{
    pid_t foreground = tcgetpgrp(fd);
    return foreground >= 0 && foreground != getpgrp();
}

void progress_show(struct progress *progress, const struct progress_state *state, int64_t now_ms)
{
    char bytes[PROGRESS_LINE_SIZE + 16];
    struct builder b = builder_on(bytes, sizeof(bytes));
    if (!progress->is_on)
        return;
    uint64_t speed = progress_speed_of(&progress->speed, now_ms, state->bytes_done);
    if (!progress->has_begun) { /* what is done at once needs no line */
        progress->has_begun = true;
        progress->drawn_ms = now_ms;
    }
    if (now_ms - progress->drawn_ms < PROGRESS_PERIOD_MS || is_in_background(progress->fd))
        return;
    builder_put_byte(&b, '\r');
    progress_put_line(&b, state, speed, width_of(progress->fd));
    builder_put(&b, TEXT("\x1B[K")); /* ECMA-48 8.3.41: what is left of a longer one */
    write_all(progress->fd, builder_text(&b));
    progress->is_drawn = true;
    progress->drawn_ms = now_ms;
}

void progress_clear(struct progress *progress)
{
    if (progress->is_drawn)
        write_all(progress->fd, TEXT("\r\x1B[K"));
    progress->is_drawn = false;
}

void progress_restart(struct progress *progress)
{
    progress_clear(progress);
    progress->has_begun = false;
    progress->speed = (struct progress_speed){.count = 0};
}

/* ---- Marks ---------------------------------------------------------------------------- */

bool progress_put_marks(struct builder *b, struct progress_marks *marks, uint64_t bytes)
{
    while (marks->made < bytes / marks->each && b->len < b->size) {
        builder_put_byte(b, '#');
        marks->made++;
    }
    return marks->made < bytes / marks->each;
}

void progress_write_marks(int fd, struct progress_marks *marks, uint64_t bytes)
{
    bool has_more = true;
    while (has_more) {
        char marks_bytes[512];
        struct builder b = builder_on(marks_bytes, sizeof(marks_bytes));
        has_more = progress_put_marks(&b, marks, bytes);
        write_all(fd, builder_text(&b));
    }
}
