/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store_tree.h"

static bool is_there(const char *name)
{
    return access(in_root(name), F_OK) == 0;
}

/* A file that has something beside it. */
static void put_annexed(const char *path)
{
    struct store_upload *upload = begin(STORE_REPLACE, 0, path);
    pour(upload, "content");
    assert_fault(upload->type->annex(upload, TEXT("content")), FAULT_NONE);
    assert_fault(upload->type->publish(upload), FAULT_NONE);
}

TEST(a_directory_is_empty_to_users_whatever_was_beside_its_files)
{
    struct store_directory *directory = NULL;
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    assert_int_equal(mkdir(in_root("e"), 0755), 0);
    put_annexed("/d/f");
    assert_fault(world.store->type->remove_directory(world.store, "/d"), FAULT_NOT_EMPTY);
    assert_int_equal(names_in(in_root("d/.ferry")), 1);
    assert_int_equal(unlink(in_root("d/f")), 0); /* by somebody else */
    assert_fault(world.store->type->rename(world.store, "/e", "/d"), FAULT_NONE);
    assert_int_equal(names_in(in_root("d")), 0);
    put_annexed("/d/f");
    assert_int_equal(unlink(in_root("d/f")), 0);
    assert_fault(world.store->type->remove_directory(world.store, "/d"), FAULT_NONE);
    assert_false(is_there("d"));

    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    put_annexed("/d/f");
    assert_int_equal(unlink(in_root("d/f")), 0);
    assert_fault(world.store->type->open_directory(world.store, "/", true, &directory), FAULT_NONE);
    assert_fault(directory->type->remove_below(directory, "d", true), FAULT_NONE);
    assert_false(is_there("d"));
    directory->type->close(directory);
}

TEST(nobody_s_directory_in_the_hidden_one_is_removed)
{
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    assert_int_equal(mkdir(in_root("d/.ferry"), 0755), 0);
    assert_int_equal(mkdir(in_root("d/.ferry/deeper"), 0755), 0);
    assert_fault(world.store->type->remove_directory(world.store, "/d"), FAULT_NOT_EMPTY);
    assert_true(is_there("d/.ferry/deeper"));
}

/* Is the annex of the file that is there its content? Each has one here. */
static bool has_its_own(const char *path)
{
    struct stream *file = NULL;
    struct stream *annex = NULL;
    struct store_info info;
    char bytes[2][64];
    size_t len[2] = {0};
    if (world.store->type->open_read(world.store, path, &file, &info))
        return true;
    enum fault f = world.store->type->open_annex(world.store, path, file, &annex);
    bool fine = f == FAULT_BUSY;
    if (!f)
        fine = !stream_read(file, bytes[0], sizeof(bytes[0]), &len[0]) &&
               !stream_read(annex, bytes[1], sizeof(bytes[1]), &len[1]) && len[0] == len[1] &&
               memcmp(bytes[0], bytes[1], len[0]) == 0;
    stream_close(&annex);
    stream_close(&file);
    return fine;
}

/* One of several who replace and rename the same files. */
static bool hammer(int which)
{
    static const char *const paths[] = {"/f", "/g", "/d/f"};
    bool fine = true;
    for (int i = 0; i < 600 && fine; i++) {
        char content[64];
        const char *path = paths[(i + which) % (int)COUNT(paths)];
        const char *other = paths[(i / 3 + which) % (int)COUNT(paths)];
        struct store_upload_request request = {.mode = 0644};
        struct store_upload *upload = NULL;
        (void)snprintf(content, sizeof(content), "%d of %d", i, which);
        enum fault f = world.store->type->open_upload(world.store, path, &request, &upload);
        if (!f && (stream_write(&upload->stream, content, strlen(content)) ||
                   upload->type->annex(upload, text_of(content)) || upload->type->publish(upload)))
            fine = false;
        (void)world.store->type->rename(world.store, path, other);
        fine = fine && has_its_own(path) && has_its_own(other);
    }
    return fine;
}

TEST(of_several_who_replace_and_rename_none_takes_another_s_annex)
{
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    put_annexed("/keep");
    put_annexed("/d/keep");
    for (int i = 0; i < 4; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(hammer(i) ? 0 : 1);
    }
    for (int i = 0; i < 4; i++) {
        int status = 1;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_directory_is_empty_to_users_whatever_was_beside_its_files),
        IN_WORLD(nobody_s_directory_in_the_hidden_one_is_removed),
        IN_WORLD(of_several_who_replace_and_rename_none_takes_another_s_annex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
