/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/xferlog.h"

#include <time.h>

bool xferlog_wants(const struct audit_event *event)
{
    if (event->rule)
        return false; /* refused: nothing was transferred */
    return event->is_transfer || (event->action == ACTION_DELETE && !event->fault);
}

/* Names are one word in this format: spaces and control bytes become underscores. */
static void put_word(struct builder *b, struct text t)
{
    if (!t.len)
        builder_put_byte(b, '*');
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.at[i];
        builder_put_byte(b, c <= ' ' || c == 0x7F ? '_' : (char)c);
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
