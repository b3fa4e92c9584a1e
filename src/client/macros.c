/* SPDX-License-Identifier: Apache-2.0 */
#include "client/macros.h"

#include "base/memory.h"
#include "client/kept_file.h"
#include "client/netrc.h"

struct macro {
    char name[MACRO_NAME_MAX];
    size_t name_len;
    char *lines; /* owned */
    size_t lines_len;
};

struct macros {
    struct macro all[MACROS_MAX];
    size_t count;
    unsigned depth;    /* of those that are played */
    bool is_recording; /* into the next two */
    char record_name[MACRO_NAME_MAX];
    size_t record_name_len;
    struct builder record; /* on record_bytes */
    char record_bytes[MACRO_TEXT_MAX];
};

enum fault macros_new(struct macros **ret_macros)
{
    struct macros *macros = memory_new(sizeof(*macros));
    if (!macros)
        return FAULT_NO_MEMORY;
    *ret_macros = macros;
    return FAULT_NONE;
}

void macros_free(struct macros *macros)
{
    if (!macros)
        return;
    for (size_t i = 0; i < macros->count; i++)
        memory_free_secret(macros->all[i].lines, macros->all[i].lines_len);
    memory_free_secret(macros, sizeof(*macros)); /* people write passwords into them */
}

/* ---- The table ---------------------------------------------------------------------- */

static struct text name_of(const struct macro *macro)
{
    return (struct text){macro->name, macro->name_len};
}

static struct macro *find(struct macros *macros, struct text name)
{
    for (size_t i = 0; i < macros->count; i++)
        if (text_equal(name_of(&macros->all[i]), name))
            return &macros->all[i];
    return NULL;
}

static enum fault check(const struct macros *macros, struct text name)
{
    if (macros->depth || macros->is_recording)
        return FAULT_BUSY;
    if (!name.len || name.len > MACRO_NAME_MAX)
        return FAULT_NAME_INVALID;
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] <= ' ' && name.at[i] >= 0)
            return FAULT_NAME_INVALID;
    return text_find(name, 0x7F) < name.len ? FAULT_NAME_INVALID : FAULT_NONE;
}

enum fault macros_define(struct macros *macros, struct text name, struct text lines)
{
    enum fault f = check(macros, name);
    struct macro *macro = f ? NULL : find(macros, name);
    if (f)
        return f;
    if (lines.len > MACRO_TEXT_MAX || (!macro && macros->count == MACROS_MAX))
        return FAULT_TOO_LARGE;
    char *copy = memory_copy(lines.at, lines.len);
    if (!copy)
        return FAULT_NO_MEMORY;
    if (!macro) {
        macro = &macros->all[macros->count++];
        struct builder b = builder_on(macro->name, sizeof(macro->name));
        builder_put(&b, name);
        macro->name_len = b.len;
    }
    memory_free_secret(macro->lines, macro->lines_len);
    macro->lines = copy;
    macro->lines_len = lines.len;
    return FAULT_NONE;
}

static enum fault define_found(struct macros *macros, struct text file, struct text host,
                               struct text user)
{
    struct netrc_entry entry;
    struct netrc_macro macro;
    size_t line;
    enum fault f = FAULT_NONE;
    enum netrc_result result = netrc_find(file, host, user, &entry, &line);
    if (result != NETRC_FOUND)
        return result == NETRC_NONE ? FAULT_NONE : FAULT_ARGUMENT;
    while (!f && netrc_take_macro(&entry.macros, &macro))
        f = macros_define(macros, macro.name, macro.text);
    explicit_bzero(&entry, sizeof(entry));
    return f;
}

enum fault macros_read_netrc(struct macros *macros, const char *path, struct text host,
                             struct text user)
{
    char home_path[KEPT_PATH_SIZE];
    struct kept_file file = {.bytes = NULL};
    bool is_named = path[0] != '\0';
    if (!is_named && kept_file_home_path(".netrc", home_path))
        return FAULT_NONE;
    enum fault f = kept_file_read(is_named ? path : home_path, &file);
    if (f == FAULT_NOT_FOUND && !is_named)
        return FAULT_NONE;
    if (!f)
        f = file.is_trusted ? define_found(macros, kept_file_text(&file), host, user)
                            : FAULT_DENIED;
    kept_file_done(&file);
    return f;
}

bool macros_at(const struct macros *macros, size_t index, struct text *ret_name,
               struct text *ret_lines)
{
    if (index >= macros->count)
        return false;
    *ret_name = name_of(&macros->all[index]);
    *ret_lines = (struct text){macros->all[index].lines, macros->all[index].lines_len};
    return true;
}

/* ---- macdef, line by line ------------------------------------------------------------- */

enum fault macros_record(struct macros *macros, struct text name)
{
    enum fault f = check(macros, name);
    if (f)
        return f;
    struct builder b = builder_on(macros->record_name, sizeof(macros->record_name));
    builder_put(&b, name);
    macros->record_name_len = b.len;
    macros->record = builder_on(macros->record_bytes, sizeof(macros->record_bytes));
    macros->is_recording = true;
    return FAULT_NONE;
}

