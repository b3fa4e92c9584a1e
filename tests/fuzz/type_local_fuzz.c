/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/type_local: whatever comes off the wire goes back, in any split and with
 * records; a file that is sent comes back or is malformed; states are kept.
 */
#include "codec/type_local.h"
#include "tests/fuzz/fuzz.h"
#include "tests/sink.h"

enum { OUT_SIZE = 1 << 18, INPUT_MAX = 1 << 13 };

typedef void init(struct type_local *, struct stage *, unsigned, struct stage_buffer);

static char room[STAGE_BUFFER_MIN];

/* A record that ends at `cut`, then the rest. */
static enum fault run(init *how, unsigned bits, struct sink *sink, struct text in, size_t cut,
                      size_t step)
{
    struct type_local type;
    how(&type, &sink->stage, bits, (struct stage_buffer){room, sizeof(room)});
    enum fault f = sink_feed(&type.stage, (struct text){in.at, cut}, step, MARK_RECORD);
    return f ? f : sink_feed(&type.stage, text_after(in, cut), step, MARK_FILE);
}

static void check_wire(unsigned bits, struct text wire, size_t cut, size_t step)
{
    static char file_bytes[OUT_SIZE];
    static char other_bytes[OUT_SIZE];
    static struct sink file;
    static struct sink other;
    sink_init(&file, file_bytes, OUT_SIZE);
    sink_init(&other, other_bytes, OUT_SIZE);
    PROMISE(!run(type_local_receive_init, bits, &file, wire, cut, SIZE_MAX));
    PROMISE(!run(type_local_receive_init, bits, &other, wire, cut, step));
    PROMISE(sink_equal(&file, &other));
    PROMISE(file.len % type_local_word_bytes(bits) == 0);

    sink_init(&other, other_bytes, OUT_SIZE);
    PROMISE(!run(type_local_send_init, bits, &other, sink_text(&file), file.marks[0].offset, step));
    PROMISE(text_equal(sink_text(&other), wire));
    PROMISE(other.mark_count == 2 && other.marks[0].offset == cut);
}

static void check_file(unsigned bits, struct text file, size_t cut, size_t step)
{
    static char wire_bytes[OUT_SIZE];
    static char other_bytes[OUT_SIZE];
    static struct sink wire;
    static struct sink other;
    sink_init(&wire, wire_bytes, OUT_SIZE);
    sink_init(&other, other_bytes, OUT_SIZE);
    enum fault f = run(type_local_send_init, bits, &wire, file, cut, SIZE_MAX);
    PROMISE(!f || f == FAULT_MALFORMED);
    PROMISE(run(type_local_send_init, bits, &other, file, cut, step) == f);
    if (f)
        return;
    PROMISE(sink_equal(&wire, &other));
    /* Below 8 bits the filling may be long enough for a logical byte more. */
    if (bits < 8)
        return;
    sink_init(&other, other_bytes, OUT_SIZE);
    PROMISE(
        !run(type_local_receive_init, bits, &other, sink_text(&wire), wire.marks[0].offset, step));
    PROMISE(text_equal(sink_text(&other), file));
}

static void check_state(unsigned bits, struct text state)
{
    char written[2][128];
    struct builder b[2];
    struct type_local type;
    type_local_receive_init(&type, NULL, bits, (struct stage_buffer){room, sizeof(room)});
    if (!type_local_take_state(&type, state))
        return;
    for (size_t i = 0; i < 2; i++) {
        b[i] = builder_on(written[i], sizeof(written[i]));
        type_local_put_state(&type, &b[i]);
        PROMISE(type_local_take_state(&type, builder_text(&b[i])));
    }
    PROMISE(!b[0].full && text_equal(builder_text(&b[0]), builder_text(&b[1])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > INPUT_MAX)
        return 0;
    unsigned bits = data[0];
    struct text rest = {(const char *)data + 3, size - 3};
    size_t step = 1U + data[1];
    size_t cut = rest.len * data[2] / UINT8_MAX;
    if (!bits || type_local_is_plain(bits))
        return 0;
    check_wire(bits, rest, cut, step);
    check_file(bits, rest, cut - cut % type_local_word_bytes(bits), step);
    check_state(bits, rest);
    return 0;
}
