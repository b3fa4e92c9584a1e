/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/xferlog.h"

#include <time.h>

enum { FIELDS_BYTES = 256 }; /* dates, numbers, an address */

bool xferlog_wants(const struct audit_event *event)
{
    return event->is_transfer || (event->action == ACTION_DELETE && !event->fault);
}

size_t xferlog_size(const struct audit_event *event)
{
    return FIELDS_BYTES + event->path.len + event->user.len + event->detail.len;
}

/* Spaces and the controls of ASCII and Latin 1, as a byte or as UTF-8 (U+0080 to U+009F). */
static bool is_control(struct text t, size_t len)
{
    unsigned char c = (unsigned char)t.at[len == 2 && t.at[0] == '\xC2'];
    return c <= ' ' || (c >= 0x7F && c < 0xA0);
}

/* Names are one word in this format: spaces and controls become underscores. */
static void put_word(struct builder *b, struct text t)
{
    if (!t.len)
        builder_put_byte(b, '*');
    while (t.len) {
        size_t len = text_utf8_len(t);
        if (len <= 2 && is_control(t, len))
            builder_put_byte(b, '_');
        else
            builder_put(b, (struct text){t.at, len ? len : 1});
        t = text_after(t, len ? len : 1);
    }
}

static char direction(const struct audit_event *event)
{
    if (event->action == ACTION_DELETE)
        return 'd';
    return event->inbound ? 'i' : 'o';
}

void xferlog_put(struct builder *b, const struct audit_event *event, int64_t now)
{
    char date[32];
    struct tm tm;
    time_t when = now;
    uint64_t seconds = (event->duration_ms + 999) / 1000;
    localtime_r(&when, &tm);
    size_t len = strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y ", &tm);
    builder_put(b, (struct text){date, len});
    builder_put_number(b, seconds ? seconds : 1);
    builder_put_byte(b, ' ');
    endpoint_put_host(&event->peer, b);
    builder_put_byte(b, ' ');
    builder_put_number(b, event->bytes);
    builder_put_byte(b, ' ');
    put_word(b, event->path);
    const char fields[] = {' ', event->is_text ? 'a' : 'b',   ' ', '_', ' ', direction(event),
                           ' ', event->anonymous ? 'a' : 'g', ' '};
    builder_put(b, (struct text){fields, sizeof(fields)});
    put_word(b, event->anonymous ? event->detail : event->user);
    builder_put(b, event->fault ? TEXT(" ftp 0 * i\n") : TEXT(" ftp 0 * c\n"));
}
