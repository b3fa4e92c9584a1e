/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/stru_record: any split gives the same, what was received goes back, a
 * restart changes nothing, and any shape of any file is sent or refused.
 */
#include "codec/stru_record.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/shapes.h"

enum { INPUT_MAX = 1 << 15, RECORDS_MAX = 1 << 12 };

static struct kept_shape shape;
static struct written file;
static struct written sent;

static void receive(struct text records, bool is_text, size_t step, size_t cut)
{
    char buffer[64];
    struct builder state = builder_on(buffer, sizeof(buffer));
    struct stru_record_receive record;
    kept_shape_init(&shape);
    written_init(&file, false);
    stru_record_receive_init(&record, &file.stage, &shape.sink, is_text);
    PROMISE(!feed_records(&record.stage, (struct text){records.at, cut}, step));
    PROMISE(!stru_record_put_state(&record, &state));
    stru_record_receive_init(&record, &file.stage, &shape.sink, is_text);
    PROMISE(stru_record_take_state(&record, builder_text(&state)));
    PROMISE(!feed_records(&record.stage, text_after(records, cut), step));
    PROMISE(!stage_take(&record.stage, TEXT(""), MARK_FILE));
}

static enum fault send(struct text bytes, struct text lines, bool is_text, size_t step)
{
    struct told_shape told = told_shape_of(lines);
    struct stru_record_send record;
    written_init(&sent, true);
    stru_record_send_init(&record, &sent.stage, &told.source, is_text);
    enum fault f = feed_bytes(&record.stage, bytes, step, step);
    return f ? f : stage_take(&record.stage, TEXT(""), MARK_FILE);
}

/* What the records are as marks, however they were written. */
static void take_in(struct text records, struct text *ret_canonical)
{
    static struct written canonical;
    written_init(&canonical, true);
    PROMISE(!feed_records(&canonical.stage, records, SIZE_MAX));
    PROMISE(!stage_take(&canonical.stage, TEXT(""), MARK_FILE));
    *ret_canonical = written_text(&canonical);
}

static void check_back(struct text records, bool is_text, size_t step, size_t cut)
{
    struct text expected;
    take_in(records, &expected);
    /* An escape must not be cut in two. */
    while (cut < records.len && cut && records.at[cut - 1] == '\xFF')
        cut++;
    receive(records, is_text, step, cut);
    PROMISE(!send(written_text(&file), kept_shape_text(&shape), is_text, step));
    PROMISE(text_equal(written_text(&sent), expected));
    receive(records, is_text, SIZE_MAX, 0);
    PROMISE(!send(written_text(&file), kept_shape_text(&shape), is_text, SIZE_MAX));
    PROMISE(text_equal(written_text(&sent), expected));
}

/* Whoever writes so many empty records has received them: no need to try more. */
static bool has_few_records(struct text lines)
{
    struct shape_entry entry;
    uint64_t records = 0;
    while (lines.len)
        if (shape_parse(text_take_until(&lines, '\n'), &entry) && !entry.number)
            records += entry.count < RECORDS_MAX ? entry.count : RECORDS_MAX;
    return records < RECORDS_MAX;
}

/* Lines of a shape up to an empty one, then a file that they may not be of. */
static void check_any_shape(struct text input, bool is_text, size_t step)
{
    static struct written whole;
    size_t end = 0;
    while (end + 1 < input.len && (input.at[end] != '\n' || input.at[end + 1] != '\n'))
        end++;
    struct text lines = {input.at, end};
    struct text bytes = text_after(input, end + 2);
    if (!has_few_records(lines))
        return;
    enum fault f = send(bytes, lines, is_text, SIZE_MAX);
    PROMISE(f == FAULT_NONE || f == FAULT_IO);
    whole = sent;
    PROMISE(send(bytes, lines, is_text, step) == f);
    PROMISE(f || text_equal(written_text(&sent), written_text(&whole)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > INPUT_MAX)
        return 0;
    struct text input = {(const char *)data + 2, size - 2};
    bool is_text = data[0] & 1;
    size_t step = 1U + data[1];
    size_t cut = input.len ? (size_t)data[0] * 257 % (input.len + 1) : 0;
    if (data[0] & 2)
        check_any_shape(input, is_text, step);
    else
        check_back(input, is_text, step, cut);
    return 0;
}
