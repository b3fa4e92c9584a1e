/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/stru_page.h"

/* RFC 959 3.1.2.3: the last one is there in a header of 5 fields only. */
enum field { FIELD_HEADER, FIELD_INDEX, FIELD_DATA, FIELD_TYPE, FIELD_ACCESS, FIELDS_LEAST = 4 };

/* ---- Layout ----------------------------------------------------------------- */

/* The largest number in a field. */
static uint64_t field_max(const struct page_layout *layout)
{
    bool is_large = layout->bits > 62 || layout->field_bytes > layout->word;
    return is_large ? INT64_MAX : (UINT64_C(1) << layout->bits) - 1;
}

static struct page_layout make_layout(unsigned bits, bool is_wide)
{
    size_t word = type_local_word_bytes(bits);
    struct page_layout layout = {.word = word, .bits = bits, .field_bytes = word};
    if (is_wide) {
        layout.field_bytes = PAGE_WIDE_FIELD;
        layout.page_bytes = PAGE_WIDE_BYTES;
        return layout;
    }
    uint64_t countable = field_max(&layout);
    layout.page_bytes = word * (countable < PAGE_LOGICAL_BYTES ? countable : PAGE_LOGICAL_BYTES);
    return layout;
}

bool page_layout_of(unsigned bits, uint64_t size, struct page_layout *ret_layout)
{
    if (bits < PAGE_BITS_MIN || bits > LOCAL_BITS_MAX)
        return false;
    struct page_layout layout = make_layout(bits, false);
    uint64_t last = size ? (size - 1) / layout.page_bytes : 0;
    if (last > field_max(&layout)) {
        if (bits != 8)
            return false;
        layout = make_layout(bits, true);
    }
    *ret_layout = layout;
    return true;
}

bool page_layout_of_unit(unsigned bits, const struct shape_entry *unit,
                         struct page_layout *ret_layout)
{
    if (bits < PAGE_BITS_MIN || bits > LOCAL_BITS_MAX)
        return false;
    struct page_layout layout = make_layout(bits, bits == 8 && unit->count == PAGE_WIDE_BYTES);
    if (unit->number != layout.word || unit->count != layout.page_bytes)
        return false;
    *ret_layout = layout;
    return true;
}

/* ---- Sending ---------------------------------------------------------------- */

/* The most significant byte first. */
static void put_word(struct builder *b, uint64_t value, size_t bytes)
{
    while (bytes-- > 0) {
        uint64_t shifted = bytes < sizeof(value) ? value >> 8 * bytes : 0;
        builder_put_byte(b, (char)(shifted & 0xFF));
    }
}

static enum fault put_header(const struct page_layout *layout, struct stage *next,
                             const uint64_t fields[PAGE_FIELDS_MAX], unsigned marks)
{
    char buffer[PAGE_FIELDS_MAX * LOCAL_WORD_MAX];
    struct builder b = builder_on(buffer, sizeof(buffer));
    for (size_t i = 0; i < fields[FIELD_HEADER]; i++) {
        if (fields[i] > field_max(layout))
            return FAULT_IO;
        put_word(&b, fields[i], layout->field_bytes);
    }
    return stage_take(next, builder_text(&b), marks);
}

enum fault page_send_header(const struct page_layout *layout, struct stage *next,
                            enum page_type type, uint64_t index, size_t data_bytes, uint64_t access)
{
    if (data_bytes % layout->word)
        return FAULT_IO;
    const uint64_t fields[PAGE_FIELDS_MAX] = {
        type == PAGE_ACCESS ? PAGE_FIELDS_MAX : FIELDS_LEAST,
        index,
        data_bytes / layout->word,
        type,
        access,
    };
    return put_header(layout, next, fields, 0);
}

enum fault page_send_foreign_descriptor(const struct page_layout *layout, struct stage *next,
                                        struct text words)
{
    enum fault f = page_send_header(layout, next, PAGE_DESCRIPTOR, 0, words.len, 0);
    return f || !words.len ? f : stage_take(next, words, 0);
}

enum fault page_send_descriptor(const struct page_layout *layout, struct stage *next,
                                const struct page_facts *facts)
{
    char characters[PAGE_FACTS_MAX];
    char words[PAGE_DESCRIPTOR_MAX];
    struct builder said = builder_on(characters, sizeof(characters));
    struct builder b = builder_on(words, sizeof(words));
    page_facts_put(&said, facts);
    for (size_t i = 0; i < said.len; i++)
        put_word(&b, (unsigned char)said.at[i], layout->word);
    return page_send_foreign_descriptor(layout, next, builder_text(&b));
}

