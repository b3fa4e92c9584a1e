/* SPDX-License-Identifier: Apache-2.0 */
/* store/store_local_annex_form: a block's line that is read is written back; nothing else is taken.
 */
#include "store/store_local_annex_form.h"
#include "tests/fuzz/fuzz.h"

static void check_block(const struct annex_block *block)
{
    char bytes[ANNEX_LINE_MAX];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct annex_block back;
    PROMISE(block->bytes <= INT64_MAX && block->version.size <= INT64_MAX);
    PROMISE(block->version.modified.nanoseconds < 1000000000);
    annex_put_block_line(&b, block);
    struct text rest = builder_text(&b);
    PROMISE(!b.full && annex_take_block_line(&rest, &back) && !rest.len);
    PROMISE(back.bytes == block->bytes && back.version.size == block->version.size);
    PROMISE(back.version.modified.seconds == block->version.modified.seconds);
    PROMISE(back.version.modified.nanoseconds == block->version.modified.nanoseconds);
    PROMISE(annex_is_version(&back.version, &block->version));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = {(const char *)data, size};
    struct annex_block block = {.bytes = 0};
    (void)annex_take_first_line(&rest);
    for (struct text before = rest; annex_take_block_line(&rest, &block); before = rest) {
        PROMISE(rest.len < before.len && before.len - rest.len <= ANNEX_LINE_MAX);
        PROMISE(rest.at[-1] == '\n');
        check_block(&block);
        if (block.bytes > rest.len)
            return 0;
        rest = text_after(rest, (size_t)block.bytes);
    }
    struct annex_block untouched = {.bytes = block.bytes};
    struct text same = rest;
    PROMISE(!annex_take_block_line(&same, &untouched));
    PROMISE(same.at == rest.at && same.len == rest.len && untouched.bytes == block.bytes);
    return 0;
}
