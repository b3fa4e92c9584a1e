/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/type_ebcdic.h"

static void translate(const unsigned char table[256], struct text in, char *out)
{
    for (size_t i = 0; i < in.len; i++)
        out[i] = (char)table[(unsigned char)in.at[i]];
}

static enum fault take(struct stage *stage, struct text bytes, unsigned marks)
{
    struct type_ebcdic *type = (struct type_ebcdic *)stage;
    if (marks & MARK_RESTART)
        return stage_put(stage, bytes, marks);
    do {
        size_t len = bytes.len < type->buffer.size ? bytes.len : type->buffer.size;
        translate(type->table, (struct text){bytes.at, len}, type->buffer.at);
        bytes = text_after(bytes, len);
        enum fault f = stage_put(stage, (struct text){type->buffer.at, len}, bytes.len ? 0 : marks);
        if (f)
            return f;
    } while (bytes.len);
    return FAULT_NONE;
}

void type_ebcdic_send_init(struct type_ebcdic *type, struct stage *next,
                           const struct code_page *page, struct stage_buffer buffer)
{
    *type = (struct type_ebcdic){{take, next}, buffer, page->from_file};
}

void type_ebcdic_receive_init(struct type_ebcdic *type, struct stage *next,
                              const struct code_page *page, struct stage_buffer buffer)
{
    *type = (struct type_ebcdic){{take, next}, buffer, page->to_file};
}
