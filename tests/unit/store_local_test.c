/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "store/store_local.h"
#include "store/store_local_target.h"
#include "tests/unit/unit.h"

/* A tree of its own for each test, and a directory outside it that nothing may reach. */
struct world {
    char base[64];
    char root[80];
    char outside[80];
    struct store *store;
};

static struct world world;

static const char *in_root(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", world.root, name);
    return path;
}

static const char *outside(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", world.outside, name);
    return path;
}

static void put(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(content, file);
    (void)fclose(file);
}

static const char *content_of(const char *path)
{
    static char bytes[256];
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    bytes[fread(bytes, 1, sizeof(bytes) - 1, file)] = '\0';
    (void)fclose(file);
    return bytes;
}

static int set_up(void **state)
{
    (void)state;
    umask(0);
    (void)snprintf(world.base, sizeof(world.base), "/tmp/ferry-store-XXXXXX");
    assert_non_null(mkdtemp(world.base));
    (void)snprintf(world.root, sizeof(world.root), "%s/root", world.base);
    (void)snprintf(world.outside, sizeof(world.outside), "%s/outside", world.base);
    assert_int_equal(mkdir(world.root, 0755), 0);
    assert_int_equal(mkdir(world.outside, 0755), 0);
    put(outside("secret"), "secret");
    assert_fault(store_local_open(world.root, NULL, &world.store), FAULT_NONE);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    world.store->type->free(world.store);
    (void)snprintf(command, sizeof(command), "rm -rf %s", world.base);
    return system(command);
}

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

static struct store_upload *begin(enum store_upload_kind kind, uint64_t offset, const char *path)
{
    const struct store_upload_request request = {.kind = kind, .offset = offset, .mode = 0644};
    struct store_upload *upload = NULL;
    assert_fault(world.store->type->open_upload(world.store, path, &request, &upload), FAULT_NONE);
    return upload;
}

static enum fault cannot_begin(enum store_upload_kind kind, uint64_t offset, const char *path)
{
    const struct store_upload_request request = {.kind = kind, .offset = offset, .mode = 0644};
    struct store_upload *upload = NULL;
    return world.store->type->open_upload(world.store, path, &request, &upload);
}

static void pour(struct store_upload *upload, const char *content)
{
    assert_fault(stream_write(&upload->stream, content, strlen(content)), FAULT_NONE);
}

static unsigned names_in(const char *directory)
{
    unsigned count = 0;
    DIR *names = opendir(directory);
    assert_non_null(names);
    while (readdir(names))
        count++;
    closedir(names);
    return count - 2;
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

/* ---- Uploads ----------------------------------------------------------------- */

TEST(an_upload_is_invisible_until_it_is_published)
{
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/new");
    assert_false(upload->existed);
    pour(upload, "half");
    assert_null(content_of(in_root("new")));
    assert_int_equal(names_in(world.root), 0);
    pour(upload, " whole");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("new")), "half whole");
    assert_int_equal(names_in(world.root), 1);
}

TEST(replacing_keeps_the_old_file_until_the_end_and_its_mode_after)
{
    struct stat info;
    put(in_root("f"), "old");
    assert_int_equal(chmod(in_root("f"), 0640), 0);
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/f");
    assert_true(upload->existed);
    pour(upload, "new content");
    assert_string_equal(content_of(in_root("f")), "old");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("f")), "new content");
    assert_int_equal(stat(in_root("f"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(names_in(world.root), 1);
}

TEST(a_broken_upload_of_a_new_name_leaves_what_arrived)
{
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/f");
    pour(upload, "part");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_PARTIAL);
    assert_string_equal(content_of(in_root("f")), "part");
    /* Resuming it keeps every byte even if that breaks too. */
    upload = begin(STORE_APPEND, 0, "/f");
    pour(upload, " two");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_PARTIAL);
    assert_string_equal(content_of(in_root("f")), "part two");
    upload = begin(STORE_RESUME, 8, "/f");
    pour(upload, " three");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("f")), "part two three");
    assert_int_equal(getxattr(in_root("f"), LOCAL_PARTIAL_MARK, NULL, 0), -1);
}