bool macros_is_recording(const struct macros *macros)
{
    return macros->is_recording;
}

enum fault macros_record_line(struct macros *macros, struct text line)
{
    if (!line.len || text_equal(line, TEXT("\r")))
        return macros_record_end(macros);
    builder_put(&macros->record, line);
    builder_put_byte(&macros->record, '\n');
    return FAULT_NONE;
}

enum fault macros_record_end(struct macros *macros)
{
    const struct text name = {macros->record_name, macros->record_name_len};
    macros->is_recording = false;
    enum fault f = macros->record.full ? FAULT_TOO_LARGE
                                       : macros_define(macros, name, builder_text(&macros->record));
    macros_record_drop(macros);
    return f;
}

void macros_record_drop(struct macros *macros)
{
    macros->is_recording = false;
    explicit_bzero(macros->record_bytes, sizeof(macros->record_bytes));
}

/* ---- $ ---------------------------------------------------------------------------------- */

enum fault macro_play_begin(struct macros *macros, const struct shell_word *args, size_t arg_count,
                            struct macro_play *ret_play)
{
    const struct macro *macro = arg_count ? find(macros, args[0].text) : NULL;
    if (!macro)
        return FAULT_NOT_FOUND;
    if (macros->depth == MACROS_DEPTH_MAX)
        return FAULT_TOO_MANY;
    macros->depth++;
    *ret_play = (struct macro_play){
        .macros = macros,
        .args = args,
        .arg_count = arg_count,
        .lines = {macro->lines, macro->lines_len},
        .rest = {macro->lines, macro->lines_len},
        .loop = 1,
    };
    return FAULT_NONE;
}

void macro_play_end(struct macro_play *play)
{
    play->macros->depth--;
}

/* A line while it is put together. */
struct line {
    struct builder *b; /* borrowed */
    struct shell_quoting quoting;
};

static void put_byte(struct line *line, char byte)
{
    builder_put_byte(line->b, byte);
    shell_quoting_take(&line->quoting, byte);
}

/* An argument as it was written, so that it stays one word; but in quotes as what it means. */
static void put_argument(struct line *line, const struct shell_word *word)
{
    const char quote = line->quoting.quote;
    if (!quote) {
        builder_put(line->b, word->written);
        return;
    }
    for (size_t i = 0; i < word->text.len; i++) {
        const char byte = word->text.at[i];
        if (quote == '\'' && byte == '\'')
            builder_put(line->b, TEXT("'\\'"));
        else if (quote == '"' && (byte == '"' || byte == '\\'))
            builder_put_byte(line->b, '\\');
        builder_put_byte(line->b, byte);
    }
}

/* Behind a "$": a number, or i. False: it is only a dollar. */
static bool put_variable(struct macro_play *play, struct line *line, struct text *rest)
{
    size_t index = 0;
    size_t digits = 0;
    while (digits < rest->len && text_is_digit(rest->at[digits])) {
        if (index < play->arg_count) /* no further: there is none */
            index = index * 10 + (size_t)(rest->at[digits] - '0');
        digits++;
    }
    bool is_loop = !digits && rest->len && rest->at[0] == 'i';
    if (!digits && !is_loop)
        return false;
    *rest = text_after(*rest, is_loop ? 1 : digits);
    play->loops = play->loops || is_loop;
    if (is_loop)
        index = play->loop;
    if (index < play->arg_count)
        put_argument(line, &play->args[index]);
    return true;
}

/* ftp(1): a backslash makes any byte itself, before the line is read as one. */
static void expand(struct macro_play *play, struct text from, struct builder *b)
{
    struct line line = {.b = b};
    while (from.len) {
        char byte = from.at[0];
        from = text_after(from, 1);
        if (byte == '$' && put_variable(play, &line, &from))
            continue;
        if (byte == '\\' && from.len) {
            byte = from.at[0];
            from = text_after(from, 1);
        }
        put_byte(&line, byte);
    }
}

/* The next line that is not blank; false when there is none. */
static bool take_line(struct text *rest, struct text *ret_line)
{
    while (rest->len) {
        struct text line = text_take_until(rest, '\n');
        if (line.len && line.at[line.len - 1] == '\r')
            line.len--;
        while (line.len && (line.at[0] == ' ' || line.at[0] == '\t'))
            line = text_after(line, 1);
        *ret_line = line;
        if (line.len)
            return true;
    }
    return false;
}

enum fault macro_play_line(struct macro_play *play, struct builder *b)
{
    struct text line;
    size_t before = b->len;
    if (!take_line(&play->rest, &line)) {
        if (!play->loops || ++play->loop >= play->arg_count)
            return FAULT_NOT_FOUND;
        play->rest = play->lines;
        if (!take_line(&play->rest, &line))
            return FAULT_NOT_FOUND;
    }
    expand(play, line, b);
    if (b->full) {
        b->len = before;
        play->rest = play->lines = TEXT("");
        play->loops = false;
        return FAULT_TOO_LARGE;
    }
    return FAULT_NONE;
}
