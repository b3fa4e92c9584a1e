/* SPDX-License-Identifier: Apache-2.0 */
/* codec/type_ebcdic: every content comes back over every page, in any split. */
#include "codec/type_ebcdic.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/heard.h"

enum { INPUT_MAX = 1 << 13, PAGE_COUNT = 12 };

static const char *const names[PAGE_COUNT] = {
    "cp1047", "cp037", "cp500", "cp273", "cp284", "ibm277",
    "cp278",  "cp280", "cp285", "cp297", "cp871", "cp1140",
};

static void load(struct code_page pages[PAGE_COUNT])
{
    for (size_t i = 0; i < PAGE_COUNT; i++)
        PROMISE(!code_page_load(names[i], &pages[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct code_page pages[PAGE_COUNT];
    static char rooms[2][STAGE_BUFFER_MIN];
    static struct heard heard;
    if (!pages[0].to_file[EBCDIC_SPACE])
        load(pages);
    if (size < 2 || size > INPUT_MAX)
        return 0;
    const struct code_page *page = &pages[data[0] % PAGE_COUNT];
    struct text in = {(const char *)data + 2, size - 2};
    struct type_ebcdic sending;
    struct type_ebcdic receiving;
    type_ebcdic_receive_init(&receiving, heard_init(&heard), page,
                             (struct stage_buffer){rooms[0], STAGE_BUFFER_MIN});
    type_ebcdic_send_init(&sending, &receiving.stage, page,
                          (struct stage_buffer){rooms[1], STAGE_BUFFER_MIN});
    PROMISE(!split_feed(&sending.stage, in, in_steps(1U + data[1] * 8U), MARK_FILE));
    PROMISE(heard_is(&heard, in, MARK_FILE));
    return 0;
}
