/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stages: how fast each stage of codec/ works on text, in GB of file per second,
 * beside a plain copy of memory in the same run. Part of `make bench`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "codec/chain.h"
#include "codec/mode_deflate.h"

enum {
    FILE_BYTES = 1 << 20, /* what a cache holds: memory is not what is measured */
    WIRE_BYTES = 2 << 20,
    PIECE_BYTES = 256 * 1024,
    TURNS = 50,
};

struct gathered {
    struct stage stage;
    char *bytes; /* owned: WIRE_BYTES */
    size_t len;
};

static enum fault gather(struct stage *stage, struct text bytes, unsigned marks)
{
    struct gathered *to = (struct gathered *)stage;
    (void)marks;
    if (bytes.len > WIRE_BYTES - to->len)
        return FAULT_TOO_LARGE;
    if (bytes.len)
        memcpy(to->bytes + to->len, bytes.at, bytes.len);
    to->len += bytes.len;
    return FAULT_NONE;
}

static enum fault ignore(struct shape_sink *sink, struct text lines)
{
    (void)sink;
    (void)lines;
    return FAULT_NONE;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(enum fault f)
{
    if (!f)
        return;
    (void)fprintf(stderr, "bench/stages: %s\n", fault_text(f));
    exit(1);
}

static void give(struct stage *to, struct text bytes)
{
    while (bytes.len) {
        struct text piece = {bytes.at, bytes.len < PIECE_BYTES ? bytes.len : PIECE_BYTES};
        must(stage_take(to, piece, 0));
        bytes = text_after(bytes, piece.len);
    }
    must(stage_take(to, TEXT(""), MARK_FILE));
}

/* Seconds that one turn takes, the best of some. */
static double run(const struct chain_plan *plan, bool sends, struct text in, struct gathered *to)
{
    double best = 1e9;
    for (int i = 0; i < TURNS; i++) {
        struct chain *chain = NULL;
        to->len = 0;
        must(sends ? chain_new_send(plan, &to->stage, &chain)
                   : chain_new_receive(plan, &to->stage, &chain));
        double begun = now_s();
        give(chain_first(chain), in);
        double took = now_s() - begun;
        best = took < best ? took : best;
        chain_free(chain);
    }
    return best;
}

static void measure(const char *name, const char *type, char structure, char mode, bool is_carriage,
                    struct text file, struct gathered *wire, struct gathered *back)
{
    struct code_page page;
    struct shape_sink shape = {ignore};
    struct chain_plan plan = {
        .parameters = PARAMETERS_DEFAULT,
        .code_page = &page,
        .deflate_level = DEFLATE_LEVEL_DEFAULT,
        .is_carriage = is_carriage,
        .shape = &shape,
    };
    must(code_page_load("cp1047", &page));
    if (parameters_set_type(&plan.parameters, text_of(type)) != PARAMETERS_OK)
        must(FAULT_BUG);
    plan.parameters.structure = structure;
    plan.parameters.mode = mode;
    double gigabytes = (double)file.len / 1e9;
    double sending = run(&plan, true, file, wire);
    double receiving = run(&plan, false, (struct text){wire->bytes, wire->len}, back);
    (void)printf("%-34s%10.2f%10.2f%10.2f\n", name, gigabytes / sending, gigabytes / receiving,
                 (double)wire->len / (double)file.len);
}

int main(void)
{
    static const char line[] = "the quick brown fox jumps over the lazy dog, again and again";
    struct gathered wire = {.stage.take = gather, .bytes = malloc(WIRE_BYTES)};
    struct gathered back = {.stage.take = gather, .bytes = malloc(WIRE_BYTES)};
    char *text = malloc(FILE_BYTES);
    char *words = calloc(1, FILE_BYTES);
    if (!wire.bytes || !back.bytes || !text || !words)
        must(FAULT_NO_MEMORY);
    memset(wire.bytes, 1, WIRE_BYTES); /* no page fault is to be measured */
    memset(back.bytes, 1, WIRE_BYTES);
    unsigned seed = 959;
    for (size_t i = 0; i < FILE_BYTES;) { /* lines of 0 to 79 bytes, 40 on average */
        seed = seed * 1103515245 + 12345;
        for (unsigned left = (seed >> 16) % 80; left && i < FILE_BYTES - 1; left--, i++)
            text[i] = line[left % (sizeof(line) - 1)];
        text[i++] = '\n';
    }
    for (size_t i = 4; i < FILE_BYTES; i += 8) /* logical bytes of 36 bits */
        memcpy(words + i, text + i, 4);
    double begun = now_s();
    for (int i = 0; i < TURNS; i++)
        memcpy(back.bytes + i, text, FILE_BYTES);
    (void)printf("%-34s%10s%10s%10s\n", "GB of file per second", "sending", "receiving",
                 "wire/file");
    (void)printf("%-34s%10.2f\n", "(a plain copy)",
                 TURNS * (double)FILE_BYTES / 1e9 / (now_s() - begun));
    const struct text file = {text, FILE_BYTES};
    measure("TYPE A", "A", 'F', 'S', false, file, &wire, &back);
    measure("TYPE E", "E", 'F', 'S', false, file, &wire, &back);
    measure("TYPE L 36", "L 36", 'F', 'S', false, (struct text){words, FILE_BYTES}, &wire, &back);
    measure("TYPE A N of carriage control", "A", 'F', 'S', true, file, &wire, &back);
    measure("STRU R, MODE S", "A", 'R', 'S', false, file, &wire, &back);
    measure("STRU R, MODE B", "A", 'R', 'B', false, file, &wire, &back);
    measure("STRU R, MODE C", "A", 'R', 'C', false, file, &wire, &back);
    measure("MODE B", "I", 'F', 'B', false, file, &wire, &back);
    measure("MODE C", "I", 'F', 'C', false, file, &wire, &back);
    measure("MODE Z", "I", 'F', 'Z', false, file, &wire, &back);
    measure("TYPE E, STRU R, MODE C", "E", 'R', 'C', false, file, &wire, &back);
    free(wire.bytes);
    free(back.bytes);
    free(text);
    free(words);
    return 0;
}
