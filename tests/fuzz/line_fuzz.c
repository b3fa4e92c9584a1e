/* SPDX-License-Identifier: Apache-2.0 */
/* protocol/line: any split of the input gives the same events, and lines never pass the limit. */
#include "protocol/line.h"
#include "tests/fuzz/fuzz.h"

enum { LIMIT = 64, HEARD_SIZE = 1 << 20 };

static void hear(struct text input, size_t step, bool urgent, struct builder *heard)
{
    char buffer[LIMIT];
    struct line line = line_on(buffer, sizeof(buffer));
    if (urgent)
        line_note_urgent(&line);
    while (input.len) {
        struct text piece = {input.at, input.len < step ? input.len : step};
        input = text_after(input, piece.len);
        while (piece.len) {
            enum line_event event;
            size_t used = line_feed(&line, piece, &event);
            PROMISE(used > 0 && used <= piece.len);
            PROMISE(event != LINE_NEEDS_MORE || used == piece.len);
            PROMISE(line.len <= LIMIT && line_pending(&line) <= LIMIT);
            piece = text_after(piece, used);
            if (event == LINE_NEEDS_MORE)
                continue;
            builder_put_number(heard, event);
            if (event == LINE_READY)
                builder_put(heard, line_text(&line));
            if (event == LINE_ANSWER)
                builder_put(heard, (struct text){(char *)line.answer, sizeof(line.answer)});
            if (event == LINE_SYNCH)
                builder_put_byte(heard, line_take_urgent(&line) ? 'u' : 'n');
            builder_put_byte(heard, '|');
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char first_bytes[HEARD_SIZE];
    static char second_bytes[HEARD_SIZE];
    if (size < 2)
        return 0;
    struct text input = {(const char *)data + 2, size - 2};
    struct builder first = builder_on(first_bytes, sizeof(first_bytes));
    struct builder second = builder_on(second_bytes, sizeof(second_bytes));
    hear(input, SIZE_MAX, data[1] & 1, &first);
    hear(input, 1U + data[0], data[1] & 1, &second);
    PROMISE(text_equal(builder_text(&first), builder_text(&second)));
    return 0;
}
