/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shape: what a plain file cannot tell of what was stored in it: records that
 * are no lines, pages, carriage control. Kept beside the file (store.h: annex)
 * as lines of text that anybody can read; docs/data-model.md publishes them.
 *
 *     at OFFSET                   what follows begins here; of what is before nothing is told
 *     form C                      the text has ASA carriage control
 *     lines BYTES                 so many bytes of records that are lines, LF included
 *     text BYTES [COUNT]          COUNT records of BYTES bytes, each with an LF behind it
 *     record BYTES [COUNT]        COUNT records of BYTES bytes
 *     open BYTES                  the last bytes, which no end of record followed
 *     unit WORD PAGE              pages have PAGE bytes, a logical byte has WORD; may be told again
 *     pages INDEX [COUNT]         COUNT full pages of type 1 from INDEX on
 *     page INDEX BYTES TYPE ACCESS   one page, whatever its type (1 or 3)
 *     descriptor [HEX]            a descriptor page, with its data if it is not in our form
 *
 * Where nothing is told a text's records are its lines, and anything else is one record, or
 * none if it is empty.
 */
#ifndef FERRY_CODEC_SHAPE_H
#define FERRY_CODEC_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/text.h"

enum shape_kind {
    SHAPE_END, /* of what is told; never written */
    SHAPE_AT,
    SHAPE_FORM,
    SHAPE_LINES,
    SHAPE_TEXT,
    SHAPE_RECORD,
    SHAPE_OPEN,
    SHAPE_UNIT,
    SHAPE_PAGES,
    SHAPE_PAGE,
    SHAPE_DESCRIPTOR,
};

enum { SHAPE_LINE_MAX = 2048, SHAPE_DESCRIPTOR_MAX = 512 };

struct shape_entry {
    enum shape_kind kind;
    uint64_t number;    /* OFFSET, BYTES, WORD or INDEX: the first one */
    uint64_t count;     /* COUNT (1 when not written), PAGE; of SHAPE_PAGE the BYTES */
    unsigned page_type; /* of SHAPE_PAGE, like the next */
    uint64_t access;
    size_t descriptor_len; /* of SHAPE_DESCRIPTOR; others leave it and the bytes alone */
    char descriptor[SHAPE_DESCRIPTOR_MAX]; /* decoded */
};

/*
 * One line without its end; false when it is none of the above. Numbers are at
 * most INT64_MAX, a COUNT at least 1.
 */
bool shape_parse(struct text line, struct shape_entry *ret_entry);
/* The line and its end. */
void shape_put(struct builder *b, const struct shape_entry *entry);

/* Who knows the shape of a file that is sent. */
struct shape_source {
    /* The next entry, SHAPE_END behind the last one (again and again). */
    enum fault (*next)(struct shape_source *source, struct shape_entry *ret_entry);
};

/* Where the shape of a file that is received goes, if it has one that must be kept. */
struct shape_sink {
    enum fault (*put)(struct shape_sink *sink, struct text lines);
};

/* One entry as a line. */
enum fault shape_sink_put(struct shape_sink *sink, const struct shape_entry *entry);

/*
 * Writes down records as they come: as little as possible. Nothing for what is
 * given back where nothing is told, so nothing either for a text's last lines
 * or the last record of anything else.
 */
struct shape_writer {
    struct shape_sink *sink; /* borrowed: lives as long */
    bool is_text;
    bool tells_last;        /* also the last record: what is appended to a file is told apart */
    uint64_t lines;         /* bytes of lines that nothing was written about yet */
    struct shape_entry run; /* or equal records, likewise; SHAPE_END: none */
};

void shape_writer_init(struct shape_writer *writer, struct shape_sink *sink, bool is_text);
/* A record of `bytes`; `has_line_end`: a text's that lines would break. */
enum fault shape_writer_record(struct shape_writer *writer, uint64_t bytes, bool has_line_end);
/* The file ended behind `bytes` of a record that did not end; 0: it ended with a record. */
enum fault shape_writer_end(struct shape_writer *writer, uint64_t open_bytes);

/*
 * For a restart marker: writes what is outstanding, but for lines, whose bytes
 * are the state: "l<bytes>" or nothing. take: false, and nothing changed, when
 * `state` is no such text.
 */
enum fault shape_writer_put_state(struct shape_writer *writer, struct builder *b);
bool shape_writer_take_state(struct shape_writer *writer, struct text state);

/*
 * Takes "<letter><number>" off the beginning of a state; false, and nothing
 * taken, when it begins otherwise.
 */
bool shape_take_state_number(struct text *state, char letter, uint64_t *ret_number);

#endif
