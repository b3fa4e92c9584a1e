/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The view of a tree for who must not wait: what it says is what the tree itself would, or that
 * it cannot say. In memory, where every kernel knows how.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_TREE_IN "/dev/shm"

#include "tests/unit/store_tree.h"

static struct store *at_once(void)
{
    assert_non_null(world.store->at_once);
    return world.store->at_once;
}

static enum fault look(struct store *store, const char *path, bool follow, struct store_info *info)
{
    return store->type->stat(store, path, follow, info);
}

/* Not all file systems remember which names there are not. */
static bool may_be_unknown(enum fault said, enum fault truth)
{
    return truth && said == FAULT_BUSY;
}

/* What both say, once the tree has been looked at by who may wait. */
static void assert_same(const char *path, bool follow)
{
    struct store_info slow = {.kind = STORE_SPECIAL};
    struct store_info fast = {.kind = STORE_SPECIAL};
    enum fault truth = look(world.store, path, follow, &slow);
    enum fault f = look(at_once(), path, follow, &fast);
    if (may_be_unknown(f, truth))
        return;
    assert_fault(f, truth);
    assert_int_equal(fast.kind, slow.kind);
    assert_int_equal(fast.size, slow.size);
    assert_int_equal(fast.mode, slow.mode);
    assert_int_equal(fast.file_number, slow.file_number);
    assert_int_equal(fast.modified.seconds, slow.modified.seconds);
    assert_int_equal(fast.modified.nanoseconds, slow.modified.nanoseconds);
    /* What a directory grants for a name takes another look. */
    unsigned of_itself = STORE_MAY_READ | STORE_MAY_WRITE | STORE_MAY_SEARCH;
    assert_int_equal(fast.access & of_itself, slow.access & of_itself);
}

static void furnish(void)
{
    put(in_root("f"), "content");
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    put(in_root("d/g"), "other");
    assert_int_equal(symlink("f", in_root("link")), 0);
    assert_int_equal(symlink("/d", in_root("to-d")), 0);
    assert_int_equal(symlink("../../../outside/secret", in_root("out")), 0);
    assert_int_equal(symlink("none", in_root("dangling")), 0);
    assert_int_equal(symlink("loop", in_root("loop")), 0);
    assert_int_equal(mkfifo(in_root("fifo"), 0600), 0);
    put(in_root(".ferry-upload-0123456789abcdef"), "ours");
    assert_int_equal(symlink(".ferry-upload-0123456789abcdef", in_root("to-ours")), 0);
}

/* ---- Looking ----------------------------------------------------------------------- */

TEST(what_is_in_memory_is_answered_as_ever)
{
    static const char *const paths[] = {
        "/",      "/f",        "/d",    "/d/g",     "/link",
        "/to-d",  "/to-d/g",   "/fifo", "/none",    "/f/g",
        "/out",   "/dangling", "/loop", "/to-ours", "/.ferry-upload-0123456789abcdef",
        "/.ferry"};
    furnish();
    for (size_t i = 0; i < COUNT(paths); i++)
        for (unsigned follow = 0; follow < 2; follow++)
            assert_same(paths[i], follow);
}

TEST(a_name_that_nobody_has_looked_for_is_looked_for_by_who_may_wait)
{
    struct store_info info;
    furnish();
    assert_fault(look(at_once(), "/never", true, &info), FAULT_BUSY);
    assert_fault(look(at_once(), "/never/there", true, &info), FAULT_BUSY);
    assert_fault(look(world.store, "/never", true, &info), FAULT_NOT_FOUND);
    put(in_root("never"), "now");
    assert_fault(look(at_once(), "/never", true, &info), FAULT_NONE);
    assert_int_equal(unlink(in_root("never")), 0);
    enum fault f = look(at_once(), "/never", true, &info);
    assert_true(f == FAULT_NOT_FOUND || f == FAULT_BUSY);
}

