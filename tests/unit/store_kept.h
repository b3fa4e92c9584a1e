/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_kept: uploads of "/f" that are kept and gone on with. For one test
 * program; include it once.
 */
#ifndef FERRY_TESTS_STORE_KEPT_H
#define FERRY_TESTS_STORE_KEPT_H

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store_tree.h"

static const struct store_upload_request plain = {.kind = STORE_REPLACE, .mode = 0644};
static const struct store_upload_request append = {.kind = STORE_APPEND, .mode = 0644};

static inline struct store_upload *begin_as(struct store_upload_request request)
{
    struct store_upload *upload = NULL;
    assert_fault(world.store->type->open_upload(world.store, "/f", &request, &upload), FAULT_NONE);
    return upload;
}

static inline enum fault try_going_on(struct store_upload_request request, struct store_kept kept,
                                      struct store_upload **ret_upload)
{
    request.goes_on = true;
    request.kept = kept;
    return world.store->type->open_upload(world.store, "/f", &request, ret_upload);
}

static inline struct store_upload *go_on(struct store_upload_request request,
                                         struct store_kept kept)
{
    struct store_upload *upload = NULL;
    assert_fault(try_going_on(request, kept, &upload), FAULT_NONE);
    return upload;
}

static inline enum fault cannot_go_on(struct store_upload_request request, struct store_kept kept)
{
    struct store_upload *upload = NULL;
    return try_going_on(request, kept, &upload);
}

/* What else of it a marker could say. */
static inline struct store_kept with_bytes(struct store_kept kept, uint64_t bytes,
                                           uint64_t annex_bytes)
{
    return (struct store_kept){bytes, annex_bytes, kept.id};
}

static inline void note(struct store_upload *upload, const char *annex)
{
    assert_fault(upload->type->annex(upload, text_of(annex)), FAULT_NONE);
}

static inline struct store_kept keep(struct store_upload *upload)
{
    struct store_kept kept = {0};
    assert_fault(upload->type->keep(upload, &kept), FAULT_NONE);
    return kept;
}

static inline void publish(struct store_upload *upload)
{
    assert_fault(upload->type->publish(upload), FAULT_NONE);
}

/* "" when it has none. */
static inline const char *annex_of(const char *path)
{
    static char bytes[256];
    struct stream *file = NULL;
    struct stream *annex = NULL;
    struct store_info info;
    size_t len = 0;
    assert_fault(world.store->type->open_read(world.store, path, &file, &info), FAULT_NONE);
    if (!world.store->type->open_annex(world.store, path, file, &annex))
        assert_fault(stream_read(annex, bytes, sizeof(bytes) - 1, &len), FAULT_NONE);
    bytes[len] = '\0';
    stream_close(&annex);
    stream_close(&file);
    return bytes;
}

static inline void assert_published(const char *content, const char *annex)
{
    assert_string_equal(content_of(in_root("f")), content);
    assert_string_equal(annex_of("/f"), annex);
    assert_int_equal(names_in(world.root), *annex ? 2 : 1);
    if (*annex)
        assert_int_equal(names_in(in_root(".ferry")), 1);
}

/* What the child keeps is told through a pipe; then it is killed, as kill -9 does. */
static inline struct store_kept die_with(struct store_upload_request request,
                                         struct journal *journal)
{
    int ends[2];
    struct store_kept kept = {0};
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct store *store = NULL;
        struct store_upload *upload = NULL;
        if (store_local_open(world.root, journal, &store) == FAULT_NONE &&
            store->type->open_upload(store, "/f", &request, &upload) == FAULT_NONE &&
            stream_write(&upload->stream, "kept", 4) == FAULT_NONE &&
            upload->type->annex(upload, TEXT("annex\n")) == FAULT_NONE &&
            upload->type->keep(upload, &kept) == FAULT_NONE &&
            stream_write(&upload->stream, " and lost", 9) == FAULT_NONE &&
            upload->type->annex(upload, TEXT("lost\n")) == FAULT_NONE &&
            write(ends[1], &kept, sizeof(kept)) == sizeof(kept))
            (void)kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(read(ends[0], &kept, sizeof(kept)), sizeof(kept));
    close(ends[0]);
    close(ends[1]);
    return kept;
}

#endif
