/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listing is a list of visits, each to one directory: one for a plain
 * listing, one per directory that a pattern's first parts match, more as
 * LIST -R meets subdirectories. A visit first takes names up to a limit; if
 * that was all, they are sorted. Then come the rest as the system gives them.
 */
#include "server/directory_stream.h"

#include "base/memory.h"
#include "base/pattern.h"
#include "protocol/pathname.h"
#include "server/directory_entry.h"
#include "server/directory_names.h"
#include "server/directory_pattern.h"

enum {
    /*
     * Each piece is sent before the next is made (dtp/transfer): the first is small so that it
     * leaves early, the others so that the peer reads meanwhile. With their CRs they are one
     * write of the chain's 64 KiB.
     */
    FIRST_PIECE = 8 * 1024,
    PIECE = 60 * 1024,
};

struct directory_stream {
    struct stream stream;
    struct directory_request request;
    char *pattern; /* owned: what names must match; NULL: all */

    struct visits visits;  /* still to come */
    struct visit **insert; /* borrowed: where the current visit's subdirectories go */

    struct visit *visit; /* owned: the current one; NULL: none */
    struct gate_directory directory;
    bool drained;                 /* the directory has no more names */
    bool dots_due;                /* "." and ".." come next */
    struct directory_names names; /* held, to come next */

    char *single;        /* owned: the path of one file that is all there is; NULL: visits */
    bool may_be_missing; /* the next directory; only one that was named must be there */
    bool has_blank_due;  /* a blank line goes before the next header of LIST -R */
};

static struct directory_stream *of(struct stream *stream)
{
    return (struct directory_stream *)stream;
}

/* ---- Names of the current directory ----------------------------------------------- */

static bool is_wanted(const struct directory_stream *ds, struct text name)
{
    const struct listing_options *options = &ds->request.options;
    if (ds->pattern)
        return pattern_match(text_of(ds->pattern), name);
    return ds->request.form == DIRECTORY_FACTS || options->all || options->almost ||
           name.at[0] != '.';
}

static enum fault next_wanted(struct directory_stream *ds, struct text *ret_name,
                              enum store_kind *ret_kind)
{
    for (;;) {
        enum fault f = directory_is_cancelled(&ds->request)
                           ? FAULT_CANCELLED
                           : gate_next(&ds->directory, ret_name, ret_kind);
        if (f || !ret_name->len || is_wanted(ds, *ret_name))
            return f;
    }
}

static enum fault hold(struct directory_stream *ds, struct text name, enum store_kind kind)
{
    struct store_info info = {.modified.seconds = 0};
    if (ds->request.options.by_time) {
        enum fault f = gate_entry_info(&ds->directory, name.at, false, &info);
        if (f && f != FAULT_NOT_FOUND && f != FAULT_DENIED) /* as put_name has it */
            return f;
    }
    return names_hold(&ds->names, name, kind, info.modified.seconds);
}

/* Takes names until there are no more or no more may be held; sorts them if that was all. */
static enum fault gather(struct directory_stream *ds)
{
    struct text name;
    enum store_kind kind;
    const struct listing_options *options = &ds->request.options;
    while (!names_are_full(&ds->names)) {
        enum fault f = next_wanted(ds, &name, &kind);
        if (!f && !name.len) {
            ds->drained = true;
            names_sort(&ds->names, options->by_time, options->reverse);
            return FAULT_NONE;
        }
        if (!f)
            f = hold(ds, name, kind);
        if (f)
            return f;
    }
    return FAULT_NONE;
}

/* The next name to write, as a NUL-terminated string; NULL at the directory's end. */
static enum fault next_name(struct directory_stream *ds, const char **ret_name,
                            enum store_kind *ret_kind)
{
    struct text name = {NULL, 0};
    enum fault f = FAULT_NONE;
    *ret_name = names_take(&ds->names, ret_kind);
    if (!*ret_name && !ds->drained) {
        f = next_wanted(ds, &name, ret_kind);
        ds->drained = !f && !name.len;
        *ret_name = name.at; /* the store's names end with a NUL */
    }
    return f;
}

