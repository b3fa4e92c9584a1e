/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 959 3.1.2, closing note, without a socket: every TYPE, STRU F and R, and MODE. */
#include "codec/chain.h"
#include "codec/mode_deflate.h"
#include "codec/mode_stream.h"
#include "tests/unit/heard.h"
#include "tests/unit/shapes.h"
#include "tests/unit/unit.h"

static struct code_page page;

struct file {
    struct heard bytes;
    struct kept_shape shape;
};

static struct parameters parameters_of(const char *type, char structure, char mode)
{
    struct parameters p = PARAMETERS_DEFAULT;
    assert_int_equal(parameters_set_type(&p, text_of(type)), PARAMETERS_OK);
    p.structure = structure;
    p.mode = mode;
    return p;
}

/* Gives a text in two pieces, then in single bytes behind the second one if `singly`. */
static enum fault give(struct stage *to, struct text bytes, size_t split, bool singly)
{
    struct text first = {bytes.at, split < bytes.len ? split : bytes.len};
    enum fault f = stage_take(to, first, 0);
    bytes = text_after(bytes, first.len);
    while (!f && bytes.len) {
        struct text piece = {bytes.at, singly ? 1 : bytes.len};
        f = stage_take(to, piece, 0);
        bytes = text_after(bytes, piece.len);
    }
    return f ? f : stage_take(to, TEXT(""), MARK_FILE);
}

static enum fault receive(const struct parameters *p, struct text wire, size_t split, bool singly,
                          struct file *ret_file)
{
    struct chain *chain = NULL;
    struct stage *last = heard_init(&ret_file->bytes);
    kept_shape_init(&ret_file->shape);
    const struct chain_plan plan = {
        .parameters = *p, .code_page = &page, .shape = &ret_file->shape.sink};
    assert_fault(chain_new_receive(&plan, last, &chain), FAULT_NONE);
    enum fault f = give(chain_first(chain), wire, split, singly);
    if (!f && chain_beyond(chain).len)
        f = FAULT_BUG;
    chain_free(chain);
    return f;
}

static enum fault send(const struct parameters *p, const struct file *file, uint64_t interval,
                       struct marker_position first, size_t split, struct heard *ret_wire)
{
    struct chain *chain = NULL;
    struct told_shape told = told_shape_of(kept_shape_text(&file->shape));
    const struct chain_plan plan = {
        .parameters = *p,
        .code_page = &page,
        .source = file->shape.len ? &told.source : NULL,
        .deflate_level = DEFLATE_LEVEL_DEFAULT,
        .marker_interval = interval,
        .first = first,
    };
    assert_fault(chain_new_send(&plan, heard_init(ret_wire), &chain), FAULT_NONE);
    enum fault f = give(chain_first(chain), heard_text(&file->bytes), split, false);
    chain_free(chain);
    return f;
}

static bool is_same(const struct file *a, const struct file *b)
{
    return text_equal(heard_text(&a->bytes), heard_text(&b->bytes)) &&
           text_equal(kept_shape_text(&a->shape), kept_shape_text(&b->shape));
}

static const char *const types[] = {"A",   "A T", "A C", "E",    "E C",  "I",
                                    "L 8", "L 1", "L 7", "L 16", "L 36", "L 255"};
static const char modes[] = {MODE_STREAM, MODE_BLOCK, MODE_COMPRESSED, MODE_DEFLATE};

/* What a peer sends in MODE S, stored, and then there and back in every MODE. */
static void check(struct text stored, char structure)
{
    static struct file file;
    static struct file back;
    static struct heard wire;
    for (size_t t = 0; t < COUNT(types); t++) {
        struct parameters p = parameters_of(types[t], structure, MODE_STREAM);
        assert_fault(receive(&p, stored, SIZE_MAX, false, &file), FAULT_NONE);
        for (size_t m = 0; m < COUNT(modes); m++) {
            p.mode = modes[m];
            assert_fault(send(&p, &file, 0, (struct marker_position){0}, 3, &wire), FAULT_NONE);
            size_t splits = wire.len < 700 ? heard_text(&wire).len : 3;
            for (size_t split = 0; split <= splits; split++) {
                enum fault f = receive(&p, heard_text(&wire), split, split == 1, &back);
                if (f || !is_same(&file, &back))
                    fail_msg("TYPE %s STRU %c MODE %c split at %zu: %s", types[t], structure,
                             p.mode, split, fault_text(f));
            }
        }
        p.mode = MODE_STREAM;
        assert_fault(send(&p, &file, 0, (struct marker_position){0}, 1, &wire), FAULT_NONE);
        if (structure == STRUCTURE_FILE && p.type != TYPE_ASCII)
            assert_true(text_equal(heard_text(&wire), stored));
    }
}

