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

/* RFC 959 4.2 has a space behind a code; these have been seen in its place. */
static bool is_separator(char c)
{
    return c == ' ' || c == '\t' || c == ':';
}

/* Between replies: no answer to anything, and no reason to believe that nobody speaks FTP. */
static bool is_nothing(struct text line)
{
    struct text words = text_trim(line);
    return !words.len || (words.at > line.at && !line_code(words));
}

/* "220End", "220:End" of a 220; "200 End" and "211-End" of a 211. */
static bool looks_last(const struct reply *reply, struct text line, unsigned code)
{
    char separator = line.at[3];
    bool says_end = text_equal_any_case(text_trim(text_after(line, 4)), TEXT("End"));
    return (code == reply->code && separator != '-' && !text_is_digit(separator)) ||
           (says_end && (separator == '-' || is_separator(separator)));
}

static enum reply_progress take_inner_line(struct reply *reply, struct text line)
{
    unsigned code = line_code(line);
    /* RFC 959 4.2: only the same code followed by a space ends it; some send it bare. */
    bool is_last = code == reply->code && (line.len == 3 || line.at[3] == ' ');
    reply->text = is_last ? text_after(line, 4) : line;
    reply->inside = !is_last;
    reply->may_be_last = !is_last && code && line.len > 3 && looks_last(reply, line, code);
    return is_last ? REPLY_COMPLETE : REPLY_INCOMPLETE;
}

enum reply_progress reply_take_line(struct reply *reply, struct text line)
{
    while (line.len && line.at[0] == '\0') /* RFC 854: NUL is no operation */
        line = text_after(line, 1);
    if (reply->inside)
        return take_inner_line(reply, line);
    reply->text = line;
    if (is_nothing(line))
        return REPLY_NOTHING;
    unsigned code = line_code(line);
    char separator = line.len > 3 ? line.at[3] : ' '; /* some servers end with a bare code */
    if (!code || (separator != '-' && !is_separator(separator)))
        return REPLY_MALFORMED;
    reply->code = code;
    reply->text = text_after(line, 4);
    reply->inside = separator == '-';
    return reply->inside ? REPLY_INCOMPLETE : REPLY_COMPLETE;
}
