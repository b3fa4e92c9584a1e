/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/store_tree.h"

static enum fault read_file(const char *path, char *bytes, size_t size)
{
    struct stream *stream = NULL;
    struct store_info info;
    size_t len = 0;
    enum fault f = world.store->type->open_read(world.store, path, &stream, &info);
    if (f)
        return f;
    f = stream_read(stream, bytes, size - 1, &len);
    bytes[len] = '\0';
    stream_close(&stream);
    return f;
}

/* ---- Confinement ----------------------------------------------------------- */

TEST(links_and_dots_cannot_leave_the_root)
{
    char bytes[64];
    char link[128];
    (void)snprintf(link, sizeof(link), "%s/secret", world.outside);
    assert_int_equal(symlink(link, in_root("absolute")), 0);
    assert_int_equal(symlink("../outside/secret", in_root("relative")), 0);
    assert_int_equal(symlink("/", in_root("slash")), 0);
    assert_int_equal(symlink("..", in_root("up")), 0);
    assert_int_equal(symlink("/proc/self/root/etc/passwd", in_root("magic")), 0);
    assert_fault(read_file("/absolute", bytes, sizeof(bytes)), FAULT_NOT_FOUND);
    assert_fault(read_file("/relative", bytes, sizeof(bytes)), FAULT_NOT_FOUND);
    assert_fault(read_file("/up/outside/secret", bytes, sizeof(bytes)), FAULT_NOT_FOUND);
    assert_fault(read_file("/magic", bytes, sizeof(bytes)), FAULT_NOT_FOUND);
    /* Inside they work: "/" is the user's root. */
    put(in_root("file"), "inside");
    assert_fault(read_file("/slash/file", bytes, sizeof(bytes)), FAULT_NONE);
    assert_string_equal(bytes, "inside");
}

TEST(writing_through_a_link_stays_in_the_root)
{
    char link[128];
    (void)snprintf(link, sizeof(link), "%s/secret", world.outside);
    assert_int_equal(symlink(link, in_root("out")), 0);
    assert_int_equal(symlink("../outside/new", in_root("new")), 0);
    assert_int_equal(cannot_begin(STORE_REPLACE, 0, "/out"), FAULT_NOT_FOUND);
    assert_int_equal(cannot_begin(STORE_REPLACE, 0, "/new"), FAULT_NOT_FOUND);
    assert_string_equal(content_of(outside("secret")), "secret");
    assert_null(content_of(outside("new")));
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    assert_int_equal(symlink("d/real", in_root("good")), 0);
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/good");
    pour(upload, "through");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("d/real")), "through");
}

TEST(loops_and_overlong_names_are_clear_errors)
{
    char bytes[64];
    char name[400] = "/";
    char path[5000] = "";
    assert_int_equal(symlink("b", in_root("a")), 0);
    assert_int_equal(symlink("a", in_root("b")), 0);
    assert_fault(read_file("/a", bytes, sizeof(bytes)), FAULT_LINK_LOOP);
    assert_fault(cannot_begin(STORE_REPLACE, 0, "/a"), FAULT_LINK_LOOP);
    memset(name + 1, 'x', 300);
    assert_fault(read_file(name, bytes, sizeof(bytes)), FAULT_NAME_INVALID);
    assert_fault(cannot_begin(STORE_REPLACE, 0, name), FAULT_NAME_INVALID);
    for (int i = 0; i < 2200; i++)
        memcpy(path + (size_t)i * 2, "/x", 3);
    assert_fault(read_file(path, bytes, sizeof(bytes)), FAULT_NAME_INVALID);
    assert_fault(cannot_begin(STORE_REPLACE, 0, path), FAULT_NAME_INVALID);
}

TEST(special_files_are_never_opened)
{
    char bytes[8];
    assert_int_equal(mkfifo(in_root("fifo"), 0666), 0);
    /* Opening it would hang here. */
    assert_fault(read_file("/fifo", bytes, sizeof(bytes)), FAULT_NOT_PLAIN_FILE);
    assert_fault(cannot_begin(STORE_REPLACE, 0, "/fifo"), FAULT_NOT_PLAIN_FILE);
    assert_fault(cannot_begin(STORE_APPEND, 0, "/fifo"), FAULT_NOT_PLAIN_FILE);
}

