/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modes_fuzz: what every MODE promises: any split of any bytes received gives
 * the same marks, bytes and fault; what was sent comes back as it went. The
 * first three bytes of the input say how the rest is split.
 */
#ifndef FERRY_TESTS_MODES_FUZZ_H
#define FERRY_TESTS_MODES_FUZZ_H

#include "tests/fuzz/fuzz.h"
#include "tests/unit/modes.h"

static struct heard fuzz_script;
static struct heard fuzz_whole;
static struct heard fuzz_pieces;

static inline void fuzz_receive(enum mode_kind kind, struct text wire, struct split split)
{
    struct mode mode;
    PROMISE(mode_init_receive(&mode, kind, heard_init(&fuzz_whole)) == FAULT_NONE);
    enum fault f = mode_feed(&mode, wire, in_one);
    if (!f && mode.beyond && mode.beyond->len)
        PROMISE(mode.beyond->at + mode.beyond->len == wire.at + wire.len);
    mode_done(&mode);
    PROMISE(f == FAULT_NONE || f == FAULT_MALFORMED || f == FAULT_CONNECTION_LOST ||
            f == FAULT_NO_SPACE);
    PROMISE(heard_files(&fuzz_whole) <= 1);
    PROMISE(f || heard_files(&fuzz_whole) == 1);
    if (f == FAULT_NO_SPACE)
        return;
    PROMISE(mode_receive(kind, wire, split, &fuzz_pieces) == f);
    PROMISE(heard_equal(&fuzz_whole, &fuzz_pieces));
}

static inline void fuzz_send(enum mode_kind kind, struct text script, struct split split)
{
    struct text wire = TEXT("");
    heard_write(&fuzz_script, script, mode_marks[kind]);
    PROMISE(mode_send(kind, &fuzz_script, split, &fuzz_pieces) == FAULT_NONE);
    PROMISE(mode_send(kind, &fuzz_script, (struct split){SIZE_MAX, SIZE_MAX, split.joins},
                      &fuzz_whole) == FAULT_NONE);
    PROMISE(!mode_is_canonical[kind] || heard_equal(&fuzz_whole, &fuzz_pieces));
    PROMISE(heard_wire(&fuzz_pieces, &wire));
    PROMISE(mode_receive(kind, wire, split, &fuzz_whole) == FAULT_NONE);
    PROMISE(heard_equal(&fuzz_whole, &fuzz_script));
}

static inline int fuzz_mode(enum mode_kind kind, const uint8_t *data, size_t size)
{
    enum { HEAD = 3 };
    if (size < HEAD || size > HEARD_MAX / 8)
        return 0;
    struct text input = {(const char *)data + HEAD, size - HEAD};
    struct split split = {data[0], 1U + data[1], data[2] & 1};
    fuzz_receive(kind, input, split);
    fuzz_send(kind, input, split);
    return 0;
}

#endif