/* ---- Lines --------------------------------------------------------------------------- */

/* A name's path; false when it is too long to have one. */
static bool path_of(const struct directory_stream *ds, struct text name,
                    char path[PATHNAME_MAX + 2])
{
    struct builder b = builder_on(path, PATHNAME_MAX + 2);
    return pathname_resolve(text_of(ds->visit->path), name, &b) && builder_end(&b);
}

/* Of a file that a link leads to. */
static unsigned rights_of_target(const struct directory_stream *ds, struct text name)
{
    char path[PATHNAME_MAX + 2];
    return path_of(ds, name, path) ? gate_rights(ds->request.caller, path, true) : 0;
}

/* `entry` has its name in the current directory, NUL-terminated. */
static void put_facts(struct directory_stream *ds, struct builder *b,
                      const struct directory_entry *entry)
{
    const struct directory_request *request = &ds->request;
    struct directory_rights rights = {0};
    if (request->facts & FACT_PERM && !entry->is_unknown) {
        rights.name = gate_entry_rights(&ds->directory, entry->name.at);
        rights.content = entry->file ? rights_of_target(ds, entry->name) : rights.name;
        if (entry->info->kind == STORE_DIRECTORY)
            rights.within = gate_entry_rights_within(&ds->directory, entry->name.at);
    }
    directory_put_facts(b, request->caller, &rights, entry, request->facts);
}

static void put_entry(struct directory_stream *ds, struct builder *b,
                      const struct directory_entry *entry)
{
    const struct directory_request *request = &ds->request;
    struct text shown = ds->visit ? text_of(ds->visit->shown) : TEXT("");
    if (request->form == DIRECTORY_FACTS)
        put_facts(ds, b, entry);
    else if (request->form == DIRECTORY_LONG || request->options.long_form)
        directory_put_long(b, entry, request->now, request->options.classify);
    else
        directory_put_name(b, request->options.given ? TEXT("") : shown, entry,
                           request->options.classify);
}

/* NLST without options: names for RETR (RFC 1123 4.1.2.7). */
static bool is_names_only(const struct directory_request *request)
{
    return request->form == DIRECTORY_NAMES && !request->options.given;
}

/* Is it a plain file, or a link that leads to one? */
static bool leads_to_file(struct directory_stream *ds, const char *name, struct store_info *info)
{
    char bytes[PATHNAME_MAX + 2];
    if (!path_of(ds, text_of(name), bytes))
        return false;
    return !gate_stat(ds->request.caller, ACTION_LIST, bytes, true, info) &&
           info->kind == STORE_FILE;
}

/* Can a client RETR it? */
static bool is_retrievable(struct directory_stream *ds, const char *name, enum store_kind kind)
{
    struct store_info info;
    return kind == STORE_FILE ||
           ((kind == STORE_LINK || kind == STORE_UNKNOWN) && leads_to_file(ds, name, &info));
}

/* NLST without options needs no more than the name. */
static bool needs_info(const struct directory_stream *ds)
{
    const struct listing_options *options = &ds->request.options;
    return ds->request.form != DIRECTORY_NAMES || options->long_form || options->classify;
}

static enum fault remember_subdirectory(struct directory_stream *ds, struct text name)
{
    char path[PATHNAME_MAX + 2];
    char shown[PATHNAME_MAX + 2];
    struct builder path_builder = builder_on(path, sizeof(path));
    struct builder shown_builder = builder_on(shown, sizeof(shown));
    if (!pathname_resolve(text_of(ds->visit->path), name, &path_builder))
        return FAULT_LISTING_TOO_LARGE; /* deeper than a path can name */
    builder_put_string(&shown_builder, ds->visit->shown);
    builder_put(&shown_builder, name);
    builder_put_byte(&shown_builder, '/');
    if (shown_builder.full)
        return FAULT_LISTING_TOO_LARGE;
    return visits_add(&ds->visits, ds->insert, builder_text(&path_builder),
                      builder_text(&shown_builder), &ds->insert);
}

