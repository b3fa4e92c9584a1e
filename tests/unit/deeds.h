/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deeds: everything that the gate can do with a path, for tests that hold for all
 * of it. Each does it at once and to its end. For one test program.
 */
#ifndef FERRY_TESTS_DEEDS_H
#define FERRY_TESTS_DEEDS_H

#include "gate/gate_tree.h"
#include "tests/unit/world.h"

static atomic_bool never;

static inline enum fault close_read(struct gate_file *file, enum fault f)
{
    const struct gate_outcome fine = {.fault = FAULT_NONE};
    return f ? f : gate_close(&file, &fine, NULL);
}

static inline enum fault do_upload(const struct caller *caller, const char *path,
                                   enum store_upload_kind kind, uint64_t offset)
{
    struct store_upload_request request = {.kind = kind, .offset = offset, .mode = 0644};
    const struct gate_outcome fine = {.fault = FAULT_NONE};
    struct gate_file *file = NULL;
    enum fault f = gate_open_upload(caller, path, &request, &file);
    if (f)
        return f;
    assert_fault(stream_write(file->stream, "new", 3), FAULT_NONE);
    return gate_close(&file, &fine, NULL);
}

static inline enum fault do_stat(const struct caller *caller, const char *path)
{
    struct store_info info;
    return gate_stat(caller, ACTION_LIST, path, true, &info);
}

static inline enum fault do_stat_name(const struct caller *caller, const char *path)
{
    struct store_info info;
    return gate_stat(caller, ACTION_RENAME, path, false, &info);
}

static inline enum fault do_inspect(const struct caller *caller, const char *path)
{
    struct stream *stream = NULL;
    enum fault f = gate_inspect(caller, ACTION_LIST, path, &stream);
    stream_close(&stream);
    return f;
}

static inline enum fault do_read(const struct caller *caller, const char *path)
{
    struct gate_file *file = NULL;
    enum fault f = gate_open_read(caller, ACTION_READ, path, &file);
    return close_read(file, f);
}

static inline enum fault do_hash(const struct caller *caller, const char *path)
{
    struct gate_file *file = NULL;
    enum fault f = gate_open_read(caller, ACTION_HASH, path, &file);
    return close_read(file, f);
}

static inline enum fault do_store(const struct caller *caller, const char *path)
{
    return do_upload(caller, path, STORE_REPLACE, 0);
}

static inline enum fault do_append(const struct caller *caller, const char *path)
{
    return do_upload(caller, path, STORE_APPEND, 0);
}

static inline enum fault do_resume(const struct caller *caller, const char *path)
{
    return do_upload(caller, path, STORE_RESUME, 2);
}

static inline enum fault do_unique(const struct caller *caller, const char *path)
{
    return do_upload(caller, path, STORE_UNIQUE, 0);
}

static inline enum fault do_make_directory(const struct caller *caller, const char *path)
{
    return gate_make_directory(caller, path, 0755);
}

static inline enum fault do_rename_from(const struct caller *caller, const char *path)
{
    return gate_rename(caller, path, "/renamed");
}

static inline enum fault do_rename_to(const struct caller *caller, const char *path)
{
    return gate_rename(caller, "/plain", path);
}

static inline enum fault do_change(const struct caller *caller, const char *path)
{
    const struct store_changes changes = {.mask = STORE_CHANGE_MODE, .mode = 0600};
    return gate_change(caller, path, &changes);
}

static inline enum fault do_make_link(const struct caller *caller, const char *path)
{
    return gate_make_link(caller, "anywhere", path);
}

static inline enum fault do_space(const struct caller *caller, const char *path)
{
    struct store_space space;
    return gate_space(caller, path, &space);
}

static inline enum fault do_list(const struct caller *caller, const char *path)
{
    struct gate_directory directory = {.directory = NULL};
    enum fault f = gate_open_directory(caller, path, &directory);
    gate_close_directory(&directory);
    return f;
}

static inline enum fault do_remove_tree(const struct caller *caller, const char *path)
{
    return gate_remove_tree(caller, path, &never);
}

static inline enum fault do_copy_from(const struct caller *caller, const char *path)
{
    return gate_copy(caller, path, "/copied", 0644, &never);
}

static inline enum fault do_copy_to(const struct caller *caller, const char *path)
{
    return gate_copy(caller, "/plain", path, 0644, &never);
}

static inline enum fault do_combine_to(const struct caller *caller, const char *path)
{
    char *const parts[] = {(char *)"/plain"};
    bool of_part;
    return gate_combine(caller, path, parts, 1, 0644, &never, &of_part);
}

static inline enum fault do_combine_part(const struct caller *caller, const char *path)
{
    char *const parts[] = {(char *)path};
    bool of_part;
    return gate_combine(caller, "/combined", parts, 1, 0644, &never, &of_part);
}

static const struct deed {
    const char *name;
    enum fault (*act)(const struct caller *caller, const char *path);
} deeds[] = {
    {"stat", do_stat},
    {"stat of the name", do_stat_name},
    {"inspect", do_inspect},
    {"enter", gate_enter},
    {"list", do_list},
    {"space", do_space},
    {"read", do_read},
    {"hash", do_hash},
    {"store", do_store},
    {"append", do_append},
    {"resume", do_resume},
    {"unique", do_unique},
    {"remove", gate_remove},
    {"remove directory", gate_remove_directory},
    {"remove tree", do_remove_tree},
    {"make directory", do_make_directory},
    {"rename from", do_rename_from},
    {"rename to", do_rename_to},
    {"change", do_change},
    {"make link", do_make_link},
    {"copy from", do_copy_from},
    {"copy to", do_copy_to},
    {"combine to", do_combine_to},
    {"combine part", do_combine_part},
};

/* Everything about what is below the world's root that a deed could change. */
static inline void photograph(char *picture, size_t size)
{
    char command[256];
    (void)snprintf(command, sizeof(command),
                   "cd %s && find . -printf '%%p %%y %%m %%s %%T@ %%l\\n' | sort | sha256sum; "
                   "find %s -type f -exec cat {} + | sha256sum",
                   world.base, world.base);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t len = fread(picture, 1, size - 1, pipe);
    picture[len] = '\0';
    assert_true(len > 0);
    assert_int_equal(pclose(pipe), 0);
}

#endif