TEST(the_stores_own_temporaries_cannot_be_named)
{
    char bytes[8];
    put(in_root(".ferry-upload-0123"), "x");
    assert_fault(read_file("/.ferry-upload-0123", bytes, sizeof(bytes)), FAULT_NOT_FOUND);
    assert_fault(world.store->type->remove(world.store, "/.ferry-upload-0123"), FAULT_NOT_FOUND);
    assert_fault(cannot_begin(STORE_REPLACE, 0, "/.ferry-upload-x"), FAULT_NOT_FOUND);
    struct store_directory *directory = NULL;
    struct text name;
    enum store_kind kind;
    assert_fault(world.store->type->open_directory(world.store, "/", true, &directory), FAULT_NONE);
    assert_fault(directory->type->next(directory, &name, &kind), FAULT_NONE);
    assert_int_equal(name.len, 0);
    directory->type->close(directory);
}

/* ---- The rest of the tree ----------------------------------------------------- */

TEST(no_link_leads_to_what_is_the_store_s_own)
{
    static const char *const made_by_others[] = {".ferry", "/.ferry", "d/../.ferry", "through",
                                                 "/d/up/.ferry"};
    struct store_directory *directory = NULL;
    struct store_info info;
    char bytes[64];
    assert_fault(world.store->type->make_link(world.store, ".ferry", "/y"), FAULT_NOT_FOUND);
    assert_fault(world.store->type->make_link(world.store, "/d/.ferry/f", "/y"), FAULT_NOT_FOUND);
    assert_fault(world.store->type->make_link(world.store, ".ferry-upload-1", "/y"),
                 FAULT_NOT_FOUND);
    assert_int_equal(mkdir(in_root(".ferry"), 0755), 0);
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    assert_int_equal(symlink("..", in_root("d/up")), 0);
    assert_int_equal(symlink("d/up/.ferry", in_root("through")), 0);
    put(in_root(".ferry/f.annex"), "secret");
    for (size_t i = 0; i < COUNT(made_by_others); i++) {
        assert_int_equal(symlink(made_by_others[i], in_root("y")), 0);
        assert_fault(read_file("/y/f.annex", bytes, sizeof(bytes)), FAULT_NOT_FOUND);
        assert_fault(world.store->type->stat(world.store, "/y", true, &info), FAULT_NOT_FOUND);
        assert_fault(world.store->type->stat(world.store, "/y/f.annex", false, &info),
                     FAULT_NOT_FOUND);
        assert_fault(world.store->type->open_directory(world.store, "/y", true, &directory),
                     FAULT_NOT_FOUND);
        assert_fault(cannot_begin(STORE_REPLACE, 0, "/y/g"), FAULT_NOT_FOUND);
        assert_fault(world.store->type->remove(world.store, "/y/f.annex"), FAULT_NOT_FOUND);
        assert_fault(world.store->type->rename(world.store, "/d/up", "/y/up"), FAULT_NOT_FOUND);
        assert_fault(world.store->type->stat(world.store, "/y", false, &info), FAULT_NONE);
        assert_fault(world.store->type->remove(world.store, "/y"), FAULT_NONE);
    }
    assert_int_equal(symlink(".ferry/f.annex", in_root("y")), 0);
    assert_fault(read_file("/y", bytes, sizeof(bytes)), FAULT_NOT_FOUND);
    assert_fault(cannot_begin(STORE_REPLACE, 0, "/y"), FAULT_NOT_FOUND);
    assert_string_equal(content_of(in_root(".ferry/f.annex")), "secret");
}

TEST(directories_are_made_and_removed)
{
    const struct store_type *type = world.store->type;
    assert_fault(type->make_directory(world.store, "/d", 0750), FAULT_NONE);
    assert_fault(type->make_directory(world.store, "/d", 0750), FAULT_EXISTS);
    assert_fault(type->make_directory(world.store, "/", 0750), FAULT_EXISTS);
    put(in_root("d/f"), "x");
    assert_fault(type->remove_directory(world.store, "/d"), FAULT_NOT_EMPTY);
    assert_fault(type->remove(world.store, "/d"), FAULT_IS_DIRECTORY);
    assert_fault(type->remove(world.store, "/d/f"), FAULT_NONE);
    assert_fault(type->remove_directory(world.store, "/d"), FAULT_NONE);
    assert_fault(type->remove_directory(world.store, "/d"), FAULT_NOT_FOUND);
    assert_fault(type->remove_directory(world.store, "/"), FAULT_DENIED);
}