/* Where the link `entry` leads: its text in `link`, in `file` the file that RETR would give. */
static void find_target(struct directory_stream *ds, const char *name, struct builder *link,
                        struct store_info *file, struct directory_entry *entry)
{
    if (!gate_entry_link(&ds->directory, name, link))
        entry->link_target = builder_text(link);
    if (ds->request.form == DIRECTORY_FACTS && leads_to_file(ds, name, file))
        entry->file = file;
}

static enum fault put_name(struct directory_stream *ds, struct builder *b, const char *name,
                           enum store_kind kind)
{
    char target[PATHNAME_MAX + 1];
    struct builder link = builder_on(target, sizeof(target));
    struct store_info info = {.kind = kind};
    struct store_info file;
    struct directory_entry entry = {.name = text_of(name), .info = &info};
    const struct listing_options *options = &ds->request.options;
    if (is_names_only(&ds->request) && !is_retrievable(ds, name, kind))
        return FAULT_NONE;
    if (needs_info(ds) || (options->recursive && kind == STORE_UNKNOWN)) {
        bool created = ds->request.form == DIRECTORY_FACTS && ds->request.facts & FACT_CREATE;
        enum fault f = gate_entry_info(&ds->directory, name, created, &info);
        if (f == FAULT_NOT_FOUND) /* gone since it was read */
            return FAULT_NONE;
        entry.is_unknown = f == FAULT_DENIED; /* the directory may be read, not searched */
        if (f && !entry.is_unknown)
            return f;
    }
    if (info.kind == STORE_LINK && needs_info(ds))
        find_target(ds, name, &link, &file, &entry);
    put_entry(ds, b, &entry);
    if (options->recursive && info.kind == STORE_DIRECTORY)
        return remember_subdirectory(ds, entry.name);
    return FAULT_NONE;
}

/* -a: the directory and its parent. */
static enum fault put_dots(struct directory_stream *ds, struct builder *b)
{
    static const char *const names[] = {".", ".."};
    for (size_t i = 0; i < 2; i++) {
        char bytes[PATHNAME_MAX + 2];
        struct store_info info;
        if (!path_of(ds, text_of(names[i]), bytes))
            return FAULT_NAME_INVALID;
        enum fault f = gate_stat(ds->request.caller, ACTION_LIST, bytes, true, &info);
        const struct directory_entry entry = {.name = text_of(names[i]), .info = &info};
        if (!f)
            put_entry(ds, b, &entry);
        else if (!visit_is_out_of_reach(f)) /* the directory may be gone by now */
            return f;
    }
    return FAULT_NONE;
}

/* ---- The stream -------------------------------------------------------------------------- */

static void put_header(struct directory_stream *ds, struct builder *b)
{
    struct text shown = text_of(ds->visit->shown);
    if (!ds->request.options.recursive || ds->request.form == DIRECTORY_FACTS)
        return;
    if (ds->has_blank_due)
        builder_put_byte(b, '\n');
    ds->has_blank_due = true;
    if (shown.len > 1)
        shown.len--; /* its slash */
    listing_put_plain_name(b, shown.len ? shown : TEXT("."));
    builder_put(b, TEXT(":\n"));
}

static enum fault begin_visit(struct directory_stream *ds, struct builder *b)
{
    ds->visit = visits_take(&ds->visits);
    ds->insert = &ds->visits.first;
    ds->drained = false;
    names_clear(&ds->names);
    enum fault f = gate_open_directory(ds->request.caller, ds->visit->path, &ds->directory);
    put_header(ds, b);
    /* A subdirectory that may not be read or is gone is an empty one, as ls -R has it. */
    bool may_be_missing = ds->may_be_missing;
    ds->may_be_missing = true;
    if (visit_is_out_of_reach(f) && may_be_missing) {
        ds->drained = true;
        return FAULT_NONE;
    }
    if (!f && ds->request.form != DIRECTORY_FACTS)
        f = gather(ds);
    ds->dots_due = ds->request.options.all && !ds->pattern && ds->request.form != DIRECTORY_FACTS;
    return f;
}

