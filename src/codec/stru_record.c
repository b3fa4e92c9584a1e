/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/stru_record.h"

/* ---- Sending ---------------------------------------------------------------- */

static enum fault put_empty(struct stage *stage, unsigned marks)
{
    return stage_put(stage, TEXT(""), marks);
}

static bool has_records(const struct shape_entry *entry)
{
    return entry->kind == SHAPE_TEXT || entry->kind == SHAPE_RECORD;
}

static enum fault next_entry(struct stru_record_send *record)
{
    struct shape_entry *entry = &record->entry;
    enum fault f = record->shape->next(record->shape, entry);
    if (f)
        return f;
    switch (entry->kind) {
    case SHAPE_END:
        record->left = UINT64_MAX;
        break;
    case SHAPE_AT:
        if (entry->number < record->position)
            return FAULT_IO;
        record->left = entry->number - record->position;
        break;
    case SHAPE_LINES:
    case SHAPE_TEXT:
    case SHAPE_RECORD:
    case SHAPE_OPEN:
        record->left = entry->number;
        break;
    default: /* no business of records */
        record->left = 0;
        break;
    }
    return FAULT_NONE;
}

/* The last bytes of a record that the shape tells. */
static enum fault end_told_record(struct stru_record_send *record, struct text bytes)
{
    record->entry.count--;
    record->left = record->entry.count ? record->entry.number : 0;
    record->before_line_end = record->entry.kind == SHAPE_TEXT;
    return stage_put(&record->stage, bytes, MARK_RECORD);
}

/* Goes through what needs no bytes of the file, up to what does. */
static enum fault settle(struct stru_record_send *record)
{
    enum fault f = FAULT_NONE;
    while (!f && !record->left && !record->before_line_end) {
        bool is_empty_record = has_records(&record->entry) && record->entry.count;
        f = is_empty_record ? end_told_record(record, TEXT("")) : next_entry(record);
    }
    return f;
}

static enum fault send_lines(struct stru_record_send *record, struct text bytes)
{
    while (bytes.len) {
        struct text line = {bytes.at, text_find(bytes, '\n')};
        record->in_record = line.len == bytes.len;
        enum fault f = stage_put(&record->stage, line, record->in_record ? 0 : MARK_RECORD);
        if (f)
            return f;
        bytes = text_after(bytes, line.len + 1);
    }
    return FAULT_NONE;
}

/* What nothing is told of; it ends where something is. */
static enum fault send_untold(struct stru_record_send *record, struct text bytes)
{
    enum fault f;
    if (record->is_text) {
        f = send_lines(record, bytes);
    } else {
        record->in_record = true;
        f = stage_put(&record->stage, bytes, 0);
    }
    if (f || record->left || !record->in_record)
        return f;
    record->in_record = false;
    return put_empty(&record->stage, MARK_RECORD);
}

static enum fault send_told(struct stru_record_send *record, struct text bytes)
{
    switch (record->entry.kind) {
    case SHAPE_LINES:
        if (!record->left && bytes.at[bytes.len - 1] != '\n')
            return FAULT_IO;
        return send_lines(record, bytes);
    case SHAPE_TEXT:
    case SHAPE_RECORD:
        if (!record->left)
            return end_told_record(record, bytes);
        return stage_put(&record->stage, bytes, 0);
    case SHAPE_OPEN:
        return stage_put(&record->stage, bytes, 0);
    default:
        return send_untold(record, bytes);
    }
}

static enum fault skip_line_end(struct stru_record_send *record, struct text *rest)
{
    if (rest->at[0] != '\n')
        return FAULT_IO;
    *rest = text_after(*rest, 1);
    record->position++;
    record->before_line_end = false;
    return FAULT_NONE;
}