/* A file that an interrupted upload left. */
static void leave_partial(const char *path, const char *content)
{
    struct store_upload *upload = begin(STORE_REPLACE, 0, path);
    pour(upload, content);
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_PARTIAL);
}

TEST(a_partial_is_resumed_by_one_at_a_time)
{
    leave_partial("/f", "part");
    struct store_upload *first = begin(STORE_RESUME, 4, "/f");
    pour(first, " one");
    assert_fault(cannot_begin(STORE_RESUME, 8, "/f"), FAULT_BUSY);
    assert_fault(cannot_begin(STORE_APPEND, 0, "/f"), FAULT_BUSY);
    assert_int_equal(first->type->abandon(first, true), STORE_LEFT_PARTIAL);
    struct store_upload *second = begin(STORE_APPEND, 0, "/f");
    pour(second, " two");
    assert_fault(second->type->publish(second), FAULT_NONE);
    assert_string_equal(content_of(in_root("f")), "part one two");
}

TEST(a_resumption_that_got_nothing_leaves_all_there_was)
{
    leave_partial("/f", "0123456789");
    struct store_upload *upload = begin(STORE_RESUME, 3, "/f");
    assert_string_equal(content_of(in_root("f")), "0123456789");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_OLD);
    assert_string_equal(content_of(in_root("f")), "0123456789");
    /* What is behind new bytes may belong to another version of the file. */
    upload = begin(STORE_RESUME, 3, "/f");
    pour(upload, "ab");
    assert_string_equal(content_of(in_root("f")), "012ab");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_PARTIAL);
    assert_string_equal(content_of(in_root("f")), "012ab");
    upload = begin(STORE_RESUME, 3, "/f");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("f")), "012");
}

TEST(a_partial_that_others_replaced_or_changed_is_theirs)
{
    struct store_upload *first = NULL;
    leave_partial("/f", "part");
    first = begin(STORE_RESUME, 4, "/f");
    pour(first, " one");
    struct store_upload *second = begin(STORE_REPLACE, 0, "/f");
    pour(second, "whole");
    assert_fault(second->type->publish(second), FAULT_NONE);
    assert_fault(first->type->publish(first), FAULT_BUSY);
    assert_string_equal(content_of(in_root("f")), "whole");

    leave_partial("/g", "part");
    for (int i = 0; i < 2; i++) {
        first = begin(STORE_RESUME, 4, "/g");
        pour(first, " one");
        put(in_root("g"), "a longer content from elsewhere");
        if (i == 0)
            assert_fault(first->type->publish(first), FAULT_BUSY);
        else
            (void)first->type->abandon(first, true);
        assert_string_equal(content_of(in_root("g")), "a longer content from elsewhere");
        put(in_root("g"), "part");
    }
}

TEST(a_broken_upload_over_a_file_leaves_the_file)
{
    put(in_root("f"), "old");
    static const enum store_upload_kind kinds[] = {STORE_REPLACE, STORE_APPEND, STORE_RESUME};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct store_upload *upload = begin(kinds[i], 3, "/f");
        pour(upload, "new");
        assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_OLD);
        assert_string_equal(content_of(in_root("f")), "old");
    }
    assert_int_equal(names_in(world.root), 1);
}

TEST(an_upload_that_is_not_to_be_kept_or_got_nothing_leaves_nothing)
{
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/f");
    pour(upload, "part");
    assert_int_equal(upload->type->abandon(upload, false), STORE_LEFT_NOTHING);
    upload = begin(STORE_REPLACE, 0, "/f");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_NOTHING);
    assert_int_equal(names_in(world.root), 0);
}

