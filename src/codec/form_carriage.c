/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/form_carriage.h"

/* How the paper gets from the line before to one that begins with `control`. */
static struct text movement(const struct form_carriage *form, char control)
{
    switch (control) {
    case '0':
        return form->has_text ? TEXT("\n\n") : TEXT("\n");
    case '1':
        return TEXT("\f");
    case '+':
        return form->has_text ? TEXT("\r") : TEXT("");
    default:
        return form->has_text ? TEXT("\n") : TEXT("");
    }
}

/* Begins a line; its control character is used up, but not an LF that stands in its place. */
static struct text begin_line(struct form_carriage *form, struct text bytes, struct builder *out)
{
    builder_put(out, movement(form, bytes.at[0]));
    form->in_line = true;
    form->has_text = true;
    return text_after(bytes, bytes.at[0] != '\n');
}

/* As much of the line as there is room for. */
static struct text go_on(struct form_carriage *form, struct text bytes, struct builder *out)
{
    size_t room = out->size - out->len;
    struct text run = {bytes.at, bytes.len < room ? bytes.len : room};
    run.len = text_find(run, '\n');
    builder_put(out, run);
    bytes = text_after(bytes, run.len);
    form->in_line = !bytes.len || bytes.at[0] != '\n';
    return text_after(bytes, !form->in_line);
}

static enum fault take(struct stage *stage, struct text bytes, unsigned marks)
{
    enum { MOVEMENT_MAX = 2 };
    struct form_carriage *form = (struct form_carriage *)stage;
    struct builder out = builder_on(form->buffer.at, form->buffer.size);
    if (marks & MARK_RESTART)
        return stage_put(stage, bytes, marks);
    while (bytes.len) {
        bytes = form->in_line ? go_on(form, bytes, &out) : begin_line(form, bytes, &out);
        if (out.size - out.len >= MOVEMENT_MAX)
            continue;
        enum fault f = stage_put(stage, builder_text(&out), 0);
        if (f)
            return f;
        out.len = 0;
    }
    if (marks & MARK_FILE && form->has_text)
        builder_put_byte(&out, '\n');
    return stage_put(stage, builder_text(&out), marks);
}

void form_carriage_init(struct form_carriage *form, struct stage *next, struct stage_buffer buffer)
{
    *form = (struct form_carriage){{take, next}, buffer, false, false};
}