static void end_visit(struct directory_stream *ds)
{
    gate_close_directory(&ds->directory);
    visit_free(ds->visit);
    ds->visit = NULL;
}

/* Appends where the link at `path` leads, which its directory knows; nothing if that is closed. */
static void put_target(const struct caller *caller, const char *path, struct builder *target)
{
    char bytes[PATHNAME_MAX + 2];
    struct builder parent = builder_on(bytes, sizeof(bytes));
    struct gate_directory directory = {NULL};
    builder_put(&parent, pathname_parent(text_of(path)));
    if (!gate_open_directory(caller, builder_end(&parent), &directory))
        (void)gate_entry_link(&directory, pathname_last(text_of(path)).at, target);
    gate_close_directory(&directory);
}

static enum fault put_single(struct directory_stream *ds, struct builder *b)
{
    char target[PATHNAME_MAX + 1];
    struct builder link = builder_on(target, sizeof(target));
    struct store_info info;
    struct text name = ds->request.name;
    struct directory_entry entry = {.name = name.len ? name : TEXT("."), .info = &info};
    char *path = ds->single;
    ds->single = NULL;
    enum fault f = gate_stat(ds->request.caller, ACTION_LIST, path, true, &info);
    if (f) /* a link that leads nowhere */
        f = gate_stat(ds->request.caller, ACTION_LIST, path, false, &info);
    if (!f && info.kind == STORE_LINK)
        put_target(ds->request.caller, path, &link);
    entry.link_target = builder_text(&link);
    if (!f)
        put_entry(ds, b, &entry);
    memory_free(path);
    return f;
}

/* One line, or one step towards it; *ret_end when there is nothing left. */
static enum fault step(struct directory_stream *ds, struct builder *b, bool *ret_end)
{
    const char *name;
    enum store_kind kind;
    if (ds->single)
        return put_single(ds, b);
    if (!ds->visit) {
        *ret_end = !ds->visits.first;
        return ds->visits.first ? begin_visit(ds, b) : FAULT_NONE;
    }
    if (ds->dots_due) {
        ds->dots_due = false;
        return put_dots(ds, b);
    }
    enum fault f = next_name(ds, &name, &kind);
    if (f)
        return f;
    if (!name) {
        end_visit(ds);
        return FAULT_NONE;
    }
    return put_name(ds, b, name, kind);
}

static enum fault directory_read(struct stream *stream, void *buffer, size_t size, size_t *ret_len)
{
    struct directory_stream *ds = of(stream);
    struct builder b = builder_on(buffer, size);
    size_t enough = stream->file_offset ? PIECE : FIRST_PIECE;
    bool end = false;
    if (size < DIRECTORY_LINE_MAX)
        return FAULT_BUG;
    while (!end && b.len < enough && size - b.len >= DIRECTORY_LINE_MAX) {
        enum fault f = directory_is_cancelled(&ds->request) ? FAULT_CANCELLED : step(ds, &b, &end);
        if (f)
            return f;
        if (b.full)
            return FAULT_BUG; /* a line longer than DIRECTORY_LINE_MAX */
    }
    stream->file_offset += (int64_t)b.len;
    *ret_len = b.len;
    return FAULT_NONE;
}

static void directory_close(struct stream *stream)
{
    struct directory_stream *ds = of(stream);
    end_visit(ds);
    visits_clear(&ds->visits);
    memory_free(ds->pattern);
    memory_free(ds->single);
    names_done(&ds->names);
    memory_free(ds);
}

/* ---- Opening ------------------------------------------------------------------------------- */

