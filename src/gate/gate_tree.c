/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/gate_tree.h"

#include "base/memory.h"

enum {
    COPY_BYTES = 128 * 1024,
    PATH_SIZE = 4096,
};

static bool is_cancelled(const atomic_bool *cancelled)
{
    return atomic_load_explicit(cancelled, memory_order_relaxed);
}

static enum fault pour(struct stream *from, struct stream *to, char *buffer, uint64_t *bytes,
                       const atomic_bool *cancelled)
{
    for (;;) {
        size_t len;
        enum fault f = stream_read(from, buffer, COPY_BYTES, &len);
        if (!f && len)
            f = stream_write(to, buffer, len);
        if (f || !len)
            return f;
        *bytes += len;
        if (is_cancelled(cancelled))
            return FAULT_CANCELLED;
    }
}

static enum fault pour_annex(struct stream *annex, struct gate_file *to, char *buffer)
{
    for (;;) {
        size_t len;
        enum fault f = stream_read(annex, buffer, COPY_BYTES, &len);
        if (!f && len)
            f = gate_annex(to, (struct text){buffer, len});
        if (f || !len)
            return f;
    }
}

static enum fault copy_annex(const struct gate_file *from, struct gate_file *to)
{
    struct stream *annex = NULL;
    enum fault f = gate_open_annex(from->caller, ACTION_READ, from->path, from->stream, &annex);
    if (f)
        return f == FAULT_NOT_FOUND ? FAULT_NONE : f;
    char *buffer = memory_new(COPY_BYTES);
    f = buffer ? pour_annex(annex, to, buffer) : FAULT_NO_MEMORY;
    memory_free(buffer);
    stream_close(&annex);
    return f;
}

/* Writes the whole file to the stream and closes it. */
static enum fault pour_file(struct gate_file **source, struct stream *to, uint64_t *bytes,
                            const atomic_bool *cancelled)
{
    struct gate_outcome outcome = {.fault = FAULT_NONE};
    char *buffer = memory_new(COPY_BYTES);
    outcome.fault = buffer ? pour((*source)->stream, to, buffer, &outcome.bytes, cancelled)
                           : FAULT_NO_MEMORY;
    memory_free(buffer);
    *bytes += outcome.bytes;
    return gate_close(source, &outcome, NULL);
}

enum fault gate_copy(const struct caller *caller, const char *from, const char *to, unsigned mode,
                     const atomic_bool *cancelled)
{
    struct store_upload_request request = {.kind = STORE_REPLACE, .mode = mode};
    struct gate_file *source = NULL;
    struct gate_file *target = NULL;
    struct gate_outcome outcome = {.fault = FAULT_NONE};
    enum fault f = gate_open_read(caller, ACTION_READ, from, &source);
    if (f)
        return f;
    /* A transaction may put a copy in the place of what it was read from; a direct upload
     * would read what it has written. */
    if (login_upload_manner(caller->login)->direct) {
        request.sources = &source->info;
        request.source_count = 1;
    }
    f = gate_open_upload(caller, to, &request, &target);
    if (f) {
        outcome.fault = FAULT_CANCELLED;
        (void)gate_close(&source, &outcome, NULL);
        return f;
    }
    target->is_copy = true;
    outcome.fault = copy_annex(source, target);
    if (outcome.fault)
        (void)gate_close(&source, &outcome, NULL);
    else
        outcome.fault = pour_file(&source, target->stream, &outcome.bytes, cancelled);
    return gate_close(&target, &outcome, NULL);
}

static bool is_same_file(const struct store_info *a, const struct store_info *b)
{
    return a->device == b->device && a->file_number == b->file_number;
}

/* May this part be read and removed, and is it a plain file? */
static enum fault look_at_part(const struct caller *caller, const char *part,
                               struct store_info *ret_info)
{
    struct store_info named;
    struct stream *stream = NULL;
    enum fault f = gate_stat(caller, ACTION_DELETE, part, false, &named);
    if (!f)
        f = gate_inspect(caller, ACTION_READ, part, &stream);
    stream_close(&stream);
    if (!f && !(named.access & STORE_MAY_REMOVE))
        f = FAULT_DENIED;
    return f ? f : gate_stat(caller, ACTION_READ, part, true, ret_info);
}

/* Looks at all of them before a byte is written: one that comes twice would be gone in between. */
static enum fault look_at_parts(const struct caller *caller, char *const *parts, size_t count,
                                struct store_info *ret_infos)
{
    for (size_t i = 0; i < count; i++) {
        enum fault f = look_at_part(caller, parts[i], &ret_infos[i]);
        if (f)
            return f;
        for (size_t before = 0; before < i; before++)
            if (is_same_file(&ret_infos[before], &ret_infos[i]))
                return FAULT_ARGUMENT;
    }
    return FAULT_NONE;
}

