/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages: a file with holes that STRU P writes, and what sends it as its shape
 * says, for unit tests and fuzz targets.
 */
#ifndef FERRY_TESTS_PAGES_H
#define FERRY_TESTS_PAGES_H

#include "codec/stru_page.h"
#include "tests/unit/heard.h"
#include "tests/unit/shapes.h"

enum { PAGES_WRITES_MAX = 1 << 14 };

struct holey_write {
    uint64_t offset;
    size_t at; /* in the file's bytes */
    size_t len;
};

/* Everything that was written, in its order: holes cost nothing. */
struct holey_file {
    struct page_sink sink;
    struct holey_write writes[PAGES_WRITES_MAX];
    size_t count;
    char bytes[SHAPES_ROOM];
    size_t len;
    uint64_t position;
    bool ended;
    uint64_t size;
    struct page_facts facts;
};

static inline enum fault holey_file_seek(struct page_sink *sink, uint64_t offset)
{
    ((struct holey_file *)sink)->position = offset;
    return offset > INT64_MAX ? FAULT_BUG : FAULT_NONE;
}

static inline enum fault holey_file_write(struct page_sink *sink, struct text bytes)
{
    struct holey_file *file = (struct holey_file *)sink;
    struct holey_write *last = file->count ? &file->writes[file->count - 1] : NULL;
    if (file->ended || file->position > INT64_MAX || bytes.len > INT64_MAX - file->position)
        return FAULT_BUG;
    if (!last || last->offset + last->len != file->position) {
        if (file->count == PAGES_WRITES_MAX)
            return FAULT_NO_SPACE;
        last = &file->writes[file->count++];
        *last = (struct holey_write){file->position, file->len, 0};
    }
    if (bytes.len > sizeof(file->bytes) - file->len)
        return FAULT_NO_SPACE;
    memcpy(file->bytes + file->len, bytes.at, bytes.len);
    last->len += bytes.len;
    file->len += bytes.len;
    file->position += bytes.len;
    return FAULT_NONE;
}

static inline enum fault holey_file_end(struct page_sink *sink, uint64_t size,
                                        const struct page_facts *facts)
{
    struct holey_file *file = (struct holey_file *)sink;
    if (file->ended || size > INT64_MAX)
        return FAULT_BUG;
    file->ended = true;
    file->size = size;
    file->facts = *facts;
    return FAULT_NONE;
}

static inline void holey_file_init(struct holey_file *file)
{
    file->sink = (struct page_sink){holey_file_seek, holey_file_write, holey_file_end};
    file->count = 0;
    file->len = 0;
    file->position = UINT64_MAX;
    file->ended = false;
}

/* Later writes are over earlier ones; what nobody wrote is zeros. */
static inline void holey_file_read(const struct holey_file *file, uint64_t offset, size_t len,
                                   char *out)
{
    memset(out, 0, len);
    for (size_t i = 0; i < file->count; i++) {
        uint64_t first = file->writes[i].offset;
        uint64_t end = first + file->writes[i].len;
        uint64_t from = first > offset ? first : offset;
        uint64_t to = end < offset + len ? end : offset + len;
        if (from < to)
            memcpy(out + (from - offset), file->bytes + file->writes[i].at + (from - first),
                   (size_t)(to - from));
    }
}

static inline enum fault send_page_of(const struct holey_file *file,
                                      const struct page_layout *layout, struct stage *next,
                                      const struct shape_entry *page)
{
    static char data[PAGE_LOGICAL_BYTES * LOCAL_WORD_MAX];
    size_t len = (size_t)page->count;
    enum fault f = page_send_header(layout, next, (enum page_type)page->page_type, page->number,
                                    len, page->access);
    if (f || !len)
        return f;
    holey_file_read(file, page->number * layout->page_bytes, len, data);
    return stage_take(next, (struct text){data, len}, 0);
}

static inline enum fault send_entry_of(const struct holey_file *file,
                                       const struct page_layout *layout, struct stage *next,
                                       const struct shape_entry *entry)
{
    struct text words = {entry->descriptor, entry->descriptor_len};
    enum fault f = FAULT_NONE;
    switch (entry->kind) {
    case SHAPE_DESCRIPTOR:
        if (!entry->descriptor_len)
            return page_send_descriptor(layout, next, &file->facts);
        return page_send_foreign_descriptor(layout, next, words);
    case SHAPE_PAGE:
        return send_page_of(file, layout, next, entry);
    case SHAPE_PAGES:
        for (uint64_t i = 0; i < entry->count && !f; i++) {
            struct shape_entry page = {
                .number = entry->number + i, .count = layout->page_bytes, .page_type = PAGE_DATA};
            f = send_page_of(file, layout, next, &page);
        }
        return f;
    default:
        return FAULT_BUG;
    }
}

/* A file as it came: the pages that its shape tells. */
static inline enum fault send_pages(const struct holey_file *file, struct text shape, unsigned bits,
                                    struct stage *next)
{
    struct told_shape told = told_shape_of(shape);
    struct shape_entry entry = {.kind = SHAPE_END};
    struct page_layout layout;
    bool has_begun = false;
    if (!page_layout_of(bits, 0, &layout))
        return FAULT_BUG;
    enum fault f = told_shape_next(&told.source, &entry);
    while (!f && (entry.kind != SHAPE_END || !has_begun)) {
        bool is_unit = entry.kind == SHAPE_UNIT;
        if (is_unit && !page_layout_of_unit(bits, &entry, &layout))
            return FAULT_IO;
        has_begun = true;
        if (!f && !is_unit && entry.kind != SHAPE_END)
            f = send_entry_of(file, &layout, next, &entry);
        if (!f && entry.kind != SHAPE_END)
            f = told_shape_next(&told.source, &entry);
    }
    return f ? f : page_send_end(&layout, next);
}

#endif