/* What can be told before the transfer begins is told before it. */
static enum fault check_directory(const struct store_info *info)
{
    if (info->kind != STORE_DIRECTORY)
        return FAULT_NOT_DIRECTORY;
    return info->access & STORE_MAY_READ ? FAULT_NONE : FAULT_DENIED;
}

static enum fault begin_path(struct directory_stream *ds, const char *path,
                             const struct store_info *info)
{
    const struct directory_request *request = &ds->request;
    char bytes[PATHNAME_MAX + 2];
    struct builder shown = builder_on(bytes, sizeof(bytes));
    bool is_directory = info->kind == STORE_DIRECTORY;
    if (request->form == DIRECTORY_FACTS && !is_directory)
        return FAULT_NOT_DIRECTORY;
    if (is_names_only(request) && !is_directory && info->kind != STORE_FILE)
        return FAULT_NOT_FOUND; /* a name that RETR takes: there is none */
    if (!is_directory || request->options.directory) {
        ds->single = memory_copy(path, strlen(path));
        return ds->single ? FAULT_NONE : FAULT_NO_MEMORY;
    }
    enum fault f = check_directory(info);
    if (f)
        return f;
    builder_put(&shown, request->name);
    if (shown.len && bytes[shown.len - 1] != '/')
        builder_put_byte(&shown, '/');
    if (shown.full)
        return FAULT_NAME_INVALID;
    return visits_add(&ds->visits, &ds->visits.first, text_of(path), builder_text(&shown), NULL);
}

static enum fault begin_pattern(struct directory_stream *ds)
{
    const struct directory_request *request = &ds->request;
    struct store_info info;
    struct text parents = request->name;
    while (parents.len && parents.at[parents.len - 1] == '/')
        parents.len--;
    size_t slash = text_find_last(parents, '/');
    parents.len = slash == parents.len ? 0 : slash;
    /* Directories that a wildcard came upon: that they are there was nobody's claim. */
    ds->may_be_missing = pattern_has_wildcard(parents);
    enum fault f = pattern_expand(request, &ds->visits, &ds->pattern);
    if (f || ds->may_be_missing)
        return f;
    f = gate_stat(request->caller, ACTION_LIST, ds->visits.first->path, true, &info);
    return f ? f : check_directory(&info);
}

static enum fault begin(struct directory_stream *ds)
{
    const struct directory_request *request = &ds->request;
    char bytes[PATHNAME_MAX + 2];
    struct builder path = builder_on(bytes, sizeof(bytes));
    struct store_info info;
    if (!pathname_resolve(request->directory, request->name, &path))
        return FAULT_NAME_INVALID;
    builder_end(&path);
    enum fault f = gate_stat(request->caller, ACTION_LIST, bytes, true, &info);
    if (f == FAULT_NOT_FOUND && request->form != DIRECTORY_FACTS &&
        pattern_has_wildcard(request->name))
        return begin_pattern(ds);
    if (f == FAULT_NOT_FOUND || f == FAULT_LINK_LOOP) {
        /* A link that leads nowhere can still be listed itself. */
        if (gate_stat(request->caller, ACTION_LIST, bytes, false, &info))
            return f;
        if (info.kind != STORE_LINK || request->form == DIRECTORY_FACTS)
            return f;
        ds->request.options.directory = true;
        f = FAULT_NONE;
    }
    return f ? f : begin_path(ds, bytes, &info);
}

enum fault directory_stream_open(const struct directory_request *request,
                                 struct stream **ret_stream)
{
    static const struct stream_type type = {.read = directory_read, .close = directory_close};
    struct directory_stream *ds = memory_new(sizeof(*ds));
    if (!ds)
        return FAULT_NO_MEMORY;
    ds->stream = (struct stream){.type = &type, .fd = -1};
    ds->request = *request;
    enum fault f = begin(ds);
    if (f) {
        directory_close(&ds->stream);
        return f;
    }
    *ret_stream = &ds->stream;
    return FAULT_NONE;
}
