/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/shape.h"

/* ---- Entries as text ------------------------------------------------------ */

enum { NUMBERS_MAX = 4 };

/* How many numbers stand behind the name. */
static const struct form {
    struct text name;
    unsigned least;
    unsigned most;
} forms[] = {
    [SHAPE_AT] = {TEXT("at"), 1, 1},         [SHAPE_FORM] = {TEXT("form"), 0, 0},
    [SHAPE_LINES] = {TEXT("lines"), 1, 1},   [SHAPE_TEXT] = {TEXT("text"), 1, 2},
    [SHAPE_RECORD] = {TEXT("record"), 1, 2}, [SHAPE_OPEN] = {TEXT("open"), 1, 1},
    [SHAPE_UNIT] = {TEXT("unit"), 2, 2},     [SHAPE_PAGES] = {TEXT("pages"), 1, 2},
    [SHAPE_PAGE] = {TEXT("page"), 4, 4},     [SHAPE_DESCRIPTOR] = {TEXT("descriptor"), 0, 0},
};

/* SHAPE_END when there is none such. */
static enum shape_kind kind_named(struct text name)
{
    for (unsigned kind = SHAPE_AT; kind <= SHAPE_DESCRIPTOR; kind++)
        if (text_equal(name, forms[kind].name))
            return (enum shape_kind)kind;
    return SHAPE_END;
}

static bool parse_numbers(enum shape_kind kind, struct text rest, struct shape_entry *ret_entry)
{
    uint64_t numbers[NUMBERS_MAX] = {0, 1, 0, 0};
    unsigned found = 0;
    while (rest.len) {
        struct text word = text_take_until(&rest, ' ');
        if (found == forms[kind].most || !text_to_number(word, INT64_MAX, &numbers[found]))
            return false;
        found++;
    }
    bool is_page = kind == SHAPE_PAGE;
    if (found < forms[kind].least || (!is_page && !numbers[1]))
        return false;
    if (is_page && numbers[2] != 1 && numbers[2] != 3)
        return false;
    ret_entry->kind = kind;
    ret_entry->number = numbers[0];
    ret_entry->count = numbers[1];
    ret_entry->page_type = (unsigned)numbers[2];
    ret_entry->access = numbers[3];
    return true;
}

static bool parse_descriptor(struct text hex, struct shape_entry *ret_entry)
{
    if (hex.len % 2 || hex.len / 2 > SHAPE_DESCRIPTOR_MAX)
        return false;
    for (size_t i = 0; i < hex.len; i++)
        if (text_hex_value(hex.at[i]) < 0)
            return false;
    ret_entry->kind = SHAPE_DESCRIPTOR;
    ret_entry->descriptor_len = hex.len / 2;
    for (size_t i = 0; i < hex.len; i += 2) {
        int high = text_hex_value(hex.at[i]);
        ret_entry->descriptor[i / 2] = (char)(high << 4 | text_hex_value(hex.at[i + 1]));
    }
    return true;
}

bool shape_parse(struct text line, struct shape_entry *ret_entry)
{
    /* text_take_until would not see that a word is missing behind the last space. */
    if (line.len && line.at[line.len - 1] == ' ')
        return false;
    enum shape_kind kind = kind_named(text_take_until(&line, ' '));
    switch (kind) {
    case SHAPE_END:
        return false;
    case SHAPE_FORM:
        if (!text_equal(line, TEXT("C")))
            return false;
        ret_entry->kind = kind;
        return true;
    case SHAPE_DESCRIPTOR:
        return parse_descriptor(line, ret_entry);
    default:
        return parse_numbers(kind, line, ret_entry);
    }
}

static void put_numbers(struct builder *b, const struct shape_entry *entry)
{
    const uint64_t numbers[NUMBERS_MAX] = {entry->number, entry->count, entry->page_type,
                                           entry->access};
    const struct form *form = &forms[entry->kind];
    unsigned count = entry->count == 1 ? form->least : form->most;
    for (unsigned i = 0; i < count; i++) {
        builder_put_byte(b, ' ');
        builder_put_number(b, numbers[i]);
    }
}