enum fault page_send_end(const struct page_layout *layout, struct stage *next)
{
    const uint64_t fields[PAGE_FIELDS_MAX] = {FIELDS_LEAST, 0, 0, PAGE_LAST, 0};
    return put_header(layout, next, fields, MARK_FILE);
}

/* ---- Receiving: what the shape is told ---------------------------------------- */

/* Also of a file without any page: that it came as pages says that it had no descriptor. */
static enum fault tell_unit(struct stru_page_receive *page)
{
    if (page->has_told_unit)
        return FAULT_NONE;
    page->has_told_unit = true;
    struct shape_entry unit = {
        .kind = SHAPE_UNIT, .number = page->layout.word, .count = page->layout.page_bytes};
    return shape_sink_put(page->shape, &unit);
}

static enum fault tell(struct stru_page_receive *page, const struct shape_entry *entry)
{
    enum fault f = tell_unit(page);
    return f ? f : shape_sink_put(page->shape, entry);
}

static enum fault tell_run(struct stru_page_receive *page)
{
    if (!page->run_count)
        return FAULT_NONE;
    struct shape_entry run = {
        .kind = SHAPE_PAGES, .number = page->run_index, .count = page->run_count};
    page->run_count = 0;
    return tell(page, &run);
}

static enum fault tell_full_page(struct stru_page_receive *page, uint64_t index)
{
    enum fault f = FAULT_NONE;
    if (index != page->run_index + page->run_count)
        f = tell_run(page);
    if (!page->run_count)
        page->run_index = index;
    page->run_count++;
    return f;
}

static enum fault tell_page(struct stru_page_receive *page)
{
    uint64_t bytes = page->fields[FIELD_DATA] * page->layout.word;
    if (page->fields[FIELD_TYPE] == PAGE_DATA && bytes == page->layout.page_bytes)
        return tell_full_page(page, page->fields[FIELD_INDEX]);
    struct shape_entry entry = {
        .kind = SHAPE_PAGE,
        .number = page->fields[FIELD_INDEX],
        .count = bytes,
        .page_type = (unsigned)page->fields[FIELD_TYPE],
        .access = page->fields[FIELD_ACCESS],
    };
    enum fault f = tell_run(page);
    return f ? f : tell(page, &entry);
}

/* That there was one; and if it is foreign, what it said. */
static enum fault tell_descriptor(struct stru_page_receive *page, struct text foreign)
{
    struct shape_entry entry = {.kind = SHAPE_DESCRIPTOR, .descriptor_len = foreign.len};
    if (foreign.len > sizeof(entry.descriptor))
        return FAULT_MALFORMED;
    memcpy(entry.descriptor, foreign.at, foreign.len);
    enum fault f = tell_run(page);
    return f ? f : tell(page, &entry);
}

/* ---- Receiving: descriptors --------------------------------------------------- */

/* The characters in words that have nothing but one each. */
static bool take_characters(const struct stru_page_receive *page, struct builder *b)
{
    static const char zeros[LOCAL_WORD_MAX];
    size_t before = page->layout.word - 1;
    for (size_t i = 0; i < page->descriptor_len; i += before + 1) {
        if (memcmp(page->descriptor + i, zeros, before) != 0)
            return false;
        builder_put_byte(b, page->descriptor[i + before]);
    }
    return !b->full;
}

static enum fault end_descriptor(struct stru_page_receive *page)
{
    char characters[PAGE_DESCRIPTOR_MAX];
    struct builder b = builder_on(characters, sizeof(characters));
    if (take_characters(page, &b) && page_facts_parse(builder_text(&b), &page->facts))
        return tell_descriptor(page, TEXT(""));
    return tell_descriptor(page, (struct text){page->descriptor, page->descriptor_len});
}

/* ---- Receiving: pages ----------------------------------------------------------- */

