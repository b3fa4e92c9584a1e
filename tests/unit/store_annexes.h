/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_annexes: files with annexes, as users of the store make and read them.
 * For one test program; include it once.
 */
#ifndef FERRY_TESTS_STORE_ANNEXES_H
#define FERRY_TESTS_STORE_ANNEXES_H

#include "tests/unit/store_tree.h"

enum { ANNEX_SIZE = 1024 };

static inline void note(struct store_upload *upload, const char *annex)
{
    assert_fault(upload->type->annex(upload, text_of(annex)), FAULT_NONE);
}

static inline void publish(struct store_upload *upload)
{
    assert_fault(upload->type->publish(upload), FAULT_NONE);
}

static inline void upload_as(enum store_upload_kind kind, const char *path, const char *content,
                             const char *annex)
{
    struct store_upload *upload = begin(kind, 0, path);
    pour(upload, content);
    if (annex)
        note(upload, annex);
    publish(upload);
}

static inline struct stream *open_it(const char *path)
{
    struct stream *stream = NULL;
    struct store_info info;
    assert_fault(world.store->type->open_read(world.store, path, &stream, &info), FAULT_NONE);
    return stream;
}

/* Reads what is left of it, and closes it. */
static inline const char *read_all(struct stream *stream)
{
    static char bytes[ANNEX_SIZE];
    size_t len = 0;
    size_t n = 1;
    while (n) {
        assert_fault(stream_read(stream, bytes + len, sizeof(bytes) - 1 - len, &n), FAULT_NONE);
        len += n;
    }
    bytes[len] = '\0';
    stream_close(&stream);
    return bytes;
}

/* NULL when it has none. */
static inline const char *annex_by(const char *path, const struct stream *file)
{
    struct stream *annex = NULL;
    enum fault f = world.store->type->open_annex(world.store, path, file, &annex);
    if (f == FAULT_NOT_FOUND)
        return NULL;
    assert_fault(f, FAULT_NONE);
    return read_all(annex);
}

static inline const char *annex_of(const char *path)
{
    struct stream *file = open_it(path);
    const char *annex = annex_by(path, file);
    stream_close(&file);
    return annex;
}

static inline bool is_there(const char *name)
{
    return access(in_root(name), F_OK) == 0;
}

#endif
