/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/type_local: whatever comes off the wire goes back, in any split and with
 * records; a file that is sent comes back or is malformed; states are kept.
 */
#include "codec/type_local.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/heard.h"

enum { INPUT_MAX = 1 << 13 };

typedef void init(struct type_local *, struct stage *, unsigned, struct stage_buffer);

static char room[STAGE_BUFFER_MIN];
static struct heard given;
static struct heard got;
static struct heard other;

/* A record that ends at `cut`, then the rest. */
static void give(struct text bytes, size_t cut)
{
    struct stage *stage = heard_init(&given);
    PROMISE(!stage_take(stage, (struct text){bytes.at, cut}, MARK_RECORD));
    PROMISE(!stage_take(stage, text_after(bytes, cut), MARK_FILE));
}

static enum fault run(init *how, unsigned bits, const struct heard *from, size_t step,
                      struct heard *to)
{
    struct type_local type;
    how(&type, heard_init(to), bits, (struct stage_buffer){room, sizeof(room)});
    return heard_play(from, &type.stage, in_steps(step));
}

static void check_wire(unsigned bits, size_t step)
{
    enum { MARKS = 2 };
    PROMISE(!run(type_local_receive_init, bits, &given, SIZE_MAX, &got));
    PROMISE(!run(type_local_receive_init, bits, &given, step, &other));
    PROMISE(heard_equal(&got, &other));
    PROMISE((got.len - MARKS) % type_local_word_bytes(bits) == 0);
    PROMISE(!run(type_local_send_init, bits, &got, step, &other));
    PROMISE(heard_equal(&given, &other));
}

static void check_file(unsigned bits, size_t step)
{
    enum fault f = run(type_local_send_init, bits, &given, SIZE_MAX, &got);
    PROMISE(!f || f == FAULT_MALFORMED);
    PROMISE(run(type_local_send_init, bits, &given, step, &other) == f);
    if (f)
        return;
    PROMISE(heard_equal(&got, &other));
    /* Below 8 bits the filling may be long enough for a logical byte more. */
    if (bits < 8)
        return;
    PROMISE(!run(type_local_receive_init, bits, &got, step, &other));
    PROMISE(heard_equal(&given, &other));
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
    give(rest, cut);
    check_wire(bits, step);
    give(rest, cut - cut % type_local_word_bytes(bits));
    check_file(bits, step);
    check_state(bits, rest);
    return 0;
}
