/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "store/store_local_target.h"
#include "tests/unit/store_tree.h"

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

static void pour_by_pipe(struct store_upload *upload, const char *bytes)
{
#ifdef THROUGH_AGENT
    assert_null(upload->stream.type->write_pipe); /* the other process writes by itself */
    pour(upload, bytes);
#else
    int ends[2];
    size_t len = strlen(bytes);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], bytes, len), len);
    assert_fault(upload->stream.type->write_pipe(&upload->stream, ends[0], len), FAULT_NONE);
    close(ends[0]);
    close(ends[1]);
#endif
}

TEST(what_the_kernel_moves_is_in_its_place_among_what_is_written)
{
    put(in_root("f"), "0123456789");
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/f");
    pour_by_pipe(upload, "one ");
    pour(upload, "two ");
    pour_by_pipe(upload, "three");
    assert_string_equal(content_of(in_root("f")), "0123456789");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("f")), "one two three");
    upload = begin(STORE_RESUME, 4, "/f");
    pour_by_pipe(upload, "2");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("f")), "one 2");
    upload = begin(STORE_APPEND, 0, "/f");
    pour_by_pipe(upload, ", 3");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("f")), "one 2, 3");
}

TEST(what_the_kernel_moved_of_a_new_file_stays_to_be_resumed)
{
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/new");
    pour_by_pipe(upload, "half");
    assert_int_equal(upload->type->abandon(upload, true), STORE_LEFT_PARTIAL);
    assert_string_equal(content_of(in_root("new")), "half");
    upload = begin(STORE_RESUME, 4, "/new");
    assert_null(upload->stream.type->write_pipe); /* it goes into the file itself, byte by byte */
    pour(upload, " whole");
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_string_equal(content_of(in_root("new")), "half whole");
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

TEST(an_upload_is_published_with_the_size_time_and_mode_that_it_was_told)
{
    static const struct store_changes when = {
        .mask = STORE_CHANGE_MODIFIED, .modified = {.seconds = 1234567890, .nanoseconds = 42}};
    static const struct store_changes mode = {.mask = STORE_CHANGE_MODE, .mode = 07604};
    static const struct store_changes created = {.mask = STORE_CHANGE_CREATED};
    struct stat info;
    for (int direct = 0; direct < 2; direct++) {
        const struct store_upload_request request = {.mode = 0644, .direct = direct};
        struct store_upload *upload = NULL;
        const char *name = direct ? "/direct" : "/staged";
        assert_fault(world.store->type->open_upload(world.store, name, &request, &upload),
                     FAULT_NONE);
        assert_fault(upload->type->change(upload, &when), FAULT_NONE);
        assert_fault(upload->type->change(upload, &mode), FAULT_NONE);
        assert_fault(upload->type->change(upload, &created), FAULT_UNSUPPORTED);
        assert_fault(upload->type->set_size(upload, 70000), FAULT_NONE);
        assert_fault(upload->type->set_size(upload, UINT64_MAX), FAULT_OUT_OF_RANGE);
        pour(upload, "content");
        assert_fault(upload->type->publish(upload), FAULT_NONE);
        assert_int_equal(stat(in_root(name), &info), 0);
        assert_int_equal(info.st_size, 70000);
        assert_int_equal(info.st_mode & 07777, 0604);
        assert_int_equal(info.st_mtim.tv_sec, 1234567890);
        assert_int_equal(info.st_mtim.tv_nsec, 42);
    }
}

/* ---- Holes -------------------------------------------------------------------------- */

enum { FAR = 1024 * 1024 };

static char byte_at(const char *name, off_t offset)
{
    char byte = '?';
    int fd = open(in_root(name), O_RDONLY);
    assert_int_equal(pread(fd, &byte, 1, offset), 1);
    close(fd);
    return byte;
}

TEST(an_upload_may_be_written_in_any_order_and_what_is_not_written_is_a_hole)
{
    struct stat info;
    put(in_root("direct"), "what was there before");
    for (int direct = 0; direct < 2; direct++) {
        const struct store_upload_request request = {
            .mode = 0644, .direct = direct, .reserve_bytes = direct ? 0 : 4096};
        struct store_upload *upload = NULL;
        const char *name = direct ? "direct" : "staged";
        assert_fault(world.store->type->open_upload(world.store, direct ? "/direct" : "/staged",
                                                    &request, &upload),
                     FAULT_NONE);
        assert_fault(stream_seek(&upload->stream, FAR), FAULT_NONE);
        pour(upload, "far");
        assert_fault(stream_seek(&upload->stream, 4), FAULT_NONE);
        pour(upload, "near");
        assert_fault(stream_seek(&upload->stream, UINT64_MAX), FAULT_OUT_OF_RANGE);
        assert_fault(stream_seek(&upload->stream, 2 * FAR), FAULT_NONE); /* and nothing there */
        assert_fault(upload->type->publish(upload), FAULT_NONE);
        assert_int_equal(stat(in_root(name), &info), 0);
        assert_int_equal(info.st_size, FAR + 3);
        assert_true(info.st_blocks * 512 < FAR);
        assert_int_equal(byte_at(name, 0), 0);
        assert_int_equal(byte_at(name, 4), 'n');
        assert_int_equal(byte_at(name, 9), 0);
        assert_int_equal(byte_at(name, FAR), 'f');
    }
}

TEST(what_continues_a_file_is_written_from_its_beginning_to_its_end)
{
    put(in_root("f"), "0123");
    static const enum store_upload_kind kinds[] = {STORE_APPEND, STORE_RESUME};
    for (size_t i = 0; i < COUNT(kinds) * 2; i++) {
        struct store_upload *upload = begin(kinds[i % 2], i < 2 ? 4 : 2, "/f");
        static const struct store_changes mode = {.mask = STORE_CHANGE_MODE, .mode = 0600};
        assert_fault(stream_seek(&upload->stream, 9), FAULT_UNSUPPORTED);
        assert_fault(upload->type->set_size(upload, 9), FAULT_UNSUPPORTED);
        assert_fault(upload->type->change(upload, &mode), FAULT_UNSUPPORTED);
        (void)upload->type->abandon(upload, false);
    }
}

TEST(the_data_of_a_file_with_holes_is_found)
{
    int64_t first;
    int64_t end;
    struct stream *file = NULL;
    struct store_info info;
    struct store_upload *upload = begin(STORE_REPLACE, 0, "/f");
    assert_fault(stream_seek(&upload->stream, FAR), FAULT_NONE);
    pour(upload, "far");
    assert_fault(upload->type->set_size(upload, 3 * FAR), FAULT_NONE);
    assert_fault(upload->type->publish(upload), FAULT_NONE);
    assert_fault(world.store->type->open_read(world.store, "/f", &file, &info), FAULT_NONE);
    assert_fault(stream_next_data(file, 0, &first, &end), FAULT_NONE);
    assert_int_equal(first, FAR);
    assert_true(end >= FAR + 3 && end < 2 * FAR);
    assert_fault(stream_next_data(file, FAR + 1, &first, &end), FAULT_NONE);
    assert_int_equal(first, FAR + 1);
    assert_fault(stream_next_data(file, 2 * FAR, &first, &end), FAULT_NONE);
    assert_int_equal(first, 3 * FAR);
    assert_int_equal(end, 3 * FAR);
    file->file_end = FAR + 2;
    assert_fault(stream_next_data(file, 0, &first, &end), FAULT_NONE);
    assert_int_equal(end, FAR + 2);
    file->file_end = FAR / 2;
    assert_fault(stream_next_data(file, 0, &first, &end), FAULT_NONE);
    assert_int_equal(first, FAR / 2);
    assert_int_equal(end, FAR / 2);
    stream_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        IN_WORLD(what_the_kernel_moves_is_in_its_place_among_what_is_written),
        IN_WORLD(what_the_kernel_moved_of_a_new_file_stays_to_be_resumed),
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
        IN_WORLD(an_upload_is_published_with_the_size_time_and_mode_that_it_was_told),
        IN_WORLD(an_upload_may_be_written_in_any_order_and_what_is_not_written_is_a_hole),
        IN_WORLD(what_continues_a_file_is_written_from_its_beginning_to_its_end),
        IN_WORLD(the_data_of_a_file_with_holes_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
