/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/reply.h"

void reply_put_text(struct builder *b, struct text t)
{
    for (size_t i = 0; i < t.len; i++) {
        switch ((unsigned char)t.at[i]) {
        case '\n':
            builder_put_byte(b, '\0');
            break;
        case '\r':
            builder_put(b, TEXT("\r\0"));
            break;
        case 0xFF:
            builder_put(b, TEXT("\xFF\xFF"));
            break;
        default:
            builder_put_byte(b, t.at[i]);
        }
    }
}

static void put_coded(struct builder *b, unsigned code, char separator, struct text text)
{
    builder_put_number_padded(b, code, 3);
    builder_put_byte(b, separator);
    builder_put(b, text);
    builder_put(b, TEXT("\r\n"));
}

void reply_put_line(struct builder *b, unsigned code, struct text text)
{
    put_coded(b, code, ' ', text);
}

void reply_put_first(struct builder *b, unsigned code, struct text text)
{
    put_coded(b, code, '-', text);
}

void reply_put_inner(struct builder *b, struct text text)
{
    builder_put_byte(b, ' ');
    builder_put(b, text);
    builder_put(b, TEXT("\r\n"));
}

/* The code a line begins with, 0 when it begins with none: 1yz to 5yz (RFC 959 4.2.1). */
static unsigned line_code(struct text line)
{
    uint64_t code;
    if (line.len < 3 || !text_to_number((struct text){line.at, 3}, 599, &code) || code < 100)
        return 0;
    return (unsigned)code;
}

enum reply_progress reply_take_line(struct reply *reply, struct text line)
{
    unsigned code = line_code(line);
    char separator = line.len > 3 ? line.at[3] : ' '; /* some servers end with a bare code */
    if (reply->inside) {
        /* RFC 959 4.2: only the same code followed by a space ends it. */
        bool last = code == reply->code && separator == ' ';
        reply->text = last ? text_after(line, 4) : line;
        reply->inside = !last;
        return last ? REPLY_COMPLETE : REPLY_INCOMPLETE;
    }
    if (!code || (separator != ' ' && separator != '-'))
        return REPLY_MALFORMED;
    reply->code = code;
    reply->text = text_after(line, 4);
    reply->inside = separator == '-';
    return reply->inside ? REPLY_INCOMPLETE : REPLY_COMPLETE;
}