TEST(a_link_is_removed_and_renamed_itself)
{
    const struct store_type *type = world.store->type;
    put(in_root("f"), "x");
    assert_fault(type->make_link(world.store, "f", "/link"), FAULT_NONE);
    assert_fault(type->rename(world.store, "/link", "/other"), FAULT_NONE);
    assert_fault(type->remove(world.store, "/other"), FAULT_NONE);
    assert_string_equal(content_of(in_root("f")), "x");
}

TEST(a_rename_replaces_a_file_but_not_a_directory)
{
    const struct store_type *type = world.store->type;
    put(in_root("a"), "a");
    put(in_root("b"), "b");
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    assert_fault(type->rename(world.store, "/a", "/b"), FAULT_NONE);
    assert_string_equal(content_of(in_root("b")), "a");
    assert_fault(type->rename(world.store, "/b", "/d"), FAULT_IS_DIRECTORY);
    assert_fault(type->rename(world.store, "/d", "/d/e"), FAULT_NAME_INVALID);
    assert_fault(type->rename(world.store, "/none", "/x"), FAULT_NOT_FOUND);
    assert_fault(type->rename(world.store, "/", "/x"), FAULT_DENIED);
}

TEST(attributes_are_changed_and_read_back)
{
    struct store_info info;
    const struct store_type *type = world.store->type;
    const struct store_changes changes = {
        .mask = STORE_CHANGE_MODE | STORE_CHANGE_MODIFIED | STORE_CHANGE_CREATED,
        .mode = 0600,
        .modified = {1000000000, 5},
        .created = {900000000, 0},
    };
    put(in_root("f"), "four");
    assert_fault(type->change(world.store, "/f", &changes), FAULT_NONE);
    assert_fault(type->stat(world.store, "/f", true, &info), FAULT_NONE);
    assert_int_equal(info.kind, STORE_FILE);
    assert_int_equal(info.size, 4);
    assert_int_equal(info.mode, 0600);
    assert_int_equal(info.modified.seconds, 1000000000);
    assert_int_equal(info.modified.nanoseconds, 5);
    assert_true(info.has_created);
    assert_int_equal(info.created.seconds, 900000000);
    assert_fault(type->change(world.store, "/none", &changes), FAULT_NOT_FOUND);
}

/* What the file system of the tests keeps is its own affair: said is done, or nothing is. */
TEST(a_time_that_cannot_be_kept_is_a_fault_and_changes_nothing)
{
    static const int64_t years[] = {-62135596800, -2208988800, 2147483648,
                                    4294967296,   16725225600, 253402300799};
    const struct store_type *type = world.store->type;
    unsigned refused = 0;
    put(in_root("f"), "x");
    for (size_t i = 0; i < COUNT(years); i++) {
        struct store_info before;
        struct store_info after;
        struct store_changes changes = {
            .mask = STORE_CHANGE_MODE | STORE_CHANGE_MODIFIED | STORE_CHANGE_CREATED,
            .mode = 0600 + (unsigned)i,
            .modified = {years[i], 0},
            .created = {(int64_t)i, 0},
        };
        assert_fault(type->stat(world.store, "/f", true, &before), FAULT_NONE);
        enum fault f = type->change(world.store, "/f", &changes);
        assert_fault(type->stat(world.store, "/f", true, &after), FAULT_NONE);
        if (f) {
            refused++;
            assert_fault(f, FAULT_UNSUPPORTED);
            assert_int_equal(after.mode, before.mode);
            assert_int_equal(after.modified.seconds, before.modified.seconds);
            assert_int_equal(after.modified.nanoseconds, before.modified.nanoseconds);
            assert_int_equal(after.created.seconds, before.created.seconds);
        } else {
            assert_int_equal(after.modified.seconds, years[i]);
            assert_int_equal(after.mode, changes.mode);
            assert_int_equal(after.created.seconds, changes.created.seconds);
        }
    }
    assert_true(refused < COUNT(years)); /* 2038 at least is kept by all of today */
    const struct store_changes early = {
        .mask = STORE_CHANGE_MODE | STORE_CHANGE_CREATED, .mode = 0400, .created = {-1, 0}};
    assert_fault(type->change(world.store, "/f", &early), FAULT_UNSUPPORTED);
    struct store_info info;
    assert_fault(type->stat(world.store, "/f", true, &info), FAULT_NONE);
    assert_int_not_equal(info.mode, 0400);
}

static bool may(const char *path, bool follow, unsigned access)
{
    struct store_info info;
    assert_fault(world.store->type->stat(world.store, path, follow, &info), FAULT_NONE);
    return (info.access & access) == access;
}

