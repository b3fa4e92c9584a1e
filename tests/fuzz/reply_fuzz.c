/* SPDX-License-Identifier: Apache-2.0 */
/* protocol/reply: lines of a hostile server, and text of a hostile client, stay in their bounds. */
#include "protocol/line.h"
#include "protocol/reply.h"
#include "tests/fuzz/fuzz.h"

/* Any text put into a reply is one line, and reads back as the same text. */
static void check_put(struct text input)
{
    static char bytes[1 << 16];
    static char buffer[1 << 16];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct line line = line_on(buffer, sizeof(buffer));
    enum line_event event;
    reply_put_text(&b, input);
    builder_put(&b, TEXT("\r\n"));
    if (b.full)
        return;
    PROMISE(line_feed(&line, builder_text(&b), &event) == b.len && event == LINE_READY);
    struct text heard = line_text(&line);
    PROMISE(heard.len == input.len);
    for (size_t i = 0; i < heard.len; i++)
        PROMISE(heard.at[i] == (input.at[i] == '\n' ? '\0' : input.at[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text input = {(const char *)data, size};
    struct text rest = input;
    struct reply reply = {0};
    check_put(input);
    while (rest.len) {
        struct text line = text_take_until(&rest, '\n');
        enum reply_progress progress = reply_take_line(&reply, line);
        if (progress == REPLY_COMPLETE)
            PROMISE(!reply.inside && reply.code >= 100 && reply.code <= 599);
        PROMISE(!reply.may_be_last || (reply.inside && progress == REPLY_INCOMPLETE));
        if (progress != REPLY_MALFORMED && reply.text.len)
            PROMISE(reply.text.at >= line.at &&
                    reply.text.at + reply.text.len <= line.at + line.len);
    }
    return 0;
}
