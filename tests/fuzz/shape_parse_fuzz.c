/* SPDX-License-Identifier: Apache-2.0 */
/* codec/shape: what is read as an entry is written as one that reads the same. */
#include "codec/shape.h"
#include "tests/fuzz/fuzz.h"

static void check_entry(struct text line)
{
    char first[SHAPE_LINE_MAX];
    char second[SHAPE_LINE_MAX];
    struct shape_entry entry;
    if (!shape_parse(line, &entry))
        return;
    struct builder b = builder_on(first, sizeof(first));
    shape_put(&b, &entry);
    PROMISE(!b.full && b.len && b.at[b.len - 1] == '\n');
    struct shape_entry back;
    PROMISE(shape_parse((struct text){first, b.len - 1}, &back));
    PROMISE(back.kind == entry.kind && entry.kind != SHAPE_END);
    struct builder again = builder_on(second, sizeof(second));
    shape_put(&again, &back);
    PROMISE(text_equal(builder_text(&again), builder_text(&b)));
}

static void check_state(struct text state)
{
    char buffer[64];
    struct shape_writer writer;
    shape_writer_init(&writer, NULL, true);
    if (!shape_writer_take_state(&writer, state) || !writer.lines)
        return;
    struct builder b = builder_on(buffer, sizeof(buffer));
    PROMISE(shape_writer_put_state(&writer, &b) == FAULT_NONE);
    uint64_t lines = writer.lines;
    PROMISE(shape_writer_take_state(&writer, builder_text(&b)) && writer.lines == lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = {(const char *)data, size};
    while (rest.len) {
        struct text line = text_take_until(&rest, '\n');
        check_entry(line);
        check_state(line);
    }
    return 0;
}
