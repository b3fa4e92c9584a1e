/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/chain: any wire bytes for any TYPE, STRU and MODE are a file or one of
 * the faults; any split of them and a restart at any marker give the same; what
 * was received whole goes out and comes back as it is.
 *
 * The first bytes of the input choose TYPE, the size of a logical byte, STRU
 * and MODE, the split, and the place of a restart.
 */
#include "codec/chain.h"
#include "codec/mode_deflate.h"
#include "codec/mode_stream.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/heard.h"
#include "tests/unit/pages.h"
#include "tests/unit/shapes.h"

enum { HEAD = 5, INPUT_MAX = 1 << 14, STRUCTURES = 3, MODES = 4 };

struct received {
    struct heard heard;
    struct kept_shape shape;
    struct holey_file pages;
};

static struct parameters parameters;
static struct code_page page;
static struct received whole;
static struct received other;
static struct heard expected;
static struct heard told;
static struct heard sent;

static void choose(const uint8_t head[HEAD])
{
    static const char types[] = {TYPE_ASCII, TYPE_EBCDIC, TYPE_IMAGE, TYPE_LOCAL};
    static const char structures[] = {STRUCTURE_FILE, STRUCTURE_RECORD, STRUCTURE_PAGE};
    static const char modes[] = {MODE_STREAM, MODE_BLOCK, MODE_COMPRESSED, MODE_DEFLATE};
    parameters = PARAMETERS_DEFAULT;
    parameters.type = types[head[0] % sizeof(types)];
    parameters.byte_size = head[1] ? head[1] : 8;
    parameters.structure = structures[head[2] % STRUCTURES];
    parameters.mode = modes[head[2] / STRUCTURES % MODES];
    if (!page.to_file[EBCDIC_SPACE])
        PROMISE(!code_page_load("cp1047", &page));
}

static unsigned bits(void)
{
    return parameters.type == TYPE_LOCAL ? parameters.byte_size : 8;
}

/* ---- Receiving ----------------------------------------------------------- */

static struct chain *receiver(struct received *to)
{
    struct chain *chain = NULL;
    const struct chain_plan plan = {
        .parameters = parameters,
        .code_page = &page,
        .shape = &to->shape.sink,
        .pages = &to->pages.sink,
    };
    PROMISE(!chain_new_receive(&plan, &to->heard.stage, &chain));
    return chain;
}

static void begin(struct received *to)
{
    (void)heard_init(&to->heard);
    kept_shape_init(&to->shape);
    holey_file_init(&to->pages);
}

/* Behind the end of a file in MODE B and C is the next one's; else what is there is wrong. */
static bool is_done(const struct chain *chain)
{
    return parameters_keep_connection(&parameters) && chain_has_ended(chain);
}

/* Then the connection ends. */
static enum fault give(struct chain *chain, struct text wire, struct split split)
{
    enum fault f = FAULT_NONE;
    while (!f && wire.len && !is_done(chain)) {
        f = stage_take(chain_first(chain), split_take(&split, &wire), 0);
        PROMISE(f || !chain_beyond(chain).len || is_done(chain));
    }
    return f ? f : stage_take(chain_first(chain), TEXT(""), MARK_FILE);
}

static enum fault receive(struct text wire, struct split split, struct received *ret)
{
    begin(ret);
    struct chain *chain = receiver(ret);
    enum fault f = give(chain, wire, split);
    PROMISE(f || heard_files(&ret->heard) == (parameters.structure != STRUCTURE_PAGE));
    PROMISE(f || ret->pages.ended == (parameters.structure == STRUCTURE_PAGE));
    chain_free(chain);
    return f;
}

static bool has_marker(const struct received *received)
{
    const struct heard *heard = &received->heard;
    return heard->len && heard->kinds[heard->len - 1] == HEARD_MARK &&
           heard->bytes[heard->len - 1] == MARK_RESTART;
}

/* A new chain in the state of this one, when it can be left here. */
static struct chain *restart(struct chain *chain, struct received *to)
{
    char bytes[MARKER_STATE_MAX];
    struct builder state = builder_on(bytes, sizeof(bytes));
    enum fault f = chain_put_state(chain, &state);
    PROMISE(!f || f == FAULT_NO_SPACE ||
            (f == FAULT_UNSUPPORTED && parameters.structure == STRUCTURE_PAGE));
    if (f)
        return chain;
    chain_free(chain);
    chain = receiver(to);
    PROMISE(chain_take_state(chain, builder_text(&state)));
    return chain;
}

