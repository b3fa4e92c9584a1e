/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/show.h"

#include <stdio.h>

#include "base/memory.h"

enum { COLUMNS_MAX = 32, CELL_SIZE = 512, GAP = 2, KEY_WIDTH = 24 };

/* ---- Values as text ----------------------------------------------------------------------------
 */

static void put_plain(struct builder *b, struct text text)
{
    while (text.len) {
        size_t len = text_utf8_len(text);
        unsigned char c = (unsigned char)text.at[0];
        if (!len || c < 0x20 || c == 0x7F) {
            builder_put(b, TEXT("\\x"));
            builder_put_hex_byte(b, c);
        } else {
            builder_put(b, (struct text){text.at, len});
        }
        text = text_after(text, len ? len : 1);
    }
}

static void put_value(struct builder *b, const json_t *value)
{
    if (json_string_length(value)) {
        put_plain(b, (struct text){json_string_value(value), json_string_length(value)});
    } else if (json_is_integer(value)) {
        json_int_t number = json_integer_value(value);
        builder_put_string(b, number < 0 ? "-" : "");
        builder_put_number(b, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
    } else if (json_is_boolean(value)) {
        builder_put(b, json_is_true(value) ? TEXT("yes") : TEXT("no"));
    } else {
        builder_put(b, TEXT("-"));
    }
}

/* "user www, landlock abi7" */
static void put_members(struct builder *b, const json_t *object)
{
    const char *key;
    json_t *value;
    size_t start = b->len;
    json_object_foreach ((json_t *)object, key, value) {
        builder_put_string(b, b->len > start ? ", " : "");
        builder_put_string(b, key);
        builder_put_byte(b, ' ');
        put_value(b, value);
    }
}

/* A list's texts with commas between. */
static void put_cell(struct builder *b, const json_t *value)
{
    if (json_is_object(value)) {
        put_members(b, value);
        return;
    }
    if (!json_array_size(value)) { /* none at all is a dash, too */
        put_value(b, value);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        builder_put(b, i ? TEXT(", ") : TEXT(""));
        put_value(b, json_array_get(value, i));
    }
}

/* How many places it takes on a terminal: a character each. */
static size_t width_of(struct text text)
{
    size_t width = 0;
    for (; text.len; width++) {
        size_t len = text_utf8_len(text);
        text = text_after(text, len ? len : 1);
    }
    return width;
}

static size_t show_cell(const json_t *value)
{
    char bytes[CELL_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    put_cell(&b, value);
    (void)fwrite(b.at, 1, b.len, stdout);
    return width_of(builder_text(&b));
}

static void show_gap(size_t width, size_t wanted)
{
    (void)printf("%*s", (int)(width < wanted ? wanted - width : 0) + GAP, "");
}

void show_text(struct text text)
{
    while (text.len) {
        char bytes[CELL_SIZE];
        struct builder b = builder_on(bytes, sizeof(bytes));
        size_t len = text_cut_utf8(text, sizeof(bytes) / 4);
        put_plain(&b, (struct text){text.at, len});
        (void)fwrite(b.at, 1, b.len, stdout);
        text = text_after(text, len);
    }
}

/* ---- Tables
 * ---------------------------------------------------------------------------------------- */

struct table {
    struct text names[COLUMNS_MAX];
    size_t widths[COLUMNS_MAX];
    size_t count;
};

static void add_column(struct table *table, struct text name)
{
    if (table->count == COLUMNS_MAX)
        return;
    table->names[table->count] = name;
    table->widths[table->count++] = name.len;
}

static void name_columns(struct table *table, const json_t *rows, const char *columns)
{
    struct text rest = text_of(columns);
    const char *key;
    json_t *value;
    while (rest.len)
        add_column(table, text_take_word(&rest));
    if (!columns) {
        json_object_foreach (json_array_get(rows, 0), key, value) {
            add_column(table, text_of(key));
        }
    }
}

static const json_t *cell_at(const struct table *table, const json_t *row, size_t column)
{
    struct text name = table->names[column];
    return json_object_getn(row, name.at, name.len);
}

static void measure(struct table *table, const json_t *rows)
{
    for (size_t i = 0; i < json_array_size(rows); i++)
        for (size_t j = 0; j < table->count; j++) {
            char bytes[CELL_SIZE];
            struct builder b = builder_on(bytes, sizeof(bytes));
            put_cell(&b, cell_at(table, json_array_get(rows, i), j));
            size_t width = width_of(builder_text(&b));
            if (width > table->widths[j])
                table->widths[j] = width;
        }
}

/* The last column is not filled: no line ends in spaces. */
static void show_head(const struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        for (size_t j = 0; j < table->names[i].len; j++)
            (void)putchar(text_upper(table->names[i].at[j]));
        if (i + 1 < table->count)
            show_gap(table->names[i].len, table->widths[i]);
    }
    (void)putchar('\n');
}

static void show_row(const struct table *table, const json_t *row)
{
    for (size_t i = 0; i < table->count; i++) {
        size_t width = show_cell(cell_at(table, row, i));
        if (i + 1 < table->count)
            show_gap(width, table->widths[i]);
    }
    (void)putchar('\n');
}

void show_table(const json_t *rows, const char *columns)
{
    struct table table = {.count = 0};
    name_columns(&table, rows, columns);
    measure(&table, rows);
    if (!json_array_size(rows))
        return;
    show_head(&table);
    for (size_t i = 0; i < json_array_size(rows); i++)
        show_row(&table, json_array_get(rows, i));
}

/* ---- Answers
 * -------------------------------------------------------------------------------------------- */

static void show_key(const char *key)
{
    show_text(text_of(key));
    (void)putchar(':');
    show_gap(strlen(key) + 1, KEY_WIDTH - GAP);
}

/* A list has a line for each of its texts. */
static void show_member(const char *key, const json_t *value)
{
    if (!json_is_array(value)) {
        show_key(key);
        show_value(value);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++)
        show_member(key, json_array_get(value, i));
}

static void show_object(const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)object, key, value) {
        show_member(key, value);
    }
}

void show_value(const json_t *value)
{
    if (json_is_string(value))
        show_text((struct text){json_string_value(value), json_string_length(value)});
    else
        (void)show_cell(value);
    (void)putchar('\n');
}

void show_answer(const json_t *answer, const char *columns)
{
    bool is_first = true;
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)answer, key, value) {
        if (text_equal(text_of(key), TEXT("ok")))
            continue;
        if (!is_first)
            (void)putchar('\n');
        is_first = false;
        if (json_is_array(value))
            show_table(value, columns);
        else if (json_is_object(value))
            show_object(value);
        else
            show_member(key, value);
    }
}

void show_json(const json_t *value)
{
    (void)json_dumpf(value, stdout, JSON_COMPACT);
    (void)putchar('\n');
}
