/* SPDX-License-Identifier: Apache-2.0 */
#include "dtp/shape_reader.h"

/* Makes room behind what is left and reads more. */
static enum fault read_more(struct shape_reader *reader)
{
    size_t len = 0;
    memmove(reader->buffer, reader->rest.at, reader->rest.len);
    size_t room = sizeof(reader->buffer) - reader->rest.len;
    if (!room)
        return FAULT_IO; /* no line is so long */
    enum fault f = stream_read(reader->stream, reader->buffer + reader->rest.len, room, &len);
    if (f)
        return f;
    reader->ended = len == 0;
    reader->rest = (struct text){reader->buffer, reader->rest.len + len};
    return FAULT_NONE;
}

/* The line that comes next, which stays; an empty one at the end. */
static enum fault look(struct shape_reader *reader, struct text *ret_line)
{
    while (text_find(reader->rest, '\n') == reader->rest.len) {
        if (reader->ended && reader->rest.len)
            return FAULT_IO; /* torn */
        if (reader->ended)
            break;
        enum fault f = read_more(reader);
        if (f)
            return f;
    }
    *ret_line = (struct text){reader->rest.at, text_find(reader->rest, '\n')};
    return FAULT_NONE;
}

/* What the line says, SHAPE_END of an empty one. */
static enum fault look_at_entry(struct shape_reader *reader, struct text *ret_line,
                                struct shape_entry *ret_entry)
{
    enum fault f = look(reader, ret_line);
    if (f)
        return f;
    if (!reader->rest.len)
        ret_entry->kind = SHAPE_END;
    else if (!shape_parse(*ret_line, ret_entry))
        return FAULT_IO;
    return FAULT_NONE;
}

static enum fault next_entry(struct shape_source *source, struct shape_entry *ret_entry)
{
    struct shape_reader *reader = (struct shape_reader *)source;
    struct text line;
    enum fault f = look_at_entry(reader, &line, ret_entry);
    if (!f && reader->rest.len)
        reader->rest = text_after(reader->rest, line.len + 1);
    return f;
}

enum fault shape_reader_take(struct shape_reader *reader, enum shape_kind kind,
                             struct shape_entry *ret_entry, bool *ret_taken)
{
    struct text line;
    enum fault f = look_at_entry(reader, &line, ret_entry);
    *ret_taken = !f && ret_entry->kind == kind;
    if (*ret_taken)
        reader->rest = text_after(reader->rest, line.len + 1);
    return f;
}

void shape_reader_init(struct shape_reader *reader, struct stream *stream)
{
    reader->source.next = next_entry;
    reader->stream = stream;
    reader->rest = (struct text){reader->buffer, 0};
    reader->ended = stream == NULL;
}