void shape_put(struct builder *b, const struct shape_entry *entry)
{
    builder_put(b, forms[entry->kind].name);
    put_numbers(b, entry);
    if (entry->kind == SHAPE_FORM)
        builder_put(b, TEXT(" C"));
    if (entry->kind == SHAPE_DESCRIPTOR) {
        if (entry->descriptor_len)
            builder_put_byte(b, ' ');
        for (size_t i = 0; i < entry->descriptor_len; i++)
            builder_put_hex_byte(b, (unsigned char)entry->descriptor[i]);
    }
    builder_put_byte(b, '\n');
}

enum fault shape_sink_put(struct shape_sink *sink, const struct shape_entry *entry)
{
    char buffer[SHAPE_LINE_MAX];
    struct builder b = builder_on(buffer, sizeof(buffer));
    shape_put(&b, entry);
    return sink->put(sink, builder_text(&b));
}

/* ---- Writing down records --------------------------------------------------- */

void shape_writer_init(struct shape_writer *writer, struct shape_sink *sink, bool is_text)
{
    *writer = (struct shape_writer){.sink = sink, .is_text = is_text};
}

/* Of lines and a run never more than one is outstanding. */
static enum fault put_outstanding(struct shape_writer *writer)
{
    if (writer->lines) {
        struct shape_entry lines = {.kind = SHAPE_LINES, .number = writer->lines, .count = 1};
        writer->lines = 0;
        return shape_sink_put(writer->sink, &lines);
    }
    if (writer->run.kind == SHAPE_END)
        return FAULT_NONE;
    enum fault f = shape_sink_put(writer->sink, &writer->run);
    writer->run.kind = SHAPE_END;
    return f;
}

static enum fault add_line(struct shape_writer *writer, uint64_t bytes)
{
    enum fault f = writer->lines ? FAULT_NONE : put_outstanding(writer);
    writer->lines += bytes + 1;
    return f;
}

enum fault shape_writer_record(struct shape_writer *writer, uint64_t bytes, bool has_line_end)
{
    struct shape_entry *run = &writer->run;
    if (writer->is_text && !has_line_end)
        return add_line(writer, bytes);
    if (run->kind != SHAPE_END && run->number == bytes) {
        run->count++;
        return FAULT_NONE;
    }
    enum fault f = put_outstanding(writer);
    run->kind = writer->is_text ? SHAPE_TEXT : SHAPE_RECORD;
    run->number = bytes;
    run->count = 1;
    return f;
}

/* Is what is outstanding what the end of a file is taken for when nothing is told of it? */
static bool goes_without_saying(const struct shape_writer *writer)
{
    const struct shape_entry *run = &writer->run;
    return run->kind == SHAPE_END ||
           (!writer->tells_last && run->kind == SHAPE_RECORD && run->count == 1 && run->number > 0);
}

enum fault shape_writer_end(struct shape_writer *writer, uint64_t open_bytes)
{
    if (!open_bytes)
        return goes_without_saying(writer) ? FAULT_NONE : put_outstanding(writer);
    struct shape_entry open = {.kind = SHAPE_OPEN, .number = open_bytes, .count = 1};
    enum fault f = put_outstanding(writer);
    return f ? f : shape_sink_put(writer->sink, &open);
}

/* ---- Restarts --------------------------------------------------------------- */

enum fault shape_writer_put_state(struct shape_writer *writer, struct builder *b)
{
    if (!writer->lines)
        return put_outstanding(writer);
    builder_put_byte(b, 'l');
    builder_put_number(b, writer->lines);
    return FAULT_NONE;
}

bool shape_writer_take_state(struct shape_writer *writer, struct text state)
{
    uint64_t lines = 0;
    if (writer->is_text)
        (void)shape_take_state_number(&state, 'l', &lines);
    if (state.len)
        return false;
    writer->lines = lines;
    return true;
}

bool shape_take_state_number(struct text *state, char letter, uint64_t *ret_number)
{
    if (!state->len || state->at[0] != letter)
        return false;
    size_t len = 1;
    while (len < state->len && text_is_digit(state->at[len]))
        len++;
    if (!text_to_number((struct text){state->at + 1, len - 1}, INT64_MAX, ret_number))
        return false;
    *state = text_after(*state, len);
    return true;
}
