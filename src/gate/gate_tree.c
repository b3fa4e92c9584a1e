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

/* Writes the whole file `from` to the stream. */
static enum fault pour_file(const struct caller *caller, const char *from, struct stream *to,
                            uint64_t *bytes, const atomic_bool *cancelled)
{
    struct gate_file *source = NULL;
    struct gate_outcome outcome = {.fault = FAULT_NONE};
    enum fault f = gate_open_read(caller, ACTION_READ, from, &source);
    if (f)
        return f;
    char *buffer = memory_new(COPY_BYTES);
    outcome.fault = buffer ? pour(source->stream, to, buffer, &outcome.bytes, cancelled)
                           : FAULT_NO_MEMORY;
    memory_free(buffer);
    *bytes += outcome.bytes;
    return gate_close(&source, &outcome, NULL);
}

enum fault gate_copy(const struct caller *caller, const char *from, const char *to, unsigned mode,
                     const atomic_bool *cancelled)
{
    struct store_info source;
    struct store_upload_request request = {.kind = STORE_REPLACE, .mode = mode};
    struct gate_file *target = NULL;
    struct gate_outcome outcome = {.fault = FAULT_NONE};
    enum fault f = gate_stat(caller, ACTION_READ, from, true, &source);
    if (!f)
        f = gate_open_upload(caller, to, &request, &target);
    if (f)
        return f;
    outcome.fault = pour_file(caller, from, target->stream, &outcome.bytes, cancelled);
    return gate_close(&target, &outcome, NULL);
}

static bool is_given_before(char *const *parts, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (text_equal(text_of(parts[i]), text_of(parts[at])))
            return true;
    return false;
}

/*
 * The parts are removed in the end: none may be the target, under whatever
 * name. A link to it is none: it is the link that would go.
 */
static enum fault check_parts(const struct caller *caller, const char *target, char *const *parts,
                              size_t count)
{
    struct store_info whole;
    struct store_info part;
    enum fault f = gate_stat(caller, ACTION_READ, target, true, &whole);
    if (f && f != FAULT_NOT_FOUND)
        return f;
    for (size_t i = 0; i < count; i++) {
        if (is_given_before(parts, i))
            return FAULT_ARGUMENT;
        if (!f && !gate_stat(caller, ACTION_READ, parts[i], false, &part) &&
            part.device == whole.device && part.file_number == whole.file_number)
            return FAULT_ARGUMENT;
    }
    return FAULT_NONE;
}

enum fault gate_combine(const struct caller *caller, const char *target, char *const *parts,
                        size_t count, unsigned mode, const atomic_bool *cancelled)
{
    struct store_upload_request request = {.kind = STORE_APPEND, .mode = mode};
    struct gate_file *whole = NULL;
    struct gate_outcome outcome = {.fault = FAULT_NONE};
    enum fault f = check_parts(caller, target, parts, count);
    if (!f)
        f = gate_open_upload(caller, target, &request, &whole);
    if (f)
        return f;
    for (size_t i = 0; i < count && !outcome.fault; i++)
        outcome.fault = pour_file(caller, parts[i], whole->stream, &outcome.bytes, cancelled);
    f = gate_close(&whole, &outcome, NULL);
    for (size_t i = 0; i < count && !f; i++)
        f = gate_remove(caller, parts[i]);
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
static enum fault empty_directory(const struct caller *caller, struct builder *b, bool *ret_empty,
                                  const atomic_bool *cancelled)
{
    struct gate_directory directory = {NULL};
    struct text name;
    enum store_kind kind;
    *ret_empty = true;
    enum fault f = gate_open_directory(caller, b->at, &directory);
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
            f = gate_remove(caller, b->at);
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
    struct store_info info;
    builder_put_string(&b, path);
    builder_end(&b);
    struct text top = text_of(path);
    if (b.full)
        return FAULT_NAME_INVALID;
    if (text_equal(top, TEXT("/")))
        return FAULT_DENIED; /* said before anything in it is gone */
    /* A link to a directory opens like one: what it points to is not what was named. */
    if (gate_stat(caller, ACTION_LIST, path, false, &info) || info.kind != STORE_DIRECTORY)
        return gate_remove_directory(caller, path); /* says why not, and audits it */
    /* Depth first, without recursion: b is where we are, a path its only memory. */
    for (;;) {
        bool empty;
        enum fault f = empty_directory(caller, &b, &empty, cancelled);
        if (!f && !empty)
            continue;
        if (!f)
            f = gate_remove_directory(caller, b.at);
        if (f || text_equal(builder_text(&b), top))
            return f;
        ascend(&b);
    }
}
