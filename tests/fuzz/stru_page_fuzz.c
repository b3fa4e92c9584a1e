/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/stru_page, foreign pages: any split gives the same, and what was taken
 * goes out as pages that are taken for the same.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/pages.h"

enum { INPUT_MAX = 1 << 14 };

static struct kept_shape shape;
static struct holey_file file;
static struct heard wire;
static struct heard again;
static struct kept_shape first_shape;

static enum fault receive(struct text words, unsigned bits, size_t step)
{
    struct stru_page_receive page;
    kept_shape_init(&shape);
    holey_file_init(&file);
    stru_page_receive_init(&page, NULL, &file.sink, &shape.sink, bits);
    return split_feed(&page.stage, words, (struct split){step, step, false}, MARK_FILE);
}

/* What came, as pages; the same bytes say that shape, data and facts are the same. */
static void send_again(struct heard *to, unsigned bits)
{
    (void)heard_init(to);
    PROMISE(!send_pages(&file, kept_shape_text(&shape), bits, &to->stage));
}

static void check_state(struct text state)
{
    char buffer[128];
    struct builder b = builder_on(buffer, sizeof(buffer));
    struct stru_page_receive page;
    stru_page_receive_init(&page, NULL, NULL, NULL, 8);
    if (!stru_page_take_state(&page, state))
        return;
    PROMISE(!stru_page_put_state(&page, &b) && !b.full);
    PROMISE(stru_page_take_state(&page, builder_text(&b)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned sizes[] = {8, 9, 16, 36, 64, 72, 255, 8};
    if (size < 2 || size > INPUT_MAX)
        return 0;
    unsigned bits = sizes[data[0] % (sizeof(sizes) / sizeof(sizes[0]))];
    struct text input = {(const char *)data + 2, size - 2};
    check_state(input);
    enum fault f = receive(input, bits, SIZE_MAX);
    PROMISE(f == FAULT_NONE || f == FAULT_MALFORMED || f == FAULT_PAGE_TYPE ||
            f == FAULT_CONNECTION_LOST);
    uint64_t length = file.size;
    first_shape = shape;
    if (!f)
        send_again(&wire, bits);
    PROMISE(receive(input, bits, 1U + data[1]) == f);
    PROMISE(text_equal(kept_shape_text(&shape), kept_shape_text(&first_shape)));
    if (f)
        return 0;
    send_again(&again, bits);
    PROMISE(text_equal(heard_text(&again), heard_text(&wire)) && file.size == length);
    PROMISE(!receive(heard_text(&wire), bits, 1U + data[1]));
    PROMISE(text_equal(kept_shape_text(&shape), kept_shape_text(&first_shape)));
    send_again(&again, bits);
    PROMISE(text_equal(heard_text(&again), heard_text(&wire)) && file.size == length);
    return 0;
}