/* As much of `rest` as the entry that the position is in has. */
static enum fault send_piece(struct stru_record_send *record, struct text *rest)
{
    if (record->before_line_end)
        return skip_line_end(record, rest);
    struct text piece = {rest->at, rest->len < record->left ? rest->len : (size_t)record->left};
    *rest = text_after(*rest, piece.len);
    record->position += piece.len;
    record->left -= piece.len;
    return send_told(record, piece);
}

static enum fault send_end(struct stru_record_send *record)
{
    enum fault f = settle(record);
    if (f)
        return f;
    if (record->entry.kind != SHAPE_END || record->before_line_end)
        return FAULT_IO;
    return put_empty(&record->stage, record->in_record ? MARK_RECORD | MARK_FILE : MARK_FILE);
}

static enum fault send_take(struct stage *stage, struct text bytes, unsigned marks)
{
    struct stru_record_send *record = (struct stru_record_send *)stage;
    if (marks & MARK_RESTART)
        return stage_put(stage, bytes, marks);
    while (bytes.len) {
        enum fault f = settle(record);
        if (!f)
            f = send_piece(record, &bytes);
        if (f)
            return f;
    }
    return marks & MARK_FILE ? send_end(record) : FAULT_NONE;
}

void stru_record_send_init(struct stru_record_send *record, struct stage *next,
                           struct shape_source *shape, bool is_text)
{
    *record = (struct stru_record_send){
        .stage = {send_take, next},
        .shape = shape,
        .is_text = is_text,
        .entry.kind = SHAPE_END,
        .left = shape ? 0 : UINT64_MAX,
    };
}

/* ---- Receiving -------------------------------------------------------------- */

static enum fault receive_bytes(struct stru_record_receive *record, struct text bytes)
{
    if (!bytes.len)
        return FAULT_NONE;
    if (record->shape.is_text && !record->has_line_end)
        record->has_line_end = text_find(bytes, '\n') < bytes.len;
    record->bytes += bytes.len;
    return stage_put(&record->stage, bytes, 0);
}

static enum fault receive_end_of_record(struct stru_record_receive *record)
{
    enum fault f = FAULT_NONE;
    if (record->shape.is_text)
        f = stage_put(&record->stage, TEXT("\n"), 0);
    if (!f)
        f = shape_writer_record(&record->shape, record->bytes, record->has_line_end);
    record->bytes = 0;
    record->has_line_end = false;
    return f;
}

static enum fault receive_take(struct stage *stage, struct text bytes, unsigned marks)
{
    struct stru_record_receive *record = (struct stru_record_receive *)stage;
    if (marks & MARK_RESTART)
        return stage_put(stage, bytes, marks);
    enum fault f = receive_bytes(record, bytes);
    if (!f && marks & MARK_RECORD)
        f = receive_end_of_record(record);
    if (f || !(marks & MARK_FILE))
        return f;
    f = shape_writer_end(&record->shape, record->bytes);
    return f ? f : put_empty(stage, MARK_FILE);
}

void stru_record_receive_init(struct stru_record_receive *record, struct stage *next,
                              struct shape_sink *shape, bool is_text)
{
    *record = (struct stru_record_receive){.stage = {receive_take, next}};
    shape_writer_init(&record->shape, shape, is_text);
}

enum fault stru_record_put_state(struct stru_record_receive *record, struct builder *b)
{
    if (record->bytes) {
        builder_put_byte(b, record->has_line_end ? 'E' : 'e');
        builder_put_number(b, record->bytes);
    }
    return shape_writer_put_state(&record->shape, b);
}

bool stru_record_take_state(struct stru_record_receive *record, struct text state)
{
    uint64_t bytes = 0;
    bool has_line_end = record->shape.is_text && shape_take_state_number(&state, 'E', &bytes);
    if (!has_line_end)
        (void)shape_take_state_number(&state, 'e', &bytes);
    if (!shape_writer_take_state(&record->shape, state))
        return false;
    record->bytes = bytes;
    record->has_line_end = has_line_end;
    return true;
}