static enum fault begin_data(struct stru_page_receive *page)
{
    size_t page_bytes = page->layout.page_bytes;
    if (page->fields[FIELD_INDEX] >= INT64_MAX / page_bytes)
        return FAULT_MALFORMED;
    uint64_t offset = page->fields[FIELD_INDEX] * page_bytes;
    if (!page->data_left || offset == page->position)
        return FAULT_NONE;
    page->position = offset;
    return page->sink->seek(page->sink, offset);
}

static enum fault end_page(struct stru_page_receive *page)
{
    switch ((enum page_type)page->fields[FIELD_TYPE]) {
    case PAGE_LAST:
        page->ended = true;
        return FAULT_NONE;
    case PAGE_DESCRIPTOR:
        return end_descriptor(page);
    case PAGE_DATA:
    case PAGE_ACCESS:
        break;
    }
    if (page->fields[FIELD_DATA] && page->position > page->end)
        page->end = page->position;
    return tell_page(page);
}

static enum fault begin_page(struct stru_page_receive *page)
{
    const struct page_layout *layout = &page->layout;
    enum fault f = FAULT_NONE;
    if (page->fields[FIELD_DATA] > layout->page_bytes / layout->word)
        return FAULT_MALFORMED;
    page->data_left = (size_t)page->fields[FIELD_DATA] * layout->word;
    page->header_len = 0;
    switch ((enum page_type)page->fields[FIELD_TYPE]) {
    case PAGE_LAST:
        f = page->data_left ? FAULT_MALFORMED : FAULT_NONE;
        break;
    case PAGE_DESCRIPTOR:
        f = page->data_left > sizeof(page->descriptor) ? FAULT_MALFORMED : FAULT_NONE;
        page->descriptor_len = 0;
        break;
    case PAGE_DATA:
    case PAGE_ACCESS:
        f = begin_data(page);
        break;
    }
    return f || page->data_left ? f : end_page(page);
}

static enum fault write_data(struct stru_page_receive *page, struct text bytes)
{
    if (page->fields[FIELD_TYPE] == PAGE_DESCRIPTOR) {
        memcpy(page->descriptor + page->descriptor_len, bytes.at, bytes.len);
        page->descriptor_len += bytes.len;
        return FAULT_NONE;
    }
    page->position += bytes.len;
    return page->sink->write(page->sink, bytes);
}

static enum fault take_data(struct stru_page_receive *page, struct text *rest)
{
    struct text piece = {rest->at, rest->len < page->data_left ? rest->len : page->data_left};
    *rest = text_after(*rest, piece.len);
    page->data_left -= piece.len;
    enum fault f = write_data(page, piece);
    return f || page->data_left ? f : end_page(page);
}

/* ---- Receiving: headers ----------------------------------------------------------- */

static enum fault read_field(struct stru_page_receive *page, size_t field)
{
    size_t bytes = page->layout.field_bytes;
    const unsigned char *at = page->header + field * bytes;
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (value >> 56)
            return FAULT_MALFORMED;
        value = value << 8 | at[i];
    }
    if (value > field_max(&page->layout))
        return FAULT_MALFORMED;
    page->fields[field] = value;
    return FAULT_NONE;
}

/* RFC 959 3.1.2.3: each type has its length; appendix I's descriptor has an access field, too. */
static enum fault check_header(const struct stru_page_receive *page)
{
    uint64_t fields = page->fields[FIELD_HEADER];
    uint64_t type = page->fields[FIELD_TYPE];
    if (fields < FIELDS_LEAST || fields > PAGE_FIELDS_MAX)
        return FAULT_MALFORMED;
    if (type > PAGE_ACCESS)
        return FAULT_PAGE_TYPE;
    bool has_access = fields == PAGE_FIELDS_MAX;
    return type == PAGE_DESCRIPTOR || has_access == (type == PAGE_ACCESS) ? FAULT_NONE
                                                                          : FAULT_MALFORMED;
}

/* The fields that every page has are there: one more may be to come. */
static enum fault read_header(struct stru_page_receive *page)
{
    enum fault f = FAULT_NONE;
    for (size_t i = 0; i < FIELDS_LEAST && !f; i++)
        f = read_field(page, i);
    if (!f)
        f = check_header(page);
    if (f || page->fields[FIELD_HEADER] == PAGE_FIELDS_MAX)
        return f;
    page->fields[FIELD_ACCESS] = 0;
    return begin_page(page);
}

