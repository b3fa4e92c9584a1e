/* SPDX-License-Identifier: Apache-2.0 */
#include "dtp/page_driver.h"

#include "base/memory.h"

struct driver {
    struct stream *stream;          /* borrowed: the caller's, as all here */
    struct shape_reader *shape;     /* borrowed */
    const atomic_bool *cancelled;   /* borrowed */
    struct stage *first;            /* borrowed */
    const struct page_facts *facts; /* borrowed */
    struct page_layout layout;
    uint64_t size; /* of the file */
    char page[PAGE_LOGICAL_BYTES * LOCAL_WORD_MAX];
};

_Static_assert(sizeof(((struct driver *)0)->page) >= PAGE_WIDE_BYTES, "every page fits");

/* Reads bytes of a page and puts them, filled up to a whole word. */
static enum fault put_data(struct driver *driver, uint64_t offset, size_t bytes)
{
    size_t word = driver->layout.word;
    size_t filled = (bytes + word - 1) / word * word;
    size_t len = 0;
    driver->stream->file_offset = (int64_t)offset;
    memset(driver->page, 0, filled);
    while (len < bytes) {
        size_t n;
        enum fault f = stream_read(driver->stream, driver->page + len, bytes - len, &n);
        if (f)
            return f;
        if (!n)
            return FAULT_IO;
        len += n;
    }
    return stage_take(driver->first, (struct text){driver->page, filled}, 0);
}

static enum fault put_page(struct driver *driver, enum page_type type, uint64_t index, size_t bytes,
                           uint64_t access)
{
    const struct page_layout *layout = &driver->layout;
    size_t word = layout->word;
    if (atomic_load_explicit(driver->cancelled, memory_order_acquire))
        return FAULT_CANCELLED;
    if (index > INT64_MAX / layout->page_bytes ||
        (bytes && index * layout->page_bytes + bytes > driver->size))
        return FAULT_IO; /* the shape is another file's */
    enum fault f = page_send_header(layout, driver->first, type, index,
                                    (bytes + word - 1) / word * word, access);
    return f || !bytes ? f : put_data(driver, index * layout->page_bytes, bytes);
}

/* ---- As the file came ---------------------------------------------------- */

static enum fault put_entry(struct driver *driver, const struct shape_entry *entry)
{
    enum fault f = FAULT_NONE;
    switch (entry->kind) {
    case SHAPE_PAGES:
        for (uint64_t i = 0; !f && i < entry->count; i++)
            f = put_page(driver, PAGE_DATA, entry->number + i, driver->layout.page_bytes, 0);
        return f;
    case SHAPE_PAGE:
        if (entry->count > driver->layout.page_bytes)
            return FAULT_IO;
        return put_page(driver, entry->page_type == PAGE_ACCESS ? PAGE_ACCESS : PAGE_DATA,
                        entry->number, (size_t)entry->count, entry->access);
    case SHAPE_DESCRIPTOR:
        if (!entry->descriptor_len) /* one of our own form came: what it says may have changed */
            return page_send_descriptor(&driver->layout, driver->first, driver->facts);
        return page_send_foreign_descriptor(
            &driver->layout, driver->first,
            (struct text){entry->descriptor, entry->descriptor_len});
    default:
        return FAULT_NONE;
    }
}

/* Up to the end of what came as pages: *ret_end, the file's unless somebody appended to it. */
static enum fault put_as_it_came(struct driver *driver, uint64_t *ret_end)
{
    struct shape_entry entry;
    enum fault f;
    do {
        f = driver->shape->source.next(&driver->shape->source, &entry);
        if (!f)
            f = put_entry(driver, &entry);
    } while (!f && entry.kind != SHAPE_END && entry.kind != SHAPE_AT);
    *ret_end = !f && entry.kind == SHAPE_AT ? entry.number : driver->size;
    return f;
}

/* ---- As the file is ------------------------------------------------------ */

/* Pages with anything but holes, from the one that `offset` is in up to the file's end. */
static enum fault put_what_is_there(struct driver *driver, uint64_t offset)
{
    uint64_t page_bytes = driver->layout.page_bytes;
    uint64_t next = offset / page_bytes; /* the first page that was not looked at yet */
    for (;;) {
        int64_t first;
        int64_t end;
        enum fault f = stream_next_data(driver->stream, (int64_t)(next * page_bytes), &first, &end);
        if (f || (uint64_t)first >= driver->size)
            return f;
        next = (uint64_t)first / page_bytes;
        for (; !f && next * page_bytes < (uint64_t)end; next++) {
            uint64_t left = driver->size - next * page_bytes;
            f = put_page(driver, PAGE_DATA, next, (size_t)(left < page_bytes ? left : page_bytes),
                         0);
        }
        if (f)
            return f;
    }
}

static enum fault put_pages(struct driver *driver, unsigned bits, const struct page_facts *facts)
{
    struct shape_entry unit;
    bool came_as_pages = false;
    driver->facts = facts;
    enum fault f = shape_reader_take(driver->shape, SHAPE_UNIT, &unit, &came_as_pages);
    if (f)
        return f;
    uint64_t end = 0;
    if (came_as_pages && page_layout_of_unit(bits, &unit, &driver->layout)) {
        f = put_as_it_came(driver, &end);
        return f || end >= driver->size ? f : put_what_is_there(driver, end);
    }
    if (!page_layout_of(bits, driver->size, &driver->layout))
        return FAULT_ARGUMENT;
    f = page_send_descriptor(&driver->layout, driver->first, facts);
    return f ? f : put_what_is_there(driver, 0);
}

enum fault page_driver_send(struct stream *stream, struct shape_reader *shape, unsigned bits,
                            const struct page_facts *facts, const atomic_bool *cancelled,
                            struct stage *first)
{
    struct driver *driver = memory_new(sizeof(*driver));
    if (!driver)
        return FAULT_NO_MEMORY;
    driver->stream = stream;
    driver->shape = shape;
    driver->cancelled = cancelled;
    driver->first = first;
    driver->size = (uint64_t)stream->file_end;
    enum fault f = put_pages(driver, bits, facts);
    if (!f)
        f = page_send_end(&driver->layout, first);
    memory_free(driver);
    return f;
}