TEST(what_a_directory_lets_us_remove_is_told)
{
    put(in_root("f"), "x");
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    assert_int_equal(symlink("f", in_root("l")), 0);
    assert_true(may("/f", true, STORE_MAY_REMOVE | STORE_MAY_WRITE));
    assert_true(may("/d", true, STORE_MAY_REMOVE));
    assert_true(may("/l", false, STORE_MAY_REMOVE));
    assert_true(may("/l", true, STORE_MAY_REMOVE));
    assert_false(may("/", true, STORE_MAY_REMOVE));
}

TEST(what_is_below_an_open_directory_is_reached_without_following_links)
{
    struct store_directory *top = NULL;
    struct store_directory *below = NULL;
    const struct store_type *type = world.store->type;
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    assert_int_equal(mkdir(in_root("d/e"), 0755), 0);
    assert_int_equal(mkdir(in_root("other"), 0755), 0);
    put(in_root("other/f"), "x");
    put(in_root("d/e/f"), "x");
    assert_int_equal(symlink("../other", in_root("d/l")), 0);
    assert_int_equal(symlink("d", in_root("top")), 0);
    assert_fault(type->open_directory(world.store, "/top", false, &top), FAULT_NOT_DIRECTORY);
    assert_fault(type->open_directory(world.store, "/d", false, &top), FAULT_NONE);
    assert_fault(top->type->open_below(top, "l", &below), FAULT_LINK_LOOP);
    assert_fault(top->type->open_below(top, "../other", &below), FAULT_CROSS_DEVICE);
    assert_fault(top->type->remove_below(top, "l/f", false), FAULT_LINK_LOOP);
    assert_fault(top->type->remove_below(top, "l", true), FAULT_NOT_DIRECTORY);
    assert_fault(top->type->open_below(top, "e", &below), FAULT_NONE);
    below->type->close(below);
    assert_fault(top->type->remove_below(top, "e", true), FAULT_NOT_EMPTY);
    assert_fault(top->type->remove_below(top, "e/f", false), FAULT_NONE);
    assert_fault(top->type->remove_below(top, "e", true), FAULT_NONE);
    assert_fault(top->type->remove_below(top, "l", false), FAULT_NONE);
    top->type->close(top);
    assert_string_equal(content_of(in_root("other/f")), "x");
    assert_int_equal(names_in(in_root("d")), 0);
}

static void check_real(const char *path, bool follow, const char *expected)
{
    char bytes[4096];
    struct builder real = builder_on(bytes, sizeof(bytes));
    assert_fault(world.store->type->real_path(world.store, path, follow, &real), FAULT_NONE);
    assert_text(builder_text(&real), expected);
}

static enum fault cannot_lead(const char *path)
{
    char bytes[4096];
    struct builder real = builder_on(bytes, sizeof(bytes));
    enum fault f = world.store->type->real_path(world.store, path, true, &real);
    assert_int_equal(real.len, 0);
    return f;
}

TEST(a_path_is_followed_to_where_it_really_leads)
{
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    put(in_root("d/f"), "x");
    assert_int_equal(symlink("/d", in_root("l")), 0);
    assert_int_equal(symlink("../l/f", in_root("d/by-two")), 0);
    assert_int_equal(symlink("d/new", in_root("to-new")), 0);
    assert_int_equal(symlink("../../..", in_root("d/up")), 0);
    assert_int_equal(symlink("nowhere/new", in_root("astray")), 0);
    assert_int_equal(symlink("loop", in_root("loop")), 0);
    check_real("/", true, "/");
    check_real("/d/f", true, "/d/f");
    check_real("/d/none", true, "/d/none");
    check_real("/none/deeper", true, "/none/deeper");
    check_real("/l", true, "/d");
    check_real("/l", false, "/l");
    check_real("/l/f", false, "/d/f");
    check_real("/l/none", true, "/d/none");
    check_real("/d/by-two", true, "/d/f");
    check_real("/l/by-two", false, "/d/by-two");
    check_real("/to-new", true, "/d/new");
    check_real("/d/up", true, "/");
    check_real("/d/up/l/up/to-new", false, "/to-new");
    assert_fault(cannot_lead("/astray"), FAULT_NOT_FOUND);
    assert_fault(cannot_lead("/l/none/deeper"), FAULT_NOT_FOUND);
    assert_fault(cannot_lead("/d/f/deeper"), FAULT_NOT_DIRECTORY);
    assert_fault(cannot_lead("/loop"), FAULT_LINK_LOOP);
}