TEST(appends_of_two_sessions_never_lose_one_another)
{
    put(in_root("log"), "0");
    struct store_upload *first = begin(STORE_APPEND, 0, "/log");
    struct store_upload *second = begin(STORE_APPEND, 0, "/log");
    pour(first, "1");
    pour(second, "2");
    pour(first, "1");
    assert_fault(second->type->publish(second), FAULT_NONE);
    assert_string_equal(content_of(in_root("log")), "02");
    assert_fault(first->type->publish(first), FAULT_NONE);
    assert_string_equal(content_of(in_root("log")), "0211");
}

TEST(an_append_whose_file_is_gone_by_then_makes_it)
{
    put(in_root("log"), "0");
    struct store_upload *upload = begin(STORE_APPEND, 0, "/log");
    pour(upload, "1");
    assert_int_equal(unlink(in_root("log")), 0);
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("log")), "1");
}

TEST(of_two_writers_the_last_to_finish_wins_whole)
{
    struct store_upload *first = begin(STORE_REPLACE, 0, "/f");
    struct store_upload *second = begin(STORE_REPLACE, 0, "/f");
    pour(first, "first");
    pour(second, "the second");
    assert_fault(second->type->publish(second), FAULT_NONE);
    assert_fault(first->type->publish(first), FAULT_NONE);
    assert_string_equal(content_of(in_root("f")), "first");
    assert_int_equal(names_in(world.root), 1);
}

TEST(a_partial_never_takes_the_place_of_a_file_that_was_published_meanwhile)
{
    struct store_upload *first = begin(STORE_REPLACE, 0, "/f");
    struct store_upload *second = begin(STORE_REPLACE, 0, "/f");
    pour(first, "par");
    pour(second, "complete");
    assert_fault(second->type->publish(second), FAULT_NONE);
    assert_int_equal(first->type->abandon(first, true), STORE_LEFT_OLD);
    assert_string_equal(content_of(in_root("f")), "complete");
}

TEST(a_restart_inside_the_file_keeps_its_beginning_and_cuts_its_end)
{
    put(in_root("f"), "0123456789");
    struct store_upload *upload = begin(STORE_RESUME, 4, "/f");
    pour(upload, "ab");
    assert_string_equal(content_of(in_root("f")), "0123456789");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("f")), "0123ab");
}

TEST(a_restart_past_the_end_is_refused)
{
    put(in_root("f"), "0123");
    assert_fault(cannot_begin(STORE_RESUME, 5, "/f"), FAULT_OUT_OF_RANGE);
    assert_fault(cannot_begin(STORE_RESUME, 1, "/absent"), FAULT_OUT_OF_RANGE);
    struct store_upload *upload = begin(STORE_RESUME, 0, "/absent");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("absent")), "");
}

TEST(a_restart_of_a_file_that_changed_meanwhile_publishes_nothing)
{
    put(in_root("f"), "0123");
    struct store_upload *upload = begin(STORE_RESUME, 4, "/f");
    pour(upload, "x");
    put(in_root("f"), "other content");
    assert_fault(upload->type->publish(upload), FAULT_BUSY);
    assert_string_equal(content_of(in_root("f")), "other content");
}

TEST(a_unique_name_that_is_taken_by_then_is_not_overwritten)
{
    struct store_upload *upload = begin(STORE_UNIQUE, 0, "/u");
    pour(upload, "mine");
    put(in_root("u"), "theirs");
    assert_fault(upload->type->publish(upload), FAULT_EXISTS);
    assert_string_equal(content_of(in_root("u")), "theirs");
    assert_fault(cannot_begin(STORE_UNIQUE, 0, "/u"), FAULT_EXISTS);
    assert_int_equal(names_in(world.root), 1);
}

TEST(reserved_room_does_not_make_the_file_longer)
{
    struct store_upload_request request = {.mode = 0644, .reserve_bytes = 1024 * 1024};
    struct store_upload *upload = NULL;
    struct stat info;
    assert_fault(world.store->type->open_upload(world.store, "/f", &request, &upload), FAULT_NONE);
    pour(upload, "abc");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_int_equal(stat(in_root("f"), &info), 0);
    assert_int_equal(info.st_size, 3);
    assert_true(info.st_blocks < 1024 * 1024 / 512);
    request.reserve_bytes = (uint64_t)1 << 50;
    enum fault f = world.store->type->open_upload(world.store, "/g", &request, &upload);
    assert_true(f == FAULT_NO_SPACE || f == FAULT_TOO_LARGE);
    assert_int_equal(names_in(world.root), 1);
}

