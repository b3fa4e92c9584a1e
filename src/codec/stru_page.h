/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stru_page: STRU P (RFC 959 3.1.2.3 and appendix I). A page is a header of four
 * or five fields, each one logical byte, and its data: where in the file they
 * are is said by the page's index, so holes are not sent.
 *
 * A page has 512 logical bytes, or as many as a field can count if that is
 * less. Of 8 bits that is 255, in at most 256 pages; a file of bytes that has
 * more goes with fields of 8 bytes, the first of which is zero where a short
 * header's is 4 or 5, and pages of 4096.
 *
 * Logical bytes are words here as in a file (type_local.h).
 *
 *     type 0   the end: fields 4, 0, 0, 0
 *     type 1   a page: 4, index, count of data, 1
 *     type 2   the descriptor: facts of the file, a character in each logical byte:
 *              "size=…;modify=…;unix.mode=0…;" (RFC 3659 7.5's); others' are kept as they are
 *     type 3   a page with access control: 5, index, count, 3, access
 */
#ifndef FERRY_CODEC_STRU_PAGE_H
#define FERRY_CODEC_STRU_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/page_facts.h"
#include "codec/shape.h"
#include "codec/stage.h"
#include "codec/type_local.h"

enum {
    PAGE_LOGICAL_BYTES = 512,
    PAGE_WIDE_BYTES = 4096,
    PAGE_WIDE_FIELD = 8,
    PAGE_BITS_MIN = 8, /* a logical byte must be able to hold the fields */
    PAGE_FIELDS_MAX = 5,
    PAGE_DESCRIPTOR_MAX = PAGE_FACTS_MAX * LOCAL_WORD_MAX,
};

enum page_type { PAGE_LAST = 0, PAGE_DATA = 1, PAGE_DESCRIPTOR = 2, PAGE_ACCESS = 3 };

/* How pages are counted and written. */
struct page_layout {
    size_t word;        /* bytes of a logical byte in a file */
    unsigned bits;      /* of a logical byte */
    size_t page_bytes;  /* of a page's data in the file */
    size_t field_bytes; /* of a header's field: `word`, or 8 when wide */
};

/*
 * For a file of `size` bytes and logical bytes of `bits`. False when its pages
 * cannot be counted in so few bits, or bits < PAGE_BITS_MIN.
 */
bool page_layout_of(unsigned bits, uint64_t size, struct page_layout *ret_layout);

/* Of pages that were received, as their SHAPE_UNIT says. False: they were none of such bits. */
bool page_layout_of_unit(unsigned bits, const struct shape_entry *unit,
                         struct page_layout *ret_layout);

/* ---- Sending ------------------------------------------------------------ */

/*
 * Not a stage, since a file's holes are no bytes: whoever sends drives it. Each
 * puts on `next`. FAULT_IO: a number that no field holds, or half a word; what
 * the shape says is not of this layout.
 */
enum fault page_send_descriptor(const struct page_layout *layout, struct stage *next,
                                const struct page_facts *facts);
/* A descriptor page that was kept as it came; `words` are its data. */
enum fault page_send_foreign_descriptor(const struct page_layout *layout, struct stage *next,
                                        struct text words);
/* The header of a page whose data (a multiple of the word) follows. */
enum fault page_send_header(const struct page_layout *layout, struct stage *next,
                            enum page_type type, uint64_t index, size_t data_bytes,
                            uint64_t access);
/* The last page, and MARK_FILE. */
enum fault page_send_end(const struct page_layout *layout, struct stage *next);

/* ---- Receiving ---------------------------------------------------------- */

/* Where pages go: a file that can be written anywhere. */
struct page_sink {
    /* What is written next goes to this offset; may be behind the end, or before it. */
    enum fault (*seek)(struct page_sink *sink, uint64_t offset);
    enum fault (*write)(struct page_sink *sink, struct text bytes);
    /* The end: the file is that long (a hole at its end is none of the data), and what it is. */
    enum fault (*end)(struct page_sink *sink, uint64_t size, const struct page_facts *facts);
};

struct stru_page_receive {
    struct stage stage;
    struct page_sink *sink;   /* borrowed: lives as long */
    struct shape_sink *shape; /* borrowed: likewise */
    unsigned bits;
    struct page_layout layout; /* known with the first byte; word 0: not yet */
    unsigned char header[PAGE_FIELDS_MAX * LOCAL_WORD_MAX];
    size_t header_len; /* of the header that is coming */
    uint64_t fields[PAGE_FIELDS_MAX];
    size_t data_left; /* bytes to come of the page's data */
    bool ended;
    uint64_t position; /* where the sink writes; UINT64_MAX: nobody knows */
    uint64_t end;      /* of the furthest data */
    struct page_facts facts;
    char descriptor[PAGE_DESCRIPTOR_MAX];
    size_t descriptor_len;
    bool has_told_unit;
    uint64_t run_index; /* full pages that the shape was told nothing about yet */
    uint64_t run_count;
};

/*
 * Takes words of `bits`, at least PAGE_BITS_MIN; gives nothing on but marks of
 * restarts. The shape gets each page that came whole, runs of full ones as one
 * entry, so that it goes back as it came. Facts of a descriptor go to the sink's
 * end, with the size that they say unless there is data behind it.
 *
 * FAULT_MALFORMED: a field above INT64_MAX or what its bits can hold, a header of
 * another length than its type has (of a descriptor 4, or 5 as in appendix I), a page
 * with more data than a page has, an offset beyond INT64_MAX, a foreign
 * descriptor over SHAPE_DESCRIPTOR_MAX, bytes behind the last page;
 * FAULT_PAGE_TYPE: no such type; FAULT_CONNECTION_LOST: MARK_FILE before the
 * last page.
 */
void stru_page_receive_init(struct stru_page_receive *page, struct stage *next,
                            struct page_sink *sink, struct shape_sink *shape, unsigned bits);

/* Between two pages, where alone a restart can begin? */
bool stru_page_is_between(const struct stru_page_receive *page);

/*
 * For a restart marker between two pages: writes what is outstanding of the
 * shape. The state is "p<end of the furthest data>" and the facts that came:
 * "s<size>", "t<YYYYMMDDHHMMSS>n<nanoseconds>", "m<mode>". take: false, and nothing
 * changed, when `state` is no such text; the empty one says nothing.
 */
enum fault stru_page_put_state(struct stru_page_receive *page, struct builder *b);
bool stru_page_take_state(struct stru_page_receive *page, struct text state);

#endif
