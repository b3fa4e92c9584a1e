/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protocol/listing_read: whatever a server answers to LIST. The first line is
 * what SYST said, the others are lines.
 */
#include "protocol/listing_read.h"
#include "tests/fuzz/fuzz.h"

enum { NOW = 1700000000 };

static bool is_inside(struct text t, const char *at, size_t len)
{
    return t.at >= at && t.at <= at + len && t.len <= (size_t)(at + len - t.at);
}

static void check_text(struct text t, struct text line, const struct listing_reader *reader)
{
    if (!t.len)
        return;
    PROMISE(is_inside(t, line.at, line.len) || is_inside(t, reader->held, sizeof(reader->held)));
    PROMISE(text_find(t, '\0') == t.len && text_find(t, '\r') == t.len &&
            text_find(t, '\n') == t.len);
}

static void check_item(const struct listing_item *item, struct text line,
                       const struct listing_reader *reader)
{
    PROMISE(item->name.len && !text_equal(item->name, TEXT(".")) &&
            !text_equal(item->name, TEXT("..")));
    check_text(item->name, line, reader);
    check_text(item->link_target, line, reader);
    check_text(item->owner, line, reader);
    check_text(item->group, line, reader);
    PROMISE(item->kind <= LISTING_KIND_OTHER && item->precision <= LISTING_TIME_SECOND);
    PROMISE(item->kind == LISTING_KIND_LINK || !item->link_target.len);
    PROMISE(item->has_size ? item->kind == LISTING_KIND_FILE : !item->size && !item->size_is_rough);
    PROMISE(item->has_mode ? item->mode <= 07777 : !item->mode);
    /* The years 1 to 9999, and a zone of up to 99 hours. */
    PROMISE(item->modified >= -62135596800 - 360000 && item->modified <= 253402300800 + 360000);
    PROMISE(item->precision != LISTING_TIME_NONE || !item->modified);
    PROMISE(item->precision != LISTING_TIME_DAY || item->modified % 86400 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = {(const char *)data, size};
    struct listing_reader reader;
    bool was_held = false;
    listing_reader_init(&reader, NOW, text_take_until(&rest, '\n'));
    while (rest.len) {
        struct listing_item item;
        struct text line = text_take_until(&rest, '\n');
        enum listing_outcome outcome = listing_read_line(&reader, line, &item);
        PROMISE(outcome <= LISTING_UNKNOWN && reader.now == NOW);
        PROMISE(!reader.dropped || was_held);
        PROMISE(reader.held_len <= sizeof(reader.held));
        if (outcome == LISTING_ITEM)
            check_item(&item, line, &reader);
        was_held = outcome == LISTING_MORE;
        PROMISE(was_held == (reader.held_len > 0));
    }
    PROMISE(listing_reader_end(&reader) == was_held && !listing_reader_end(&reader));
    return 0;
}