TEST(a_direct_upload_writes_into_the_file)
{
    struct store_upload_request request = {.mode = 0644, .direct = true};
    struct store_upload *upload = NULL;
    put(in_root("f"), "old old");
    assert_fault(world.store->type->open_upload(world.store, "/f", &request, &upload), FAULT_NONE);
    pour(upload, "new");
    assert_string_equal(content_of(in_root("f")), "new");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_CHANGED);
    request.kind = STORE_RESUME;
    request.offset = 1;
    assert_fault(world.store->type->open_upload(world.store, "/f", &request, &upload), FAULT_NONE);
    pour(upload, "O");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("f")), "nOw");
    request.kind = STORE_APPEND;
    assert_fault(world.store->type->open_upload(world.store, "/f", &request, &upload), FAULT_NONE);
    pour(upload, "!");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("f")), "nOw!");
}

static struct store_upload *begin_direct(struct store_upload_request request, const char *path)
{
    struct store_upload *upload = NULL;
    request.direct = true;
    request.mode = 0644;
    assert_fault(world.store->type->open_upload(world.store, path, &request, &upload), FAULT_NONE);
    return upload;
}

static long blocks_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return (long)info.st_blocks;
}

TEST(a_direct_upload_that_gets_nothing_changes_nothing)
{
    const struct store_upload_request replace = {.kind = STORE_REPLACE};
    put(in_root("f"), "old");
    struct store_upload *upload = begin_direct(replace, "/f");
    assert_string_equal(content_of(in_root("f")), "old");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_OLD);
    assert_string_equal(content_of(in_root("f")), "old");
    upload = begin_direct(replace, "/f"); /* an empty file was sent */
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("f")), "");
}

TEST(room_for_a_direct_upload_is_made_sure_of_before_it_costs_anything)
{
    struct store_upload_request request = {.direct = true, .reserve_bytes = (uint64_t)1 << 50};
    struct store_upload *upload = NULL;
    put(in_root("f"), "old content");
    enum fault f = world.store->type->open_upload(world.store, "/f", &request, &upload);
    assert_true(f == FAULT_NO_SPACE || f == FAULT_TOO_LARGE);
    assert_string_equal(content_of(in_root("f")), "old content");
}

TEST(room_that_a_direct_upload_did_not_need_is_given_back)
{
    enum { ROOM_BYTES = 8 * 1024 * 1024 };
    static const enum store_upload_kind kinds[] = {STORE_REPLACE, STORE_APPEND, STORE_RESUME};
    put(in_root("f"), "old content");
    assert_int_equal(truncate(in_root("f"), ROOM_BYTES), 0);
    for (size_t i = 0; i < COUNT(kinds) * 2; i++) {
        struct store_upload *upload = begin_direct(
            (struct store_upload_request){.kind = kinds[i / 2], .reserve_bytes = ROOM_BYTES}, "/f");
        if (kinds[i / 2] == STORE_APPEND) /* at the end, where it is needed */
            assert_true(blocks_of(in_root("f")) >= ROOM_BYTES / 512);
        pour(upload, "x");
        if (i % 2)
            assert_fault(upload->type->publish(upload), FAULT_NONE);
        else
            assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_CHANGED);
        assert_true(blocks_of(in_root("f")) < ROOM_BYTES / 512);
    }
}

TEST(no_upload_goes_over_a_file_that_it_comes_from)
{
    struct store_info info;
    put(in_root("f"), "content");
    assert_int_equal(symlink("f", in_root("l")), 0);
    assert_fault(world.store->type->stat(world.store, "/l", true, &info), FAULT_NONE);
    for (int direct = 0; direct < 2; direct++) {
        const struct store_upload_request request = {
            .direct = direct, .sources = &info, .source_count = 1};
        struct store_upload *upload = NULL;
        assert_fault(world.store->type->open_upload(world.store, "/f", &request, &upload),
                     FAULT_ARGUMENT);
        assert_fault(world.store->type->open_upload(world.store, "/l", &request, &upload),
                     FAULT_ARGUMENT);
        assert_string_equal(content_of(in_root("f")), "content");
    }
}

