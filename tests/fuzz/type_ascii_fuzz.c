/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/type_ascii: any split gives the same, receiving undoes sending, measuring
 * agrees, the stages do as the transforms.
 */
#include "codec/type_ascii.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/heard.h"

enum { OUT_SIZE = 1 << 17 };

typedef size_t convert(struct type_ascii *, struct text, char *, size_t, size_t *);

static struct text run(convert *how, struct text in, size_t step, size_t room, char out[OUT_SIZE])
{
    struct type_ascii state = {false};
    size_t len = 0;
    while (in.len) {
        struct text piece = {in.at, in.len < step ? in.len : step};
        in = text_after(in, piece.len);
        while (piece.len) {
            size_t made;
            size_t space = OUT_SIZE - len < room ? OUT_SIZE - len : room;
            size_t used = how(&state, piece, out + len, space, &made);
            PROMISE(used <= piece.len && made <= space && (used || made));
            piece = text_after(piece, used);
            len += made;
        }
    }
    if (how == type_ascii_receive)
        len += type_ascii_receive_end(&state, out + len);
    return (struct text){out, len};
}

typedef void init(struct type_ascii_stage *, struct stage *, struct stage_buffer);

static void check_stage(init *how, struct text in, size_t step, struct text expected)
{
    static char room[STAGE_BUFFER_MIN];
    static struct heard heard;
    struct type_ascii_stage ascii;
    how(&ascii, heard_init(&heard), (struct stage_buffer){room, sizeof(room)});
    PROMISE(!split_feed(&ascii.stage, in, in_steps(step), MARK_FILE));
    PROMISE(heard_is(&heard, expected, MARK_FILE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char wire[OUT_SIZE];
    static char back[OUT_SIZE];
    static char other[OUT_SIZE];
    if (size < 2 || size > OUT_SIZE / 4)
        return 0;
    size_t step = 1U + data[0];
    size_t room = 2U + data[1];
    struct text input = {(const char *)data + 2, size - 2};
    struct text sent = run(type_ascii_send, input, SIZE_MAX, OUT_SIZE, wire);
    PROMISE(text_equal(run(type_ascii_send, input, step, room, other), sent));
    struct text got = run(type_ascii_receive, sent, step, room, back);
    PROMISE(text_equal(got, input));
    struct text received = run(type_ascii_receive, input, SIZE_MAX, OUT_SIZE, back);
    PROMISE(text_equal(run(type_ascii_receive, input, step, room, other), received));

    check_stage(type_ascii_send_init, input, step, sent);
    check_stage(type_ascii_receive_init, input, step, received);

    struct type_ascii state = {false};
    uint64_t left = UINT64_MAX;
    PROMISE(type_ascii_measure(&state, input, &left) == input.len);
    PROMISE(UINT64_MAX - left == sent.len);
    uint64_t restart = sent.len ? (uint64_t)data[0] * 257 % (sent.len + 1) : 0;
    left = restart;
    size_t used = type_ascii_measure(&state, input, &left);
    size_t made;
    PROMISE(left == 0);
    (void)type_ascii_send(&state, text_after(input, used), other, OUT_SIZE, &made);
    PROMISE(text_equal((struct text){other, made}, text_after(sent, (size_t)restart)));
    return 0;
}