TEST(a_real_path_is_the_same_or_not_known)
{
    static const char *const paths[] = {"/f",    "/d/g",    "/link",      "/to-d/g",   "/to-d",
                                        "/none", "/d/none", "/to-d/none", "/dangling", "/loop"};
    furnish();
    for (size_t i = 0; i < COUNT(paths); i++)
        for (unsigned follow = 0; follow < 2; follow++) {
            char bytes[2][256];
            struct builder slow = builder_on(bytes[0], sizeof(bytes[0]));
            struct builder fast = builder_on(bytes[1], sizeof(bytes[1]));
            struct store *store = world.store;
            struct store_info info;
            enum fault truth = store->type->real_path(store, paths[i], follow, &slow);
            enum fault f = at_once()->type->real_path(at_once(), paths[i], follow, &fast);
            /* A name that is free has a real path, too. */
            if (may_be_unknown(f, look(store, paths[i], follow, &info)))
                continue;
            assert_fault(f, truth);
            if (!f)
                assert_text(builder_text(&fast), builder_end(&slow));
        }
}

TEST(its_straight_view_follows_no_link)
{
    struct store_info info;
    struct store *straight = at_once()->straight;
    furnish();
    (void)look(world.store, "/link", true, &info);
    assert_fault(look(straight, "/f", true, &info), FAULT_NONE);
    assert_fault(look(straight, "/link", true, &info), FAULT_BUSY);
    assert_fault(look(straight, "/to-d/g", true, &info), FAULT_BUSY);
    assert_ptr_equal(straight->straight, straight);
}

TEST(what_is_mounted_in_the_tree_is_not_looked_at)
{
    struct store *store = NULL;
    struct store_info info;
    struct store_upload *upload = NULL;
    struct stream *stream = NULL;
    const struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0600};
    put(in_root("f"), "content");
    const char *below = in_root("f") + strlen("/dev");
    assert_fault(store_local_open("/dev", NULL, &store), FAULT_NONE);
    assert_fault(look(store, below, true, &info), FAULT_NONE);
    if (store->at_once) { /* what /dev is depends on the machine */
        assert_fault(look(store->at_once, "/", true, &info), FAULT_NONE);
        assert_fault(look(store->at_once, below, true, &info), FAULT_BUSY);
        assert_fault(store->at_once->type->open_read(store->at_once, below, &stream, &info),
                     FAULT_BUSY);
        assert_fault(store->at_once->type->open_upload(store->at_once, below, &request, &upload),
                     FAULT_BUSY);
    }
    store->type->free(store);
}

/* Nor to be stored in, though all of the way to it is in the tree. */
TEST(a_name_where_something_is_mounted_is_not_looked_at)
{
    char over[256];
    struct store *store = NULL;
    struct store_upload *upload = NULL;
    const struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0600};
    if (geteuid() || unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
        skip();
    furnish();
    put(in_root("over"), "of another file system, as far as can be told");
    (void)snprintf(over, sizeof(over), "%s", in_root("over"));
    assert_fault(store_local_open(world.root, NULL, &store), FAULT_NONE);
    assert_int_equal(mount(over, in_root("f"), NULL, MS_BIND, NULL), 0);
    enum fault f = store->at_once->type->open_upload(store->at_once, "/f", &request, &upload);
    assert_int_equal(umount(in_root("f")), 0);
    store->type->free(store);
    assert_fault(f, FAULT_BUSY);
}

/* On a disk, where names are remembered that there are not. */
TEST(a_name_to_store_under_is_looked_for_by_who_may_wait)
{
    char base[] = "/var/tmp/ferry-test-XXXXXX";
    struct store *store = NULL;
    struct store_info info;
    struct store_upload *upload = NULL;
    const struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0600};
    assert_non_null(mkdtemp(base));
    assert_fault(store_local_open(base, NULL, &store), FAULT_NONE);
    struct store *fast = store->at_once; /* what is there depends on the machine */
    if (fast && look(fast, "/", true, &info) == FAULT_NONE) {
        assert_fault(fast->type->open_upload(fast, "/new", &request, &upload), FAULT_BUSY);
        assert_fault(look(fast, "/new", true, &info), FAULT_BUSY); /* nobody has by now either */
    }
    store->type->free(store);
    assert_int_equal(rmdir(base), 0);
}

