/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/stru_record: any split gives the same, what was received goes back, a
 * restart changes nothing, and any shape of any file is sent or refused.
 */
#include "codec/stru_record.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/heard.h"
#include "tests/unit/shapes.h"

enum { INPUT_MAX = 1 << 15, RECORDS_MAX = 1 << 12 };

static struct kept_shape shape;
static struct heard records;
static struct heard file;
static struct heard sent;

/* Up to `cut`, then from a restart there on. */
static void receive(bool is_text, size_t step, size_t cut)
{
    char buffer[64];
    struct builder state = builder_on(buffer, sizeof(buffer));
    struct stru_record_receive record;
    struct stage *last = heard_init(&file);
    kept_shape_init(&shape);
    stru_record_receive_init(&record, last, &shape.sink, is_text);
    PROMISE(!heard_play_part(&records, 0, cut, &record.stage, in_steps(step)));
    PROMISE(!stru_record_put_state(&record, &state));
    stru_record_receive_init(&record, last, &shape.sink, is_text);
    PROMISE(stru_record_take_state(&record, builder_text(&state)));
    PROMISE(!heard_play_part(&records, cut, records.len, &record.stage,
                             (struct split){step, step, false}));
}

static enum fault send(struct text bytes, struct text lines, bool is_text, size_t step,
                       struct heard *ret_sent)
{
    struct told_shape told = told_shape_of(lines);
    struct stru_record_send record;
    stru_record_send_init(&record, heard_init(ret_sent), &told.source, is_text);
    return split_feed(&record.stage, bytes, (struct split){step, step, false}, MARK_FILE);
}

static void check_back(struct text script, bool is_text, size_t step, size_t cut)
{
    heard_write(&records, script, MARK_RECORD);
    receive(is_text, step, cut);
    PROMISE(!send(heard_text(&file), kept_shape_text(&shape), is_text, step, &sent));
    PROMISE(heard_equal(&sent, &records));
    receive(is_text, SIZE_MAX, 0);
    PROMISE(!send(heard_text(&file), kept_shape_text(&shape), is_text, SIZE_MAX, &sent));
    PROMISE(heard_equal(&sent, &records));
}

/* Whoever writes so many empty records has received them: no need to try more. */
static bool has_few_records(struct text lines)
{
    struct shape_entry entry;
    uint64_t count = 0;
    while (lines.len)
        if (shape_parse(text_take_until(&lines, '\n'), &entry) && !entry.number)
            count += entry.count < RECORDS_MAX ? entry.count : RECORDS_MAX;
    return count < RECORDS_MAX;
}

/* Lines of a shape up to an empty one, then a file that they may not be of. */
static void check_any_shape(struct text input, bool is_text, size_t step)
{
    static struct heard whole;
    size_t end = 0;
    while (end + 1 < input.len && (input.at[end] != '\n' || input.at[end + 1] != '\n'))
        end++;
    struct text lines = {input.at, end};
    struct text bytes = text_after(input, end + 2);
    if (!has_few_records(lines))
        return;
    enum fault f = send(bytes, lines, is_text, SIZE_MAX, &whole);
    PROMISE(f == FAULT_NONE || f == FAULT_IO);
    PROMISE(send(bytes, lines, is_text, step, &sent) == f);
    PROMISE(f || heard_equal(&sent, &whole));
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
