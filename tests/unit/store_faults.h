/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_faults: uploads to a store whose system misbehaves, and a look at what
 * they left. For one test program; include it once.
 */
#ifndef FERRY_TESTS_STORE_FAULTS_H
#define FERRY_TESTS_STORE_FAULTS_H

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "store/store_local.h"
#include "store/store_local_target.h"
#include "tests/unit/failing_system.h"
#include "tests/unit/unit.h"

/* ---- The tree ------------------------------------------------------------------ */

enum { RESERVED_BYTES = 64 * 1024, OLD_MODE = 0640 };

struct world {
    char base[64];
    struct journal *journal;
    struct store *store;
};

static struct world world;

static inline const char *in_base(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % COUNT(paths)];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", world.base, name);
    return path;
}

static inline int set_up(void **unused)
{
    (void)unused;
    umask(0);
    trouble = (struct trouble){0};
    no_tmpfile = 0;
    no_rename_flags = 0;
    is_lossy_on_close = false;
    (void)snprintf(world.base, sizeof(world.base), "/tmp/ferry-faults-XXXXXX");
    assert_non_null(mkdtemp(world.base));
    assert_int_equal(mkdir(in_base("root"), 0755), 0);
    assert_int_equal(mkdir(in_base("crashed"), 0755), 0);
    return 0;
}

static inline void start(void)
{
    assert_fault(journal_open(in_base("state"), &world.journal), FAULT_NONE);
    assert_fault(store_local_open(in_base("root"), world.journal, &world.store), FAULT_NONE);
}

static inline void stop(void)
{
    world.store->type->free(world.store);
    journal_close(world.journal);
}

static inline int tear_down(void **unused)
{
    char command[128];
    (void)unused;
    (void)snprintf(command, sizeof(command), "rm -rf %s", world.base);
    return system(command);
}

static inline void write_file(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, OLD_MODE);
    assert_true(fd >= 0);
    assert_int_equal(__real_write(fd, bytes, len), len);
    __real_close(fd);
}

/* What the file holds; NULL when there is none. */
static inline const char *content_of(const char *path)
{
    static char bytes[4096];
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return NULL;
    ssize_t len = read(fd, bytes, sizeof(bytes) - 1);
    __real_close(fd);
    assert_true(len >= 0);
    bytes[len] = '\0';
    return bytes;
}

static inline unsigned count_names(const char *directory, const char *expected)
{
    unsigned count = 0;
    DIR *names = opendir(directory);
    assert_non_null(names);
    for (struct dirent *entry = readdir(names); entry; entry = readdir(names)) {
        if (entry->d_name[0] == '.' && strlen(entry->d_name) < 3)
            continue;
        if (expected && strcmp(entry->d_name, ".ferry") == 0)
            continue;
        if (expected && strcmp(entry->d_name, expected) != 0)
            fail_msg("%s is left in the tree", entry->d_name);
        count++;
    }
    closedir(names);
    return count;
}

/* As a user sees it: nothing but the file itself, if that. */
static inline void check_listing(void)
{
    struct store_directory *directory = NULL;
    struct text name;
    enum store_kind kind;
    assert_fault(world.store->type->open_directory(world.store, "/", true, &directory), FAULT_NONE);
    do {
        assert_fault(directory->type->next(directory, &name, &kind), FAULT_NONE);
        if (name.len)
            assert_text(name, "f");
    } while (name.len);
    directory->type->close(directory);
}

/* What the next start would do if the process had died now, with this journal. */
static inline void recover(const void *journal, size_t len)
{
    struct journal *next = NULL;
    write_file(in_base("crashed/uploads-1-1"), journal, len);
    assert_fault(journal_open(in_base("crashed"), &next), FAULT_NONE);
    journal_close(next);
    assert_int_equal(count_names(in_base("crashed"), NULL), 0);
}

static inline void crash_and_recover(void)
{
    char path[512] = "";
    DIR *names = opendir(in_base("state"));
    assert_non_null(names);
    for (struct dirent *entry = readdir(names); entry; entry = readdir(names))
        if (entry->d_name[0] == 'u')
            (void)snprintf(path, sizeof(path), "%s/%s", in_base("state"), entry->d_name);
    closedir(names);
    const char *journal = content_of(path);
    assert_non_null(journal);
    recover(journal, strlen(journal));
}

/* ---- Uploads --------------------------------------------------------------------- */