TEST(a_file_system_that_may_ask_others_has_no_such_view)
{
    struct store *store = NULL;
    assert_fault(store_local_open("/proc", NULL, &store), FAULT_NONE);
    assert_null(store->at_once);
    store->type->free(store);
}

/* ---- Reading ------------------------------------------------------------------------- */

TEST(a_file_is_opened_and_read_to_its_end)
{
    struct store_info info;
    struct stream *stream = NULL;
    char bytes[16];
    size_t len = 0;
    furnish();
    (void)look(world.store, "/to-d/g", true, &info);
    assert_fault(at_once()->type->open_read(at_once(), "/to-d/g", &stream, &info), FAULT_NONE);
    assert_int_equal(info.size, 5);
    assert_fault(stream_read(stream, bytes, sizeof(bytes), &len), FAULT_NONE);
    assert_text(((struct text){bytes, len}), "other");
    stream_close(&stream);
}

TEST(what_is_no_file_is_not_waited_for)
{
    struct store_info info;
    struct stream *stream = NULL;
    furnish();
    assert_fault(at_once()->type->open_read(at_once(), "/d", &stream, &info), FAULT_IS_DIRECTORY);
    assert_fault(at_once()->type->open_read(at_once(), "/fifo", &stream, &info),
                 FAULT_NOT_PLAIN_FILE);
    assert_null(stream);
}

/* ---- Uploads -------------------------------------------------------------------------- */

static struct store_upload *begin_at_once(const char *path)
{
    const struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0644};
    struct store_upload *upload = NULL;
    struct store_info info;
    (void)look(world.store, path, true, &info);
    assert_fault(at_once()->type->open_upload(at_once(), path, &request, &upload), FAULT_NONE);
    return upload;
}

TEST(a_file_that_is_replaced_is_as_if_it_had_been_waited_for)
{
    struct stat old;
    struct stat new;
    furnish();
    assert_int_equal(chmod(in_root("f"), 04640), 0);
    assert_int_equal(stat(in_root("f"), &old), 0);
    unsigned names = names_in(world.root);
    struct store_upload *upload = begin_at_once("/link");
    assert_true(upload->existed);
    pour(upload, "new ");
    pour(upload, "content");
    assert_string_equal(content_of(in_root("f")), "content");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("f")), "new content");
    assert_int_equal(stat(in_root("f"), &new), 0);
    assert_int_equal(new.st_mode & 07777, 0640);
    assert_int_not_equal(new.st_ino, old.st_ino);
    assert_int_equal(names_in(world.root), names);
}

TEST(a_file_of_no_bytes_is_one)
{
    furnish();
    struct store_upload *upload = begin_at_once("/f");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("f")), "");
}

TEST(what_is_given_up_leaves_the_old_file_whenever_that_is)
{
    furnish();
    unsigned names = names_in(world.root);
    for (unsigned keep = 0; keep < 2; keep++)
        for (unsigned begun = 0; begun < 2; begun++) {
            struct store_upload *upload = begin_at_once("/f");
            if (begun)
                pour(upload, "half");
            assert_int_equal(upload->type->abandon(upload, keep), STORE_LEFT_OLD);
            assert_string_equal(content_of(in_root("f")), "content");
            upload = begin_at_once("/f");
            if (begun)
                pour(upload, "half");
            upload->stream.type->close(&upload->stream);
        }
    assert_int_equal(names_in(world.root), names);
}

TEST(until_the_first_byte_nothing_is_made)
{
    struct stat before;
    struct stat after;
    furnish();
    struct store_upload *upload = begin_at_once("/f");
    assert_int_equal(stat(world.root, &before), 0);
    pour(upload, "x");
    assert_int_equal(stat(world.root, &after), 0);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    assert_fault(upload->type->publish(upload), FAULT_NONE);
}

