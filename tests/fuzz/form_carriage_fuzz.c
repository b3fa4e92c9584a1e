/* SPDX-License-Identifier: Apache-2.0 */
/* codec/form_carriage: any split gives the same, which ends with LF and is not much longer. */
#include "codec/form_carriage.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/heard.h"

enum { INPUT_MAX = 1 << 13 };

static void run(struct heard *heard, struct text in, size_t step)
{
    static char room[STAGE_BUFFER_MIN];
    struct form_carriage form;
    form_carriage_init(&form, heard_init(heard), (struct stage_buffer){room, sizeof(room)});
    PROMISE(!split_feed(&form.stage, in, in_steps(step), MARK_FILE));
    PROMISE(heard->marked == 1 && heard_ended(heard));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct heard whole;
    static struct heard split;
    if (size < 1 || size > INPUT_MAX)
        return 0;
    struct text in = {(const char *)data + 1, size - 1};
    run(&whole, in, SIZE_MAX);
    run(&split, in, 1U + data[0]);
    PROMISE(heard_equal(&whole, &split));
    struct text out = heard_text(&whole);
    PROMISE(!in.len == !out.len);
    PROMISE(!out.len || out.at[out.len - 1] == '\n');
    PROMISE(out.len <= 2 * in.len + 1);
    return 0;
}
