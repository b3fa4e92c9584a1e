/* SPDX-License-Identifier: Apache-2.0 */
#include "client/remote_names.h"

#include "base/memory.h"
#include "base/pattern.h"
#include "client/safe_name.h"

enum { LINE_MAX_SIZE = ENTRY_NAME_MAX + 2 };

/* ---- The pattern ------------------------------------------------------------------------ */

/* Up to a wildcard that no backslash stands before; t.len: there is none. */
static size_t find_wildcard(struct text t)
{
    size_t i = 0;
    while (i < t.len && text_find(TEXT("*?["), t.at[i]) == 3)
        i += t.at[i] == '\\' ? 2 : 1;
    return i < t.len ? i : t.len;
}

/* What a pattern without wildcards is the name of. */
static void put_plain(struct builder *b, struct text pattern)
{
    while (pattern.len) {
        if (pattern.at[0] == '\\' && pattern.len > 1)
            pattern = text_after(pattern, 1);
        builder_put_byte(b, pattern.at[0]);
        pattern = text_after(pattern, 1);
    }
}

/* Into the directory, which is written to `names`, and the pattern of the name. */
static enum fault split(struct text pattern, struct remote_names *names, struct text *ret_last)
{
    size_t slash = text_find_last(pattern, '/');
    struct text directory = {pattern.at, slash == pattern.len ? 0 : slash + 1};
    struct builder b = builder_on(names->directory, sizeof(names->directory));
    if (find_wildcard(directory) < directory.len)
        return FAULT_ARGUMENT;
    put_plain(&b, directory);
    builder_end(&b);
    if (b.full || text_find(builder_text(&b), '\0') < b.len)
        return FAULT_NAME_INVALID;
    *ret_last = text_after(pattern, directory.len);
    return ret_last->len ? FAULT_NONE : FAULT_ARGUMENT;
}

/* ---- What the server says ------------------------------------------------------------------ */

struct gathering {
    struct stream stream;       /* of NLST's lines */
    struct remote_names *names; /* borrowed */
    struct text pattern;
    struct builder line; /* on bytes */
    char bytes[LINE_MAX_SIZE];
};

static enum fault take(struct gathering *gathering, const struct entry *entry, struct text name)
{
    if (!pattern_match(gathering->pattern, name))
        return FAULT_NONE;
    if (!safe_name_is_local(name, SAFE_NAME_LINUX)) {
        gathering->names->refused++;
        return FAULT_NONE;
    }
    return entries_add(&gathering->names->entries, entry, name, text_of(entry->target));
}

static enum fault gather_entries(struct remote *remote, struct gathering *gathering,
                                 bool *ret_has_any)
{
    struct entries all = {0};
    char bytes[REMOTE_NAMES_PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    struct text directory = text_of(gathering->names->directory);
    if (directory.len > 1)
        directory.len--; /* the slash at its end */
    builder_put(&b, directory);
    enum fault f = remote_list(remote, builder_end(&b), &all);
    *ret_has_any = all.count != 0;
    for (size_t i = 0; !f && i < all.count; i++)
        f = take(gathering, &all.all[i], text_of(all.all[i].name));
    entries_clear(&all);
    return f;
}

/* A line of NLST: the name alone, or behind the directory as it was asked for. */
static enum fault take_line(struct gathering *gathering)
{
    static const struct entry unknown = {.kind = ENTRY_FILE};
    struct text name = builder_text(&gathering->line);
    const struct text directory = text_of(gathering->names->directory);
    bool is_whole = !gathering->line.full;
    gathering->line = builder_on(gathering->bytes, sizeof(gathering->bytes));
    if (name.len && name.at[name.len - 1] == '\r')
        name.len--;
    if (text_starts_with(name, directory))
        name = text_after(name, directory.len);
    return name.len && is_whole ? take(gathering, &unknown, name) : FAULT_NONE;
}

static enum fault gathering_write(struct stream *stream, const void *bytes, size_t len)
{
    struct gathering *gathering = (struct gathering *)stream;
    struct text rest = {bytes, len};
    enum fault f = FAULT_NONE;
    while (!f && rest.len) {
        size_t end = text_find(rest, '\n');
        builder_put(&gathering->line, (struct text){rest.at, end});
        if (end < rest.len)
            f = take_line(gathering);
        rest = text_after(rest, end + 1);
    }
    return f;
}

static void gathering_close(struct stream *stream)
{
    memory_free(stream);
}

/* RFC 959 4.1.3: NLST takes a pathname; that a pattern is one, too, is custom. */
static enum fault gather_lines(struct remote *remote, struct gathering *gathering)
{
    char bytes[2 * REMOTE_NAMES_PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put_string(&b, gathering->names->directory);
    builder_put(&b, gathering->pattern);
    if (b.full)
        return FAULT_NAME_INVALID;
    enum fault f = remote_list_lines(remote, "NLST", builder_text(&b), &gathering->stream);
    return !f && gathering->line.len ? take_line(gathering) : f; /* the last may have no end */
}

static enum fault gather(struct remote *remote, struct gathering *gathering)
{
    bool has_any = false;
    enum fault f = gather_entries(remote, gathering, &has_any);
    if (has_any || (f && f != FAULT_UNSUPPORTED && f != FAULT_MALFORMED))
        return f;
    f = gather_lines(remote, gathering); /* a listing of which nobody understands a line */
    /* A refusal is how servers say that nothing fits: 550, 450. */
    return f == FAULT_BUSY || f == FAULT_UNSUPPORTED ? FAULT_NOT_FOUND : f;
}

enum fault remote_names_expand(struct remote *remote, struct text pattern,
                               struct remote_names *ret_names)
{
    static const struct stream_type type = {.write = gathering_write, .close = gathering_close};
    static const struct entry unknown = {.kind = ENTRY_FILE};
    char bytes[REMOTE_NAMES_PATH_SIZE];
    struct builder plain = builder_on(bytes, sizeof(bytes));
    struct gathering *gathering = memory_new(sizeof(*gathering));
    *ret_names = (struct remote_names){.refused = 0};
    if (!gathering)
        return FAULT_NO_MEMORY;
    gathering->stream = (struct stream){.type = &type, .fd = -1};
    gathering->names = ret_names;
    gathering->line = builder_on(gathering->bytes, sizeof(gathering->bytes));
    enum fault f = split(pattern, ret_names, &gathering->pattern);
    if (!f && find_wildcard(gathering->pattern) == gathering->pattern.len) {
        put_plain(&plain, gathering->pattern);
        f = plain.full
                ? FAULT_NAME_INVALID
                : entries_add(&ret_names->entries, &unknown, builder_text(&plain), TEXT_NONE);
    } else if (!f) {
        f = gather(remote, gathering);
    }
    gathering_close(&gathering->stream);
    entries_sort(&ret_names->entries);
    if (!f && !ret_names->entries.count)
        f = FAULT_NOT_FOUND;
    if (f)
        remote_names_clear(ret_names);
    return f;
}

bool remote_names_put_path(const struct remote_names *names, size_t index, struct builder *b)
{
    builder_put_string(b, names->directory);
    builder_put_string(b, names->entries.all[index].name);
    return !b->full;
}

void remote_names_clear(struct remote_names *names)
{
    entries_clear(&names->entries);
}