/* What making the staged file says comes with the first byte, or with the end. */
TEST(a_directory_that_is_gone_by_then_is_told)
{
    for (unsigned pours = 0; pours < 2; pours++) {
        assert_int_equal(mkdir(in_root("d"), 0755), 0);
        put(in_root("d/g"), "old");
        struct store_upload *upload = begin_at_once("/d/g");
        assert_int_equal(unlink(in_root("d/g")), 0);
        assert_int_equal(rmdir(in_root("d")), 0);
        enum fault f = pours ? stream_write(&upload->stream, "x", 1) : FAULT_NONE;
        if (f)
            (void)upload->type->abandon(upload, true);
        else
            f = upload->type->publish(upload);
        assert_int_not_equal(f, FAULT_NONE);
        assert_int_equal(names_in(world.root), 0);
    }
}

TEST(another_position_and_another_size_are_kept)
{
    furnish();
    struct store_upload *upload = begin_at_once("/f");
    assert_fault(upload->stream.type->seek(&upload->stream, 3), FAULT_NONE);
    pour(upload, "x");
    assert_fault(upload->type->set_size(upload, 6), FAULT_NONE);
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    struct stat info;
    assert_int_equal(stat(in_root("f"), &info), 0);
    assert_int_equal(info.st_size, 6);
}

TEST(all_other_uploads_are_for_who_may_wait)
{
    const struct store_upload_request requests[] = {
        {.kind = STORE_APPEND},
        {.kind = STORE_UNIQUE},
        {.kind = STORE_RESUME, .offset = 2},
        {.kind = STORE_REPLACE, .direct = true},
        {.kind = STORE_REPLACE, .goes_on = true},
        {.kind = STORE_REPLACE, .reserve_bytes = 10},
    };
    static const char *const others[] = {"/none", "/d", "/fifo", "/d/none", "/dangling", "/out"};
    struct store_upload *upload = NULL;
    struct store_info info;
    furnish();
    for (size_t i = 0; i < COUNT(requests); i++)
        assert_fault(at_once()->type->open_upload(at_once(), "/f", &requests[i], &upload),
                     FAULT_BUSY);
    for (size_t i = 0; i < COUNT(others); i++) {
        const struct store_upload_request request = {.kind = STORE_REPLACE, .mode = 0644};
        (void)look(world.store, others[i], true, &info);
        enum fault f = at_once()->type->open_upload(at_once(), others[i], &request, &upload);
        assert_true(f == FAULT_BUSY || f == FAULT_NOT_FOUND);
        assert_null(upload);
    }
    assert_string_equal(content_of(in_root("f")), "content");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(what_is_in_memory_is_answered_as_ever),
        IN_WORLD(a_name_that_nobody_has_looked_for_is_looked_for_by_who_may_wait),
        IN_WORLD(a_real_path_is_the_same_or_not_known),
        IN_WORLD(its_straight_view_follows_no_link),
        IN_WORLD(what_is_mounted_in_the_tree_is_not_looked_at),
        IN_WORLD(a_name_where_something_is_mounted_is_not_looked_at),
        IN_WORLD(a_name_to_store_under_is_looked_for_by_who_may_wait),
        IN_WORLD(a_file_system_that_may_ask_others_has_no_such_view),
        IN_WORLD(a_file_is_opened_and_read_to_its_end),
        IN_WORLD(what_is_no_file_is_not_waited_for),
        IN_WORLD(a_file_that_is_replaced_is_as_if_it_had_been_waited_for),
        IN_WORLD(a_file_of_no_bytes_is_one),
        IN_WORLD(what_is_given_up_leaves_the_old_file_whenever_that_is),
        IN_WORLD(until_the_first_byte_nothing_is_made),
        IN_WORLD(a_directory_that_is_gone_by_then_is_told),
        IN_WORLD(another_position_and_another_size_are_kept),
        IN_WORLD(all_other_uploads_are_for_who_may_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