static enum fault take_header(struct stru_page_receive *page, struct text *rest)
{
    if (!page->layout.word)
        page->layout = make_layout(page->bits, page->bits == 8 && !rest->at[0]);
    size_t least = FIELDS_LEAST * page->layout.field_bytes;
    size_t wanted = page->header_len < least ? least : PAGE_FIELDS_MAX * page->layout.field_bytes;
    size_t len = wanted - page->header_len;
    if (len > rest->len)
        len = rest->len;
    memcpy(page->header + page->header_len, rest->at, len);
    page->header_len += len;
    *rest = text_after(*rest, len);
    if (page->header_len < wanted)
        return FAULT_NONE;
    if (wanted == least)
        return read_header(page);
    enum fault f = read_field(page, FIELD_ACCESS);
    return f ? f : begin_page(page);
}

static enum fault end_file(struct stru_page_receive *page)
{
    if (!page->ended)
        return FAULT_CONNECTION_LOST;
    enum fault f = tell_run(page);
    if (!f)
        f = tell_unit(page);
    if (f)
        return f;
    /* Appendix I: data may lie behind what the file's size says. It is kept. */
    uint64_t size = page->facts.has_size ? page->facts.size : 0;
    return page->sink->end(page->sink, size > page->end ? size : page->end, &page->facts);
}

static enum fault receive_take(struct stage *stage, struct text bytes, unsigned marks)
{
    struct stru_page_receive *page = (struct stru_page_receive *)stage;
    if (marks & MARK_RESTART)
        return stage_put(stage, bytes, marks);
    while (bytes.len) {
        if (page->ended)
            return FAULT_MALFORMED;
        enum fault f = page->data_left ? take_data(page, &bytes) : take_header(page, &bytes);
        if (f)
            return f;
    }
    return marks & MARK_FILE ? end_file(page) : FAULT_NONE;
}

void stru_page_receive_init(struct stru_page_receive *page, struct stage *next,
                            struct page_sink *sink, struct shape_sink *shape, unsigned bits)
{
    *page = (struct stru_page_receive){
        .stage = {receive_take, next},
        .sink = sink,
        .shape = shape,
        .bits = bits,
        .position = UINT64_MAX,
    };
}

/* ---- Restarts ------------------------------------------------------------------ */

bool stru_page_is_between(const struct stru_page_receive *page)
{
    return !page->header_len && !page->data_left;
}

static void put_state_number(struct builder *b, char letter, uint64_t number)
{
    builder_put_byte(b, letter);
    builder_put_number(b, number);
}

enum fault stru_page_put_state(struct stru_page_receive *page, struct builder *b)
{
    const struct page_facts *facts = &page->facts;
    put_state_number(b, 'p', page->end);
    if (facts->has_size)
        put_state_number(b, 's', facts->size);
    if (facts->has_modified) {
        builder_put_byte(b, 't');
        facts_put_time(b, facts->modified.seconds);
        put_state_number(b, 'n', facts->modified.nanoseconds);
    }
    if (facts->has_mode)
        put_state_number(b, 'm', facts->mode);
    return tell_run(page);
}

static bool take_state_time(struct text *state, struct page_facts *facts)
{
    enum { TIME_LEN = 14 };
    const uint64_t second = 1000000000;
    uint64_t nanoseconds;
    if (!state->len || state->at[0] != 't')
        return true;
    struct text rest = text_after(*state, 1 + TIME_LEN);
    struct text time = {state->at + 1, state->len - 1 - rest.len};
    if (!facts_parse_time(time, &facts->modified) ||
        !shape_take_state_number(&rest, 'n', &nanoseconds) || nanoseconds >= second)
        return false;
    facts->modified.nanoseconds = (uint32_t)nanoseconds;
    facts->has_modified = true;
    *state = rest;
    return true;
}

bool stru_page_take_state(struct stru_page_receive *page, struct text state)
{
    struct page_facts facts = {false};
    uint64_t end = 0;
    uint64_t mode = 0;
    if (state.len && !shape_take_state_number(&state, 'p', &end))
        return false;
    facts.has_size = shape_take_state_number(&state, 's', &facts.size);
    if (!take_state_time(&state, &facts))
        return false;
    facts.has_mode = shape_take_state_number(&state, 'm', &mode);
    if (state.len || mode > 0777)
        return false;
    facts.mode = (unsigned)mode;
    page->end = end;
    page->facts = facts;
    return true;
}