static const char awkward[] = "one\r\ntwo\r\n\r\nlone \r cr\r\r\nthree\xFE\xFD\x15 four        "
                              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                              "\0\0\0\0\0\0\0@@@@@@@@@@@@\x85%\n\nlast";

TEST(files_go_there_and_back_whatever_is_in_them)
{
    check(TEXT(""), STRUCTURE_FILE);
    check(TEXT("x"), STRUCTURE_FILE);
    check(TEXT("\r"), STRUCTURE_FILE);
    check(TEXT("no last newline"), STRUCTURE_FILE);
    check(TEXT("\xFF\xFF\xFF\x01\xFF\x02"), STRUCTURE_FILE);
    check((struct text){awkward, sizeof(awkward)}, STRUCTURE_FILE);
}

TEST(records_go_there_and_back_whatever_is_in_them)
{
    check(TEXT("\xFF\x02"), STRUCTURE_RECORD);
    check(TEXT("\xFF\x03"), STRUCTURE_RECORD);
    check(TEXT("x\xFF\x01\xFF\x02"), STRUCTURE_RECORD);
    check(TEXT("one\xFF\x01two\xFF\x01\xFF\x01\xFF\x03"), STRUCTURE_RECORD);
    check(TEXT("open\xFF\x01 end\xFF\x02"), STRUCTURE_RECORD);
    check(TEXT("a\nb\xFF\x01\n\xFF\x01\xFF\xFF\xFF\x01\r\n\xFF\x01    \x15\xFF\x03"),
          STRUCTURE_RECORD);
    check(TEXT("same\xFF\x01same\xFF\x01same\xFF\x01same\xFF\x01!\xFF\x03"), STRUCTURE_RECORD);
}

TEST(long_files_and_records_go_there_and_back)
{
    static char bytes[60000]; /* as TYPE L 1, eight times as long */
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i % 3000 < 1000 ? ' ' : (i * i / 7) % 255);
    check((struct text){bytes, sizeof(bytes)}, STRUCTURE_FILE);
    memcpy(bytes + sizeof(bytes) - 2, "\xFF\x03", 2);
    check((struct text){bytes, sizeof(bytes)}, STRUCTURE_RECORD);
}

/* RFC 959 3.1.2.1: a file has no records, whatever a block's descriptor says. */
TEST(ends_of_records_mean_nothing_where_there_are_none)
{
    static const struct text wires[] = {
        TEXT("\x40\0\x06"
             "a\r\nb\rc"),
        TEXT("\x80\0\2a\r\x80\0\2\nb\x80\0\0\xC0\0\2\rc"),
    };
    static struct file files[COUNT(wires)];
    for (size_t t = 0; t < COUNT(types); t++) {
        struct parameters p = parameters_of(types[t], STRUCTURE_FILE, MODE_BLOCK);
        for (size_t i = 0; i < COUNT(wires); i++)
            assert_fault(receive(&p, wires[i], SIZE_MAX, false, &files[i]), FAULT_NONE);
        if (!heard_equal(&files[0].bytes, &files[1].bytes))
            fail_msg("TYPE %s", types[t]);
    }
}

/* ---- Restarts ------------------------------------------------------------ */