struct scenario {
    struct store_upload_request request;
    const char *before; /* NULL: there is no file */
    bool is_partial;    /* it carries the mark of one */
    bool is_in_place;   /* the upload writes into the file itself */
    const char *after;  /* how it is once published; the bytes sent are its last ones */
    size_t kept;        /* so many of its first bytes are not sent */
    /* Of the file as it was, of the upload, and of the file once it is published; NULL: none. */
    const char *annex_before;
    const char *annex;
    const char *annex_after;
};

static inline enum fault send_all(struct store_upload *upload, const char *bytes)
{
    size_t half = strlen(bytes) / 2;
    enum fault f = stream_write(&upload->stream, bytes, half);
    return f ? f : stream_write(&upload->stream, bytes + half, strlen(bytes) - half);
}

/* As the gate does it: what a fault of the disk cut short is not kept. */
static inline enum fault run_upload(const struct scenario *s)
{
    struct store_upload *upload = NULL;
    enum fault f = world.store->type->open_upload(world.store, "/f", &s->request, &upload);
    if (f)
        return f;
    f = send_all(upload, s->after + s->kept);
    if (!f && s->annex)
        f = upload->type->annex(upload, text_of(s->annex));
    if (!f)
        return upload->type->publish(upload);
    (void)upload->type->abandon(upload, false);
    return f;
}

static inline void lay_out(const struct scenario *s)
{
    (void)unlink(in_base("root/f"));
    (void)unlink(in_base("root/.ferry/f.annex"));
    (void)unlink(in_base("root/.ferry/f.annex-new"));
    (void)rmdir(in_base("root/.ferry"));
    if (!s->before)
        return;
    write_file(in_base("root/f"), s->before, strlen(s->before));
    if (s->is_partial)
        assert_int_equal(setxattr(in_base("root/f"), LOCAL_PARTIAL_MARK, "1", 1, 0), 0);
}

/* Every byte is the old file's or the new one's at its place, and none that was to stay is gone. */
static inline bool is_between(const struct scenario *s, const char *content)
{
    size_t len = content ? strlen(content) : 0;
    size_t old_len = s->before ? strlen(s->before) : 0;
    size_t new_len = strlen(s->after);
    for (size_t i = 0; i < len; i++)
        if (!(i < old_len && content[i] == s->before[i]) &&
            !(i < new_len && content[i] == s->after[i]))
            return false;
    return len >= s->kept;
}

static inline bool is_same(const char *content, const char *expected)
{
    return content && expected ? strcmp(content, expected) == 0 : content == expected;
}

static inline void check_file(const struct scenario *s, enum fault f, const char *when)
{
    const char *content = content_of(in_base("root/f"));
    bool is_new = is_same(content, s->after);
    bool fine = is_new;
    if (f && s->is_in_place)
        fine = is_between(s, content);
    else if (f) /* synced: the file is there, its name may not be on the disk */
        fine = is_same(content, s->before) || (is_new && s->request.sync);
    if (!fine)
        fail_msg("call %u fails with %s%s: FAULT_%s, and %s the file is \"%s\"", trouble.nth,
                 strerrorname_np(trouble.error), trouble.lasts ? " and all after it" : "",
                 fault_name(f), when, content ? content : "(none)");
}

static inline void check_fault(enum fault f)
{
    enum fault expected = fault_from_errno(trouble.error);
    /* A short write of the journal is lack of room, whatever the reason. */
    if (f != FAULT_NONE && f != expected && !(trouble.lasts && f == FAULT_NO_SPACE))
        fail_msg("call %u fails with %s, reported as FAULT_%s", trouble.nth,
                 strerrorname_np(trouble.error), fault_name(f));
}

static inline void check_mode(const struct scenario *s)
{
    struct stat info;
    assert_int_equal(stat(in_base("root/f"), &info), 0);
    assert_int_equal(info.st_mode & 0777, s->before ? OLD_MODE : s->request.mode);
}

/* What the file has that is there, as a reader finds it; NULL when it has none. */
static inline const char *annex_of(const char *path)
{
    static char bytes[256];
    struct stream *file = NULL;
    struct stream *annex = NULL;
    struct store_info info;
    size_t len = 0;
    assert_fault(world.store->type->open_read(world.store, path, &file, &info), FAULT_NONE);
    enum fault f = world.store->type->open_annex(world.store, path, file, &annex);
    if (!f)
        assert_fault(stream_read(annex, bytes, sizeof(bytes) - 1, &len), FAULT_NONE);
    else
        assert_fault(f, FAULT_NOT_FOUND);
    bytes[len] = '\0';
    stream_close(&annex);
    stream_close(&file);
    return f ? NULL : bytes;
}