/* Byte by byte, with restarts at each marker, and at `cut` where MODE holds nothing back. */
static enum fault receive_in_parts(struct text wire, size_t cut, struct received *ret)
{
    bool holds_nothing = parameters.mode == MODE_STREAM && parameters.structure != STRUCTURE_RECORD;
    enum fault f = FAULT_NONE;
    size_t markers_end = 0; /* of what was heard up to the last marker */
    begin(ret);
    struct chain *chain = receiver(ret);
    for (size_t at = 0; !f && at < wire.len && !is_done(chain); at++) {
        if (at == cut && holds_nothing)
            chain = restart(chain, ret);
        f = stage_take(chain_first(chain), (struct text){wire.at + at, 1}, 0);
        if (!f && has_marker(ret) && ret->heard.len > markers_end) {
            markers_end = ret->heard.len;
            chain = restart(chain, ret);
        }
    }
    if (!f)
        f = stage_take(chain_first(chain), TEXT(""), MARK_FILE);
    chain_free(chain);
    return f;
}

/* ---- Sending ------------------------------------------------------------- */

/* The bytes of the file, without markers. */
static struct text data_of(const struct heard *heard)
{
    static char bytes[HEARD_MAX];
    struct builder b = builder_on(bytes, sizeof(bytes));
    for (size_t i = 0; i < heard->len; i++)
        if (!heard->kinds[i])
            builder_put_byte(&b, heard->bytes[i]);
    return builder_text(&b);
}

static enum fault send(const struct received *file, char mode, size_t step, struct stage *last)
{
    struct chain *chain = NULL;
    struct text lines = kept_shape_text(&file->shape);
    struct told_shape source = told_shape_of(lines);
    struct chain_plan plan = {
        .parameters = parameters,
        .code_page = &page,
        .deflate_level = DEFLATE_LEVEL_DEFAULT,
        .marker_interval = step,
        .source = lines.len ? &source.source : NULL,
    };
    plan.parameters.mode = mode;
    PROMISE(!chain_new_send(&plan, last, &chain));
    struct stage *first = chain_first(chain);
    enum fault f = parameters.structure == STRUCTURE_PAGE
                       ? send_pages(&file->pages, lines, bits(), first)
                       : split_feed(first, data_of(&file->heard), in_steps(step), MARK_FILE);
    chain_free(chain);
    PROMISE(!f || f == FAULT_NO_SPACE);
    return f;
}

/* All that a file is, as MODE S tells it: bytes, and records if it has any. */
static enum fault tell(const struct received *file, struct heard *ret_told)
{
    struct mode_stream mode;
    mode_stream_receive_init(&mode, heard_init(ret_told), parameters.structure == STRUCTURE_RECORD);
    return send(file, MODE_STREAM, SIZE_MAX, &mode.stage);
}

static void check_same(const struct received *file)
{
    if (!tell(file, &told))
        PROMISE(heard_equal(&told, &expected));
    PROMISE(parameters.structure != STRUCTURE_PAGE || file->pages.size == whole.pages.size);
}

static void check_back(size_t step)
{
    if (send(&whole, parameters.mode, step, heard_init(&sent)))
        return;
    enum fault f = receive(heard_text(&sent), in_steps(1000 * step), &other);
    PROMISE(!f || f == FAULT_NO_SPACE);
    if (!f)
        check_same(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD || size > INPUT_MAX)
        return 0;
    choose(data);
    if (parameters.structure == STRUCTURE_PAGE && bits() < PAGE_BITS_MIN)
        return 0;
    struct text wire = {(const char *)data + HEAD, size - HEAD};
    size_t step = 1U + data[3];
    enum fault f = receive(wire, in_one, &whole);
    PROMISE(f == FAULT_NONE || f == FAULT_MALFORMED || f == FAULT_PAGE_TYPE ||
            f == FAULT_CONNECTION_LOST || f == FAULT_NO_SPACE);
    if (f == FAULT_NO_SPACE)
        return 0;
    PROMISE(receive(wire, in_steps(step), &other) == f);
    PROMISE(heard_equal(&whole.heard, &other.heard));
    if (f || tell(&whole, &expected))
        return 0;
    check_same(&other);
    f = receive_in_parts(wire, wire.len * data[4] / UINT8_MAX, &other);
    PROMISE(!f || f == FAULT_NO_SPACE);
    if (!f)
        check_same(&other);
    check_back(step);
    return 0;
}