/* Appends a part to the stream, if it is still the file that was looked at. */
static enum fault pour_part(const struct caller *caller, const char *part,
                            const struct store_info *expected, struct stream *to, uint64_t *bytes,
                            const atomic_bool *cancelled)
{
    const struct gate_outcome changed = {.fault = FAULT_BUSY};
    struct gate_file *source = NULL;
    enum fault f = gate_open_read(caller, ACTION_READ, part, &source);
    if (f)
        return f;
    if (!is_same_file(&source->info, expected))
        return gate_close(&source, &changed, NULL);
    return pour_file(&source, to, bytes, cancelled);
}

enum fault gate_combine(const struct caller *caller, const char *target, char *const *parts,
                        size_t count, unsigned mode, const atomic_bool *cancelled, bool *ret_part)
{
    struct gate_file *whole = NULL;
    struct gate_outcome outcome = {.fault = FAULT_NONE};
    struct store_info *infos = memory_new_array(count, sizeof(*infos));
    struct store_upload_request request = {
        .kind = STORE_APPEND, .mode = mode, .sources = infos, .source_count = count};
    enum fault f = infos ? look_at_parts(caller, parts, count, infos) : FAULT_NO_MEMORY;
    *ret_part = f != FAULT_NONE;
    if (!f)
        f = gate_open_upload(caller, target, &request, &whole);
    if (whole)
        whole->is_copy = true;
    for (size_t i = 0; i < count && whole && !outcome.fault; i++)
        outcome.fault = pour_part(caller, parts[i], &infos[i], whole->stream, &outcome.bytes,
                                  cancelled);
    memory_free(infos);
    if (f)
        return f;
    f = gate_close(&whole, &outcome, NULL);
    for (size_t i = 0; i < count && !f; i++) {
        f = gate_remove(caller, parts[i]);
        *ret_part = f != FAULT_NONE;
    }
    return f;
}

/* Appends "/name" to the path in b; false when it gets too long. */
static bool descend(struct builder *b, struct text name)
{
    if (!text_equal(builder_text(b), TEXT("/")))
        builder_put_byte(b, '/');
    builder_put(b, name);
    builder_end(b);
    return !b->full;
}

static void ascend(struct builder *b)
{
    b->len = text_find_last(builder_text(b), '/');
    if (!b->len)
        b->len = 1; /* the root keeps its slash */
    builder_end(b);
}

static enum fault kind_of(struct gate_directory *directory, struct text name, enum store_kind *kind)
{
    struct store_info info;
    if (*kind != STORE_UNKNOWN)
        return FAULT_NONE;
    enum fault f = gate_entry_info(directory, name.at, false, &info);
    if (!f)
        *kind = info.kind;
    return f;
}

/*
 * Removes the files of the directory at b. When it meets a directory it puts
 * that one's path in b and returns with *ret_empty false.
 */
static enum fault empty_directory(const struct caller *caller, const struct gate_directory *tree,
                                  struct builder *b, bool *ret_empty, const atomic_bool *cancelled)
{
    struct gate_directory directory = {.directory = NULL};
    struct text name;
    enum store_kind kind;
    *ret_empty = true;
    enum fault f = gate_open_below(caller, tree, b->at, &directory);
    while (!f && *ret_empty) {
        f = gate_next(&directory, &name, &kind);
        if (f || !name.len)
            break;
        f = is_cancelled(cancelled) ? FAULT_CANCELLED : kind_of(&directory, name, &kind);
        if (f)
            break;
        if (!descend(b, name))
            f = FAULT_NAME_INVALID;
        else if (kind == STORE_DIRECTORY)
            *ret_empty = false;
        else
            f = gate_remove_below(caller, tree, b->at, ACTION_DELETE);
        if (*ret_empty)
            ascend(b);
    }
    gate_close_directory(&directory);
    return f;
}

enum fault gate_remove_tree(const struct caller *caller, const char *path,
                            const atomic_bool *cancelled)
{
    char bytes[PATH_SIZE];
    struct builder b = builder_on(bytes, sizeof(bytes));
    builder_put_string(&b, path);
    builder_end(&b);
    struct text top = text_of(path);
    struct gate_directory tree = {.directory = NULL};
    if (b.full)
        return FAULT_NAME_INVALID;
    if (text_equal(top, TEXT("/")))
        return gate_remove_directory(caller, path); /* refused before anything in it is gone */
    enum fault f = gate_open_tree(caller, path, &tree);
    /* Depth first, without recursion: b is where we are, a path its only memory. */
    while (!f) {
        bool empty;
        f = empty_directory(caller, &tree, &b, &empty, cancelled);
        if (f || !empty)
            continue;
        if (text_equal(builder_text(&b), top))
            break;
        f = gate_remove_below(caller, &tree, b.at, ACTION_REMOVE_DIRECTORY);
        ascend(&b);
    }
    gate_close_directory(&tree);
    return f ? f : gate_remove_directory(caller, path);
}