/* Each place that a marker may name: what is sent from there is the rest of what is sent at all. */
TEST(sending_goes_on_at_every_place)
{
    static struct file file;
    static struct heard whole;
    static struct heard rest;
    for (size_t t = 0; t < COUNT(types); t++) {
        struct parameters p = parameters_of(types[t], STRUCTURE_FILE, MODE_STREAM);
        assert_fault(receive(&p, (struct text){awkward, sizeof(awkward)}, 9, false, &file),
                     FAULT_NONE);
        assert_fault(send(&p, &file, 0, (struct marker_position){0}, 5, &whole), FAULT_NONE);
        struct text all = heard_text(&whole);
        for (size_t at = 0; at <= all.len; at++) {
            const struct marker_position first = {.bytes = at};
            assert_fault(send(&p, &file, 0, first, 5, &rest), FAULT_NONE);
            assert_true(text_equal(heard_text(&rest), text_after(all, at)));
        }
        const struct marker_position beyond = {.bytes = all.len + 1};
        assert_fault(send(&p, &file, 0, beyond, 5, &rest), FAULT_OUT_OF_RANGE);
    }
}

/* Receives up to `cut`, then the rest in a new chain with the state of the first. */
static enum fault receive_in_two(const struct parameters *p, struct text wire, size_t cut,
                                 struct file *ret_file)
{
    char bytes[MARKER_STATE_MAX];
    struct builder state = builder_on(bytes, sizeof(bytes));
    struct chain *chain = NULL;
    struct stage *last = heard_init(&ret_file->bytes);
    kept_shape_init(&ret_file->shape);
    const struct chain_plan plan = {
        .parameters = *p, .code_page = &page, .shape = &ret_file->shape.sink};
    assert_fault(chain_new_receive(&plan, last, &chain), FAULT_NONE);
    enum fault f = stage_take(chain_first(chain), (struct text){wire.at, cut}, 0);
    if (!f)
        f = chain_put_state(chain, &state);
    chain_free(chain);
    if (f)
        return f;
    assert_fault(chain_new_receive(&plan, last, &chain), FAULT_NONE);
    assert_true(chain_take_state(chain, builder_text(&state)));
    f = give(chain_first(chain), text_after(wire, cut), SIZE_MAX, false);
    chain_free(chain);
    return f;
}

TEST(receiving_goes_on_at_every_place)
{
    static struct file file;
    static struct file back;
    const struct text wire = {awkward, sizeof(awkward)};
    for (size_t t = 0; t < COUNT(types); t++) {
        struct parameters p = parameters_of(types[t], STRUCTURE_FILE, MODE_STREAM);
        assert_fault(receive(&p, wire, SIZE_MAX, false, &file), FAULT_NONE);
        for (size_t cut = 0; cut <= wire.len; cut++) {
            assert_fault(receive_in_two(&p, wire, cut, &back), FAULT_NONE);
            if (!is_same(&file, &back))
                fail_msg("TYPE %s, %zu", types[t], cut);
        }
    }
}

/* Its records, as MODE S tells them. */
static void records_of(const struct parameters *p, const struct file *file,
                       struct heard *ret_records)
{
    static struct heard wire;
    struct parameters stream = *p;
    struct mode_stream mode;
    stream.mode = MODE_STREAM;
    assert_fault(send(&stream, file, 0, (struct marker_position){0}, 5, &wire), FAULT_NONE);
    mode_stream_receive_init(&mode, heard_init(ret_records), true);
    assert_fault(split_feed(&mode.stage, heard_text(&wire), in_one, MARK_FILE), FAULT_NONE);
}

TEST(receiving_records_goes_on_at_every_place)
{
    static struct file file;
    static struct file back;
    static struct heard expected;
    static struct heard records;
    const struct text wire = TEXT(
        "\x80\0\x03one\x00\0\x03two\x80\0\x02\n!\x80\0\x02\n?\xC0\0\x01.");
    static const size_t ends[] = {0, 6, 12, 17, 22};
    for (size_t t = 0; t < COUNT(types); t++) {
        struct parameters p = parameters_of(types[t], STRUCTURE_RECORD, MODE_BLOCK);
        assert_fault(receive(&p, wire, SIZE_MAX, false, &file), FAULT_NONE);
        for (size_t i = 0; i < COUNT(ends); i++) {
            assert_fault(receive_in_two(&p, wire, ends[i], &back), FAULT_NONE);
            assert_true(text_equal(heard_text(&file.bytes), heard_text(&back.bytes)));
            records_of(&p, &file, &expected);
            records_of(&p, &back, &records);
            if (!heard_equal(&records, &expected))
                fail_msg("TYPE %s, %zu", types[t], ends[i]);
        }
    }
}