TEST(the_straight_view_follows_no_link)
{
    struct store *straight = world.store->straight;
    const struct store_type *type = straight->type;
    const struct store_changes changes = {.mask = STORE_CHANGE_MODE, .mode = 0600};
    const struct store_upload_request request = {.mode = 0644};
    struct store_directory *directory = NULL;
    struct store_upload *upload = NULL;
    struct stream *stream = NULL;
    struct store_space space;
    struct store_info info;
    assert_ptr_equal(straight->straight, straight);
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    put(in_root("d/f"), "x");
    assert_int_equal(symlink("d", in_root("l")), 0);
    assert_int_equal(symlink("d/f", in_root("to-f")), 0);
    assert_fault(type->stat(straight, "/d/f", true, &info), FAULT_NONE);
    assert_fault(type->stat(straight, "/to-f", false, &info), FAULT_NONE);
    assert_int_equal(info.kind, STORE_LINK);
    assert_fault(type->stat(straight, "/to-f", true, &info), FAULT_BUSY);
    assert_fault(type->stat(straight, "/l/f", false, &info), FAULT_BUSY);
    assert_fault(type->open_read(straight, "/to-f", &stream, &info), FAULT_BUSY);
    assert_fault(type->open_upload(straight, "/to-f", &request, &upload), FAULT_BUSY);
    assert_fault(type->open_upload(straight, "/l/new", &request, &upload), FAULT_BUSY);
    assert_fault(type->open_directory(straight, "/l", true, &directory), FAULT_BUSY);
    assert_fault(type->open_directory(straight, "/l", false, &directory), FAULT_NOT_DIRECTORY);
    assert_fault(type->change(straight, "/to-f", &changes), FAULT_BUSY);
    assert_fault(type->remove(straight, "/l/f"), FAULT_BUSY);
    assert_fault(type->remove_directory(straight, "/l/f"), FAULT_BUSY);
    assert_fault(type->make_directory(straight, "/l/new", 0755), FAULT_BUSY);
    assert_fault(type->rename(straight, "/l/f", "/g"), FAULT_BUSY);
    assert_fault(type->rename(straight, "/d/f", "/l/g"), FAULT_BUSY);
    assert_fault(type->make_link(straight, "x", "/l/new"), FAULT_BUSY);
    assert_fault(type->space(straight, "/l", &space), FAULT_BUSY);
    assert_int_equal(names_in(in_root("d")), 1);
    assert_fault(type->open_directory(straight, "/d", true, &directory), FAULT_NONE);
    directory->type->close(directory);
    assert_fault(type->remove(straight, "/to-f"), FAULT_NONE);
    assert_string_equal(content_of(in_root("d/f")), "x");
}

TEST(space_is_told)
{
    struct store_space space;
    assert_fault(world.store->type->space(world.store, "/", &space), FAULT_NONE);
    assert_true(space.free_bytes <= space.total_bytes && space.total_bytes > 0);
}

TEST(names_of_any_bytes_survive)
{
    char bytes[8];
    put(in_root("\xE9\xFF\x01 \n;"), "odd");
    assert_fault(read_file("/\xE9\xFF\x01 \n;", bytes, sizeof(bytes)), FAULT_NONE);
    assert_string_equal(bytes, "odd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(links_and_dots_cannot_leave_the_root),
        IN_WORLD(writing_through_a_link_stays_in_the_root),
        IN_WORLD(loops_and_overlong_names_are_clear_errors),
        IN_WORLD(special_files_are_never_opened),
        IN_WORLD(the_stores_own_temporaries_cannot_be_named),
        IN_WORLD(no_link_leads_to_what_is_the_store_s_own),
        IN_WORLD(directories_are_made_and_removed),
        IN_WORLD(a_link_is_removed_and_renamed_itself),
        IN_WORLD(a_rename_replaces_a_file_but_not_a_directory),
        IN_WORLD(attributes_are_changed_and_read_back),
        IN_WORLD(a_time_that_cannot_be_kept_is_a_fault_and_changes_nothing),
        IN_WORLD(what_a_directory_lets_us_remove_is_told),
        IN_WORLD(what_is_below_an_open_directory_is_reached_without_following_links),
        IN_WORLD(a_path_is_followed_to_where_it_really_leads),
        IN_WORLD(the_straight_view_follows_no_link),
        IN_WORLD(space_is_told),
        IN_WORLD(names_of_any_bytes_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
