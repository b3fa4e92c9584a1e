/* SPDX-License-Identifier: Apache-2.0 */
/* codec/stru_page, our pages: any file in any layout comes back, descriptor and holes included. */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/pages.h"

enum { INPUT_MAX = 1 << 12, HEAD = 4 };

static struct heard wire;
static struct heard again;
static struct kept_shape shape;
static struct holey_file file;

/* Two bytes of the input say of each page what it is, and give its data. */
static void put_page(const struct page_layout *layout, uint64_t index, const uint8_t *said)
{
    static char data[PAGE_LOGICAL_BYTES * LOCAL_WORD_MAX];
    size_t words = layout->page_bytes / layout->word;
    size_t len = said[0] & 1 ? words : (size_t)said[1] % words;
    enum page_type type = said[0] & 2 ? PAGE_ACCESS : PAGE_DATA;
    memset(data, said[1], sizeof(data));
    PROMISE(!page_send_header(layout, &wire.stage, type, index, len * layout->word,
                              type == PAGE_ACCESS ? said[0] : 0));
    PROMISE(!stage_take(&wire.stage, (struct text){data, len * layout->word}, 0));
}

static void put_descriptors(const struct page_layout *layout, const uint8_t head[HEAD])
{
    struct page_facts facts = {
        .has_size = head[2] & 1,
        .has_modified = head[2] & 2,
        .has_mode = head[2] & 4,
        .size = (uint64_t)head[3] * 1000,
        .modified = {(int64_t)head[3] * 100000000 - 5, head[2] & 8 ? head[3] : 0},
        .mode = head[3],
    };
    char words[SHAPE_DESCRIPTOR_MAX];
    memset(words, head[3], sizeof(words));
    size_t count = sizeof(words) / layout->word % (layout->page_bytes / layout->word);
    if (head[2] & 32)
        PROMISE(!page_send_descriptor(layout, &wire.stage, &facts));
    /* Words of characters could be facts. */
    if (head[2] & 16 && head[3] > 127)
        PROMISE(!page_send_foreign_descriptor(layout, &wire.stage,
                                              (struct text){words, count * layout->word}));
}

static void receive(unsigned bits, size_t step)
{
    struct stru_page_receive page;
    kept_shape_init(&shape);
    holey_file_init(&file);
    stru_page_receive_init(&page, NULL, &file.sink, &shape.sink, bits);
    PROMISE(!split_feed(&page.stage, heard_text(&wire), in_steps(step), MARK_FILE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD || size > INPUT_MAX)
        return 0;
    unsigned bits = data[0] < PAGE_BITS_MIN ? 8 : data[0];
    struct page_layout layout;
    /* A shape without pages does not say that they would be wide. */
    uint64_t length = data[0] < PAGE_BITS_MIN && size >= HEAD + 2 ? 1 << 20 : 1000;
    PROMISE(page_layout_of(bits, length, &layout));
    (void)heard_init(&wire);
    put_descriptors(&layout, data);
    uint64_t index = 0;
    for (size_t i = HEAD; i + 2 <= size && wire.len < SHAPES_ROOM / 2; i += 2) {
        /* The same index twice would leave only the later data. */
        index += data[i] >> 4;
        if (index > 255)
            break;
        put_page(&layout, index++, data + i);
    }
    PROMISE(!page_send_end(&layout, &wire.stage));
    receive(bits, 1U + data[1] * 16U);
    (void)heard_init(&again);
    PROMISE(!send_pages(&file, kept_shape_text(&shape), bits, &again.stage));
    PROMISE(text_equal(heard_text(&again), heard_text(&wire)));
    return 0;
}
