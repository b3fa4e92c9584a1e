/* SPDX-License-Identifier: Apache-2.0 */
/* codec/form_carriage: any split gives the same, which ends with LF and is not much longer. */
#include "codec/form_carriage.h"
#include "tests/fuzz/fuzz.h"
#include "tests/sink.h"

enum { INPUT_MAX = 1 << 13, OUT_SIZE = 2 * INPUT_MAX };

static void run(struct sink *sink, char *out, struct text in, size_t step)
{
    static char room[STAGE_BUFFER_MIN];
    struct form_carriage form;
    sink_init(sink, out, OUT_SIZE);
    form_carriage_init(&form, &sink->stage, (struct stage_buffer){room, sizeof(room)});
    PROMISE(!sink_feed(&form.stage, in, step, MARK_FILE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char out[2][OUT_SIZE];
    static struct sink whole;
    static struct sink split;
    if (size < 1 || size > INPUT_MAX)
        return 0;
    struct text in = {(const char *)data + 1, size - 1};
    run(&whole, out[0], in, SIZE_MAX);
    run(&split, out[1], in, 1U + data[0]);
    PROMISE(sink_equal(&whole, &split));
    PROMISE(whole.mark_count == 1 && whole.marks[0].offset == whole.len);
    PROMISE(!in.len == !whole.len);
    PROMISE(!whole.len || whole.at[whole.len - 1] == '\n');
    PROMISE(whole.len <= 2 * in.len + 1);
    return 0;
}