/* The version that is there has the annex of that version. */
static inline void check_annex(const struct scenario *s, const char *when)
{
    const char *content = content_of(in_base("root/f"));
    if (!content)
        return;
    const char *expected = is_same(content, s->after) ? s->annex_after : s->annex_before;
    const char *annex = annex_of("/f");
    if (!is_same(annex, expected))
        fail_msg("call %u fails with %s%s, and %s the annex of \"%s\" is \"%s\"", trouble.nth,
                 strerrorname_np(trouble.error), trouble.lasts ? " and all after it" : "", when,
                 content, annex ? annex : "(none)");
}

/* A file with an annex, as an upload left it. */
static inline void put_annexed(const char *path, const char *content, const char *annex)
{
    const struct store_upload_request request = {.mode = OLD_MODE};
    struct store_upload *upload = NULL;
    assert_fault(world.store->type->open_upload(world.store, path, &request, &upload), FAULT_NONE);
    assert_fault(send_all(upload, content), FAULT_NONE);
    assert_fault(upload->type->annex(upload, text_of(annex)), FAULT_NONE);
    assert_fault(upload->type->publish(upload), FAULT_NONE);
}

/* Nothing is left beside the file but its annex. */
static inline void check_beside(const struct scenario *s)
{
    if (s->annex_after)
        assert_int_equal(count_names(in_base("root/.ferry"), "f.annex"), 1);
    else
        assert_int_equal(access(in_base("root/.ferry"), F_OK), -1);
}

/* One upload with one trouble; true when the trouble was met. */
static inline bool survive(const struct scenario *s, struct trouble next)
{
    lay_out(s);
    start();
    if (s->annex_before)
        put_annexed("/f", s->before, s->annex_before);
    unsigned open_before = count_names("/proc/self/fd", NULL);
    unsigned not_removed = failed[CALL_UNLINK];
    trouble = next;
    enum fault f = run_upload(s);
    unsigned nth = trouble.nth;
    trouble.nth = 0;
    bool met = trouble.met;
    assert_int_equal(count_names("/proc/self/fd", NULL), open_before);
    trouble.nth = nth;
    check_fault(f);
    if (!met)
        assert_fault(f, FAULT_NONE);
    /* With nothing that works, not even half an append can be taken back at once. */
    bool is_beyond_help = trouble.lasts && !is_full() && s->request.kind != STORE_REPLACE;
    struct scenario now = *s;
    now.is_in_place |= is_beyond_help;
    trouble.nth = 0;
    check_listing();
    check_file(&now, f, "as it is");
    if (!now.is_in_place || !f)
        check_annex(s, "as it is");
    crash_and_recover();
    check_file(s, f, "after a crash");
    if (!s->is_in_place || !f)
        check_annex(s, "after a crash");
    if (!met)
        check_beside(s);
    if (!trouble.lasts && failed[CALL_UNLINK] == not_removed && !content_of(in_base("root/f")))
        assert_int_equal(access(in_base("root/.ferry/f.annex"), F_OK), -1);
    if (!f)
        check_mode(s);
    if (!f)
        assert_int_equal(getxattr(in_base("root/f"), LOCAL_PARTIAL_MARK, NULL, 0), -1);
    assert_int_equal(count_names(in_base("root"), "f"), content_of(in_base("root/f")) ? 1 : 0);
    stop();
    return met;
}

static inline void fail_every_call(const struct scenario *s)
{
    static const int errors[] = {ENOSPC, EDQUOT, EIO, EROFS};
    for (size_t i = 0; i < COUNT(errors) * 2; i++) {
        struct trouble next = {.error = errors[i / 2], .lasts = i % 2};
        do
            next.nth++;
        while (survive(s, next));
        assert_true(next.nth > 1); /* something did fail */
    }
}

/* In every manner that an administrator can choose, on both kinds of file system. */
static inline void whatever_fails(struct scenario s)
{
    for (unsigned manner = 0; manner < 4; manner++) {
        s.request.mode = 0644;
        s.request.sync = manner & 1;
        s.request.reserve_bytes = manner & 1 ? RESERVED_BYTES : 0;
        no_tmpfile = manner & 2 ? EOPNOTSUPP : 0;
        fail_every_call(&s);
    }
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