TEST(a_state_of_another_chain_is_refused)
{
    static const struct {
        const char *type;
        char structure;
        const char *state;
    } cases[] = {
        {"A", 'F', "r-e1"}, {"A", 'F', "x"},         {"A", 'R', "r"},     {"I", 'F', "r"},
        {"I", 'F', "-e1"},  {"L 7", 'F', "b9.00"},   {"L 7", 'F', "r"},   {"I", 'R', "e"},
        {"I", 'R', "e1"},   {"E", 'R', "-e1-e1"},    {"I", 'P', "-e1"},   {"L 36", 'R', "b36.0"},
        {"I", 'P', "p1"},   {"L 36", 'F', "b1.80-"}, {"E", 'F', "b1.80"},
    };
    static struct file file;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct chain *chain = NULL;
        struct page_sink pages = {0};
        const struct chain_plan plan = {
            .parameters = parameters_of(cases[i].type, cases[i].structure, MODE_BLOCK),
            .code_page = &page,
            .shape = &file.shape.sink,
            .pages = &pages,
        };
        assert_fault(chain_new_receive(&plan, &file.bytes.stage, &chain), FAULT_NONE);
        if (cases[i].state[strlen(cases[i].state) - 1] != '-' &&
            chain_take_state(chain, text_of(cases[i].state)))
            fail_msg("\"%s\" is taken by TYPE %s STRU %c", cases[i].state, cases[i].type,
                     cases[i].structure);
        chain_free(chain);
    }
}

/* ---- What it takes ------------------------------------------------------- */

TEST(only_bytes_that_travel_unchanged_are_transparent)
{
    static const struct {
        const char *type;
        char structure;
        char mode;
        bool expected;
    } cases[] = {
        {"I", 'F', 'S', true},     {"L 8", 'F', 'S', true}, {"L 64", 'F', 'S', true},
        {"L 36", 'F', 'S', false}, {"A", 'F', 'S', false},  {"E", 'F', 'S', false},
        {"I", 'R', 'S', false},    {"I", 'P', 'S', false},  {"I", 'F', 'B', false},
        {"I", 'F', 'C', false},    {"I", 'F', 'Z', false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct chain_plan plan = {
            .parameters = parameters_of(cases[i].type, cases[i].structure, cases[i].mode)};
        assert_int_equal(chain_is_transparent(&plan), cases[i].expected);
    }
    struct chain_plan kept = {.parameters = PARAMETERS_DEFAULT, .keeps_line_ends = true};
    assert_true(chain_is_transparent(&kept));
    kept.is_carriage = true; /* rendered for those who have none */
    assert_false(chain_is_transparent(&kept));
}

TEST(pages_need_logical_bytes_that_hold_a_header)
{
    struct chain *chain = NULL;
    static struct heard end;
    struct stage *last = heard_init(&end);
    struct chain_plan plan = {.parameters = parameters_of("L 7", STRUCTURE_PAGE, MODE_STREAM)};
    assert_fault(chain_new_send(&plan, last, &chain), FAULT_ARGUMENT);
    assert_fault(chain_new_receive(&plan, last, &chain), FAULT_ARGUMENT);
    assert_null(chain);
    chain_free(NULL);
}

static int load_page(void **state)
{
    (void)state;
    return code_page_load("cp1047", &page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(files_go_there_and_back_whatever_is_in_them),
        RUN(records_go_there_and_back_whatever_is_in_them),
        RUN(long_files_and_records_go_there_and_back),
        RUN(ends_of_records_mean_nothing_where_there_are_none),
        RUN(sending_goes_on_at_every_place),
        RUN(receiving_goes_on_at_every_place),
        RUN(receiving_records_goes_on_at_every_place),
        RUN(a_state_of_another_chain_is_refused),
        RUN(only_bytes_that_travel_unchanged_are_transparent),
        RUN(pages_need_logical_bytes_that_hold_a_header),
    };
    return cmocka_run_group_tests(tests, load_page, NULL);
}
