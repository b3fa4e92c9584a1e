/* SPDX-License-Identifier: Apache-2.0 */
/* client/progress: whatever is shown, the line is no wider than asked for, and no terminal obeys
 * it. */
#include "client/progress.h"
#include "tests/fuzz/fuzz.h"

enum { NUMBERS = 6 };

static void check_line(const struct progress_state *state, uint64_t speed, size_t width)
{
    static char bytes[PROGRESS_LINE_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    progress_put_line(&b, state, speed, width);
    PROMISE(!b.full);
    PROMISE(progress_columns(builder_text(&b)) <= width);
    PROMISE(progress_columns(builder_text(&b)) <= PROGRESS_WIDTH_MAX);
    for (struct text rest = builder_text(&b); rest.len;) {
        size_t len = text_utf8_len(rest);
        PROMISE(len && (unsigned char)rest.at[0] >= ' ' && rest.at[0] != 0x7F);
        rest = text_after(rest, len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t numbers[NUMBERS];
    struct progress_speed speed = {.count = 0};
    if (size < sizeof(numbers))
        return 0;
    memcpy(numbers, data, sizeof(numbers));
    struct text name = {(const char *)data + sizeof(numbers), size - sizeof(numbers)};
    const struct progress_state state = {name, numbers[0], numbers[1], numbers[2], numbers[3]};
    check_line(&state, numbers[4], numbers[5] % (PROGRESS_WIDTH_MAX + 50));
    for (size_t i = 0; i < size; i++) /* clocks may do what they like */
        (void)progress_speed_of(&speed, (int64_t)data[i] * 100, numbers[i % NUMBERS]);
    return 0;
}