TEST(an_upload_needs_a_place)
{
    assert_int_equal(mkdir(in_root("d"), 0755), 0);
    put(in_root("f"), "x");
    assert_fault(cannot_begin(STORE_REPLACE, 0, "/d"), FAULT_IS_DIRECTORY);
    assert_fault(cannot_begin(STORE_REPLACE, 0, "/"), FAULT_IS_DIRECTORY);
    assert_fault(cannot_begin(STORE_REPLACE, 0, "/no/such"), FAULT_NOT_FOUND);
    assert_fault(cannot_begin(STORE_REPLACE, 0, "/f/x"), FAULT_NOT_DIRECTORY);
}

/* ---- The rest of the tree ----------------------------------------------------- */

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

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(links_and_dots_cannot_leave_the_root),
        IN_WORLD(writing_through_a_link_stays_in_the_root),
        IN_WORLD(loops_and_overlong_names_are_clear_errors),
        IN_WORLD(special_files_are_never_opened),
        IN_WORLD(the_stores_own_temporaries_cannot_be_named),
        IN_WORLD(an_upload_is_invisible_until_it_is_published),
        IN_WORLD(replacing_keeps_the_old_file_until_the_end_and_its_mode_after),
        IN_WORLD(a_broken_upload_of_a_new_name_leaves_what_arrived),
        IN_WORLD(a_partial_is_resumed_by_one_at_a_time),
        IN_WORLD(a_resumption_that_got_nothing_leaves_all_there_was),
        IN_WORLD(a_partial_that_others_replaced_or_changed_is_theirs),
        IN_WORLD(a_broken_upload_over_a_file_leaves_the_file),
        IN_WORLD(an_upload_that_is_not_to_be_kept_or_got_nothing_leaves_nothing),
        IN_WORLD(appends_of_two_sessions_never_lose_one_another),
        IN_WORLD(an_append_whose_file_is_gone_by_then_makes_it),
        IN_WORLD(of_two_writers_the_last_to_finish_wins_whole),
        IN_WORLD(a_partial_never_takes_the_place_of_a_file_that_was_published_meanwhile),
        IN_WORLD(a_restart_inside_the_file_keeps_its_beginning_and_cuts_its_end),
        IN_WORLD(a_restart_past_the_end_is_refused),
        IN_WORLD(a_restart_of_a_file_that_changed_meanwhile_publishes_nothing),
        IN_WORLD(a_unique_name_that_is_taken_by_then_is_not_overwritten),
        IN_WORLD(reserved_room_does_not_make_the_file_longer),
        IN_WORLD(a_direct_upload_writes_into_the_file),
        IN_WORLD(a_direct_upload_that_gets_nothing_changes_nothing),
        IN_WORLD(room_for_a_direct_upload_is_made_sure_of_before_it_costs_anything),
        IN_WORLD(room_that_a_direct_upload_did_not_need_is_given_back),
        IN_WORLD(no_upload_goes_over_a_file_that_it_comes_from),
        IN_WORLD(an_upload_needs_a_place),
        IN_WORLD(directories_are_made_and_removed),
        IN_WORLD(a_link_is_removed_and_renamed_itself),
        IN_WORLD(a_rename_replaces_a_file_but_not_a_directory),
        IN_WORLD(attributes_are_changed_and_read_back),
        IN_WORLD(a_time_that_cannot_be_kept_is_a_fault_and_changes_nothing),
        IN_WORLD(what_a_directory_lets_us_remove_is_told),
        IN_WORLD(what_is_below_an_open_directory_is_reached_without_following_links),
        IN_WORLD(space_is_told),
        IN_WORLD(names_of_any_bytes_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
